#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Both ends of connections through the gateway, for tests/e2e/egress.sh.

usage: egress.py serve CERTIFICATE KEY      plain HTTP on 8080, TLS on 8443, a banner on 2200
       egress.py plain HOST PORT            a plain request by the proxy
       egress.py tls HOST PORT [NAME]       a tunnel, and in it TLS asked for by NAME (HOST)
       egress.py raw HOST PORT [TEXT]       a tunnel, and in it TEXT (nothing): prints what comes
       egress.py direct HOST PORT           no proxy
       egress.py VERB ARGUMENT... , VERB ARGUMENT... one after the other

Servers listen on every address, and each answer begins with the address that was reached.  A
client prints one line for each: what came back, or "refused: STATUS TEXT", or "error: NAME".
"""

import errno
import http.server
import os
import socket
import ssl
import sys
import threading
import urllib.parse

TIMEOUT = 30


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"{self.connection.getsockname()[0]} {self.headers['Host']} {self.path}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve(certificate, key):
    plain = http.server.ThreadingHTTPServer(("0.0.0.0", 8080), Page)
    secure = http.server.ThreadingHTTPServer(("0.0.0.0", 8443), Page)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    secure.socket = context.wrap_socket(secure.socket, server_side=True,
                                        do_handshake_on_connect=False)
    for server in (plain, secure):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    with socket.create_server(("0.0.0.0", 2200)) as banner:
        print("serving", flush=True)
        while True:
            peer, _ = banner.accept()
            with peer:
                peer.sendall(b"banner of " + peer.getsockname()[0].encode() + b"\n")
                peer.settimeout(TIMEOUT)
                try:
                    peer.shutdown(socket.SHUT_WR)
                    # Until the other side is done: its bytes are not to be answered by a reset.
                    while peer.recv(4096):
                        pass
                except OSError:
                    pass


def connect_proxy():
    proxy = urllib.parse.urlsplit(os.environ.get("HTTPS_PROXY", "http://127.0.0.1:1018"))
    return socket.create_connection((proxy.hostname, proxy.port), TIMEOUT)


def read_head(sock):
    head = b""
    while b"\r\n\r\n" not in head:
        more = sock.recv(1)
        if not more:
            break
        head += more
    return head.decode("ascii", "replace")


def read_all(sock):
    data = b""
    while more := sock.recv(65536):
        data += more
    return data.decode("utf-8", "replace")


def refused(head, sock):
    return f"refused: {head.split(' ')[1]} {' '.join(read_all(sock).split())}"


def answer(text):
    """The body of a whole response."""
    head, _, body = text.partition("\r\n\r\n")
    status = (head.split(" ") + ["", ""])[1]
    return body.strip() if status == "200" else f"refused: {status} {' '.join(body.split())}"


def plain(host, port):
    with connect_proxy() as sock:
        sock.sendall(f"GET http://{host}:{port}/page HTTP/1.1\r\nHost: {host}:{port}\r\n"
                     "Connection: close\r\n\r\n".encode())
        return answer(read_all(sock))


def tunnel(host, port):
    sock = connect_proxy()
    sock.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
    head = read_head(sock)
    if " 200 " not in head.split("\r\n")[0] + " ":
        return None, refused(head, sock)
    return sock, None


def tls(host, port, name=None):
    sock, no = tunnel(host, port)
    if no:
        return no
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with context.wrap_socket(sock, server_hostname=name or host) as secure:
        secure.sendall(f"GET /page HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        return answer(read_all(secure))


def raw(host, port, text=""):
    sock, no = tunnel(host, port)
    if no:
        return no
    with sock:
        sock.sendall(text.encode())
        sock.shutdown(socket.SHUT_WR)
        return read_all(sock).strip() or "nothing"


def direct(host, port):
    with socket.create_connection((host, int(port)), TIMEOUT):
        return "connected"


def ask(verb, *arguments):
    try:
        print({"plain": plain, "tls": tls, "raw": raw, "direct": direct}[verb](*arguments))
    except ssl.SSLError as error:
        print("error: TLS", error.reason or type(error).__name__)
    except OSError as error:
        print("error:", errno.errorcode.get(error.errno, type(error).__name__))


def main():
    if sys.argv[1] == "serve":
        serve(*sys.argv[2:])
    words = sys.argv[1:]
    while words:
        end = words.index(",") if "," in words else len(words)
        ask(*words[:end])
        words = words[end + 1:]


if __name__ == "__main__":
    main()
