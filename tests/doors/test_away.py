"""Gatepost away: the door is gone, cut off, slow, frozen, or something else answers at its place.

What happens then is what was declared (I-29), before every mail server: at nginx and Caddy, which ask the door about
requests; at Dovecot, and at Postfix, which asks Dovecot, about logins; at HAProxy, which goes by its maps.
"""

import contextlib
import http.client
import imaplib
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

from gatepost import clock
from gatepost.config.kinds import Address
from gatepost.core.instant import SECOND
from gatepost.doors.activesync import REFUSAL_129
from gatepost.doors.fronts import Kind, files
from gatepost.doors.haproxy.rows import DOOR
from gatepost.doors.haproxy.stats import Stats
from tests.doors.away import garbage, slow, stopped, unreachable
from tests.doors.haproxy.gate import a_gate
from tests.doors.imap.passwords import ALICE as ALICES_LOGIN
from tests.doors.imap.passwords import TABLET
from tests.doors.imap.test_postfix import REFUSED
from tests.doors.imap.test_postfix import login as hand_in
from tests.doors.site import basic, plain
from tests.doors.test_run import Door
from tests.servers import haproxy
from tests.servers.caddy import Caddy
from tests.servers.dovecot import Dovecot
from tests.servers.front import RULES, a_front
from tests.servers.http_server import SaysMail, listening
from tests.servers.network import PACKAGE, Network, needs_networks
from tests.servers.nginx import Nginx
from tests.servers.ports import free_port
from tests.servers.postfix import Postfix

needs_nginx = pytest.mark.needs("nginx-light")
needs_haproxy = pytest.mark.needs("haproxy")

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
def fronts(kind: Kind, home: Path, door: int, mail: int, host: str = "127.0.0.1") -> Iterator[dict[Declared, int]]:
    """The program before the mail server as it is written for each declaration, all asking the door at this place."""
    ports: dict[Declared, int] = {declared: free_port() for declared in get_args(Declared)}
    with contextlib.ExitStack() as running:
        for declared, port in ports.items():
            rules = replace(RULES, on_no_copy=declared)
            front = a_front(port, door, mail, check=Address(host, door), rules=rules)
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


PLAIN: Final = (403, b"<p>This device cannot open company mail.</p>")


def does_as_declared(ports: dict[Declared, int], about: str, refused: tuple[int, bytes] = PLAIN) -> None:
    """Every declaration at once, since some ways to be away take a second to be noticed. `refused`: how who is refused
    is told."""
    with ThreadPoolExecutor() as together:
        answers = dict(zip(ports, together.map(ask, ports.values()), strict=True))
    assert answers["undecided"][:2] == (503, "180"), about
    assert answers["allow"][:3] == (200, None, b"mail"), about
    assert (answers["block"].status, answers["block"].body) == refused, about
    assert max(answer.seconds for answer in answers.values()) <= WITHIN, about


AWAY: Final[dict[str, Callable[[], AbstractContextManager[int]]]] = {
    "stopped": stopped,
    "nobody takes the connection": unreachable,
    "slow by 30 s": slow,
}


@needs_nginx
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


@needs_nginx
@pytest.mark.parametrize("kind", RUNNERS)
def test_something_else_at_the_door_s_place(tmp_path: Path, mail: int, kind: Kind) -> None:
    """I-29: whatever it says, it lets nobody in and refuses nobody: only an answer with the door's verdict counts."""
    with contextlib.closing(Wrong()) as wrong, fronts(kind, tmp_path, wrong.port, mail) as ports:
        for about, wrong.answer in GARBAGE.items():
            does_as_declared(ports, about)


@needs_nginx
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


@needs_nginx
@needs_networks
@pytest.mark.needs(PACKAGE)
@pytest.mark.parametrize("kind", RUNNERS)
def test_a_door_whose_packets_are_dropped(tmp_path: Path, mail: int, kind: Kind) -> None:
    """I-29: the door on another machine decides; when nothing comes back from there any more, on connections that were
    good a moment ago and on new ones, what was declared; when packets come back, the door decides again."""
    with Network() as network:
        door = Door(tmp_path, host=network.far, within=network.there)
        door.stream.write_text("")
        door.start()
        try:
            with fronts(kind, tmp_path / "fronts", door.port, mail, network.far) as ports:
                decides(ports)
                network.drop()
                does_as_declared(ports, "dropped, on a connection that was good")
                does_as_declared(ports, "dropped, on a new connection")
                network.heal()
                decides(ports)
        finally:
            door.stop()


def decides(ports: dict[Declared, int]) -> None:
    """The door answers, whatever was declared for when it does not; within some seconds, where it was away."""
    until = time.monotonic() + 10
    for port in ports.values():
        while ask(port)[:3] != (200, None, b"mail") or ask(port, "TIKTOK1")[:3] != (200, None, REFUSAL_129["Sync"]):
            assert time.monotonic() < until


# --- logins: Dovecot asks, and Postfix asks Dovecot


def say_later(dovecot: Dovecot, postfix: Postfix) -> None:
    """A login is told UNAVAILABLE, never that its password is wrong; it is delayed once. Postfix 3.7 cannot tell the
    two apart, and lets nobody in either."""
    session = imaplib.IMAP4("127.0.0.1", dovecot.port, timeout=60)
    started = time.monotonic()
    with pytest.raises(imaplib.IMAP4.error, match=r"\[UNAVAILABLE\]"):
        session.login(ALICES_LOGIN, str(TABLET))
    assert time.monotonic() - started < WITHIN + FOR_DOVECOT
    session.shutdown()
    started = time.monotonic()
    assert hand_in(postfix, TABLET) == REFUSED
    assert time.monotonic() - started < WITHIN + FOR_DOVECOT
    assert dovecot.log.count("the door cannot decide") == 2


FOR_DOVECOT: Final = 0.5
"""Seconds that its processes take besides: two are what it was told to wait."""


@pytest.mark.needs("dovecot-imapd")
@pytest.mark.needs("dovecot-auth-lua")
@pytest.mark.needs("lua-cjson")
@pytest.mark.needs("postfix")
@pytest.mark.parametrize("away", [*AWAY.values(), garbage])
def test_logins_without_the_door(away: Callable[[], AbstractContextManager[int]]) -> None:
    """I-29: mail programs are told to come back, and wait once, by far less than the door hangs."""
    with (
        away() as port,
        Dovecot(port, [ALICES_LOGIN]) as dovecot,
        Postfix(dovecot.sasl, 25, (ALICES_LOGIN,)) as postfix,
    ):
        say_later(dovecot, postfix)


# --- HAProxy asks nobody


@needs_haproxy
def test_haproxy_goes_on_by_its_maps(tmp_path: Path, mail: int) -> None:
    """I-26, I-29: with the door frozen, so that it takes no sightings, and then killed, and HAProxy started again,
    everybody is answered as before and waits for nothing."""
    front = haproxy.placed(a_front(free_port(), 9, mail), tmp_path)
    assert front.haproxy_socket
    assert front.haproxy_files
    door = Door(tmp_path, front.haproxy_socket, front.haproxy_files)
    door.stream.write_text("")
    with haproxy.haproxy(front, tmp_path):
        door.start()
        try:
            decides({"undecided": front.front.port})
            door.process.send_signal(signal.SIGSTOP)
            for number in range(400):  # each of them is told to the door, or would be
                assert ask(front.front.port, f"STRANGER{number}").seconds < WITHIN
            as_before(front.front.port)
        finally:
            door.stop(signal.SIGKILL)
        as_before(front.front.port)
    with haproxy.haproxy(front, tmp_path):
        as_before(front.front.port)


def as_before(port: int) -> None:
    allowed, refused = ask(port), ask(port, "TIKTOK1")
    assert (allowed.status, allowed.body) == (200, b"mail")
    assert (refused.status, refused.body) == (200, REFUSAL_129["Sync"])
    assert max(allowed.seconds, refused.seconds) < WITHIN


@needs_haproxy
def test_haproxy_whose_maps_are_too_old(tmp_path: Path, mail: int) -> None:
    """I-29: when the time that the site allows is over, HAProxy does what was declared, and nobody has to tell it."""
    with contextlib.ExitStack() as running:
        ports: dict[Declared, int] = {}
        for declared in get_args(Declared):
            gate = a_gate(tmp_path / declared, backend=mail, rules=replace(RULES, on_no_copy=declared))
            running.enter_context(gate.running())
            as_before(gate.port)
            ports[declared] = gate.port
            expire(gate.maps.stats, tmp_path / declared / "maps" / DOOR)
        does_as_declared(ports, "too old", (200, REFUSAL_129["Sync"]))


def expire(stats: Stats, door: Path) -> None:
    """As if the time were over: what the door wrote last says until when."""
    stats.replace(door, (stats.rows(door) | {b"until": b"%d" % (clock.system_now() // SECOND - 1)}).items())
