"""Gatepost away: the door that a proxy asks is gone, cut off, slow, frozen, or something else answers at its place.

What happens then is what was declared (I-29), at every proxy that asks. HAProxy, which asks nobody, and Dovecot have
their own tests beside this one.
"""

import contextlib
import http.client
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal, NamedTuple, get_args

import pytest

from gatepost.doors.activesync import REFUSAL_129
from gatepost.doors.fronts import Kind, files
from tests.doors.imap.door import slow, stopped, unreachable
from tests.doors.site import basic, plain
from tests.doors.test_run import Door
from tests.servers.caddy import Caddy
from tests.servers.front import RULES, a_front
from tests.servers.http_server import SaysMail, listening
from tests.servers.nginx import Nginx
from tests.servers.ports import free_port

pytestmark = pytest.mark.needs("nginx-light")

Declared = Literal["undecided", "allow", "block"]
WITHIN: Final = 2.0
"""Seconds that a phone may wait for what was declared."""

ALICE = {"Authorization": basic("alice@example.com").decode(), "MS-ASProtocolVersion": "14.1"}
RUNNERS: Final[dict[Kind, type[Nginx] | type[Caddy]]] = {"nginx": Nginx, "caddy": Caddy}


class Answer(NamedTuple):
    status: int
    retry_after: str | None
    body: bytes
    seconds: float


@pytest.fixture(scope="module")
def mail() -> Iterator[int]:
    with listening(SaysMail) as server:
        yield server.server_port


@contextlib.contextmanager
def fronts(kind: Kind, home: Path, door: int, mail: int) -> Iterator[dict[Declared, int]]:
    """The program before the mail server as it is written for each declaration, all asking the door at this port."""
    ports: dict[Declared, int] = {declared: free_port() for declared in get_args(Declared)}
    with contextlib.ExitStack() as running:
        for declared, port in ports.items():
            front = a_front(port, door, mail, rules=replace(RULES, on_no_copy=declared))
            for name, content in files(kind, front).items():
                path = home / declared / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            running.enter_context(RUNNERS[kind](home / declared, port))
        yield ports


def ask(port: int, device: str = "CLEAN1") -> Answer:
    started = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection):
        connection.request("POST", plain(device).decode(), b"\x03\x01", ALICE)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers["Retry-After"], answer.read(), time.monotonic() - started)


def does_as_declared(ports: dict[Declared, int], about: str) -> None:
    """Every declaration at once, since some ways to be away take a second to be noticed."""
    with ThreadPoolExecutor() as together:
        answers = dict(zip(ports, together.map(ask, ports.values()), strict=True))
    assert answers["undecided"][:2] == (503, "180"), about
    assert answers["allow"][:3] == (200, None, b"mail"), about
    assert answers["block"].status == 403, about
    assert b"cannot open company mail" in answers["block"].body, about
    assert max(answer.seconds for answer in answers.values()) <= WITHIN, about


AWAY: Final[dict[str, Callable[[], AbstractContextManager[int]]]] = {
    "stopped": stopped,
    "its packets are dropped": unreachable,
    "slow by 30 s": slow,
}


@pytest.mark.parametrize("kind", RUNNERS)
@pytest.mark.parametrize("way", AWAY)
def test_a_door_that_is_away(tmp_path: Path, mail: int, kind: Kind, way: str) -> None:
    """I-29: nobody listens, no packet gets through, or no answer comes: what was declared, after 2 s at most."""
    with AWAY[way]() as door, fronts(kind, tmp_path, door, mail) as ports:
        does_as_declared(ports, way)


def http_answer(line: str, *headers: str, body: bytes = b"") -> bytes:
    lines = "\r\n".join((f"HTTP/1.1 {line}", *headers, f"Content-Length: {len(body)}"))
    return lines.encode() + b"\r\n\r\n" + body


GARBAGE: Final = {
    "nothing": b"",
    "no HTTP": b"\x00\xff\xfe what is this?\r\n\r\n",
    "another protocol": b"220 mail.example.com ESMTP\r\n",
    "cut in its headers": b"HTTP/1.1 204 No Content\r\nX-Gatepost-Ver",
    "a page": http_answer("200 OK", "Content-Type: text/html", body=b"<h1>It works!</h1>"),
    "204 of somebody else": http_answer("204 No Content", "Server: something"),
    "a verdict that is none": http_answer("204 No Content", "X-Gatepost-Verdict: banana"),
    "elsewhere": http_answer("302 Found", "Location: http://elsewhere.example/"),
    "who are you": http_answer("401 Unauthorized", "WWW-Authenticate: Basic"),
    "403 of somebody else": http_answer("403 Forbidden", body=b"no"),
    "too busy": http_answer("429 Too Many Requests"),
    "an error": http_answer("500 Internal Server Error", body=b"Traceback"),
    "headers without end": b"HTTP/1.1 204 No Content\r\nX-Gatepost-Verdict: allow\r\nX: " + b"x" * 2_000_000,
}


class Wrong:
    """Something else at the door's place. Answers each connection that asks with `answer`, then closes it."""

    def __init__(self) -> None:
        self.answer = b""
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._say, args=(connection,), daemon=True).start()

    def _say(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(5)
            if connection.recv(65536):
                connection.sendall(self.answer)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


@pytest.mark.parametrize("kind", RUNNERS)
def test_something_else_at_the_door_s_place(tmp_path: Path, mail: int, kind: Kind) -> None:
    """I-29: whatever it says, it lets nobody in and refuses nobody: only an answer with the door's verdict counts."""
    with contextlib.closing(Wrong()) as wrong, fronts(kind, tmp_path, wrong.port, mail) as ports:
        for about, wrong.answer in GARBAGE.items():
            does_as_declared(ports, about)


@pytest.mark.parametrize("kind", RUNNERS)
def test_a_door_that_freezes_and_wakes(tmp_path: Path, mail: int, kind: Kind) -> None:
    """I-29: connections that were good a moment ago fall silent too; when the door wakes it decides again at once."""
    door = Door(tmp_path)
    door.stream.write_text("")
    door.start()
    try:
        with fronts(kind, tmp_path / "fronts", door.port, mail) as ports:
            for port in ports.values():
                assert ask(port)[:3] == (200, None, b"mail")
                assert ask(port, "TIKTOK1")[:3] == (200, None, REFUSAL_129["Sync"])
            door.process.send_signal(signal.SIGSTOP)
            does_as_declared(ports, "frozen")
            door.process.send_signal(signal.SIGCONT)
            for port in ports.values():
                assert ask(port, "TIKTOK1")[:3] == (200, None, REFUSAL_129["Sync"])
    finally:
        door.process.send_signal(signal.SIGCONT)
        door.stop()
