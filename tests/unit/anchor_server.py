#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A server that keeps checkpoints, and answers as it is told.

usage: anchor_server.py DIR ANSWER...

Listens on a free port of 127.0.0.1 and prints it. Request i gets ANSWER i, the last of them for
all that follow: STATUS, or STATUS and a body; "wait" answers nothing. DIR/requests has a line
for each: answer, type of content, header X-Key. DIR/posted has the bodies of those that were
answered by 200.
"""

import http.server
import sys
import time

directory, answers = sys.argv[1], sys.argv[2:]
count = 0


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        global count
        status, _, body = answers[min(count, len(answers) - 1)].partition(" ")
        count += 1
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        if status == "200":
            with open(f"{directory}/posted", "ab") as out:
                out.write(sent)
        with open(f"{directory}/requests", "a", encoding="utf-8") as out:
            print(status, self.headers["Content-Type"], self.headers["X-Key"] or "-", file=out)
        if status == "wait":
            time.sleep(600)
        self.send_response(int(status))
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
