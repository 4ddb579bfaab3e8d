#!/usr/bin/env python3
"""Drives a headless Chromium through its own protocol, with nothing but Python's library.

Reads a JSON list of steps from the file that it is given and writes an object: `results`, one for each step, `console`,
what the pages said, and `requests`, the addresses that were asked for. Steps are objects with one key:

    {"goto": URL}  {"eval": SCRIPT}  {"follow": SCRIPT that leads to another page}  {"size": [WIDTH, HEIGHT]}  {"dark": BOOL}  {"scripts": BOOL}  {"key": NAME}
    {"screenshot": FILE}  {"print": FILE}
"""

import base64
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile


class Socket:
    """A WebSocket client, as far as the protocol needs it: text frames, masked as RFC 6455 asks of clients."""

    def __init__(self, url):
        host, port, path = re.fullmatch(r"ws://([^:/]+):(\d+)(/.*)", url).groups()
        self.socket = socket.create_connection((host, int(port)), timeout=120)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            self.buffer += self.socket.recv(4096)
        self.buffer = self.buffer.split(b"\r\n\r\n", 1)[1]

    def take(self, count):
        while len(self.buffer) < count:
            data = self.socket.recv(1 << 16)
            if not data:
                raise EOFError("the browser has gone")
            self.buffer += data
        part, self.buffer = self.buffer[:count], self.buffer[count:]
        return part

    def send(self, text):
        data = text.encode()
        size = len(data)
        if size < 126:
            head = struct.pack("!BB", 0x81, 0x80 | size)
        elif size < 1 << 16:
            head = struct.pack("!BBH", 0x81, 0x80 | 126, size)
        else:
            head = struct.pack("!BBQ", 0x81, 0x80 | 127, size)
        mask = os.urandom(4)
        self.socket.sendall(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))

    def receive(self):
        text = b""
        while True:
            first, size = struct.unpack("!BB", self.take(2))
            size &= 0x7F
            if size == 126:
                size = struct.unpack("!H", self.take(2))[0]
            elif size == 127:
                size = struct.unpack("!Q", self.take(8))[0]
            data = self.take(size)
            if first & 0x0F in (0, 1):
                text += data
                if first & 0x80:
                    return json.loads(text)


class Page:
    def __init__(self, url):
        self.socket = Socket(url)
        self.number = 0
        self.events = []
        self.session = None

    def ask(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        self.socket.send(json.dumps(message))
        while True:
            answer = self.socket.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def wait(self, name):
        while True:
            for place, event in enumerate(self.events):
                if event.get("method") == name and not event.get("seen"):
                    self.events[place]["seen"] = True
                    return
            self.events.append(self.socket.receive())


def do(page, step):
    (name, value), = step.items()
    if name == "goto":
        for event in page.events:
            event["seen"] = True
        page.ask("Page.navigate", url=value)
        page.wait("Page.loadEventFired")
    elif name == "follow":
        for event in page.events:
            event["seen"] = True
        page.ask("Runtime.evaluate", expression=value)
        page.wait("Page.loadEventFired")
    elif name == "eval":
        result = page.ask("Runtime.evaluate", expression=value, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(json.dumps(result["exceptionDetails"]))
        return result["result"].get("value")
    elif name == "size":
        page.ask("Emulation.setDeviceMetricsOverride", width=value[0], height=value[1], deviceScaleFactor=1,
                 mobile=False)
    elif name == "dark":
        scheme = "dark" if value else "light"
        page.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    elif name == "scripts":
        page.ask("Emulation.setScriptExecutionDisabled", value=not value)
    elif name == "key":
        text = {"text": "\r"} if value == "Enter" else {}
        code = {"Enter": 13, "Tab": 9, "Escape": 27, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}[value]
        for kind in ("keyDown", "keyUp"):
            page.ask("Input.dispatchKeyEvent", type=kind, key=value, code=value, windowsVirtualKeyCode=code,
                     **(text if kind == "keyDown" else {}))
    elif name == "screenshot":
        data = page.ask("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        with open(value, "wb") as file:
            file.write(base64.b64decode(data))
    elif name == "print":
        data = page.ask("Page.printToPDF", printBackground=True)["data"]
        with open(value, "wb") as file:
            file.write(base64.b64decode(data))
    else:
        raise RuntimeError(f"unknown step {name}")
    return None


def main():
    with open(sys.argv[1]) as file:
        steps = json.load(file)
    program = os.environ.get("BROWSER") or shutil.which("chromium") or shutil.which("chromium-browser")
    profile = tempfile.mkdtemp(prefix="browser-")
    browser = subprocess.Popen(
        [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0",
         "--no-first-run", "--disable-background-networking", "--disable-dev-shm-usage",
         "--user-data-dir=" + profile, "about:blank"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env=dict(os.environ, HOME=profile))
    try:
        url = None
        for line in browser.stderr:
            found = re.search(r"DevTools listening on (ws://\S+)", line)
            if found:
                url = found.group(1)
                break
        if url is None:
            sys.exit("the browser did not start")
        page = Page(url)
        target = page.ask("Target.createTarget", url="about:blank")["targetId"]
        page.session = page.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for name in ("Page", "Runtime", "Log", "Network"):
            page.ask(name + ".enable")
        results = [do(page, step) for step in steps]
        console, requests = [], []
        for event in page.events:
            details = event.get("params", {})
            if event.get("method") == "Runtime.consoleAPICalled":
                console.append(" ".join(str(item.get("value")) for item in details["args"]))
            elif event.get("method") == "Runtime.exceptionThrown":
                console.append(json.dumps(details["exceptionDetails"]))
            elif event.get("method") == "Log.entryAdded":
                console.append(details["entry"]["text"])
            elif event.get("method") == "Network.requestWillBeSent":
                requests.append(details["request"]["url"])
        json.dump({"results": results, "console": console, "requests": requests}, sys.stdout)
    finally:
        browser.terminate()
        try:
            browser.wait(10)
        except subprocess.TimeoutExpired:
            browser.kill()
        shutil.rmtree(profile, ignore_errors=True)


main()
