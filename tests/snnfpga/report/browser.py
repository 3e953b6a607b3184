"""Chromium without a window, told what to do over two pipes: no driver, no port, no network."""

import itertools
import json
import os
import select
import shutil
import subprocess
import time
from contextlib import contextmanager

from tests.skips import skip_or_fail

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 60       # seconds for an answer


class Tab:
    """One page, and what it asked the network for and complained of."""

    def __init__(self, to, back):
        self._to, self._back, self._rest, self._numbers = to, back, b"", itertools.count(1)
        self.requests, self.complaints = [], []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        return self._call(method, session=self._session, **parameters)

    def shown(self, path, width=1200, dark=False):
        """Load a file, ``width`` pixels wide."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1,
                  mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.call("Page.navigate", url=path.resolve().as_uri())
        ended = time.monotonic() + PATIENCE
        while self.value("document.readyState") != "complete" or not self.value("location.protocol === 'file:'"):
            assert time.monotonic() < ended, "the page does not load"

    def value(self, expression):
        """What an expression of JavaScript gives in the page, promises awaited."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def point_at(self, x, y):
        """Move the mouse there."""
        for step in (0, 1):
            self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x + step, y=y + step)

    def _call(self, method, session=None, **parameters):
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters} | ({"sessionId": session} if session else {})
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            told = self._next()
            if told.get("id") == number:
                assert "error" not in told, (method, told["error"])
                return told["result"]
            self._hear(told)

    def _hear(self, told):
        values = told.get("params", {})
        match told.get("method"):
            case "Network.requestWillBeSent":
                self.requests.append(values["request"]["url"])
            case "Runtime.exceptionThrown":
                self.complaints.append(values["exceptionDetails"]["text"])
            case "Runtime.consoleAPICalled" if values["type"] in ("error", "warning"):
                self.complaints.append(str(values["args"]))
            case "Log.entryAdded" if values["entry"]["level"] in ("error", "warning"):
                self.complaints.append(values["entry"]["text"])

    def _next(self):
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._back], [], [], PATIENCE)
            assert ready, "the browser does not answer"
            self._rest += os.read(self._back, 1 << 20)
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)


@contextmanager
def opened(folder):
    """A tab; ``folder`` is the browser's own. Skipped where there is no browser."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        skip_or_fail(f"no browser: none of {', '.join(NAMES)} is on the PATH")
    commands, to = os.pipe()
    back, answers = os.pipe()
    # It reads from 3 and writes to 4; the shell puts the pipes there.
    line = (f'exec "$0" --headless=new --no-sandbox --disable-gpu --remote-debugging-pipe --no-first-run '
            f'--disable-background-networking --user-data-dir="{folder}" 3<&{commands} 4>&{answers}')
    process = subprocess.Popen(["bash", "-c", line, program], pass_fds=(commands, answers), stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    os.close(commands)
    os.close(answers)
    try:
        yield Tab(to, back)
    finally:
        process.terminate()
        process.wait()
        os.close(to)
        os.close(back)
