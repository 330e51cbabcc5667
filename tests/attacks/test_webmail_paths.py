"""No request reaches ActiveSync at the mail server that was judged as one to its webmail, nor the other way round."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.doors.request import leads_astray
from tests.attacks.webmail import HOSTILE, SERVED, USUAL, Front, before, send
from tests.doors.site import plain
from tests.servers.http_server import listening

pytestmark = pytest.mark.needs("nginx-light")


class Raw(BaseHTTPRequestHandler):
    """A mail server that writes down each target as it came, byte by byte."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.server.targets.append(self.raw_requestline.split(b" ")[1])  # type: ignore[attr-defined] # ours, below
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


class Mail(NamedTuple):
    front: Front
    backend: ThreadingHTTPServer

    def sent(self, target: bytes) -> tuple[list[bytes], list[str]]:
        """What of a request reached the mail server, and what the door was asked about it."""
        targets: list[bytes] = self.backend.targets  # type: ignore[attr-defined] # ours
        targets.clear()
        self.front.asked.clear()
        send(self.front.port, target)
        return list(targets), list(self.front.asked)


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def mail(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mail]:
    with listening(Raw) as backend:
        backend.targets = []  # type: ignore[attr-defined] # read above
        with before(request.param, tmp_path_factory.mktemp("front"), backend.server_port) as front:
            yield Mail(front, backend)


def is_judged_right(mail: Mail, target: bytes) -> bool:
    """Nothing reached the mail server, or what did is what the door was asked about. Whether something did."""
    reached, asked = mail.sent(target)
    for got in reached:
        if asked[-1] == "/check-web":
            assert got.startswith(b"/SOGo/"), (target, got)
            assert not astray(got.partition(b"?")[0]), (target, got)
            assert not leads_astray(got), (target, got)
        else:
            assert got.partition(b"?")[0] == SERVED.encode(), (target, got)
    return bool(reached)


def astray(path: bytes) -> bool:
    """Whether anything at all could find ActiveSync there, or leave the webmail's folder."""
    for _ in range(6):
        path = unquote_to_bytes(path).replace(b"\\", b"/").lower()
        parts = [part.partition(b";")[0] for part in path.split(b"/")]
        if b"activesync" in path or b".." in parts or b"." in parts:
            return True
    return False


def test_no_spelling_leads_from_webmail_to_activesync(mail: Mail) -> None:
    """I-1: dots, slashes, semicolons and letters, encoded once or twice, before and behind the name."""
    reached = sum(is_judged_right(mail, target) for target in HOSTILE)
    assert reached < len(HOSTILE) / 10, "what is harmless after all may pass"


def test_webmail_is_let_through_as_it_was_sent(mail: Mail) -> None:
    """What browsers and calendars ask for arrives, to the letter; and phones reach ActiveSync by the door's check."""
    for target in USUAL:
        assert mail.sent(target) == ([target], ["/check-web"])
    phone = plain("CLEAN1")
    served = SERVED.encode() + b"?" + phone.partition(b"?")[2]
    assert mail.sent(phone) == ([served], ["/check"])


PIECES = st.sampled_from(
    [
        *(
            b"/",
            b"//",
            b"\\",
            b"%2f",
            b"%5C",
            b"%252F",
            b".",
            b"..",
            b"%2e",
            b"%252e",
            b";",
            b";x=",
            b"%3b",
            b"?",
            b"#",
            b"%3f",
        ),
        *(
            b"SOGo",
            b"sogo",
            b"so",
            b"x",
            b"Microsoft-Server-ActiveSync",
            b"ActiveSync",
            b"Microsoft-Server-",
            b"%41ctiveSync",
        ),
        *(
            b"/SOGo/",
            b"/SOGo/Microsoft-Server-ActiveSync",
            b"/Microsoft-Server-ActiveSync",
            b"%",
            b"%25",
            b"%00",
            b"%0a",
            b"&",
        ),
    ]
)


@settings(max_examples=150)
@given(st.sampled_from([b"", b"/SOGo/"]), st.lists(PIECES, max_size=8))
def test_nothing_put_together_leads_there_either(mail: Mail, begin: bytes, pieces: list[bytes]) -> None:
    """I-1: whatever is put together of what paths are made of."""
    is_judged_right(mail, begin + b"".join(pieces) or b"/")


def test_the_door_itself_takes_them_for_nobody_s() -> None:
    """Behind another proxy, which may not refuse them, they are unidentified; what is usual is not."""
    for target in USUAL:
        assert not leads_astray(target), target
    for target in HOSTILE:
        if target not in (b"/SOGo/../other",):
            assert leads_astray(target) == (astray(target) or b"//" in target or b"#" in target), target
    assert sum(map(leads_astray, HOSTILE)) > len(HOSTILE) / 2
