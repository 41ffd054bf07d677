# SPDX-License-Identifier: GPL-2.0-or-later
"""Streams without an end, of each wire, and clients that look how they are ended.

    call_cuts.py GROUP GATEWAY_PORT PROVIDER_PORT TOKEN ADDRESS

GROUP is pour (the provider goes on and on), tool (likewise, in the arguments of a call), whole (the
control: it ends by itself) or long (it does, far behind what it was asked for); of OpenAI's chat
alone custom (as tool, of one that takes text), empty (as pour, and each chunk has a reason to end
that is empty), huge (it says that the prompt was endless) and leave (as custom, and the client
goes); of Responses alone any (as whole, whatever comes of it). ADDRESS is where the client comes from.

Prints "ok NAME" or "not ok NAME: why" for each thing that is looked at, and behind each call "told
INPUT OUTPUT": the usage that its stream ended with, or of the last three 0 and the bytes that came;
then it waits for a line on standard input.
"""

import http.client
import http.server
import json
import sys
import threading

GROUP, GATEWAY, PROVIDER = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
TOKEN, ADDRESS = sys.argv[4:6]

PIECE = "Sixty bytes of text, with \"quotes\" and a line's end in them.\n"
PIECES = {"whole": 5, "any": 5, "long": 500}.get(GROUP, 5000)
CUSTOM = GROUP in ("custom", "leave")
TOOL = GROUP == "tool" or CUSTOM
ALONE = {"custom": "chat", "empty": "chat", "huge": "chat", "leave": "chat", "any": "responses"}

TURN = [{"role": "user", "content": "Say a lot."}]
REQUESTS = {
    "chat": ("/v1/chat/completions", {"messages": TURN, "max_completion_tokens": 20, "max_tokens": 20,
                                      "stream_options": {"include_usage": True}}),
    "responses": ("/v1/responses", {"input": "Say a lot.", "max_output_tokens": 20}),
    "anthropic": ("/v1/messages", {"messages": TURN, "max_tokens": 20}),
    "gemini": ("/v1beta/models/MODEL:streamGenerateContent?alt=sse",
               {"contents": [{"role": "user", "parts": [{"text": "Say a lot."}]}],
                "generationConfig": {"maxOutputTokens": 20}}),
}
UPSTREAMS = ("chat", "responses", "anthropic-own", "gemini-own")


def check(name, true, why=""):
    print(f"ok {name}" if true else f"not ok {name}: {why}", flush=True)


# --- a provider that does not heed what it is asked for ---

def arguments(text):
    return {"type": "custom", "custom": {"input": text}} if CUSTOM else {"function": {"arguments": text}}


def chat():
    def chunk(delta, finish="" if GROUP == "empty" else None):
        return {"id": "c1", "object": "chat.completion.chunk", "created": 7, "model": "small",
                "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
    yield None, dict(chunk({"role": "assistant", "content": ""}),
                     usage={"prompt_tokens": 2 ** 64 - 1, "completion_tokens": 0}
                     if GROUP == "huge" else None)
    if TOOL:
        yield None, chunk({"tool_calls": [{"index": 0, "id": "t1", "type": "function",
                                           "function": {"name": "f", "arguments": "{\"a\":\""}}]})
    for _ in range(PIECES):
        yield None, chunk({"tool_calls": [dict(arguments(PIECE), index=0)]} if TOOL
                          else {"content": PIECE})
    yield None, chunk({}, "stop")
    yield None, dict(chunk({}), choices=[], usage={"prompt_tokens": 7, "completion_tokens": 60,
                                                   "total_tokens": 67})
    yield None, "[DONE]"


def anthropic():
    message = {"id": "a1", "type": "message", "role": "assistant", "model": "small", "content": [],
               "stop_reason": None, "usage": {"input_tokens": 7, "output_tokens": 1}}
    yield "message_start", {"message": message}
    yield "content_block_start", {"index": 0, "content_block":
                                  {"type": "tool_use", "id": "t1", "name": "f", "input": {}} if TOOL
                                  else {"type": "text", "text": ""}}
    for _ in range(PIECES):
        yield "content_block_delta", {"index": 0, "delta":
                                      {"type": "input_json_delta", "partial_json": PIECE} if TOOL
                                      else {"type": "text_delta", "text": PIECE}}
    yield "content_block_stop", {"index": 0}
    yield "message_delta", {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 60}}
    yield "message_stop", {}


def gemini():
    for number in range(PIECES):
        candidate = {"content": {"role": "model", "parts": [{"text": PIECE}]}, "index": 0}
        if number + 1 == PIECES:
            candidate["finishReason"] = "STOP"
        yield None, {"candidates": [candidate], "modelVersion": "small", "responseId": "g1",
                     "usageMetadata": {"promptTokenCount": 7,
                                       "candidatesTokenCount": 12 * (number + 1)}}


def responses():
    def response(status, output):
        return {"id": "r1", "object": "response", "created_at": 7, "model": "small",
                "status": status, "output": output,
                "usage": {"input_tokens": 7, "output_tokens": 60, "total_tokens": 67}
                if status == "completed" else None}
    where = {"item_id": "m1", "output_index": 0}
    item = {"type": "function_call", "id": "m1", "call_id": "t1", "name": "f", "arguments": "",
            "status": "in_progress"} if TOOL else {
                "type": "message", "id": "m1", "role": "assistant", "status": "in_progress",
                "content": []}
    part = {"type": "output_text", "text": "", "annotations": []}
    yield "response.created", {"response": response("in_progress", [])}
    yield "response.output_item.added", {"output_index": 0, "item": item}
    if not TOOL:
        yield "response.content_part.added", dict(where, content_index=0, part=part)
    for _ in range(PIECES):
        if TOOL:
            yield "response.function_call_arguments.delta", dict(where, delta=PIECE)
        else:
            yield "response.output_text.delta", dict(where, content_index=0, delta=PIECE)
    part["text"] = PIECE * PIECES
    done = dict(item, status="completed", **({"arguments": "{}"} if TOOL else {"content": [part]}))
    yield "response.output_text.done", dict(where, content_index=0, text=PIECE * PIECES)
    yield "response.content_part.done", dict(where, content_index=0, part=part)
    yield "response.output_item.done", {"output_index": 0, "item": done}
    yield "response.completed", {"response": response("completed", [done])}


STREAMS = {"chat": chat, "responses": responses, "anthropic-own": anthropic, "gemini-own": gemini}


class Provider(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            for number, (event, data) in enumerate(STREAMS[self.path.split("/")[1]]()):
                if event:
                    data = dict(data, type=event)
                if event and event.startswith("response."):
                    data["sequence_number"] = number
                text = f"event: {event}\n" if event else ""
                text += "data: " + (data if isinstance(data, str) else json.dumps(data)) + "\n\n"
                self.wfile.write(text.encode())
        except OSError:
            pass    # it was left, as it should be


# --- clients ---

def frames(data):
    for frame in data.decode().split("\n\n"):
        lines = frame.split("\n")
        text = "\n".join(line[6:] for line in lines if line.startswith("data: "))
        event = next((line[7:] for line in lines if line.startswith("event: ")), None)
        if text:
            yield event, text if text == "[DONE]" else json.loads(text)


class Seen:
    """What a stream of a wire came to."""

    def __init__(self, wire, data):
        self.text, self.arguments, self.stop, self.usage, self.wrong = "", "", None, (0, 0), []
        self.frames = list(frames(data))
        if not self.frames:
            self.wrong.append(f"no stream: {data[:300]}")
            return
        getattr(self, wire)()

    def chat(self):
        ids = set()
        for _, value in self.frames[:-1]:
            ids.add((value["id"], value["created"]))
            for choice in value["choices"]:
                if self.stop:
                    self.wrong.append("something behind its end")
                self.text += choice["delta"].get("content") or ""
                for call in choice["delta"].get("tool_calls", []):
                    self.arguments += (call["custom"]["input"] if "custom" in call else
                                       call["function"].get("arguments", ""))
                self.stop = choice["finish_reason"]
            if value.get("usage"):
                self.usage = (value["usage"]["prompt_tokens"], value["usage"]["completion_tokens"])
        if len(ids) != 1:
            self.wrong.append(f"several ids: {ids}")
        if self.frames[-1][1] != "[DONE]":
            self.wrong.append(f"no [DONE]: {self.frames[-1]}")

    def responses(self):
        numbers = [value["sequence_number"] for _, value in self.frames]
        if numbers != sorted(set(numbers)):
            self.wrong.append("sequence numbers are not in order")
        done, items = None, []
        for event, value in self.frames:
            if event != value["type"]:
                self.wrong.append(f"an event called {event}")
            if event == "response.output_text.delta":
                self.text += value["delta"]
            elif event == "response.function_call_arguments.delta":
                self.arguments += value["delta"]
            elif event == "response.output_text.done":
                done = value["text"]
            elif event == "response.output_item.done":
                items.append(value["item"])
        event, last = self.frames[-1]
        response = last.get("response", {})
        self.stop = (response.get("incomplete_details") or {}).get("reason") or response.get("status")
        if (event == "response.incomplete") != (response.get("status") == "incomplete"):
            self.wrong.append(f"{event} of a response that is {response.get('status')}")
        if response.get("id") != self.frames[0][1]["response"]["id"]:
            self.wrong.append("another response's id")
        if response.get("usage"):
            self.usage = (response["usage"]["input_tokens"], response["usage"]["output_tokens"])
        if response.get("output") != items:
            self.wrong.append("its output is not its items")
        if self.text and (done != self.text or items[0]["content"][0]["text"] != self.text):
            self.wrong.append("its text is not what came")
        if [item for item in items if item["type"] == "function_call"]:
            self.wrong.append("a call that is half there is done")

    def anthropic(self):
        opened = None
        for event, value in self.frames:
            if event != value["type"]:
                self.wrong.append(f"an event called {event}")
            if event == "content_block_start":
                opened = value["index"]
            elif event == "content_block_delta":
                self.text += value["delta"].get("text", "")
                self.arguments += value["delta"].get("partial_json", "")
                if value["index"] != opened:
                    self.wrong.append("a piece of no block")
            elif event == "content_block_stop":
                if value["index"] != opened:
                    self.wrong.append("the end of no block")
                opened = None
            elif event == "message_delta":
                self.stop = value["delta"]["stop_reason"]
                self.usage = (value["usage"].get("input_tokens", 7), value["usage"]["output_tokens"])
        if opened is not None:
            self.wrong.append("a block is open")
        if self.frames[-1][0] != "message_stop":
            self.wrong.append(f"no message_stop: {self.frames[-1]}")

    def gemini(self):
        for _, value in self.frames:
            candidate = value["candidates"][0]
            if self.stop:
                self.wrong.append("something behind its end")
            self.text += "".join(part.get("text", "") for part in candidate["content"]["parts"])
            if [part for part in candidate["content"]["parts"] if "functionCall" in part]:
                self.wrong.append("a call that is half there")
            self.stop = candidate.get("finishReason")
            usage = value.get("usageMetadata", {})
            self.usage = (usage.get("promptTokenCount", 0), usage.get("candidatesTokenCount", 0))


ENDS = {"chat": ("length", "stop"), "responses": ("max_output_tokens", "completed"),
        "anthropic": ("max_tokens", "end_turn"), "gemini": ("MAX_TOKENS", "STOP")}


def call(wire, upstream):
    name, model = f"{wire} from {upstream}", upstream + "-small"
    path, body = REQUESTS[wire]
    body = dict(body) if wire == "gemini" else dict(body, model=model, stream=True)
    connection = http.client.HTTPConnection("127.0.0.1", GATEWAY, timeout=60,
                                            source_address=(ADDRESS, 0))
    connection.request("POST", path.replace("MODEL", model), json.dumps(body),
                       {"Authorization": "Bearer " + TOKEN})
    answer = connection.getresponse()
    data = answer.read(20000 if GROUP == "leave" else None)
    answer.close()
    connection.close()
    if GROUP in ("leave", "huge", "any"):
        print("told 0", len(data), flush=True)
        sys.stdin.readline()
        return
    check(f"{name}: status", answer.status == 200, f"{answer.status} {data[:300]}")
    seen = Seen(wire, data)
    check(f"{name}: in its wire's words", not seen.wrong, f"{seen.wrong} {data[-600:]}")
    cut, whole = ENDS[wire]
    said = seen.arguments if TOOL else seen.text
    if GROUP in ("whole", "long"):
        check(f"{name}: whole", seen.stop == whole and said == PIECE * PIECES,
              f"{seen.stop} {len(said)}")
    else:
        check(f"{name}: cut, and says so", seen.stop == cut, str(seen.stop))
        # Gemini's calls go out whole, or not at all.
        check(f"{name}: pieces, and no half of one",
              (said.startswith(PIECE) or said.startswith('{"a":"' + PIECE) or
               (TOOL and wire == "gemini")) and said.endswith(PIECE if said else "") and
              len(said) < PIECES * len(PIECE), f"{len(said)} {said[-99:]}")
    print("told", *seen.usage, flush=True)
    # The test sets what the next one may use.
    sys.stdin.readline()


http.server.ThreadingHTTPServer.daemon_threads = True
server = http.server.ThreadingHTTPServer(("127.0.0.1", PROVIDER), Provider)
threading.Thread(target=server.serve_forever, daemon=True).start()
for client in REQUESTS:
    for provider in UPSTREAMS:
        # Gemini does not stream arguments.
        if (client, provider) == ("chat", ALONE[GROUP]) if GROUP in ALONE else \
                not TOOL or provider != "gemini-own":
            call(client, provider)
