#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A TLS server, and a client of it through a proxy: tls.py PROXY-PORT HOST SERVER-NAME.

The client asks the proxy for a tunnel to HOST, and TLS for SERVER-NAME. Prints what the server
answered, or why there was no answer. TLS 1.2 without certificates: none is at hand.
"""

import socket
import ssl
import sys
import threading


def context(side):
    made = ssl.SSLContext(side)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    made.maximum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers("AECDH:@SECLEVEL=0")
    return made


def serve(listener):
    try:
        with context(ssl.PROTOCOL_TLS_SERVER).wrap_socket(listener.accept()[0],
                                                          server_side=True) as peer:
            peer.sendall(b"answer to: " + peer.recv(100))
    except (ssl.SSLError, OSError):
        pass


def main():
    proxy, host, name = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve, args=(listener,), daemon=True).start()
    tunnel = socket.create_connection(("127.0.0.1", proxy), timeout=10)
    target = f"{host}:{listener.getsockname()[1]}"
    tunnel.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = tunnel.recv(1)
        if not byte:
            break
        head += byte
    if not head.startswith(b"HTTP/1.1 200 "):
        print(head)
        return 1
    try:
        with context(ssl.PROTOCOL_TLS_CLIENT).wrap_socket(tunnel, server_hostname=name) as peer:
            peer.sendall(b"question")
            print(peer.recv(100).decode())
    except (ssl.SSLError, OSError) as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
