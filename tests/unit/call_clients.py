# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients of the gateway, and a provider of each wire, for call_test.

    call_clients.py GROUP GATEWAY_PORT PROVIDER_PORT TOKEN CHILD_TOKEN ONE_TOKEN ENDED_TOKEN KEY

Prints "ok NAME" or "not ok NAME: why" for each thing that is looked at.
"""

import hashlib
import http.client
import http.server
import json
import re
import socket
import sys
import threading
import time

GROUP = sys.argv[1]
GATEWAY, PROVIDER = int(sys.argv[2]), int(sys.argv[3])
MODELS, CHILD, ONE, ENDED, KEY = sys.argv[4:9]
COUNTS = 64     # LIMIT_CALL_COUNTS
# As the rig has them: the agent is in the client's address.
AGENTS = {MODELS: 7, CHILD: 8, ONE: 9, ENDED: 10}


def check(name, true, why=""):
    print(f"ok {name}" if true else f"not ok {name}: {why}", flush=True)


# --- a provider ---

USAGE = {"chat": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
         "open": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
         "responses": {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10},
         "anthropic-own": {"input_tokens": 7, "output_tokens": 3},
         "gemini-own": {"promptTokenCount": 7, "candidatesTokenCount": 3, "totalTokenCount": 10}}

ANSWERS = {
    "chat": {"id": "c1", "object": "chat.completion", "created": 1, "model": "small",
             "choices": [{"index": 0, "finish_reason": "stop",
                          "message": {"role": "assistant", "content": "Hello!"}}],
             "usage": USAGE["chat"]},
    "responses": {"id": "r1", "object": "response", "created_at": 1, "model": "small",
                  "status": "completed",
                  "output": [{"type": "message", "id": "m1", "role": "assistant",
                              "status": "completed",
                              "content": [{"type": "output_text", "text": "Hello!",
                                           "annotations": []}]}],
                  "usage": USAGE["responses"]},
    "anthropic-own": {"id": "a1", "type": "message", "role": "assistant", "model": "small",
                      "content": [{"type": "text", "text": "Hello!"}],
                      "stop_reason": "end_turn", "stop_sequence": None,
                      "usage": USAGE["anthropic-own"]},
    "gemini-own": {"candidates": [{"content": {"role": "model", "parts": [{"text": "Hello!"}]},
                                   "finishReason": "STOP", "index": 0}],
                   "usageMetadata": USAGE["gemini-own"], "modelVersion": "small"},
}
ANSWERS["open"] = ANSWERS["chat"]
EMBEDDINGS = {"object": "list", "model": "small", "usage": {"prompt_tokens": 4, "total_tokens": 4},
              "data": [{"object": "embedding", "index": 0, "embedding": [0.5] * 999}]}


def chat_chunk(delta, finish=None, **more):
    return {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "small",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}


def streams(name, body):
    """(event, data) of a stream that says Hello!"""
    if name in ("chat", "open"):
        yield None, chat_chunk({"role": "assistant", "content": ""})
        yield None, chat_chunk({"content": "He"})
        yield None, chat_chunk({"content": "llo!"})
        yield None, chat_chunk({}, "stop")
        if (body.get("stream_options") or {}).get("include_usage"):
            yield None, {"id": "c1", "object": "chat.completion.chunk", "created": 1,
                         "model": "small", "choices": [], "usage": USAGE["chat"]}
        yield None, "[DONE]"
    elif name == "anthropic-own":
        start = dict(ANSWERS[name], content=[], stop_reason=None,
                     usage={"input_tokens": 7, "output_tokens": 1})
        yield "message_start", {"type": "message_start", "message": start}
        yield "content_block_start", {"type": "content_block_start", "index": 0,
                                      "content_block": {"type": "text", "text": ""}}
        for piece in ("He", "llo!"):
            yield "content_block_delta", {"type": "content_block_delta", "index": 0,
                                          "delta": {"type": "text_delta", "text": piece}}
        yield "content_block_stop", {"type": "content_block_stop", "index": 0}
        yield "message_delta", {"type": "message_delta", "usage": {"output_tokens": 3},
                                "delta": {"stop_reason": "end_turn", "stop_sequence": None}}
        yield "message_stop", {"type": "message_stop"}
    elif name == "gemini-own":
        for piece in ("He", "llo!"):
            answer = json.loads(json.dumps(ANSWERS[name]))
            answer["candidates"][0]["content"]["parts"][0]["text"] = piece
            if piece == "He":
                del answer["candidates"][0]["finishReason"]
            yield None, answer
    else:
        item = {"type": "message", "id": "m1", "role": "assistant", "status": "in_progress",
                "content": []}
        number = 0
        for kind, more in (
                ("response.created", {"response": dict(ANSWERS[name], status="in_progress",
                                                       output=[], usage=None)}),
                ("response.output_item.added", {"output_index": 0, "item": item}),
                ("response.content_part.added",
                 {"item_id": "m1", "output_index": 0, "content_index": 0,
                  "part": {"type": "output_text", "text": "", "annotations": []}}),
                ("response.output_text.delta", {"item_id": "m1", "output_index": 0,
                                                "content_index": 0, "delta": "He"}),
                ("response.output_text.delta", {"item_id": "m1", "output_index": 0,
                                                "content_index": 0, "delta": "llo!"}),
                ("response.output_text.done", {"item_id": "m1", "output_index": 0,
                                               "content_index": 0, "text": "Hello!"}),
                ("response.content_part.done",
                 {"item_id": "m1", "output_index": 0, "content_index": 0,
                  "part": ANSWERS[name]["output"][0]["content"][0]}),
                ("response.output_item.done", {"output_index": 0,
                                               "item": ANSWERS[name]["output"][0]}),
                ("response.completed", {"response": ANSWERS[name]})):
            yield kind, {"type": kind, "sequence_number": number, **more}
            number += 1


class Provider(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = []       # (path, headers, body)
    failing = {}    # what the next requests for a model come to
    delay = 0       # seconds before an answer

    def log_message(self, *args):
        pass

    def send_json(self, status, value, **headers):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, text in headers.items():
            self.send_header(name.replace("_", "-"), text)
        self.end_headers()
        self.wfile.write(data)

    def send_stream(self, name, body, cut):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number, (event, data) in enumerate(streams(name, body)):
            text = f"event: {event}\n" if event else ""
            text += "data: " + (data if isinstance(data, str) else json.dumps(data)) + "\n\n"
            if cut and number == 3:
                text = text[:20]
            # In two pieces, wherever that is.
            for piece in (text[:17], text[17:]):
                if piece:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece.encode()), piece.encode()))
                    self.wfile.flush()
            if cut and number == 3:
                self.close_connection = True
                return
        self.wfile.write(b"0\r\n\r\n")

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = self.path.split("/")[1]
        Provider.seen.append((self.path, dict(self.headers), body))
        fail = Provider.failing.get(name, [])
        fail = fail.pop(0) if fail else None
        time.sleep(Provider.delay)
        if isinstance(fail, int):
            self.send_json(fail, {"error": {"message": f"status {fail}", "type": "e"}},
                           retry_after_ms="10")
        elif fail == "close":
            self.close_connection = True
        elif fail == "html":
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", "4")
            self.end_headers()
            self.wfile.write(b"<ht>")
        elif "count" in self.path:
            self.send_json(200, {"totalTokens": 5} if "gemini" in name else {"input_tokens": 5})
        elif self.path.endswith("/input_tokens"):
            self.send_json(200, {"object": "response.input_tokens", "input_tokens": 5})
        elif self.path.endswith("/embeddings"):
            self.send_json(200, EMBEDDINGS)
        elif body.get("stream") or "stream" in self.path:
            self.send_stream(name, body, fail == "cut")
        else:
            self.send_json(200, ANSWERS[name])


def provider_start():
    http.server.ThreadingHTTPServer.allow_reuse_address = True
    http.server.ThreadingHTTPServer.request_queue_size = 256
    server = http.server.ThreadingHTTPServer(("127.0.0.1", PROVIDER), Provider)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()


# --- clients ---

def connect(token):
    return http.client.HTTPConnection("127.0.0.1", GATEWAY, timeout=20,
                                      source_address=(f"127.0.0.{AGENTS.get(token, 7)}", 0))


TURN = [{"role": "user", "content": "Say hello."}]
REQUESTS = {
    "chat": ("/v1/chat/completions", {"messages": TURN}),
    "responses": ("/v1/responses", {"input": "Say hello."}),
    "anthropic": ("/v1/messages?beta=true", {"messages": TURN, "max_tokens": 50}),
    "gemini": ("/v1beta/models/MODEL:generateContent",
               {"contents": [{"role": "user", "parts": [{"text": "Say hello."}]}]}),
}
KEYS = {"chat": "Authorization", "responses": "Authorization", "anthropic": "x-api-key",
        "gemini": "x-goog-api-key"}


def request(wire, model, token=MODELS, stream=False, connection=None, show=None, sse=True, **more):
    """status, headers, body of one call"""
    path, body = REQUESTS[wire]
    body = dict(body, **more)
    if wire == "gemini":
        path = path.replace("MODEL", model)
        if stream:
            path = path.replace("generateContent", "streamGenerateContent")
            path += "?alt=sse" if sse else ""
    else:
        body["model"] = model
        if stream:
            body["stream"] = True
    headers = {"Content-Type": "application/json"}
    key = show if show is not None else token
    if key:
        headers[KEYS[wire]] = ("Bearer " if KEYS[wire] == "Authorization" else "") + key
    own = connection or connect(token)
    own.request("POST", path, json.dumps(body), headers)
    answer = own.getresponse()
    data = answer.read()
    if not connection:
        own.close()
    return answer.status, dict(answer.headers), data


def text_of(wire, answer):
    if wire == "chat":
        return answer["choices"][0]["message"]["content"]
    if wire == "responses":
        return "".join(part["text"] for item in answer["output"] if item["type"] == "message"
                       for part in item["content"])
    if wire == "anthropic":
        return "".join(part.get("text", "") for part in answer["content"])
    return "".join(part["text"] for part in answer["candidates"][0]["content"]["parts"])


def frames(data):
    for frame in data.decode().split("\n\n"):
        event, text = None, []
        for line in frame.split("\n"):
            if line.startswith("event: "):
                event = line[7:]
            elif line.startswith("data: "):
                text.append(line[6:])
        if text:
            yield event, "\n".join(text)


def text_of_stream(wire, data):
    """The text, and whether it ended as it should."""
    text, ended = "", False
    for event, piece in frames(data):
        if piece == "[DONE]":
            ended = wire == "chat"
            continue
        value = json.loads(piece)
        if wire == "chat":
            text += "".join(choice["delta"].get("content") or "" for choice in value["choices"])
        elif wire == "responses":
            text += value["delta"] if event == "response.output_text.delta" else ""
            ended |= event == "response.completed" and value["response"]["status"] == "completed"
        elif wire == "anthropic":
            text += value["delta"].get("text", "") if event == "content_block_delta" else ""
            ended |= event == "message_stop"
        else:
            candidate = value["candidates"][0]
            text += "".join(part.get("text", "")
                            for part in candidate.get("content", {}).get("parts", []))
            ended |= candidate.get("finishReason") == "STOP"
    return text, ended


UPSTREAMS = {"chat": "chat-small", "responses": "responses-small",
             "anthropic-own": "anthropic-own-small", "gemini-own": "gemini-own-small"}


def plain():
    for wire in REQUESTS:
        for upstream, model in UPSTREAMS.items():
            name = f"{wire} to {upstream}"
            status, _, data = request(wire, model)
            check(f"{name}: status", status == 200, f"{status} {data[:300]}")
            if status == 200:
                text = text_of(wire, json.loads(data))
                check(f"{name}: text", text == "Hello!", text)
            path, headers, body = Provider.seen[-1]
            check(f"{name}: asked there", path.startswith(f"/{upstream}/"), path)
            key = [headers.get("Authorization"), headers.get("x-api-key"),
                   headers.get("x-goog-api-key")]
            check(f"{name}: with the provider's key alone",
                  [k for k in key if k] in ([KEY], ["Bearer " + KEY]), str(key))
            check(f"{name}: the model by its own name",
                  body.get("model") == "small" or "/small:" in path, f"{path} {body}")
            check(f"{name}: the key stays here", KEY.encode() not in data)
    # What nobody here knows goes through as it is.
    status, _, data = request("chat", "chat-small", unknown={"a": [1, 2]}, temperature=0.25)
    check("unknown members pass", Provider.seen[-1][2]["unknown"] == {"a": [1, 2]})
    # What a provider's row says that it does not take.
    tools = [{"name": "f", "input_schema": {"type": "object"}}]
    for what, more in (("tools", {"tools": tools}), ("instructions", {"system": "Be brief."})):
        before = len(Provider.seen)
        status, _, data = request("anthropic", "plain/x", **more)
        check(f"{what} that a provider does not take are refused", status == 400 and
              f"plain does not take {what}".encode() in data and len(Provider.seen) == before,
              f"{status} {data}")
        status, _, data = request("anthropic", "open/x", **more)
        check(f"and another takes {what}", status == 200, f"{status} {data}")
    for model, seeded in (("plain/x", False), ("open/x", True)):
        status, _, data = request("gemini", model, generationConfig={"seed": 5})
        check(f"a seed for {model}", status == 200 and
              ("seed" in Provider.seen[-1][2]) == seeded, f"{status} {data}")
    # A child shows its parent's token.
    status, _, data = request("chat", "chat-small", token=CHILD, show=MODELS)
    check("a child may show its parent's token", status == 200, f"{status} {data}")
    status, _, data = request("chat", "open/whatever")
    check("a provider without a key, a model in no row", status == 200, f"{status} {data}")
    check("no key is shown there", "Authorization" not in Provider.seen[-1][1])
    connection = connect(MODELS)
    connection.request("GET", "/v1/models", headers={"Authorization": "Bearer " + MODELS})
    listed = json.loads(connection.getresponse().read())
    names = [model["id"] for model in listed["data"]]
    check("models are listed", set(UPSTREAMS.values()) <= set(names), str(names))
    connection = connect(ONE)
    connection.request("GET", "/v1/models", headers={"Authorization": "Bearer " + ONE})
    names = [model["id"] for model in json.loads(connection.getresponse().read())["data"]]
    check("but those that may not be called", names == ["chat-small"], str(names))


def stream():
    for wire in REQUESTS:
        for upstream, model in UPSTREAMS.items():
            name = f"{wire} from {upstream}"
            status, headers, data = request(wire, model, stream=True)
            check(f"{name}: status", status == 200, f"{status} {data[:300]}")
            if status != 200:
                continue
            check(f"{name}: type", headers["Content-Type"].startswith("text/event-stream"))
            text, ended = text_of_stream(wire, data)
            check(f"{name}: text", text == "Hello!", f"{text} {data}")
            check(f"{name}: end", ended, str(data))
    # Gemini's stream without alt=sse is one JSON array, of the same objects.
    for upstream, model in UPSTREAMS.items():
        status, headers, data = request("gemini", model, stream=True, sse=False)
        check(f"an array from {upstream}", status == 200 and
              headers["Content-Type"] == "application/json" and
              headers["Transfer-Encoding"] == "chunked" and data[:1] == b"[", f"{status} {headers}")
        items = json.loads(data)
        text = "".join(part.get("text", "") for item in items
                       for part in item["candidates"][0]["content"]["parts"])
        check(f"an array from {upstream}: text", text == "Hello!", str(items))
        check(f"an array from {upstream}: end", len(items) > 1 and
              items[-1]["candidates"][0]["finishReason"] == "STOP" and
              items[-1]["usageMetadata"]["promptTokenCount"] == 7, str(items))
        path = Provider.seen[-1][0]
        check(f"an array from {upstream}: asked for events", "alt=sse" in path or
              upstream != "gemini-own", path)
        if upstream != "chat":
            continue
        Provider.failing = {"chat": ["cut"]}
        status, _, data = request("gemini", model, stream=True, sse=False)
        check("an array that is cut says so, and is one", status == 200 and
              "too early" in json.loads(data)[-1]["error"]["message"], str(data))
    # Usage was asked for by the gateway, not by the client, who does not see it.
    _, _, data = request("chat", "chat-small", stream=True)
    check("usage that nobody asked for is not shown", b'"usage": {' not in data, str(data))
    check("but asked for", Provider.seen[-1][2]["stream_options"] == {"include_usage": True})
    _, _, data = request("chat", "chat-small", stream=True,
                         stream_options={"include_usage": True})
    check("usage that was asked for is shown", b'"prompt_tokens": 7' in data, str(data))


def refusals():
    def refused(name, status, word, *args, **more):
        before = len(Provider.seen)
        got, _, data = request(*args, **more)
        check(name, got == status and word in data.decode(), f"{got} {data}")
        check(f"{name}: nobody was asked", len(Provider.seen) == before)

    for wire in REQUESTS:
        refused(f"{wire}: no token", 401, "no key was sent", wire, "chat-small", show="")
        refused(f"{wire}: somebody's key", 401, "none of AgentOS's", wire, "chat-small",
                show="sk-abc")
        refused(f"{wire}: another agent's", 403, "another agent's", wire, "chat-small", show=ONE)
        refused(f"{wire}: a child's", 403, "another agent's", wire, "chat-small", show=CHILD)
        refused(f"{wire}: a forged one", 401, "none of AgentOS's", wire, "chat-small",
                show=MODELS[:-1] + ("0" if MODELS[-1] != "0" else "1"))
        refused(f"{wire}: an unknown model", 404, "nothing-like-it", wire, "nothing-like-it")
        refused(f"{wire}: one that the policy has not", 403, 'models: [\\"gemini-own-small\\"]',
                wire, "gemini-own-small", token=ONE)
        refused(f"{wire}: no key in the vault", 503, "agentctl vault set keyless", wire,
                "keyless/x")
        refused(f"{wire}: a key for elsewhere", 503, "agentctl vault bind far 127.0.0.1", wire,
                "far/x")
        refused(f"{wire}: an agent that has ended", 403, "has ended", wire, "chat-small",
                token=ENDED)
    status, _, data = request("chat", "chat-small", token=ONE)
    check("the control: one that it has", status == 200, f"{status} {data}")
    refused("two answers", 400, "can only be 1", "chat", "chat-small", n=2)
    for name, raw, status, word in (
            ("no JSON", b"{", 400, "no JSON object"),
            ("an array", b"[]", 400, "no JSON object"),
            ("a model twice", b'{"model":"a","model":"b"}', 400, "twice"),
            ("no model", b'{"messages":[]}', 400, "must be the name"),
            ("a model that is a number", b'{"model":5}', 400, "must be the name"),
            ("a NUL in it", b'{"model":"a\\u0000b"}', 400, "must be the name"),
            ("stream that is text", b'{"model":"chat-small","stream":"yes"}', 400, "true or"),
            ("nothing", b"", 400, "no JSON object")):
        connection = connect(MODELS)
        connection.request("POST", "/v1/chat/completions", raw,
                           {"Authorization": "Bearer " + MODELS})
        answer = connection.getresponse()
        data = answer.read()
        check(name, answer.status == status and word in data.decode(), f"{answer.status} {data}")
    for method, path, status in (("GET", "/v1/chat/completions", 400), ("POST", "/", 404),
                                 ("POST", "/v1/models/x:other", 404), ("PUT", "/v2", 404)):
        connection = connect(MODELS)
        connection.request(method, path, headers={"Authorization": "Bearer " + MODELS})
        answer = connection.getresponse()
        check(f"{method} {path}", answer.status == status, str(answer.status))
        answer.read()


def failures():
    Provider.failing = {"chat": [500, 429]}
    status, _, data = request("chat", "chat-small")
    check("asked again after 500 and 429", status == 200, f"{status} {data}")
    Provider.failing = {"chat": ["close"]}
    status, _, data = request("chat", "chat-small")
    check("and after a broken connection", status == 200, f"{status} {data}")
    Provider.failing = {"chat": [400]}
    before = len(Provider.seen)
    status, _, data = request("chat", "chat-small")
    check("not after 400", status == 400 and b"status 400" in data and
          len(Provider.seen) == before + 1, f"{status} {data}")
    for wire in ("responses", "anthropic", "gemini"):
        Provider.failing = {"chat": [400]}
        status, _, data = request(wire, "chat-small")
        check(f"400 in {wire}'s words", status == 400 and b"status 400" in data,
              f"{status} {data}")
    Provider.failing = {"chat": [401]}
    status, _, data = request("chat", "chat-small")
    check("401 is not the client's affair", status == 503 and b"refused the key" in data,
          f"{status} {data}")
    status, _, data = request("chat", "dead-model")
    check("a fallback answers", status == 200, f"{status} {data}")
    status, _, data = request("chat", "dead/x")
    check("without one there is none", status == 503 and b"cannot be reached" in data,
          f"{status} {data}")
    Provider.failing = {"chat": ["html"]}
    status, _, data = request("anthropic", "chat-small")
    check("what is no answer is told", status == 503, f"{status} {data}")
    for wire in REQUESTS:
        Provider.failing = {"chat": ["cut"]}
        status, _, data = request(wire, "chat-small", stream=True)
        check(f"{wire}: a stream that is cut says so", status == 200 and b"too early" in data,
              f"{status} {data}")


def connections():
    connection = connect(MODELS)
    for number in range(20):
        status, _, data = request("chat", "chat-small", connection=connection)
        check(f"request {number} on one connection", status == 200, f"{status} {data}")
    status, _, data = request("chat", "chat-small", connection=connection, stream=True)
    check("a stream on it", status == 200 and data.endswith(b"data: [DONE]\n\n"), str(data))
    status, _, data = request("chat", "nothing-like-it", connection=connection)
    check("a refusal on it", status == 404, str(status))
    status, _, data = request("chat", "chat-small", connection=connection)
    check("and it goes on", status == 200, f"{status} {data}")

    def raw(parts, pause=0.0, half_close=False):
        sock = socket.create_connection(("127.0.0.1", GATEWAY), 20, ("127.0.0.7", 0))
        for part in parts:
            sock.sendall(part)
            time.sleep(pause)
        if half_close:
            sock.shutdown(socket.SHUT_WR)
        data = b""
        while piece := sock.recv(65536):
            data += piece
        sock.close()
        return data

    body = json.dumps({"model": "chat-small", "messages": TURN}).encode()
    head = (b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " +
            MODELS.encode() + b"\r\n")
    one = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    last = head + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    data = raw([one + one + last])
    check("three at once are answered in turn", data.count(b"Hello!") == 3, str(data))
    data = raw([last[at:at + 7] for at in range(0, len(last), 7)], 0.001)
    check("byte by byte", data.count(b"Hello!") == 1, str(data))
    chunked = (head + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n" +
               b"".join(b"%x\r\n%s\r\n" % (len(body[at:at + 9]), body[at:at + 9])
                        for at in range(0, len(body), 9)) + b"0\r\n\r\n")
    data = raw([chunked])
    check("in chunks", data.count(b"Hello!") == 1, str(data))
    data = raw([head + b"Connection: close\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n"
                % len(body), body], 0.2)
    check("100 Continue", data.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200") and
          data.count(b"Hello!") == 1, str(data))
    data = raw([one], half_close=True)
    check("half a connection is enough", data.count(b"Hello!") == 1, str(data))
    data = raw([last.replace(b"HTTP/1.1", b"HTTP/1.0")])
    check("HTTP/1.0", data.count(b"Hello!") == 1 and b"Connection: close" in data, str(data))
    data = raw([head + b"Content-Length: 99999999999\r\n\r\n"])
    check("too large", data.startswith(b"HTTP/1.1 413 "), str(data))
    data = raw([head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"])
    check("no chunk", data.startswith(b"HTTP/1.1 400 "), str(data))
    # Half a request, and gone.
    sock = socket.create_connection(("127.0.0.1", GATEWAY), 20, ("127.0.0.7", 0))
    sock.sendall(one[:-5])
    sock.close()
    status, _, data = request("chat", "chat-small")
    check("others go on", status == 200, f"{status} {data}")


def one():
    status, _, data = request("chat", "chat-small")
    check("one call", status == 200, f"{status} {data}")


def budget():
    before = len(Provider.seen)
    status, headers, data = request("chat", "chat-small")
    check("over the budget", status == 429 and b"budget_exceeded" in data and
          headers.get("x-should-retry") == "false", f"{status} {headers} {data}")
    check("nobody was asked", len(Provider.seen) == before)
    # Of either budget the test allows a hundred.
    text = json.loads(data)["error"]["message"]
    check("what, how much, and when it begins anew", re.search(
        r"the budget of (tokens does not have enough left: this call may take \d{4,} tokens, and of "
        r"100 tokens there are 100 tokens left|money does not have enough left: this call may take "
        r"\$0\.\d{6}, and of \$0\.000100 there are \$0\.000100 left); it begins anew in 1 h 30 min; "
        r"see `agentctl budget`$", text) and 5428 <= int(headers["Retry-After"]) <= 5431,
        f"{text} {headers}")


def unpriced():
    status, _, data = request("chat", "open/whatever")
    check("no price", status == 429 and b"/etc/agentos/models" in data, f"{status} {data}")


def post(path, body, token=MODELS, **headers):
    """status, headers, value of one request"""
    connection = connect(token)
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("POST", path, body if isinstance(body, bytes) else json.dumps(body),
                       {"Authorization": "Bearer " + token, **headers})
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.status, answer.headers, json.loads(data)


def counts():
    """Of tokens; of a budget of one token nothing could be reserved."""
    anthropic = {"messages": TURN, "system": "Be brief.", "stream": True, "new": {"a": 1}}
    for model in UPSTREAMS.values():
        body = json.dumps(dict(anthropic, model=model)).encode()
        own = model.startswith("anthropic")
        before = len(Provider.seen)
        status, headers, value = post("/v1/messages/count_tokens?beta=true", body,
                                      anthropic_beta="token-counting-x")
        estimate = (len(body) + 2) // 3
        check(f"Anthropic's count of {model}", status == 200 and
              value == {"input_tokens": 5 if own else estimate}, f"{status} {value}")
        check(f"Anthropic's count of {model}: an estimate says so",
              ("estimate" in (headers["X-AgentOS-Tokens"] or "")) == (not own), str(headers))
        check(f"Anthropic's count of {model}: asked there or nowhere",
              len(Provider.seen) == before + own, str(Provider.seen[before:]))
    path, headers, body = Provider.seen[-1]
    check("as it came, but for the model", path == "/anthropic-own/messages/count_tokens" and
          body == dict(anthropic, model="small") and
          headers["anthropic-beta"] == "token-counting-x", f"{path} {headers} {body}")
    contents = [{"role": "user", "parts": [{"text": "Say hello."}]}]
    for model in UPSTREAMS.values():
        own = model.startswith("gemini")
        for body in ({"contents": contents},
                     {"generateContentRequest": {"model": "models/other", "contents": contents}}):
            body = json.dumps(body).encode()
            before = len(Provider.seen)
            status, headers, value = post(f"/v1beta/models/{model}:countTokens", body)
            check(f"Gemini's count of {model}", status == 200 and
                  value == {"totalTokens": 5 if own else (len(body) + 2) // 3},
                  f"{status} {value}")
            check(f"Gemini's count of {model}: asked there or nowhere",
                  len(Provider.seen) == before + own, str(Provider.seen[before:]))
    path, _, body = Provider.seen[-1]
    check("no other model is counted for", path == "/gemini-own/models/small:countTokens" and
          body["generateContentRequest"] == {"model": "models/small", "contents": contents},
          f"{path} {body}")
    for body in (b'{"generateContentRequest":{"model":5}}',
                 b'{"generateContentRequest":{"model":"a","model":"b"}}'):
        before = len(Provider.seen)
        status, _, value = post("/v1beta/models/gemini-own-small:countTokens", body)
        check("a model that is none", status == 400 and len(Provider.seen) == before,
              f"{status} {value}")
    responses = {"input": "Say hello.", "instructions": "Be brief.", "new": {"a": 1}}
    for model in UPSTREAMS.values():
        own = model.startswith("responses")
        body = json.dumps(dict(responses, model=model)).encode()
        before = len(Provider.seen)
        status, headers, value = post("/v1/responses/input_tokens", body)
        check(f"OpenAI's count of {model}", status == 200 and
              value == {"object": "response.input_tokens",
                        "input_tokens": 5 if own else (len(body) + 2) // 3}, f"{status} {value}")
        check(f"OpenAI's count of {model}: an estimate says so",
              bool(headers["X-AgentOS-Tokens"]) == (not own), str(headers))
        check(f"OpenAI's count of {model}: asked there or nowhere",
              len(Provider.seen) == before + own, str(Provider.seen[before:]))
        if own:
            path, _, body = Provider.seen[-1]
            check("as it came, but for the model", path == "/responses/responses/input_tokens" and
                  body == dict(responses, model="small"), f"{path} {body}")
    # A provider that cannot count, and one that is busy.
    for failing, want in ((404, 200), (405, 200), (501, 200), (400, 400)):
        Provider.failing = {"anthropic-own": [failing]}
        status, headers, value = post("/v1/messages/count_tokens",
                                      dict(anthropic, model="anthropic-own-small"))
        check(f"{failing} comes to {want}", status == want and
              bool(headers["X-AgentOS-Tokens"]) == (want == 200), f"{status} {value}")
    Provider.failing = {"anthropic-own": [529]}
    status, _, value = post("/v1/messages/count_tokens",
                            dict(anthropic, model="anthropic-own-small"))
    check("it is asked again", status == 200 and value == {"input_tokens": 5}, f"{status} {value}")
    # The same checks as of calls.
    before = len(Provider.seen)
    for name, status, word, path, body, token in (
            ("no such model", 404, "nothing-like-it", "/v1/messages/count_tokens",
             {"model": "nothing-like-it"}, MODELS),
            ("not in the policy", 403, "no rule", "/v1/messages/count_tokens",
             {"model": "anthropic-own-small"}, ONE),
            ("not in the policy, Gemini's", 403, "no rule",
             "/v1beta/models/gemini-own-small:countTokens", {}, ONE),
            ("no model", 400, "must be the name", "/v1/messages/count_tokens", {}, MODELS),
            ("no JSON", 400, "no JSON", "/v1/messages/count_tokens", b"[", MODELS)):
        got, _, value = post(path, body, token)
        check(f"{name}: {status}", got == status and word in json.dumps(value), f"{got} {value}")
    got, _, value = post("/v1/messages/count_tokens", {"model": "anthropic-own-small"},
                         x_api_key="sk-abc", Authorization="")
    check("somebody's key", got == 401, f"{got} {value}")
    check("nobody was asked", len(Provider.seen) == before)


def count_often():
    """Until there is no more of it, for the agent and what is below it; others go on."""
    own = {"anthropic": ("/v1/messages/count_tokens", {"model": "anthropic-own-small"}),
           "gemini": ("/v1beta/models/gemini-own-small:countTokens", {}),
           "responses": ("/v1/responses/input_tokens", {"model": "responses-small"})}
    asked = 0
    while post(*own["anthropic"])[0] == 200 and asked < 10 * COUNTS:
        asked += 1
    check("so often, and no further", COUNTS <= asked < 10 * COUNTS, str(asked))
    check("what was refused went nowhere", len(Provider.seen) == asked, str(len(Provider.seen)))
    before, sent = len(Provider.seen), 0
    for token in (MODELS, CHILD):
        for wire, (path, body) in own.items():
            # What has come back meanwhile is taken first.
            for _ in range(10):
                status, headers, value = post(path, body, token)
                if status == 429:
                    break
                sent += 1
            text = json.dumps(value)
            check(f"{wire}: 429, in its words", status == 429 and "counted" in text and
                  ("RESOURCE_EXHAUSTED" if wire == "gemini" else "rate_limit") in text,
                  f"{status} {value}")
            check(f"{wire}: and when to ask again", int(headers["Retry-After"]) == 1 and
                  0 < int(headers["retry-after-ms"]) <= 1000 and not headers["x-should-retry"],
                  str(headers))
    check("nobody was asked", len(Provider.seen) == before + sent, str(len(Provider.seen)))
    status, headers, _ = post("/v1/messages/count_tokens", {"model": "chat-small"})
    check("estimates are given", status == 200 and headers["X-AgentOS-Tokens"], str(status))
    status, _, _ = post("/v1/messages/count_tokens", {"model": "anthropic-own/other"}, ONE)
    check("another agent's is its own", status == 200, str(status))


def embeddings():
    for model in ("chat-small", "responses-small"):
        status, _, value = post("/v1/embeddings", {"model": model, "input": ["Hi", "Ho"],
                                                   "encoding_format": "float", "stream": True})
        check(f"embeddings of {model}", status == 200 and value == EMBEDDINGS,
              f"{status} {value}")
        path, _, body = Provider.seen[-1]
        check(f"embeddings of {model}: as they were asked for",
              path == f"/{model[:-6]}/embeddings" and body["model"] == "small" and
              body["input"] == ["Hi", "Ho"] and body["encoding_format"] == "float",
              f"{path} {body}")


def no_embeddings():
    before = len(Provider.seen)
    for model, provider in (("anthropic-own-small", "anthropic-own"),
                            ("gemini-own-small", "gemini-own")):
        status, _, value = post("/v1/embeddings", {"model": model, "input": "Hi"})
        check(f"no embeddings of {model}", status == 404 and
              value["error"]["code"] == "model_not_found" and
              f"the provider {provider} does not speak OpenAI's wire" in value["error"]["message"],
              f"{status} {value}")
    status, _, value = post("/v1/embeddings", {"model": "responses-small", "input": "Hi"}, ONE)
    check("not in the policy", status == 403, f"{status} {value}")
    check("nobody was asked", len(Provider.seen) == before)


def one_embedding():
    status, _, value = post("/v1/embeddings", {"model": "chat-small", "input": "Hi"})
    print("ok", status)


def digests():
    """Of bodies of these sizes, of which a provider takes no time and some; into a file."""
    with open(sys.argv[9], "w", encoding="ascii") as file:
        for Provider.delay in (0, 0.1):
            for size in (200, 8192, 8193, 16384, 20000, 300000):
                body = json.dumps({"model": "chat-small", "max_tokens": 9, "messages": TURN})
                body = body.ljust(size).encode()
                connection = connect(MODELS)
                connection.request("POST", "/v1/chat/completions", body,
                                   {"Authorization": "Bearer " + MODELS})
                answer = connection.getresponse()
                data = answer.read()
                connection.close()
                check(f"{size} bytes", answer.status == 200, f"{answer.status} {data}")
                file.write(f"{hashlib.sha256(body).hexdigest()} "
                           f"{hashlib.sha256(data).hexdigest()}\n")


provider_start()
{"plain": plain, "stream": stream, "refusals": refusals, "failures": failures,
 "connections": connections, "one": one, "budget": budget, "unpriced": unpriced,
 "counts": counts, "count_often": count_often, "embeddings": embeddings, "no_embeddings": no_embeddings,
 "one_embedding": one_embedding, "digests": digests}[GROUP]()
