# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients of the gateway, and providers that look at how they are asked.

    call_upstream.py GROUP GATEWAY_PORT PROVIDER_PORT TOKEN CHILD_TOKEN ONE_TOKEN ENDED_TOKEN KEY

Prints "ok NAME" or "not ok NAME: why" for each thing that is looked at.
"""

import fcntl
import hashlib
import hmac
import http.client
import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import termios
import threading
import time
import urllib.parse

GROUP = sys.argv[1]
GATEWAY, PROVIDER = int(sys.argv[2]), int(sys.argv[3])
TOKEN, CHILD, KEY = sys.argv[4], sys.argv[5], sys.argv[8]
# As the rig has them: the agent is in the client's address.
AGENTS = {TOKEN: 7, CHILD: 8}
WAIT = 20  # seconds: whoever hangs fails

TURN = [{"role": "user", "content": "Hi"}]
CALLS = {
    "chat": ("/v1/chat/completions", {"messages": TURN}),
    "responses": ("/v1/responses", {"input": "Hi"}),
    "anthropic": ("/v1/messages", {"messages": TURN, "max_tokens": 10}),
    "embed": ("/v1/embeddings", {"input": "Hi"}),
}
GOOD = {"id": "c1", "object": "chat.completion", "created": 1, "model": "small",
        "choices": [{"index": 0, "finish_reason": "stop",
                     "message": {"role": "assistant", "content": "Hello!"}}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}}
MESSAGE = {"id": "a1", "type": "message", "role": "assistant", "model": "small",
           "content": [{"type": "text", "text": "Hello!"}], "stop_reason": "end_turn",
           "stop_sequence": None, "usage": {"input_tokens": 7, "output_tokens": 3}}
RESPONSE = {"id": "r1", "object": "response", "created_at": 1, "model": "small",
            "status": "completed",
            "output": [{"type": "message", "id": "m1", "role": "assistant", "status": "completed",
                        "content": [{"type": "output_text", "text": "Hello!", "annotations": []}]}],
            "usage": {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}}


def check(name, true, why=""):
    print(f"ok {name}" if true else f"not ok {name}: {why}", flush=True)


# --- a provider that says what it is told to ---

class Seen:
    """A request as it came."""

    def __init__(self, line, fields, body):
        self.method, self.target = line.split()[:2]
        self.fields = fields  # (name in small letters, value)
        self.body = body

    def field(self, name):
        """All values of that name, in one."""
        return ",".join(value for key, value in self.fields if key == name)


seen = []
script = []  # what is said next: bytes, or a function of the socket; the last one stays


def request_read(file):
    line = file.readline().decode("latin-1")
    if not line.strip():
        return None
    fields = []
    while (more := file.readline()) not in (b"\r\n", b""):
        name, _, value = more.decode("latin-1").partition(":")
        fields.append((name.lower(), value.strip()))
    length = int(dict(fields).get("content-length", 0))
    return Seen(line, fields, file.read(length))


def serve(sock):
    with sock, sock.makefile("rb") as file:
        while got := request_read(file):
            seen.append(got)
            say = script.pop(0) if len(script) > 1 else script[0]
            try:
                if callable(say):
                    say(sock)
                else:
                    sock.sendall(say)
            except OSError:
                return


def listen():
    listener = socket.create_server(("127.0.0.1", PROVIDER), backlog=64)

    def run():
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
    threading.Thread(target=run, daemon=True).start()
    return listener


def answer(body, status="200 OK", kind="application/json", more=""):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return (f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n"
            f"{more}\r\n").encode() + data


def stream(*pieces):
    return answer("".join(f"data: {p}\n\n" for p in pieces).encode(), kind="text/event-stream")


# --- a client ---

def ask(wire, model, token=TOKEN, fields=(), **more):
    path, members = CALLS[wire]
    connection = http.client.HTTPConnection("127.0.0.1", GATEWAY, timeout=WAIT,
                                            source_address=(f"127.0.0.{AGENTS[token]}", 0))
    connection.request("POST", path, json.dumps(dict(members, model=model, **more)),
                       {"Authorization": "Bearer " + token, **dict(fields)})
    got = connection.getresponse()
    try:
        return got.status, got.headers, got.read()
    finally:
        connection.close()


# --- signatures ---

PAIR = ("AKIDRIG", "rig/secret+canary=0123456789abcdef")
SESSION = "rig//session+canary=="


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signature(got, secret):
    """By "Create a signed AWS API request", from what came: what stands in its Authorization."""
    scheme, _, rest = got.field("authorization").partition(" ")
    parts = dict(p.strip().split("=", 1) for p in rest.split(","))
    key_id, day, region, service, last = parts["Credential"].split("/")
    names = parts["SignedHeaders"].split(";")
    path, _, query = got.target.partition("?")
    pairs = sorted(p.partition("=")[::2] for p in query.split("&") if p)
    canonical = "\n".join([
        got.method, urllib.parse.quote(path, safe="/-._~"),
        "&".join(f"{name}={value}" for name, value in pairs),
        *(f"{name}:{' '.join(got.field(name).split())}" for name in names), "",
        ";".join(names), hashlib.sha256(got.body).hexdigest()])
    date = got.field("x-amz-date")
    scope = f"{day}/{region}/{service}/aws4_request"
    key = ("AWS4" + secret).encode()
    for word in (day, region, service, "aws4_request"):
        key = mac(key, word)
    text = "\n".join(["AWS4-HMAC-SHA256", date, scope,
                      hashlib.sha256(canonical.encode()).hexdigest()])
    return {"whole": scheme == "AWS4-HMAC-SHA256" and last == "aws4_request" and
                     date.startswith(day) and names == sorted(names),
            "id": key_id, "region": region, "service": service, "names": names,
            "same": hmac.new(key, text.encode(), hashlib.sha256).hexdigest() == parts["Signature"]}


def signed_check(name, got, names=("content-type", "host", "x-amz-date")):
    made = signature(got, PAIR[1])
    check(f"{name}: signed", made["whole"] and made["same"] and made["id"] == PAIR[0] and
          made["region"] == "eu-test-1" and made["service"] == "bedrock",
          f"{made} {got.target} {got.fields}")
    check(f"{name}: over these", made["names"] == list(names), str(made["names"]))
    check(f"{name}: with no other secret", not signature(got, PAIR[1] + "x")["same"])
    check(f"{name}: which is not sent", PAIR[1] not in str(got.fields) + str(got.body))


def signed():
    script[:] = [answer(GOOD)]
    status, _, data = ask("chat", "aws/vendor.model-1:0")
    check("answered", status == 200 and b"Hello!" in data, f"{status} {data}")
    signed_check("a call", seen[-1])
    check("where it should", seen[-1].target == "/openai/v1/chat/completions", seen[-1].target)
    ask("chat", "aws/small", messages=[{"role": "user", "content": "y" * 300000}])
    signed_check("a large one", seen[-1])
    ask("anthropic", "aws/small")
    signed_check("a translated one", seen[-1])
    script[:] = [stream(json.dumps({"choices": [{"delta": {"content": "Hello!"},
                                                 "finish_reason": "stop"}]}), "[DONE]")]
    status, _, data = ask("chat", "aws/small", stream=True)
    check("streamed", status == 200 and b"Hello!" in data, f"{status} {data}")
    signed_check("a stream", seen[-1])
    script[:] = [answer(MESSAGE)]
    ask("anthropic", "aws-messages/small", fields={"anthropic-beta": "x"}.items())
    signed_check("of another wire", seen[-1])
    check("with what is passed", seen[-1].field("anthropic-beta") == "x")
    script[:] = [answer(GOOD)]
    ask("chat", "aws-query/a:0")
    signed_check("with a query", seen[-1])
    check("which is there", seen[-1].target ==
          "/deployments/a%3A0/chat/completions?api-version=2024-10-21", seen[-1].target)
    ask("chat", "aws-session/small")
    signed_check("lent", seen[-1], ("content-type", "host", "x-amz-date", "x-amz-security-token"))
    check("with the session", seen[-1].field("x-amz-security-token") == SESSION)
    script[:] = [answer({"error": {}}, "503 Later", more="Retry-After-Ms: 1\r\n"), answer(GOOD)]
    before = len(seen)
    status, _, data = ask("chat", "aws/small")
    check("asked again", status == 200 and len(seen) == before + 2, f"{status} {data}")
    for got in seen[before:]:
        signed_check("each of them", got)
    script[:] = [answer({"message": "The security token is expired"}, "403 Forbidden")]
    status, _, data = ask("chat", "aws/small")
    check("refused", status == 503 and b"refused the key" in data, f"{status} {data}")
    before = len(seen)
    status, _, data = ask("chat", "aws-wrong/small")
    check("no such pair", status == 503 and b"ID:SECRET" in data and KEY.encode() not in data,
          f"{status} {data}")
    check("nobody was asked", len(seen) == before)


def azure():
    def asked(name, wire, model, good, target, **more):
        script[:] = [answer(good)]
        status, _, data = ask(wire, model, **more)
        check(f"{name}: answered", status == 200, f"{status} {data}")
        check(f"{name}: at its place", seen[-1].target == target, seen[-1].target)
        check(f"{name}: with its key", seen[-1].field("api-key") == KEY and
              not seen[-1].field("authorization"), str(seen[-1].fields))
        return json.loads(seen[-1].body)
    version = "?api-version=2024-10-21"
    asked("a deployment", "chat", "az/my-gpt", GOOD,
          "/openai/deployments/my-gpt/chat/completions" + version)
    asked("translated", "anthropic", "az/my-gpt", GOOD,
          "/openai/deployments/my-gpt/chat/completions" + version)
    asked("embeddings", "embed", "az/my-e", {"data": [], "usage": {"prompt_tokens": 1}},
          "/openai/deployments/my-e/embeddings" + version)
    body = asked("responses", "responses", "az-responses/my-gpt", RESPONSE,
                 "/openai/responses" + version)
    check("responses: by name", body["model"] == "my-gpt")
    body = asked("without deployments", "chat", "az-one/my-gpt", GOOD, "/v1/chat/completions")
    check("without deployments: by name", body["model"] == "my-gpt")


# --- who is left alone ---

ONCE = "x-should-retry: false\r\n"
DOWN = answer({"error": {"message": "down"}}, "503 Down", more=ONCE)


def asked(path):
    return sum(got.target.startswith(path) for got in seen)


def refused_check(name, model, wire="chat"):
    """Without the provider."""
    before = len(seen)
    status, fields, data = ask(wire, model)
    check(f"{name}: told", status == 503 and b"failed too often" in data, f"{status} {data}")
    check(f"{name}: when to come again", int(fields["Retry-After"]) >= 1, str(fields))
    check(f"{name}: nobody was asked", len(seen) == before)
    return data


def trial(model, path):
    """Asks until the provider is asked again; what came of that."""
    before, end = asked(path), time.monotonic() + WAIT
    while asked(path) == before and time.monotonic() < end:
        time.sleep(0.05)
        status, _, _ = ask("chat", model)
    check("a trial is one call", asked(path) == before + 1, str(asked(path) - before))
    return status


def resting():
    script[:] = [DOWN]
    for _ in range(4):
        status, _, data = ask("chat", "one/other")
        check("a failure is passed on", status == 503 and b"down" in data, f"{status} {data}")
    script[:] = [answer({"error": {"message": "no"}}, "404 No", more=ONCE)]
    ask("chat", "one/other")
    script[:] = [DOWN]
    ask("chat", "one/other")
    check("all were asked", asked("/one") == 6, str(asked("/one")))
    refused_check("after five of six", "one/other")
    script[:] = [answer(GOOD)]
    status, _, data = ask("chat", "two/small")
    check("another is asked", status == 200, f"{status} {data}")
    before = asked("/one")
    status, _, data = ask("chat", "one-model")
    check("what stands behind it answers", status == 200 and asked("/one") == before and
          seen[-1].target.startswith("/two"), f"{status} {data}")
    data = refused_check("of another wire", "one/other", "anthropic")
    check("in its own words", json.loads(data)["type"] == "error", str(data))
    script[:] = [DOWN]
    check("a trial that fails", trial("one/other", "/one") == 503)
    refused_check("left alone again", "one/other")
    script[:] = [answer(GOOD)]
    check("one that does not", trial("one/other", "/one") == 200)
    for _ in range(3):
        status, _, data = ask("chat", "one/other")
        check("it is asked as before", status == 200, f"{status} {data}")


def held():
    """While a trial is out there is no other; who goes meanwhile leaves its place."""
    script[:] = [DOWN]
    for _ in range(5):
        ask("chat", "one/other")
    gone = threading.Event()

    def wait(sock):
        while sock.recv(65536):
            pass
        gone.set()
    script[:] = [wait]
    before = asked("/one")
    while asked("/one") == before:
        connection = http.client.HTTPConnection("127.0.0.1", GATEWAY, timeout=WAIT,
                                                source_address=("127.0.0.7", 0))
        connection.request("POST", "/v1/chat/completions",
                           json.dumps(dict(CALLS["chat"][1], model="one/other")),
                           {"Authorization": "Bearer " + TOKEN})
        # Refused, or it hangs at the provider: the provider is told of first.
        connection.sock.settimeout(0.3)
        try:
            connection.getresponse().read()
            connection.close()
        except TimeoutError:
            break
    check("a trial is out", asked("/one") == before + 1)
    refused_check("and no other", "one/other")
    connection.close()
    check("it is left", gone.wait(WAIT))
    script[:] = [answer(GOOD)]
    check("its place is another's", trial("one/other", "/one") == 200)


def slow():
    """A trial that says nothing for long does not keep others from the provider."""
    script[:] = [DOWN]
    for _ in range(5):
        ask("chat", "one/other")
    going = threading.Event()
    said = []

    def wait(sock):
        going.wait(WAIT)
        sock.sendall(answer(GOOD))
    script[:] = [wait, answer(GOOD)]
    before, end = asked("/one"), time.monotonic() + WAIT

    def first():
        while asked("/one") == before and time.monotonic() < end:
            said[:] = [ask("chat", "one/other")]
    thread = threading.Thread(target=first)
    thread.start()
    while asked("/one") == before and time.monotonic() < end:
        time.sleep(0.02)
    while asked("/one") == before + 1 and time.monotonic() < end:
        status, _, data = ask("chat", "one/other")
    check("another goes out meanwhile", status == 200 and not going.is_set(), f"{status} {data}")
    status, _, data = ask("chat", "one/other")
    check("and is enough", status == 200, f"{status} {data}")
    going.set()
    thread.join()
    check("the slow one is answered as well", said[0][0] == 200, str(said))


def patient():
    """What an agent can bring about itself is not held against a provider."""
    for status in ("429 Slow", "500 Oops", "400 No", "401 Who", "409 Busy"):
        script[:] = [answer({"error": {"message": "x"}}, status, more=ONCE)]
        for _ in range(6):
            ask("chat", "two/small")
    script[:] = [lambda sock: sock.shutdown(socket.SHUT_RDWR)]
    for _ in range(2):
        ask("chat", "two/small")
    script[:] = [answer(GOOD)]
    status, _, data = ask("chat", "two/small")
    check("it is asked", status == 200, f"{status} {data}")
    # Nobody is there: twice three attempts.
    for _ in range(2):
        status, _, data = ask("chat", "dead/small")
        check("no connection", status == 503, f"{status} {data}")
    refused_check("no connection", "dead/small")


# --- who is answered again ---

def kept():
    """The call_upstream_test counts what is charged."""
    def again(name, provider_asked, *what, token=TOKEN, cold=True, **more):
        before = len(seen)
        if cold:
            more["temperature"] = 0
        status, _, data = ask(*what, token=token, **more)
        check(f"{name}: answered", status == 200 and b"Hello!" in data, f"{status} {data}")
        check(f"{name}: {'asked' if provider_asked else 'not asked'}",
              (len(seen) > before) == provider_asked)
        return data
    script[:] = [answer(GOOD)]
    first = again("the first", True, "chat", "one/other")
    check("the same again", again("the second", False, "chat", "one/other") == first)
    again("written otherwise", True, "chat", "one/other", top_p=1)
    again("in another wire", True, "anthropic", "one/other")
    data = again("in another wire, again", False, "anthropic", "one/other")
    check("in its words", json.loads(data)["type"] == "message", str(data))
    again("another model", True, "chat", "one/third")
    again("another agent", True, "chat", "one/other", token=CHILD)
    again("another agent, again", False, "chat", "one/other", token=CHILD)
    again("that may differ", True, "chat", "one/other", cold=False)
    again("that may differ, again", True, "chat", "one/other", cold=False)
    again("nearly cold", True, "chat", "one/other", cold=False, temperature=0.1)
    again("nearly cold, again", True, "chat", "one/other", cold=False, temperature=0.1)
    picture = [{"role": "user", "content": [{"type": "image_url",
                                             "image_url": {"url": "https://a/b"}}]}]
    again("what is elsewhere", True, "chat", "one/other", messages=picture)
    again("what is elsewhere, again", True, "chat", "one/other", messages=picture)
    again("a provider that keeps none", True, "chat", "two/other")
    again("a provider that keeps none, again", True, "chat", "two/other")
    again("shared", True, "chat", "all/other")
    again("shared by another", False, "chat", "all/other", token=CHILD)
    script[:] = [answer(MESSAGE)]
    again("with a line", True, "anthropic", "own/other", fields={"anthropic-beta": "a"}.items())
    again("with another line", True, "anthropic", "own/other",
          fields={"anthropic-beta": "b"}.items())
    again("with the same line", False, "anthropic", "own/other",
          fields={"anthropic-beta": "a"}.items())
    # Streams are not kept, nor what is no answer.
    said = stream(json.dumps({"choices": [{"delta": {"content": "Hello!"},
                                           "finish_reason": "stop"}]}), "[DONE]")
    script[:] = [said]
    again("a stream", True, "chat", "one/stream", stream=True)
    again("a stream, again", True, "chat", "one/stream", stream=True)
    for name, bad in (("an error", answer({"error": {"message": "Hello!"}}, more=ONCE)),
                      ("a refusal", answer({"error": {"message": "x"}}, "400 No")),
                      ("half of one", answer(GOOD)[:-9])):
        script[:] = [lambda sock, said=bad: (sock.sendall(said), sock.shutdown(socket.SHUT_RDWR))]
        for _ in range(2):
            before = len(seen)
            ask("chat", f"one/{name.replace(' ', '-')}", temperature=0)
            check(f"{name}: asked", len(seen) > before)
    script[:] = [answer(GOOD)]
    again("it lasts as long as it may", True, "chat", "brief/other")
    end = time.monotonic() + WAIT
    before = len(seen)
    while len(seen) == before and time.monotonic() < end:
        ask("chat", "brief/other", temperature=0)
        time.sleep(0.1)
    check("and no longer", len(seen) == before + 1)


def twice():
    script[:] = [answer(GOOD)]
    for _ in range(2):
        ask("chat", "one-model", temperature=0)
    check("asked once", len(seen) == 1)


# --- who stops reading ---

STALLED = 40
CAP = int(sys.argv[9]) if len(sys.argv) > 9 and sys.argv[9].isdigit() else 0


def stalled():
    """What of a stream without an end is taken from its provider while nobody reads it."""
    socks, lock = [], threading.Lock()
    frame = b"data: " + json.dumps({"choices": [{"delta": {"content": "x" * 900}}]}).encode() + b"\n\n"

    def pour(sock):
        sent = [0, sock]
        with lock:
            socks.append(sent)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                     b"Connection: close\r\n\r\n")
        while True:
            sent[0] += sock.send(frame)
    script[:] = [pour]
    clients = []
    for wire, path in (("chat", "/v1/chat/completions"), ("anthropic", "/v1/messages")):
        for _ in range(STALLED // 2):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.bind(("127.0.0.7", 0))
            client.connect(("127.0.0.1", GATEWAY))
            body = json.dumps(dict(CALLS[wire][1], model="two/other", stream=True)).encode()
            client.sendall((f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
                            f"Content-Length: {len(body)}\r\n\r\n").encode() + body)
            clients.append(client)

    def taken():
        """What the gateway's end has acknowledged."""
        counts = []
        for count, sock in list(socks):
            left = struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ, b"\0" * 4))[0]
            counts.append(count - left)
        return counts
    # Until nothing moves any more.
    before, end = None, time.monotonic() + WAIT
    while (now := taken()) != before or len(now) < STALLED:
        if time.monotonic() > end:
            break
        before = now
        time.sleep(1)
    check("all have begun, and all stand still", len(now) == STALLED and now == before,
          f"{len(now)}")
    print(f"# bytes of each stream that were taken: at most {max(now)}, all {sum(now)}")
    check("no more than is said", max(now) <= CAP, f"{max(now)} of {CAP}")
    # Control: who reads gets more than that.
    client, got = clients[0], 0
    while got <= 2 * CAP:
        got += len(client.recv(65536))
    check("who reads gets on", True)
    for client in clients:
        client.close()


# --- TLS ---

DIRECTORY = sys.argv[9] if len(sys.argv) > 9 else ""


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, cwd=DIRECTORY, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def certificates():
    """An authority, and what it says of whom: NAME.pem with NAME.key."""
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Rig", "-days", "2")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", "own.key", "-out", "own.pem", "-subj", "/CN=one.test", "-days", "2",
            "-addext", "subjectAltName=DNS:one.test")
    with open(DIRECTORY + "/names", "w", encoding="ascii") as file:
        file.write("subjectAltName=DNS:one.test\n")
    for name, days in (("good", "2"), ("expired", "-1")):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=one.test")
        openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                "-CAcreateserial", "-out", name + ".pem", "-days", days, "-extfile", "names")
    os.chmod(DIRECTORY + "/ca.pem", 0o644)


def tls():
    certificates()
    modes, accepted = ["good"], [0]

    def run(sock):
        accepted[0] += 1
        mode = modes[0]
        try:
            if mode == "closed":
                sock.recv(1)
                sock.close()
                return
            if mode == "plain":
                sock.sendall(answer(b"", "400 This is no TLS"))
                sock.close()
                return
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(f"{DIRECTORY}/{mode}.pem", f"{DIRECTORY}/{mode}.key")
            serve(context.wrap_socket(sock, server_side=True))
        except OSError:
            sock.close()
    listener = socket.create_server(("127.0.0.1", PROVIDER), backlog=64)

    def accept():
        while True:
            threading.Thread(target=run, args=(listener.accept()[0],), daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()

    script[:] = [answer(GOOD)]
    for _ in range(3):
        status, _, data = ask("chat", "tls/small")
        check("good: answered", status == 200 and b"Hello!" in data, f"{status} {data}")
    check("good: by one connection", accepted[0] == 1 and len(seen) == 3, str(accepted))
    # Its connection is kept: another host's is not asked by it.
    for mode, model, wire in (("good", "tls-other/small", "chat"), ("expired", "tls/small", "chat"),
                              ("own", "tls/small", "chat"), ("closed", "tls/small", "chat"),
                              ("plain", "tls/small", "anthropic")):
        name = "another's" if model.startswith("tls-other") else mode
        modes[0] = mode
        if name != "another's":
            # The one that is kept has to go.
            script[:] = [lambda sock: (sock.sendall(answer(GOOD, more="Connection: close\r\n")),
                                       sock.shutdown(socket.SHUT_RDWR))]
        if mode == "expired":
            ask("chat", "tls/small")
        before, count = accepted[0], len(seen)
        status, fields, data = ask(wire, model)
        check(f"{name}: told", status == 503 and b"TLS failed" in data, f"{status} {data}")
        check(f"{name}: in its wire", "error" in json.loads(data) and
              fields["Content-Type"] == "application/json", str(data))
        check(f"{name}: tried three times, and told nothing",
              accepted[0] == before + 3 and len(seen) == count,
              f"{accepted[0] - before} {len(seen) - count}")
    modes[0] = "good"
    script[:] = [answer(GOOD)]
    status, _, data = ask("chat", "tls/small")
    check("and good again", status == 200, f"{status} {data}")


def h2():
    certificates()
    with subprocess.Popen(["node", "tests/unit/call_h2.js", str(PROVIDER), DIRECTORY + "/good.key",
                           DIRECTORY + "/good.pem"], stdout=subprocess.PIPE, text=True) as node:
        said = []

        def read():
            for line in node.stdout:
                said.append(line.strip())
        threading.Thread(target=read, daemon=True).start()
        end = time.monotonic() + WAIT
        while "ready" not in said and time.monotonic() < end:
            time.sleep(0.05)
        try:
            h2_ask(said)
        finally:
            node.kill()


def h2_ask(said):
    def until(ready):
        """What the provider says comes by a thread, which may be behind."""
        end = time.monotonic() + WAIT
        while not ready() and time.monotonic() < end:
            time.sleep(0.02)

    def asked_of(model, expected, requests, sessions):
        before = len(said)
        status, _, data = ask("chat", "tls/" + model)
        until(lambda: said[before:].count("h2 " + model) >= requests)
        time.sleep(0.1)
        check(f"{model}: {expected}", status == expected, f"{status} {data}")
        new = said[before:]
        check(f"{model}: {requests} requests, {sessions} connections",
              new.count("h2 " + model) == requests and new.count("session") == sessions, str(new))
        return data
    check("it serves", "ready" in said)
    asked_of("plain", 200, 1, 1)
    asked_of("plain", 200, 1, 0)
    before = len(said)
    got = []
    threads = [threading.Thread(target=lambda: got.append(ask("chat", "tls/together")[0]))
               for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check("four at once by the one connection", got == [200] * 4 and
          "session" not in said[before:], f"{got} {said[before:]}")
    asked_of("goaway", 200, 1, 0)
    asked_of("plain", 200, 1, 1)
    # libcurl asks again by itself, by a connection that has refused nothing.
    asked_of("refused", 200, 2, 1)
    data = asked_of("reset", 503, 3, 0)
    check("reset: told", b"too early" in data, str(data))
    asked_of("plain", 200, 1, 0)
    asked_of("destroyed", 503, 3, 2)
    before = len(said)
    status, _, data = ask("chat", "tls/plain", stream=True)
    until(lambda: "h1" in said[before:])
    check("a stream comes by HTTP/1.1", status == 200 and b"Hello!" in data and
          "h1" in said[before:], f"{status} {data} {said[before:]}")


if GROUP not in ("tls", "h2"):
    listen()
{"tls": tls, "h2": h2, "stalled": stalled, "kept": kept, "twice": twice, "signed": signed, "azure": azure, "resting": resting, "held": held, "slow": slow, "patient": patient}[GROUP]()
