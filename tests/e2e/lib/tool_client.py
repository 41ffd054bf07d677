#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A client of an MCP server: starts it, shakes hands, lists its tools, calls them in order.

usage: tool_client.py CALLS COMMAND...

CALLS is a JSON list of [NAME, ARGUMENTS].  Prints the names of the tools on one line, then for
each call "ok" or "error" and its text.  One JSON-RPC message a line, over the server's
standard input and output (MCP 2025-06-18).
"""

import json
import subprocess
import sys


class Server:
    """The server's two pipes."""

    def __init__(self, command):
        self.process = subprocess.Popen(        # pylint: disable=consider-using-with
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.number = 0

    def send(self, message):
        """One message, which may be a notification."""
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self.process.stdin.flush()

    def ask(self, method, **params):
        """A request's result. What the server asks meanwhile has no answer here."""
        self.number += 1
        self.send({"id": self.number, "method": method, "params": params})
        for line in self.process.stdout:
            answer = json.loads(line)
            if answer.get("id") == self.number and "method" not in answer:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
        raise RuntimeError(f"{method}: the server ended")


def main():
    """The conversation; the exit status is the server's."""
    calls = json.loads(sys.argv[1])
    server = Server(sys.argv[2:])
    server.ask("initialize", protocolVersion="2025-06-18", capabilities={},
               clientInfo={"name": "tool_client", "version": "1"})
    server.send({"method": "notifications/initialized"})
    print(*(tool["name"] for tool in server.ask("tools/list")["tools"]))
    for name, arguments in calls:
        result = server.ask("tools/call", name=name, arguments=arguments)
        text = "".join(part.get("text", "") for part in result["content"])
        print("error" if result.get("isError") else "ok", text)
    server.process.stdin.close()
    return server.process.wait()


if __name__ == "__main__":
    sys.exit(main())
