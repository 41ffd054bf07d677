# SPDX-License-Identifier: GPL-2.0-or-later
"""A unit-test run as projects have them: files, programs, threads, servers and sockets of its own."""

import asyncio
import concurrent.futures
import http.server
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.request


class Files(unittest.TestCase):
    """What tests do with files."""

    def test_temporary_directory(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "one")
            with open(path, "w", encoding="ascii") as file:
                file.write("x" * 100000)
            os.rename(path, path + ".new")
            os.symlink("one.new", path)
            os.chmod(path + ".new", 0o600)
            self.assertEqual(os.stat(path).st_size, 100000)

    def test_unnamed_file(self):
        with tempfile.TemporaryFile() as file:
            file.write(b"text")
            file.seek(0)
            self.assertEqual(file.read(), b"text")

    def test_database(self):
        with tempfile.TemporaryDirectory() as directory:
            base = sqlite3.connect(os.path.join(directory, "base"))
            base.execute("PRAGMA journal_mode=WAL")
            base.execute("CREATE TABLE t (n INTEGER)")
            base.executemany("INSERT INTO t VALUES (?)", [(n,) for n in range(100)])
            base.commit()
            self.assertEqual(base.execute("SELECT sum(n) FROM t").fetchone(), (4950,))
            base.close()


class Programs(unittest.TestCase):
    """What tests do with processes and threads."""

    def test_subprocess(self):
        done = subprocess.run([sys.executable, "-c", "print(6 * 7)"], check=True,
                              capture_output=True, text=True)
        self.assertEqual(done.stdout, "42\n")

    def test_kill_and_reap(self):
        with subprocess.Popen(["sleep", "1000"]) as child:
            child.send_signal(signal.SIGTERM)
            self.assertEqual(child.wait(), -signal.SIGTERM)

    def test_threads(self):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            self.assertEqual(sum(pool.map(len, ["ab"] * 50)), 100)


class Servers(unittest.TestCase):
    """Servers that the tests start, on a port that the kernel chooses, and ask."""

    def test_http(self):
        server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
        server.RequestHandlerClass.log_message = lambda *_: None
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with urllib.request.urlopen(f"http://localhost:{server.server_port}/") as answer:
            self.assertEqual(answer.status, 200)
        server.shutdown()
        server.server_close()

    def test_unix_socket(self):
        with tempfile.TemporaryDirectory(dir=".") as directory:
            path = os.path.join(directory, "socket")
            with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
                server.bind(path)
                server.listen()
                client.connect(path)
                client.sendall(b"text")
                peer, _ = server.accept()
                self.assertEqual(peer.recv(10), b"text")
                peer.close()

    def test_asyncio(self):
        async def talk():
            async def answer(reader, writer):
                writer.write(await reader.readline())
                writer.close()
            server = await asyncio.start_server(answer, "localhost", 0)
            port = server.sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
            writer.write(b"line\n")
            line = await reader.readline()
            writer.close()
            server.close()
            return port, line
        self.assertEqual(asyncio.run(talk())[1], b"line\n")


if __name__ == "__main__":
    unittest.main()
