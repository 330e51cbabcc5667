"""Debian's Chromium without a window, driven by the Chrome DevTools Protocol over a pipe; with an authenticator."""

import itertools
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WITHIN = 30.0
"""Seconds for anything that a page does."""

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)


class Page:
    """One page of it. Raises AssertionError for what the protocol refuses, or does not come about in time."""

    def __init__(self, to: int, back: int) -> None:
        self._to, self._back = to, back
        self._numbers = itertools.count(1)
        self._rest = b""
        self._session = ""
        target = self("Target.createTarget", url="about:blank")["targetId"]
        self._session = self("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self("Page.enable")

    def __call__(self, method: str, **params: object) -> Any:
        number = next(self._numbers)
        said = {"id": number, "method": method, "params": params}
        said |= {"sessionId": self._session} if self._session else {}
        os.write(self._to, json.dumps(said).encode() + b"\0")
        while (answer := self._next()).get("id") != number:
            pass
        assert "error" not in answer, answer
        return answer["result"]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            more = os.read(self._back, 65536)
            assert more, "chromium ended"
            self._rest += more
        one, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(one))

    def authenticator(self) -> None:
        """It has one from now on that is always touched, by somebody whom it knows."""
        self("WebAuthn.enable")
        options = {"protocol": "ctap2", "transport": "internal", "automaticPresenceSimulation": True}
        options |= {"hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}
        self("WebAuthn.addVirtualAuthenticator", options=options)

    def go(self, url: str) -> None:
        self("Page.navigate", url=url)
        self.wait(f"location.href.startsWith({json.dumps(url)}) && document.readyState === 'complete'")

    def run(self, script: str) -> Any:
        """What a script gives."""
        result = self("Runtime.evaluate", expression=script, returnByValue=True)
        return result["result"].get("value")

    def click(self, text: str) -> None:
        """The button that says this."""
        button = f"[...document.querySelectorAll('button')].find((one) => one.textContent.includes({json.dumps(text)}))"
        self.wait(f"{button} && !{button}.disabled")
        self("Runtime.evaluate", expression=f"{button}.click()", userGesture=True)

    def wait(self, script: str) -> None:
        until = time.monotonic() + WITHIN
        while not self.run(script):
            assert time.monotonic() < until, (script, self.run("document.body.innerText"))
            time.sleep(0.05)


@contextmanager
def chromium(folder: Path) -> Iterator[Page]:
    """A browser with an empty profile, which ends with the test."""
    program = shutil.which("chromium")
    assert program
    (its_in, to), (back, its_out) = os.pipe(), os.pipe()

    def hand_over() -> None:
        # Above 4 first, lest one lies where the other belongs.
        first, second = os.dup(its_in), os.dup(its_out)
        os.dup2(first, 3)
        os.dup2(second, 4)
        os.set_inheritable(3, True)
        os.set_inheritable(4, True)

    command = [program, *_FLAGS, f"--user-data-dir={folder}", "about:blank"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, preexec_fn=hand_over, close_fds=False)
    os.close(its_in)
    os.close(its_out)
    try:
        yield Page(to, back)
    finally:
        process.terminate()
        process.wait(10)
        os.close(to)
        os.close(back)
