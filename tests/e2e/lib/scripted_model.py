#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A model that follows a script: Anthropic's messages API on loopback, streaming, the same answers each time.

usage: scripted_model.py SCRIPT

SCRIPT is a JSON list of steps: {"tool": NAME, "input": {...}} has the client's tool of that
name called, {"text": "..."} is an answer in words, and ends the turn.  Which step it is, is
told by how many results of tools the conversation has: the client remembers, not we.
A request without the tool of the next step gets a short answer: clients ask for titles too.

Prints the port that it listens on, and on standard error for each request a line of JSON:
its path, the step, and what the last tool answered.
"""

import http.server
import json
import sys


def tool_results(messages):
    """What tools answered, in order, as texts."""
    texts = []
    for message in messages:
        content = message.get("content")
        if not isinstance(content, list):
            continue
        for block in content:
            if block.get("type") != "tool_result":
                continue
            answer = block.get("content", "")
            if isinstance(answer, list):
                answer = "".join(part.get("text", "") for part in answer)
            texts.append(answer)
    return texts


class Model(http.server.BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    script = []

    def log_message(self, format, *args):       # pylint: disable=redefined-builtin
        """Requests are in the log already."""

    def do_HEAD(self):
        """Clients look whether anyone is there."""
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self):
        """Any question."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = json.loads(body or "{}")
        if "/messages/count_tokens" in self.path:
            self.answer_json({"input_tokens": len(body) // 4})
        elif "/messages" in self.path:
            self.answer(request)
        else:
            self.answer_json({}, 404)

    do_GET = do_POST

    def answer(self, request):
        """The script's next step, to the request that has the tool for it."""
        results = tool_results(request.get("messages", []))
        tools = {tool.get("name") for tool in request.get("tools", [])}
        step = None
        if tools and len(results) < len(self.script):
            step = self.script[len(results)]
            if "tool" in step and step["tool"] not in tools:
                step = None
        print(json.dumps({"path": self.path, "step": len(results) if step else None,
                          "result": results[-1] if results else None}),
              file=sys.stderr, flush=True)
        if step and "tool" in step:
            block = {"type": "tool_use", "id": f"toolu_{len(results):04}", "name": step["tool"],
                     "input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(step["input"])}
            self.stream(request, block, delta, "tool_use")
        else:
            text = step["text"] if step else "A task."
            self.stream(request, {"type": "text", "text": ""},
                        {"type": "text_delta", "text": text}, "end_turn")

    def stream(self, request, block, delta, reason):
        """One block in as many events as the wire has, or all at once for who asked so."""
        message = {"id": "msg_0001", "type": "message", "role": "assistant", "content": [],
                   "model": request.get("model", "scripted"), "stop_reason": None,
                   "stop_sequence": None, "usage": {"input_tokens": 10, "output_tokens": 1}}
        if not request.get("stream"):
            if block["type"] == "text":
                block["text"] = delta["text"]
            else:
                block["input"] = json.loads(delta["partial_json"])
            self.answer_json(dict(message, content=[block], stop_reason=reason))
            return
        events = [
            {"type": "message_start", "message": message},
            {"type": "content_block_start", "index": 0, "content_block": block},
            {"type": "content_block_delta", "index": 0, "delta": delta},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None},
             "usage": {"output_tokens": 20}},
            {"type": "message_stop"},
        ]
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in events:
            text = f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))
        self.wfile.write(b"0\r\n\r\n")

    def answer_json(self, value, status=200):
        """A whole answer."""
        text = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


def main():
    """Serves until it is killed."""
    with open(sys.argv[1], encoding="utf-8") as script:
        Model.script = json.load(script)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 8080), Model)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
