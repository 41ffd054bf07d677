# SPDX-License-Identifier: GPL-2.0-or-later
"""Providers that answer what no provider should, and clients that ask for more than they say.

    call_hostile.py GROUP GATEWAY_PORT PROVIDER_PORT TOKEN CHILD_TOKEN ONE_TOKEN ENDED_TOKEN KEY

Prints "ok NAME" or "not ok NAME: why" for each thing that is looked at.
"""

import gzip
import http.client
import json
import os
import socket
import struct
import sys
import threading
import time

GROUP = sys.argv[1]
GATEWAY, PROVIDER = int(sys.argv[2]), int(sys.argv[3])
TOKEN = sys.argv[4]
STRICT = not os.environ.get("RIG_LIBCURL")  # libcurl takes what our own client refuses
WAIT = 60  # seconds: whoever hangs fails

TURN = [{"role": "user", "content": "Hi"}]
CALLS = {
    "chat": ("/v1/chat/completions", {"messages": TURN}),
    "responses": ("/v1/responses", {"input": "Hi"}),
    "anthropic": ("/v1/messages", {"messages": TURN, "max_tokens": 10}),
    "gemini": ("/v1beta/models/{}:generateContent",
               {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}),
}
GOOD = {"id": "c1", "object": "chat.completion", "created": 1, "model": "small",
        "choices": [{"index": 0, "finish_reason": "stop",
                     "message": {"role": "assistant", "content": "Hello!"}}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}}


def check(name, true, why=""):
    # In one piece: several threads check.
    print((f"ok {name}" if true else f"not ok {name}: {why}") + "\n", end="", flush=True)


# --- a provider that says what it is told to ---

left = threading.Event()    # a provider that says nothing was left
seen = []    # (path, body) of each request
script = []  # what is said next: bytes, or a function of the socket; the last one stays


def serve(sock):
    file = sock.makefile("rb")
    while line := file.readline():
        path = line.split()[1].decode()
        length = 0
        while (line := file.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        seen.append((path, file.read(length)))
        say = script.pop(0) if len(script) > 1 else script[0]
        try:
            if callable(say):
                say(sock)
            else:
                sock.sendall(say)
        except OSError:
            pass
        break
    # A socket is not closed while a file of it is open.
    file.close()
    sock.close()


def listen():
    listener = socket.create_server(("127.0.0.1", PROVIDER), backlog=64)

    def run():
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
    threading.Thread(target=run, daemon=True).start()


def answer(body, status="200 OK", kind="application/json", more=""):
    return (f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
            f"{more}\r\n").encode() + body


def stream(*frames, end=b""):
    return (b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n" +
            b"".join(frames) + end)


def hold(data):
    """Says that, and then nothing, for ever: until the other side has gone."""
    def run(sock):
        sock.sendall(data)
        sock.settimeout(WAIT)
        while sock.recv(65536):
            pass
        left.set()
    return run


def pour(head, piece):
    """Without an end."""
    def run(sock):
        sock.sendall(head)
        while True:
            sock.sendall(piece)
    return run


def drip(head, piece):
    """Never silent, and never done."""
    def run(sock):
        sock.sendall(head)
        while True:
            sock.sendall(piece)
            time.sleep(0.05)
    return run


# --- a client ---

def connect():
    connection = http.client.HTTPConnection("127.0.0.1", GATEWAY, timeout=WAIT,
                                            source_address=("127.0.0.7", 0))
    return connection


def request(wire, model, streams=False, body=None, **more):
    path, members = CALLS[wire]
    members = dict(members, **more)
    if wire != "gemini":
        members["model"] = model
        if streams:
            members["stream"] = True
    elif streams:
        path = path.replace("generateContent", "streamGenerateContent") + "?alt=sse"
    connection = connect()
    connection.request("POST", path.format(model), body or json.dumps(members),
                       {"Authorization": "Bearer " + TOKEN})
    got = connection.getresponse()
    try:
        return got.status, got.headers, got.read()
    finally:
        connection.close()


def answers():
    good = json.dumps(GOOD).encode()
    error = json.dumps({"error": {"message": "no", "type": "e"}}).encode()
    for name, said, status, word in (
            ("good", answer(good), 200, "Hello!"),
            ("no length", b"HTTP/1.1 200 OK\r\n\r\n" + good, 200, "Hello!"),
            ("HTTP/1.0", b"HTTP/1.0 200 OK\r\n\r\n" + good, 200, "Hello!"),
            ("a wrong type", answer(good, kind="text/html\t\xff"), 200, "Hello!"),
            ("a control character in its head", answer(good, kind="text/html\x01"),
             503 if STRICT else 200, "too early" if STRICT else "Hello!"),
            ("interim answers", b"HTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\n\r\n" * 20 +
             answer(good), 200, "Hello!"),
            ("nothing", b"HTTP/1.1 204 No Content\r\n\r\n", 503, "status 204"),
            ("nothing of a length", answer(b""), 503, "no answer"),
            ("a redirect", answer(b"", "302 Found", more="Location: http://127.0.0.1:9/\r\n"),
             503, "status 302"),
            ("a page", answer(b"<html>", kind="text/html"), 503, "no JSON"),
            ("an array", answer(b"[]"), 503, "no JSON"),
            ("JSON and more", answer(good + b"{"), 503, "no JSON"),
            ("no UTF-8", answer(b'{"a":"\xff"}'), 503, "no JSON"),
            ("compressed", answer(gzip.compress(good), more="Content-Encoding: gzip\r\n"), 503,
             "no JSON"),
            ("an error with 200", answer(error), 200, "no"),
            ("cut", answer(good)[:-9], 503, "too early"),
            ("no HTTP", b"SSH-2.0-x\r\n", 503, "too early"),
            ("a length that is none", b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", 503,
             "too early"),
            ("closed", b"", 503, "too early"),
            ("an error that is a page", answer(b"<html>", "400 Bad"), 400, ""),
            ("an error without a body", answer(b"", "404 Not Found"), 404, "")):
        script[:] = [said]
        got, headers, data = request("chat", "chat-small")
        check(f"{name}: status", got == status and word in data.decode("latin-1"),
              f"{got} {data[:300]}")
        check(f"{name}: of our type", headers["Content-Type"] == "application/json",
              str(headers))
    for name, said in (("headers without an end", pour(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n" * 99)),
                       ("one without an end", pour(b"HTTP/1.1 200 OK\r\na: ", b"b" * 999)),
                       ("a body without an end", pour(b"HTTP/1.1 200 OK\r\n\r\n", b" " * 65536)),
                       ("an error's", pour(b"HTTP/1.1 400 Bad\r\n\r\n", b" " * 65536))):
        script[:] = [said]
        got, _, data = request("chat", "chat-small")
        check(name, got == 503, f"{got} {data[:300]}")


def kept():
    """A provider whose connections are kept: what is asked again, and what never is."""
    good = answer(json.dumps(GOOD).encode())
    asked = []    # of each connection, the requests that came over it
    bad = {}      # what is said to who asks for it, time and again
    plan = []     # what is said next to the others, and whether that is the end of the connection

    def run(sock):
        file = sock.makefile("rb")
        asked.append(0)
        mine = len(asked) - 1
        while line := file.readline():
            length = 0
            while (line := file.readline()) not in (b"\r\n", b""):
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            body = json.loads(file.read(length))
            asked[mine] += 1
            say, ends = (bad[body["bad"]], False) if "bad" in body else plan.pop(0)
            sock.sendall(say)
            if ends:
                break
        file.close()
        sock.close()

    listener = socket.create_server(("127.0.0.1", PROVIDER), backlog=64)

    def take():
        while True:
            threading.Thread(target=run, args=(listener.accept()[0],), daemon=True).start()
    threading.Thread(target=take, daemon=True).start()

    def ask(name, status, want, *says, size=0):
        plan[:] = [say if isinstance(say, tuple) else (say, False) for say in says]
        asked_before = list(asked)
        got, _, data = request("chat", "chat-small", pad="p" * size)
        new = [n - (asked_before[i] if i < len(asked_before) else 0) for i, n in enumerate(asked)]
        new = [n for n in new if n]
        check(f"{name}: {status}", got == status, f"{got} {data[:200]}")
        check(f"{name}: over these connections", new == want[0] and
              len(asked) - len(asked_before) == want[1], f"{new} of {asked_before} {asked}")

    ask("the first one makes a connection", 200, ([1], 1), good)
    ask("the second one is over it", 200, ([1], 0), good)
    # It is gone just when it is used again: once more over another one, and no word of it.
    ask("closed without a word", 200, ([1, 1], 1), (b"", True), good)
    ask("the new one is kept", 200, ([1], 0), good)
    ask("a large body likewise", 200, ([1, 1], 1), (b"", True), good, size=700000)
    # Something came of an answer: it is not the connection that was at fault.
    for name, cut in (("in its head", good[:20]), ("in its body", good[:-5]))[not STRICT:]:
        ask(f"cut {name}", 200, ([1, 1], 1), (cut, True), good)
        ask("and then", 200, ([1], 0), good)
    # That is the exchange's own doing: to be asked three times, as any call is, comes on top.
    ask("closed without a word, always", 503, ([1, 1, 1, 1], 3), *[(b"", True)] * 4)
    ask("a new one", 200, ([1], 1), good)
    ask("cut, always", 503, ([1, 1, 1], 2), *[(good[:-5], True)] * 3)
    ask("another new one", 200, ([1], 1), good)
    # What is behind an answer is none, whoever it is for.
    ask("more than an answer", 200, ([1], 0), good + good)
    ask("is not an answer to the next", 200, ([1], 1), good)
    for name, more in (("Connection: close", "Connection: close\r\n"),
                       ("Close among others", "Connection: x, Close\r\n")):
        ask(name, 200, ([1], 0), answer(json.dumps(GOOD).encode(), more=more))
        ask(f"after {name}", 200, ([1], 1), good)
    body = json.dumps(GOOD).encode()
    chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"".join(
        b"1;x=y\r\n%c\r\n" % c for c in body) + b"0\r\nTrailer: t\r\n\r\n"
    ask("in chunks of one byte", 200, ([1], 0), chunks)
    ask("after chunks", 200, ([1], 0), good)
    if not STRICT:
        return
    # Where an answer ends must be sure: what two might read differently is refused.
    ok, chunked = b"HTTP/1.1 200 OK\r\n", b"Transfer-Encoding: chunked\r\n"
    for name, head in (
            ("two lengths", b"Content-Length: 5\r\nContent-Length: 5\r\n"),
            ("a length and chunks", b"Content-Length: 5\r\n" + chunked),
            ("a coding of another name", b"Transfer-Encoding: gzip, chunked\r\n"),
            ("a folded line", b"A: b\r\n c\r\n"), ("a line of LF alone", b"A: b\n"),
            ("a name with a blank", b"Content-Length : 5\r\n"), ("a NUL", b"A: \0\r\n")):
        bad[name] = ok + head + b"\r\n" + body
    for name, said in (("a size that is none", b"x\r\n"), ("data that goes on", b"1\r\nab\r\n"),
                       ("a size of 16 digits", b"1" * 16 + b"\r\n")):
        bad[name] = ok + chunked + b"\r\n" + said
    bad["another protocol"] = b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + good

    def refused(name):
        got, _, data = request("chat", "chat-small", bad=name)
        check(f"{name} is refused", got == 503 and b"too early" in data, f"{got} {data[:200]}")
    # Together: each is asked for three times, with pauses.
    threads = [threading.Thread(target=refused, args=(name,)) for name in bad]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ask("the control", 200, ([1], 1), good)


def storms():
    for status in (429, 500, 503, 529):
        before = len(seen)
        script[:] = [answer(b'{"error":{}}', f"{status} No", more="Retry-After-Ms: 1\r\n")]
        got, _, data = request("chat", "chat-small")
        check(f"{status}: three times, and no more", len(seen) - before == 3, str(len(seen) - before))
        check(f"{status}: told", got == status, f"{got} {data}")
    before = len(seen)
    script[:] = [answer(b'{"error":{}}', "429 No", more="Retry-After: 99999\r\n")]
    got, headers, data = request("chat", "chat-small")
    check("nobody waits for a day", len(seen) - before == 1, str(len(seen) - before))
    check("but the client is told", headers["Retry-After"] == "86400", str(headers))
    for text in ("-1", "x" * 5000, "1" * 60, "\xff", "Mon, 99 Foo 2026 00:00:00 GMT"):
        script[:] = [answer(b'{"error":{}}', "400 No", more=f"Retry-After: {text}\r\n")]
        got, headers, data = request("chat", "chat-small")
        check(f"Retry-After {text[:9]!r}", got == 400 and not headers["Retry-After"], f"{got} {headers}")


def words():
    """What the provider says of trying again is done, and told to who may try again itself."""
    error = b'{"error":{"message":"no","type":"e"}}'
    for name, status, more, times in (
            ("no word, refused", 400, "", 1), ("no word, busy", 503, "", 3),
            ("true, refused", 400, "X-Should-Retry: true\r\n", 3),
            ("false, busy", 503, "x-should-retry: false\r\n", 1),
            ("false, too many", 429, "x-should-retry: false\r\nRetry-After: 1\r\n", 1),
            ("neither, busy", 503, "x-should-retry: perhaps-not-at-all\r\n", 3),
            ("in capitals, refused", 400, "x-should-retry: TRUE\r\n", 1)):
        for wire in CALLS:
            script[:] = [answer(error, f"{status} No", more="retry-after-ms: 1\r\n" + more)]
            before = len(seen)
            got, headers, data = request(wire, "chat-small")
            word = more.split(":")[1].split("\r")[0].strip() if more else None
            check(f"{wire}: {name}: asked {times} times", len(seen) - before == times,
                  str(len(seen) - before))
            check(f"{wire}: {name}: told", got == status and
                  headers["x-should-retry"] == (word if word in ("true", "false") else None),
                  f"{got} {headers}")
    # How long, by the finer of two words; what is asked for is waited for, and not much longer.
    for name, more, least, most in (
            ("milliseconds", "retry-after-ms: 700\r\nRetry-After: 20\r\n", 0.7, 5),
            ("a part of one", "retry-after-ms: 700.5\r\n", 0.7, 5),
            ("what is no number", "retry-after-ms: soon\r\nRetry-After: 1\r\n", 1, 5)):
        script[:] = [answer(error, "429 No", more=more), answer(json.dumps(GOOD).encode())]
        began = time.monotonic()
        got, _, data = request("chat", "chat-small")
        took = time.monotonic() - began
        check(f"{name}: waited", got == 200 and least <= took < most, f"{got} {took}")
    script[:] = [answer(error, "429 No", more="retry-after-ms: 45000.25\r\n")]
    _, headers, _ = request("chat", "chat-small")
    check("more than is waited for is told in both", headers["retry-after-ms"] == "45001" and
          headers["Retry-After"] == "46", str(headers))


def chunk(content):
    return b"data: " + json.dumps({
        "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "small",
        "choices": [{"index": 0, "delta": {"content": content}}]}).encode() + b"\n\n"


def streams():
    good = chunk("Hello!")
    for wire in CALLS:
        for name, said in (("garbage", stream(good, b"data: {\n\n")),
                           ("garbage, and held", hold(stream(good, b"data: {\n\n"))),
                           ("garbage without an end", pour(stream(good), b"data: [1]\n\n" * 99)),
                           ("a frame without an end", pour(stream(good), b"data: " + b"x" * 65536)),
                           ("lines without an end", pour(stream(good), b"data: xxxxxxxx\n" * 999)),
                           ("cut", stream(good, b"data: {\"id\""))):
            if wire == "chat" and name.startswith("garbage"):
                continue
            script[:] = [said]
            got, _, data = request(wire, "chat-small", True)
            check(f"{wire}: {name}: begun", got == 200 and b"Hello!" in data, f"{got} {data[:300]}")
            check(f"{wire}: {name}: told", b"agentos-gateway: " in data, f"{data[-300:]}")
        for name, said in (("JSON", answer(json.dumps(GOOD).encode())),
                           ("a redirect", answer(b"", "302 Found", "text/event-stream")),
                           ("nothing", b"HTTP/1.1 204 No\r\nContent-Type: text/event-stream\r\n\r\n")):
            script[:] = [said]
            got, _, data = request(wire, "chat-small", True)
            check(f"{wire}: {name} for a stream", got == 503 and b"no stream" in data,
                  f"{got} {data[:300]}")
    # An array stays one, whatever comes.
    for said in (stream(b'data: {"a":\ndata: 1}\n\ndata: [\n\n'), stream(b"data: [\n\n"),
                 stream(b'data: {"a":1}\n\ndata: ,\n\n'), stream(b": x\n\n"), stream(),
                 stream(b'data: {"a":1}\n\ndata: [1]\n\n')):
        script[:] = [said]
        connection = connect()
        connection.request("POST", "/v1beta/models/gemini-own-small:streamGenerateContent",
                           json.dumps(CALLS["gemini"][1]), {"x-goog-api-key": TOKEN})
        got = connection.getresponse()
        data = got.read()
        connection.close()
        items = json.loads(data)
        check("an array of objects", got.status == 200 and isinstance(items, list) and
              all(isinstance(item, dict) for item in items), str(data))
        check("and broken ones say so", not items or "broken" in items[-1]["error"]["message"],
              str(data))
        check("with what came before", said != stream(b'data: {"a":\ndata: 1}\n\ndata: [\n\n') or
              items[0] == {"a": 1}, str(data))
    # As it came: frames that are large, no UTF-8, of lines, and comments in between.
    script[:] = [stream(b": x\r\n", b"data: \xff\xfe\r\n\r\n", b"data: a\ndata: b\n\n",
                        chunk("x" * 3000000), b"data: [DONE]\n\n")]
    got, _, data = request("chat", "chat-small", True)
    check("what is odd passes", got == 200 and b"data: \xff\xfe\n\n" in data and
          b"data: a\ndata: b\n\n" in data and data.endswith(b"data: [DONE]\n\n") and
          data.count(b"x") >= 3000000, f"{got} {len(data)} {data[:99]}")
    large = dict(GOOD, pad="y" * (20 << 20))
    script[:] = [answer(json.dumps(large).encode())]
    got, _, data = request("chat", "chat-small")
    check("a large answer comes whole", got == 200 and json.loads(data) == large, f"{got} {len(data)}")


def bounds():
    """With 5000 tokens, and 100 of a millionth dollar... as the test has set them."""
    script[:] = [answer(json.dumps(GOOD).encode())]
    image = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://a/b"}}]}]
    for name, wire, status, more in (
            ("the control", "chat", 200, {"max_tokens": 10}),
            ("the larger of two", "chat", 429, {"max_completion_tokens": 1, "max_tokens": 99999}),
            ("more than there are numbers", "chat", 400, {"max_tokens": 2**64 - 1}),
            ("more than there are tokens", "chat", 400, {"max_tokens": 2**40}),
            ("two answers", "chat", 400, {"n": 2}),
            ("two in letters", "chat", 400, {"n": "2"}),
            ("a picture elsewhere", "chat", 429, {"messages": image}),
            ("another's bound", "gemini", 429,
             {"max_tokens": 1, "generationConfig": {"maxOutputTokens": 99999}}),
            ("in snakes", "gemini", 429, {"generation_config": {"max_output_tokens": 99999}}),
            ("the larger of two spellings", "gemini", 429,
             {"generationConfig": {"maxOutputTokens": 1, "max_output_tokens": 99999}}),
            ("both configs", "gemini", 400, {"generationConfig": {"maxOutputTokens": 1},
                                             "generation_config": {}}),
            ("two candidates", "gemini", 400, {"generationConfig": {"candidateCount": 2}}),
            ("two candidates in snakes", "gemini", 400, {"generationConfig": {"candidate_count": 2}}),
            ("a cache", "gemini", 429, {"cachedContent": "c"}),
            ("what was before", "responses", 429, {"previous_response_id": "r"}),
            ("a search", "responses", 429, {"tools": [{"type": "web_search"}]})):
        before = len(seen)
        got, _, data = request(wire, "chat-small", **more)
        check(f"{name}: {status}", got == status, f"{got} {data}")
        check(f"{name}: asked or not", (len(seen) > before) == (status == 200))


def priced():
    """Money is limited, and is enough."""
    script[:] = [answer(json.dumps(GOOD).encode())]
    got, _, data = request("chat", "chat-small")
    check("the control", got == 200, f"{got} {data}")
    for more in ({"service_tier": "priority"}, {"web_search_options": {}},
                 {"tools": [{"type": "web_search"}]}):
        got, _, data = request("chat", "chat-small", **more)
        check(f"{more}", got == 429 and b"not known" in data, f"{got} {data}")


def gone():
    """A client that takes most of a stream, and goes before its usage."""
    def frame(kind, **members):
        return (f"event: {kind}\ndata: " + json.dumps(dict(members, type=kind)) + "\n\n").encode()
    start = {"id": "a", "type": "message", "role": "assistant", "model": "small", "content": [],
             "usage": {"input_tokens": 7, "output_tokens": 1}}
    more = frame("content_block_delta", index=0, delta={"type": "text_delta", "text": "x" * 999})
    script[:] = [pour(stream(frame("message_start", message=start)), more)]
    connection = connect()
    connection.request("POST", "/v1/messages",
                       json.dumps(dict(CALLS["anthropic"][1], model="anthropic-own-small",
                                       max_tokens=1000, stream=True)),
                       {"x-api-key": TOKEN})
    got = connection.getresponse()
    check("a stream", got.status == 200)
    data = b""
    while len(data) < 20000:
        data += got.read(1000)
    sock = got.fp.raw._sock
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    got.close()
    connection.close()
    check("and gone", True)


def broken():
    """What broke after it was sent counts; what was refused does not."""
    script[:] = [b"", b"", answer(json.dumps(GOOD).encode())]
    got, _, data = request("chat", "chat-small")
    check("the third", got == 200, f"{got} {data}")
    script[:] = [answer(b'{"error":{}}' + b" " * 300000, "400 No")]
    got, _, data = request("chat", "chat-small")
    check("refused", got == 400, f"{got}")


def seals():
    thought = {"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "RU5DUllQVA=="}
    said = {"type": "message", "id": "m", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": "Hello!", "annotations": []}]}
    script[:] = [answer(json.dumps({
        "id": "r", "object": "response", "created_at": 1, "model": "small", "status": "completed",
        "output": [thought, said],
        "usage": {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}}).encode())]
    got, _, data = request("anthropic", "responses-small")
    check("sealed", got == 200 and b"RU5DUllQVA==" in data, f"{got} {data}")
    content = json.loads(data)["content"]
    check("with a mark", b'"RU5DUllQVA=="' not in data, str(data))
    own = {"type": "thinking", "thinking": "x", "signature": "SOMEBODYELSESSIGNATURE=="}
    turns = [*TURN, {"role": "assistant", "content": [own, *content]}, *TURN]
    request("anthropic", "responses-small", messages=turns)
    check("it goes back as it was", b'"RU5DUllQVA=="' in seen[-1][1], str(seen[-1]))
    check("but none of somebody else's", b"SOMEBODY" not in seen[-1][1], str(seen[-1]))
    request("anthropic", "gemini-own-small", messages=turns)
    check("to nobody else", b"RU5DUllQVA" not in seen[-1][1] and b"SOMEBODY" not in seen[-1][1] and
          b"Hello!" in seen[-1][1], str(seen[-1]))
    request("anthropic", "anthropic-own-small", messages=turns)
    check("the same wire passes what it has", b"SOMEBODY" in seen[-1][1], str(seen[-1]))


def leavers():
    """Clients that go while the provider says nothing, and some that only seem to."""
    def begin(wire, streams, behind=b""):
        path, members = CALLS[wire]
        members = dict(members, model="chat-small", stream=streams)
        body = json.dumps(members).encode()
        sock = socket.create_connection(("127.0.0.1", GATEWAY), WAIT, ("127.0.0.7", 0))
        one = (f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
               f"Content-Length: {len(body)}\r\n\r\n").encode() + body
        sock.sendall(one + behind)
        return sock, one

    def asked(before):
        while len(seen) == before:
            time.sleep(0.01)
        time.sleep(0.1)

    for name, streams, behind, reset in (
            ("a reset", False, b"", True), ("an end", False, b"", False),
            ("a reset behind the next request", False, b"GET / HTTP/1.1\r\n", True),
            ("an end behind the next request", False, b"GET / HTTP/1.1\r\n", False),
            ("a reset of a stream", True, b"", True), ("an end of a stream", True, b"", False)):
        script[:] = [hold(stream(chunk("Hello!")) if streams else b"")]
        left.clear()
        before = len(seen)
        sock, _ = begin("chat", streams, behind)
        data = b""
        while streams and b"Hello!" not in data:
            data += sock.recv(65536)
        asked(before)
        check(f"{name}: while it waits the provider does", not left.is_set())
        if reset:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
        check(f"{name}: the provider is left", left.wait(3))
    # Kept, and then left in its second call.
    for reset in (True, False):
        script[:] = [answer(json.dumps(GOOD).encode())]
        sock, one = begin("chat", False)
        while b"Hello!" not in sock.recv(65536):
            pass
        script[:] = [hold(b"")]
        left.clear()
        before = len(seen)
        sock.sendall(one)
        asked(before)
        if reset:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
        check("in the second call the provider is left", left.wait(3))

    def slow(said):
        def run(sock):
            time.sleep(0.7)
            sock.sendall(said)
        return run

    # Half a connection is no leaver: shut at once, or later, with a request behind, in a stream.
    good = answer(json.dumps(GOOD).encode())
    for name, streams, wait, twice in (("at once", False, 0, False), ("later", False, 0.3, False),
                                       ("in a stream", True, 0.3, False),
                                       ("with a request behind", False, 0.3, True)):
        said = stream(chunk("Hello!"), b"data: [DONE]\n\n") if streams else good
        script[:] = [slow(said)]
        sock, one = begin("chat", streams)
        if twice:
            sock.sendall(one)
        time.sleep(wait)
        sock.shutdown(socket.SHUT_WR)
        data = b""
        while piece := sock.recv(65536):
            data += piece
        sock.close()
        check(f"half, {name}: answered", data.count(b"Hello!") == 1 + twice and
              data.count(b" 200 OK") == 1 + twice, str(data))


def drips():
    """A call has a second and a half."""
    def asked(name, wire, streams, said):
        script[:] = [said]
        before = len(seen)
        got, _, data = request(wire, "chat-small", streams)
        check(f"{name}: told in time", got == (200 if streams else 504) and
              b"all the time that a call has" in data, f"{got} {data[-300:]}")
        check(f"{name}: asked once", len(seen) - before == 1, str(len(seen) - before))
        return data
    asked("a head", "chat", False, drip(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n"))
    for wire in CALLS:
        asked(f"{wire}, whole", wire, False,
              drip(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", b" "))
    for wire, word in (("chat", b'"error"'), ("responses", b"event: error"),
                       ("anthropic", b"event: error"), ("gemini", b'"error"')):
        data = asked(f"{wire}, streamed", wire, True, drip(stream(), chunk("Hello!")))
        check(f"{wire}: what came is there, and then its own error",
              b"Hello!" in data and word in data.split(b"Hello!")[-1], f"{data[-300:]}")


if GROUP != "kept":
    listen()
{"answers": answers, "storms": storms, "streams": streams, "bounds": bounds, "priced": priced,
 "gone": gone, "broken": broken, "seals": seals,
 "drips": drips, "leavers": leavers,
 "words": words, "kept": kept}[GROUP]()
