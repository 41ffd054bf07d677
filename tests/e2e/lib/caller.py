# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls models for e2e/models, from within an agent; or answers as their provider.

    caller.py serve PORT FILE       answers, and writes the keys that it is shown to FILE
    caller.py ARGUMENT...           one call for each: WIRE:MODEL, WIRE:MODEL:stream, or
                                    WIRE:MODEL::TOKEN with another token ("-": with none);
                                    as WIRE/ over AGENTOS_SOCKET; a line each
                or search:TXET      how often TEXT, which it is told backwards, is in its own
                                    memory and in what it may read of other processes
                or hand:gateway, hand:pair
                                    sends a descriptor along with a byte, over AGENTOS_SOCKET
                                    or a pair of its own
                or plant:TXET       puts TEXT into its memory, for a search to find

Where the gateway is and what to show it is in the environment, as the clients of those who
sell models look for it.
"""

import http.client
import http.server
import io
import json
import os
import socket
import struct
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


class LocalConnection(http.client.HTTPConnection):
    """To the gateway's Unix socket; without AGENTOS_SOCKET where it is by default."""

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(60)
        self.sock.connect(os.environ.get("AGENTOS_SOCKET", "/run/agentos/gateway.sock"))


def hand(where):
    """A socket that takes an hour to close, if it is closed by who gets it."""
    server = socket.create_server(("127.0.0.1", 0))
    slow = socket.create_connection(server.getsockname())
    slow.setblocking(False)
    try:
        while True:
            slow.send(b"x" * 65536)
    except BlockingIOError:
        pass
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 3600))
    if where == "pair":
        to, other = socket.socketpair()
    else:
        to, other = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM), None
        to.connect(os.environ.get("AGENTOS_SOCKET", "/run/agentos/gateway.sock"))
    try:
        socket.send_fds(to, [b"GET"], [slow.fileno()])
        return "handed over" + (other.recv(3).decode() if other else "")
    except OSError as error:
        return f"error: {error}"
    finally:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def local_open(url, body, headers):
    connection = LocalConnection("localhost")
    connection.request("POST", "/" + url.split("/", 3)[3], body, headers)
    answer = connection.getresponse()
    if answer.status >= 400:
        raise urllib.error.HTTPError(url, answer.status, answer.reason, answer.headers,
                                     io.BytesIO(answer.read()))
    return answer


def call(what):
    wire, model, stream, token = (what.split(":") + ["", ""])[:4]
    local = wire.endswith("/")
    wire = wire.rstrip("/")
    prefix, path, header, body = WIRES[wire]
    token = token or os.environ.get(prefix + "_API_KEY", "")
    base = os.environ.get(prefix + "_BASE_URL", "http://127.0.0.1:1018/v1")
    headers = {"Content-Type": "application/json"}
    if token != "-":
        headers[header] = ("Bearer " if header == "Authorization" else "") + token
    body = json.dumps(dict(body, model=model, stream=bool(stream))).encode()
    try:
        with local_open(base + path, body, headers) if local else urllib.request.urlopen(
                urllib.request.Request(base + path, body, headers), timeout=60) as answer:
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
        text = error.read().decode()
        # Strangers are told in plain words, before they have said in which wire.
        return f"refused: {error.code} " + (
            json.loads(text)["error"]["message"] if text.startswith("{") else text.strip())
    except OSError as error:
        return f"error: {getattr(error, 'reason', error)}"


def readable(pid):
    """What can be read of a process: its memory, its environment, its arguments."""
    for name in ("environ", "cmdline"):
        try:
            with open(f"/proc/{pid}/{name}", "rb") as file:
                yield file.read()
        except OSError:
            pass
    try:
        with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as file:
            spans = [line.split()[0] for line in file if line.split()[1].startswith("r")]
        with open(f"/proc/{pid}/mem", "rb", 0) as memory:
            for start, end in ([int(at, 16) for at in span.split("-")] for span in spans):
                try:
                    memory.seek(start)
                    yield memory.read(end - start)
                except (OSError, OverflowError, ValueError):
                    pass
    except OSError:
        pass


def search(backwards):
    """Compared backwards, so that what is looked for is nowhere because of that alone."""
    found = own = 0
    for pid in ["self"] + [name for name in os.listdir("/proc") if name.isdigit()]:
        for data in readable(pid):
            found += data[::-1].count(backwards.encode())
            own += len(data) if pid == "self" else 0
    return f"found {found} times" if own > 1 << 20 else "its own memory cannot be read"


def main():
    planted = []
    if sys.argv[1] == "serve":
        serve(int(sys.argv[2]), sys.argv[3])
    for argument in sys.argv[1:]:
        what, _, text = argument.partition(":")
        if what == "plant":
            planted.append(text[::-1])
        elif what == "hand":
            print(hand(text), flush=True)
        elif what == "search":
            print(search(text), flush=True)
        else:
            print(call(argument), flush=True)


main()
