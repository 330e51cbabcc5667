"""Debian's Chromium, driven by Playwright, and what its pages do that no page of ours may."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Page,
    Request,
    WebError,
    sync_playwright,
)

PROGRAM: Final = "/usr/bin/chromium"
FLAGS: Final = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE: Final = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
"""What new_context is given for a phone."""

_TOLERATED = (
    "Failed to load resource: the server responded with a status of 4",  # of a page that refuses, too
    "publicKey.pubKeyCredParams is missing at least one of the default",  # advice: our keys are ES256, and RS256 is not
)
"""How begins what Chromium says of what is as it should be."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Without its sandbox, which root cannot have; it opens nothing but pages of ours on loopback."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=FLAGS, chromium_sandbox=False)
        yield browser
        browser.close()


@dataclass
class Eyes:
    """Look at everything that the pages of some contexts do beside what they are for. `url`: of our site."""

    url: str
    seen: list[str] = field(default_factory=list)

    def context(self, browser: Browser, **options: Any) -> BrowserContext:
        """Cookies and pages of somebody's own, watched."""
        context = browser.new_context(base_url=self.url, **options)
        context.set_default_timeout(10_000)
        context.on("console", self._console)
        context.on("dialog", self._dialog)
        context.on("request", self._request)
        context.on("weberror", self._error)
        return context

    def page(self, browser: Browser, **options: Any) -> Page:
        return self.context(browser, **options).new_page()

    def saw_nothing(self) -> None:
        """No script ran amiss, no dialog opened, no policy was broken, and nobody else was asked."""
        assert self.seen == []

    def _console(self, message: ConsoleMessage) -> None:
        if not message.text.startswith(_TOLERATED):
            self.seen.append(f"console: {message.text}")

    def _dialog(self, dialog: Dialog) -> None:
        self.seen.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _request(self, request: Request) -> None:
        if not request.url.startswith(f"{self.url}/"):
            self.seen.append(f"request: {request.url}")

    def _error(self, error: WebError) -> None:
        self.seen.append(f"error: {error.error}")
