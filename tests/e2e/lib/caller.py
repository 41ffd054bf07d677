# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls models for e2e/models, from within an agent; or answers as their provider.

    caller.py serve PORT FILE       answers, and writes the keys that it is shown to FILE
    caller.py ARGUMENT...           one call for each: WIRE:MODEL, WIRE:MODEL:stream, or
                                    WIRE:MODEL::TOKEN with another token; a line each

Where the gateway is and what to show it is in the environment, as the clients of those who
sell models look for it.
"""

import http.server
import json
import os
import sys
import urllib.error
import urllib.request

WIRES = {
    "chat": ("OPENAI", "/chat/completions", "Authorization",
             {"messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 20}),
    "anthropic": ("ANTHROPIC", "/v1/messages", "x-api-key",
                  {"messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 20}),
}


class Provider(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    keys = None

    def log_message(self, *args):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        Provider.keys.write((self.headers.get("Authorization") or "none") + "\n")
        Provider.keys.flush()
        usage = {"prompt_tokens": 11, "completion_tokens": 4, "total_tokens": 15}
        common = {"id": "c1", "created": 1, "model": body["model"]}
        if body.get("stream"):
            chunks = [{"choices": [{"index": 0, "delta": {"role": "assistant", "content": text},
                                    "finish_reason": None}]} for text in ("He", "llo!")]
            chunks += [{"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
                       {"choices": [], "usage": usage}]
            data = b"".join(b"data: " + json.dumps(
                {**common, "object": "chat.completion.chunk", **chunk}).encode() + b"\n\n"
                            for chunk in chunks) + b"data: [DONE]\n\n"
            kind = "text/event-stream"
        else:
            data = json.dumps({**common, "object": "chat.completion", "usage": usage, "choices": [
                {"index": 0, "finish_reason": "stop",
                 "message": {"role": "assistant", "content": "Hello!"}}]}).encode()
            kind = "application/json"
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def serve(port, path):
    Provider.keys = open(path, "w", encoding="ascii")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Provider)
    print("serving", flush=True)
    server.serve_forever()


def call(what):
    wire, model, stream, token = (what.split(":") + ["", ""])[:4]
    prefix, path, header, body = WIRES[wire]
    token = token or os.environ.get(prefix + "_API_KEY", "")
    base = os.environ.get(prefix + "_BASE_URL", "http://127.0.0.1:1018/v1")
    headers = {"Content-Type": "application/json",
               header: ("Bearer " if header == "Authorization" else "") + token}
    request = urllib.request.Request(base + path, json.dumps(
        dict(body, model=model, stream=bool(stream))).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            data = answer.read().decode()
            if stream:
                return "".join(chunk["choices"][0]["delta"].get("content", "")
                               for chunk in map(json.loads, (
                                   line[6:] for line in data.split("\n")
                                   if line.startswith("data: {"))) if chunk["choices"])
            value = json.loads(data)
            return value["choices"][0]["message"]["content"] if wire == "chat" else \
                value["content"][0]["text"]
    except urllib.error.HTTPError as error:
        return f"refused: {error.code} {json.loads(error.read())['error']['message']}"
    except OSError as error:
        return f"error: {getattr(error, 'reason', error)}"


if sys.argv[1] == "serve":
    serve(int(sys.argv[2]), sys.argv[3])
else:
    for argument in sys.argv[1:]:
        print(call(argument), flush=True)
