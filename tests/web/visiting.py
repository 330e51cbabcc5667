"""A browser without a socket: it keeps cookies, tells whence its forms come, and follows where it is sent."""

import csv
import io
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from starlette.types import ASGIApp

from gatepost.actions import looks
from gatepost.actions.letter import Letter
from tests.verbs.houses import House, good
from tests.web.asking import URL, application, exchange

HOSTILE = "<b>x</b>\u202e'\"{{7*7}}&amp;</table>"
"""A name, a reason, a text of a mail: it changes nothing (I-36)."""

LINK = re.compile(rf"{re.escape(URL)}(/sign-in/[A-Za-z0-9_-]+)")


@dataclass
class Visit:
    """What came back."""

    status: int
    headers: dict[str, str]
    text: str


@dataclass
class Browser:
    """`cookies`: those it keeps; `set_cookies`: those of the last answer, as they were set."""

    app: ASGIApp
    cookies: dict[str, str] = field(default_factory=dict)
    set_cookies: list[str] = field(default_factory=list)

    def get(self, path: str, query: str = "") -> Visit:
        return self._send(path, b"", "GET", query)

    def post(self, path: str, whence: str = "same-origin", **fields: str) -> Visit:
        return self._send(path, urlencode(fields).encode(), "POST", "", sec_fetch_site=whence)

    def _send(self, path: str, body: bytes, method: str, query: str, **headers: str) -> Visit:
        told = {
            "authorization": "",
            "content-type": "application/x-www-form-urlencoded" if method == "POST" else "",
            "cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
        }
        status, shown, answer = exchange(self.app, path, body, method, query, told | headers)
        self.set_cookies = [value for name, value in shown if name == "set-cookie"]
        for cookie in self.set_cookies:
            for name, morsel in SimpleCookie(cookie).items():
                self.cookies[name] = morsel.value
        return Visit(status, dict(shown), answer.decode())


def link_in(letter: Letter) -> str:
    """The path of the link in a mail."""
    body = letter.message.replace(b"=\r\n", b"").replace(b"=3D", b"=").decode()
    found = LINK.search(body)
    assert found, body
    return found[1]


def ask(house: House, browser: Browser, address: str) -> list[Letter]:
    """Ask for a link; the mails that went out."""
    assert browser.post("/sign-in", address=address).status == 200
    return house.deliver()


def signed_in(house: House, address: str) -> Browser:
    """A browser in which somebody has signed in by mail."""
    browser = Browser(application(house))
    letter, *_ = ask(house, browser, address)  # before all other mail
    path = link_in(letter)
    assert browser.get(path).status == 200
    assert browser.post(path).status == 303
    return browser


def words(text: str) -> str:
    """A page as it reads: without marks, and with single spaces."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def rows_of(text: str) -> list[list[str]]:
    """The rows of a table that was taken along as CSV."""
    return list(csv.reader(io.StringIO(text)))


def looked_at(house: House, who: str = "u0@corp.example") -> list[tuple[object, object, object]]:
    """Every look at somebody, oldest first: by whom, at what, and what for."""
    return [(look["by"], look["what"], look["purpose"]) for look in good(looks.show_looks(house.site, who))]


class Tags(HTMLParser):
    """The elements of a page, in order, with the addresses that they lead to."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action")]


def tags(text: str) -> Tags:
    found = Tags()
    found.feed(text)
    return found
