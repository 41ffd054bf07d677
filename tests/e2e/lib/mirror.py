#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Package registries and a library, for tests/e2e/mirrors.sh: files, by the host that is asked for.

usage: mirror.py fill DIRECTORY INDEX FILES REGISTRY HOST...
           for pip a package by INDEX in FILES, for npm one in REGISTRY, pages of each HOST;
           other.test has all of it as well
       mirror.py serve DIRECTORY CERTIFICATE KEY
           TLS on 443, plain HTTP on 80
"""

import base64
import functools
import hashlib
import http.server
import io
import json
import os
import ssl
import sys
import tarfile
import threading
import zipfile


def write(directory, path, data):
    path = os.path.join(directory, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data.encode() if isinstance(data, str) else data)


def wheel():
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("demo.py", "print('demo of the mirror')\n")
        info = "demo-1.0.dist-info"
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: mirror\n"
                         "Root-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", f"demo.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n"
                         f"{info}/RECORD,,\n")
    return data.getvalue()


def package():
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, text in (("package.json", '{ "name": "left", "version": "1.0.0" }'),
                           ("index.js", 'console.log("left of the mirror");\n')):
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return data.getvalue()


def fill(directory, index, files, registry, *hosts):
    name = "demo-1.0-py3-none-any.whl"
    write(directory, f"{files}/{name}", wheel())
    tarball = package()
    digest = base64.b64encode(hashlib.sha512(tarball).digest()).decode()
    dist = {"tarball": f"https://{registry}/-/left-1.0.0.tgz",
            "integrity": f"sha512-{digest}"}
    about = {"name": "left", "dist-tags": {"latest": "1.0.0"},
             "versions": {"1.0.0": {"name": "left", "version": "1.0.0", "dist": dist}}}
    for host in (index, "other.test"):
        write(directory, f"{host}/simple/demo/index.html",
              f'<!DOCTYPE html><a href="https://{files}/{name}">{name}</a>\n')
    # npm asks the registry that it was told of for what is said to be at its usual one.
    for host in (registry, "other.test"):
        write(directory, f"{host}/left", json.dumps(about))
        write(directory, f"{host}/-/left-1.0.0.tgz", tarball)
    for host in (*hosts, "other.test"):
        write(directory, f"{host}/page", f"page of {host}\n")


class Files(http.server.SimpleHTTPRequestHandler):
    def translate_path(self, path):
        host = self.headers.get("Host", "none").partition(":")[0].replace("/", "")
        self.directory = os.path.join(self.root, host)
        return super().translate_path(path)

    def log_message(self, *_):
        pass


def serve(directory, certificate, key):
    Files.root = directory
    handler = functools.partial(Files, directory=directory)
    plain = http.server.ThreadingHTTPServer(("0.0.0.0", 80), handler)
    secure = http.server.ThreadingHTTPServer(("0.0.0.0", 443), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    secure.socket = context.wrap_socket(secure.socket, server_side=True,
                                        do_handshake_on_connect=False)
    threading.Thread(target=plain.serve_forever, daemon=True).start()
    print("serving", flush=True)
    secure.serve_forever()


if __name__ == "__main__":
    {"fill": fill, "serve": serve}[sys.argv[1]](*sys.argv[2:])
