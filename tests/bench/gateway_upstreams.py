# SPDX-License-Identifier: GPL-2.0-or-later
"""Upstreams of tests/bench/gateway that run in a thread of it: TLS before another, and streams without an end."""

import asyncio
import contextlib
import fcntl
import json
import os
import ssl
import struct
import subprocess
import termios
import threading
import time


class Upstream:
    """Serves each connection with `serve`, a coroutine of reader and writer, until stop()."""

    def __init__(self, serve, context=None):
        self.loop = asyncio.new_event_loop()
        self.serve = serve
        server = self.loop.run_until_complete(asyncio.start_server(
            self.one, "127.0.0.1", 0, ssl=context, backlog=1024))
        self.port = server.sockets[0].getsockname()[1]
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    async def one(self, reader, writer):
        # Cancelled by stop().
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self.serve(reader, writer)
        writer.close()

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        tasks = asyncio.all_tasks(self.loop)
        for task in tasks:
            task.cancel()
        if tasks:
            self.loop.run_until_complete(asyncio.wait(tasks))
        self.loop.close()


def tls_front(place, port):
    """TLS before that port, and the file with its certificate."""
    cert, key = os.path.join(place, "tls.pem"), os.path.join(place, "tls.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert, "-subj",
                    "/CN=bench", "-days", "2", "-addext", "subjectAltName=IP:127.0.0.1"],
                   check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)

    async def copy(reader, writer):
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()

    async def serve(reader, writer):
        behind_reader, behind_writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await asyncio.gather(copy(reader, behind_writer), copy(behind_reader, writer))
        finally:
            behind_writer.close()
    return Upstream(serve, context), cert


class Pourer(Upstream):
    """A stream without an end for each request; taken() has what the other end took of each."""

    def __init__(self):
        self.writers = {}
        super().__init__(self.pour)

    async def pour(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n")
                      if line.lower().startswith(b"content-length:"))
        # The first one, by which the gateway shows that it serves, is none.
        if b'"stream": true' not in await reader.readexactly(length):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                         b"Content-Length: 2\r\nConnection: close\r\n\r\n{}")
            return
        writer.transport.set_write_buffer_limits(0)
        piece = b"data: " + json.dumps(
            {"choices": [{"delta": {"content": "x" * 16000}}]}).encode() + b"\n\n"
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                     b"Connection: close\r\n\r\n")
        self.writers[writer] = 0
        while True:
            self.writers[writer] += len(piece)
            writer.write(piece)
            await writer.drain()

    def taken(self):
        counts = []
        for writer, count in list(self.writers.items()):
            sock = writer.get_extra_info("socket")
            left = struct.unpack("i", fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, b"\0" * 4))[0]
            counts.append(count - writer.transport.get_write_buffer_size() - left)
        return counts

    def settled(self, count):
        """taken() of so many, once nothing moves any more."""
        before = None
        for _ in range(60):
            now = self.taken()
            if now == before and len(now) >= count:
                return now
            before = now
            time.sleep(1)
        raise TimeoutError("what is not read goes on being taken")
