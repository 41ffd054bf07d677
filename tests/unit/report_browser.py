#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Looks at a report's page in a real browser: Debian's Chromium, without a display or a network.

usage: report_browser.py [--quick] [--text FILE] PAGE [FOLDER]

Shows the page light and dark, 1200 and 400 pixels wide, without JavaScript, and says what is
wrong, a line each: it is wider than the window, colours of the charts or the ground are
missing, there is an element that no page of ours has, something was asked for but the page
itself, the browser complained, the roles of tables are lost, contrast is too low. FILE holds
texts, a line each, that must be seen as they are. With FOLDER the pictures are kept there.
--quick looks once: light, 400 pixels wide.

exit status: 0 when nothing is wrong, 1 when something is, 2 when it could not be looked at.
"""

import base64
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

ELEMENTS = set("HTML HEAD META TITLE STYLE BODY HEADER MAIN FOOTER SECTION DIV SPAN P B I A CODE "
               "H1 H2 DL DT DD TABLE CAPTION THEAD TBODY TR TH TD TIME svg title desc g rect".split())
WIDTHS = (1200, 400)
SCHEMES = ("light", "dark")
INKS = ("ink", "dim", "denied", "passed")          # of text
BARS = ("denied", "passed", "allowed", "lost")     # of charts
SECONDS = 60


class Unable(Exception):
    pass


class Browser:
    """Chromium, spoken to through two pipes: JSON, with a NUL behind each message."""

    def __init__(self, home):
        path = next(filter(None, map(shutil.which, ("chromium-headless-shell", "chromium"))), None)
        if not path:
            raise Unable("there is no chromium-headless-shell: scripts/deps test installs it")
        self.events = []
        self.number = 0
        self.rest = b""
        theirs, self.ours = os.pipe()
        self.answers, theirs_too = os.pipe()
        low = [os.dup(theirs), os.dup(theirs_too)]      # never 3 or 4 themselves
        for end in (theirs, theirs_too):
            os.close(end)

        # It reads from descriptor 3 and writes to 4.
        # Root may not have its sandbox; the page is ours and nothing is fetched.
        self.process = subprocess.Popen(
            ["sh", "-c", f'exec 3<&{low[0]} 4>&{low[1]}; exec "$@"', "sh", path, "--headless",
             "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
             "--force-color-profile=srgb", "--disable-lcd-text", f"--user-data-dir={home}",
             "--remote-debugging-pipe", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            pass_fds=low)
        for end in low:
            os.close(end)
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(target for target in targets if target["type"] == "page")
        self.session = None
        self.session = self.call("Target.attachToTarget", targetId=page["targetId"],
                                 flatten=True)["sessionId"]

    session = None

    def receive(self):
        while b"\0" not in self.rest:
            piece = os.read(self.answers, 1 << 16)
            if not piece:
                raise Unable("the browser is gone")
            self.rest += piece
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.ours, data):]
        while True:
            answer = self.receive()
            if answer.get("id") != self.number:
                self.events.append(answer)
            elif "error" in answer:
                raise Unable(f"{method}: {answer['error']['message']}")
            else:
                return answer["result"]

    def wait(self, method):
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.receive())

    def close(self):
        self.process.kill()
        self.process.wait()


def pixels_of(png):
    """Width, and the pixels as (red, green, blue), of what Chromium writes."""
    at, data, width = 8, b"", 0
    while at < len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        if kind == b"IHDR":
            width, _, depth, colour, _, _, interlace = struct.unpack_from(">IIBBBBB", png, at + 8)
            if depth != 8 or colour not in (2, 6) or interlace:
                raise Unable("a picture of an unknown kind")
            size = 3 if colour == 2 else 4
        elif kind == b"IDAT":
            data += png[at + 8:at + 8 + length]
        at += length + 12
    data = zlib.decompress(data)
    line = width * size
    before = bytearray(line)
    pixels = {}
    for start in range(0, len(data), line + 1):
        how, now = data[start], bytearray(data[start + 1:start + 1 + line])
        if how:
            for i in range(line):
                left = now[i - size] if i >= size else 0
                above = before[i]
                corner = before[i - size] if i >= size else 0
                if how == 1:
                    guess = left
                elif how == 2:
                    guess = above
                elif how == 3:
                    guess = (left + above) // 2
                else:
                    guess = min((left, above, corner),
                                key=lambda v, p=left + above - corner: abs(p - v))
                now[i] = (now[i] + guess) & 255
        for i in range(0, line, size):
            pixel = tuple(now[i:i + 3])
            pixels[pixel] = pixels.get(pixel, 0) + 1
        before = now
    return pixels


def colours_of(page, scheme):
    """The colours that the page's own style gives to its variables."""
    style = page.split("<style>", 1)[1].split("</style>", 1)[0]
    blocks = re.findall(r":root\{([^}]*)\}", style)
    return {name: tuple(bytes.fromhex(value if len(value) == 6 else "".join(c * 2 for c in value)))
            for name, value in re.findall(r"--([a-z]+):#([0-9a-f]{3,6})",
                                          blocks[SCHEMES.index(scheme)])}


def contrast(one, other):
    """As WCAG 2 has it."""
    def light(colour):
        parts = [c / 255 for c in colour]
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def nodes_of(node):
    yield node
    for child in node.get("children", []) + node.get("shadowRoots", []):
        yield from nodes_of(child)
    if "contentDocument" in node:
        yield from nodes_of(node["contentDocument"])


def look_at_document(browser, texts):
    root = browser.call("DOM.getDocument", depth=-1, pierce=True)["root"]
    seen = []
    for node in nodes_of(root):
        if node["nodeType"] == 3:
            seen.append(node["nodeValue"])
        elif node["nodeType"] == 1:
            if node["nodeName"] not in ELEMENTS:
                yield f"there is an element {node['nodeName']}"
            for name in node.get("attributes", [])[::2]:
                if name.startswith("on") or name in ("style", "src"):
                    yield f"there is an attribute {name}"
    whole = "\0".join(seen)
    for text in texts:
        if text not in whole:
            yield f"not to be read: {text}"


def look_at_roles(browser):
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    roles = {}
    unnamed = 0
    for node in nodes:
        role = node.get("role", {}).get("value")
        if node.get("ignored"):
            continue
        roles[role] = roles.get(role, 0) + 1
        if role in ("table", "img", "image") and not node.get("name", {}).get("value"):
            unnamed += 1
    if unnamed:
        yield f"{unnamed} tables or charts have no name"
    for wanted in ("table", "rowheader", "heading", "main"):
        if not roles.get(wanted):
            yield f"nothing has the role {wanted}"
    if not roles.get("img") and not roles.get("image"):
        yield "no chart has the role of an image"


def look_at_colours(browser, colours):
    root = browser.call("DOM.getDocument", depth=0)["root"]["nodeId"]
    charts = browser.call("DOM.querySelectorAll", nodeId=root, selector=".chart svg")["nodeIds"]
    pixels = {}
    for chart in charts:
        box = browser.call("DOM.getBoxModel", nodeId=chart)["model"]["content"]
        clip = {"x": box[0], "y": box[1], "width": box[2] - box[0], "height": box[5] - box[1],
                "scale": 1}
        shot = browser.call("Page.captureScreenshot", format="png", clip=clip,
                            captureBeyondViewport=True)
        for pixel, count in pixels_of(base64.b64decode(shot["data"])).items():
            pixels[pixel] = pixels.get(pixel, 0) + count
    for name in (*BARS, "panel"):
        if pixels.get(colours[name], 0) < 20:
            yield f"the charts have {pixels.get(colours[name], 0)} pixels of the colour {name}"


def look(browser, path, page, scheme, width, texts, folder):
    browser.events.clear()
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=900,
                 deviceScaleFactor=1, mobile=False)
    browser.call("Emulation.setEmulatedMedia",
                 features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.call("Page.navigate", url="file://" + path)
    browser.wait("Page.loadEventFired")
    content = browser.call("Page.getLayoutMetrics")["cssContentSize"]
    if content["width"] > width:
        yield f"{content['width']} pixels wide"
    if content["height"] < 900:
        yield f"only {content['height']} pixels high"
    yield from look_at_document(browser, texts)
    yield from look_at_roles(browser)
    colours = colours_of(page, scheme)
    yield from look_at_colours(browser, colours)
    for name in INKS:
        if contrast(colours[name], colours["ground"]) < 4.5:
            yield f"too little contrast of {name}"
    for name in BARS:
        if contrast(colours[name], colours["panel"]) < 3:
            yield f"too little contrast of bars of {name}"
    if folder:
        clip = {"x": 0, "y": 0, "width": width, "height": content["height"], "scale": 1}
        shot = browser.call("Page.captureScreenshot", format="png", clip=clip,
                            captureBeyondViewport=True)
        with open(os.path.join(folder, f"report-{scheme}-{width}.png"), "wb") as file:
            file.write(base64.b64decode(shot["data"]))
    for event in browser.events:
        what = event.get("params", {})
        if event.get("method") == "Network.requestWillBeSent":
            if what["request"]["url"] != "file://" + path:
                yield f"something else was asked for: {what['request']['url']}"
        elif event.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown",
                                     "Runtime.consoleAPICalled"):
            yield f"the browser complained: {what.get('entry', {}).get('text', what)}"


def main():
    arguments = sys.argv[1:]
    texts = []
    quick = "--quick" in arguments
    if quick:
        arguments.remove("--quick")
    if "--text" in arguments:
        at = arguments.index("--text")
        with open(arguments[at + 1], encoding="utf-8") as file:
            texts = file.read().splitlines()
        del arguments[at:at + 2]
    if len(arguments) not in (1, 2):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    path = os.path.realpath(arguments[0])
    folder = arguments[1] if len(arguments) > 1 else None
    with open(path, encoding="utf-8") as file:
        page = file.read()
    looks = wrong = 0
    with tempfile.TemporaryDirectory() as home:
        browser = Browser(home)
        try:
            for domain in ("Page", "DOM", "Network", "Log", "Runtime", "Accessibility"):
                browser.call(domain + ".enable")
            browser.call("Emulation.setScriptExecutionDisabled", value=True)
            for scheme in SCHEMES[:1] if quick else SCHEMES:
                for width in WIDTHS[-1:] if quick else WIDTHS:
                    looks += 1
                    for text in dict.fromkeys(look(browser, path, page, scheme, width, texts, folder)):
                        print(f"{scheme}, {width}: {text}")
                        wrong += 1
        finally:
            browser.close()
    print(f"{looks} looks, {wrong} faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Unable as error:
        print(f"report_browser: {error}")
        sys.exit(2)
