"""ActiveSync requests that a real HAProxy holds open end when their device is blocked, and no others do."""

import base64
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost import clock
from gatepost.core.instant import DAY
from gatepost.doors.entry import identity_key
from gatepost.doors.judge import DoorRules
from gatepost.doors.sessions.haproxy import LONGEST_KEY, HaproxySessions, _session
from gatepost.doors.sessions.watch import Session, SessionsUnknown
from tests.doors.sessions.front import a_haproxy
from tests.doors.sessions.watching import Site
from tests.doors.site import device, rule
from tests.servers.daemon import Daemon
from tests.servers.long_polls import LongPolls, Phone, ended
from tests.servers.ports import free_port

pytestmark = pytest.mark.needs("haproxy")

ALICE = "alice@example.com"
WITHIN = 5
"""Seconds from the instant of effect to the end of a session, as promised."""


class Front:
    """HAProxy before a mail server that holds requests, and phones that sent one each."""

    def __init__(self, directory: Path, backend: LongPolls) -> None:
        self.port, self.h2, self.backend = free_port(), free_port(), backend
        self.stats = directory / "haproxy.sock"
        config = directory / "haproxy.cfg"
        config.write_text(a_haproxy(self.port, backend.port, self.stats, h2=self.h2))
        self.server = Daemon(["haproxy", "-db", "-f", str(config)], directory / "haproxy.log", self.port)
        self.phones: list[Phone] = []

    def phone(self, device: str, command: str = "Ping", login: str = ALICE) -> Phone:
        self.phones.append(Phone(self.port, device, login, command))
        return self.phones[-1]

    def settle(self) -> None:
        """Every request is held, and none is so young that it is left alone."""
        self.backend.wait(len(self.phones))
        sessions = HaproxySessions(self.stats)
        until = time.monotonic() + 5
        while b"age=0s" in b"".join(line for line in sessions._ask("show sess").split(b"\n") if b"be=mail" in line):
            assert time.monotonic() < until
            time.sleep(0.02)


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    with LongPolls() as backend:
        front = Front(tmp_path, backend)
        with front.server:
            yield front
            for phone in front.phones:
                phone.close()


def cut(site: Site, front: Front, count: int) -> float:
    """Block one of so many devices, which has two requests open; the seconds until both have ended."""
    site.tell(*(device(f"PHONE{number}", ALICE) for number in range(count)))
    victims = [front.phone("PHONE0"), front.phone("PHONE0", "Sync")]
    others = [front.phone(f"PHONE{number}", "Sync" if number % 2 else "Ping") for number in range(1, count)]
    front.settle()
    site.watch(HaproxySessions(front.stats))
    assert not ended(front.phones, 1, 0.2), "nobody is blocked yet"
    begin = time.monotonic()
    site.tell(device("PHONE0", ALICE, rule=1))
    over = ended(front.phones, 2, WITHIN)
    assert set(over) == set(victims)
    assert not ended(others, 1, 0.3), "other devices of the same person are undisturbed"
    front.backend.wait(len(others))
    front.backend.release()
    assert len(ended(others, len(others))) == len(others)
    assert all(b"200 OK" in phone.answer() for phone in others)
    return max(over.values()) - begin


def test_one_device_of_twenty_is_cut(tmp_path: Path, front: Front) -> None:
    """I-28: every open request of a blocked device ends within five seconds; the person's other devices, and everybody
    else's, go on and get their mail."""
    with Site(tmp_path, rule(1)) as site:
        assert cut(site, front, 20) < WITHIN


@pytest.mark.long
def test_one_device_of_two_hundred_is_cut(tmp_path: Path, front: Front) -> None:
    """I-28 at full size."""
    with Site(tmp_path, rule(1)) as site:
        assert cut(site, front, 200) < WITHIN


@pytest.mark.long
def test_two_hundred_devices_are_cut(tmp_path: Path, front: Front) -> None:
    """I-28: a rule that begins to block 200 devices at once ends all their requests, and not the 20 others."""
    blocked, others = [f"B{number}" for number in range(200)], [f"PHONE{number}" for number in range(20)]
    with Site(tmp_path, rule(1, counts=False)) as site:
        site.tell(*(device(name, ALICE, rule=1) for name in blocked), *(device(name, ALICE) for name in others))
        for name in (*blocked, *others):
            front.phone(name)
        front.settle()
        site.watch(HaproxySessions(front.stats))
        site.tell(rule(1))
        over = ended(front.phones, 200, WITHIN)
        assert {phone.device for phone in over} == set(blocked)


def test_a_request_ends_when_its_instant_comes(tmp_path: Path, front: Front) -> None:
    """I-8, I-28: nothing ends before the instant of effect, and it ends then without any word from the site."""
    phone = front.phone("TIKTOK1")
    with Site(tmp_path, rule(1), device("TIKTOK1", ALICE)) as site:
        front.settle()
        effect = clock.system_now() + 700
        watch = site.watch(HaproxySessions(front.stats))
        site.tell(device("TIKTOK1", ALICE, rule=1, not_before=effect))
        assert ended([phone], 1, WITHIN)
        late = clock.system_now() - effect
        assert 0 <= late < 1000 * WITHIN
        _until(lambda: watch.problem == "")


def test_a_request_begun_just_before_the_block_ends_too(tmp_path: Path, front: Front) -> None:
    """I-28: a request so young that it is left alone at first ends when it turns out to be held."""
    with Site(tmp_path, rule(1), device("TIKTOK1", ALICE)) as site:
        site.watch(HaproxySessions(front.stats))
        phone = front.phone("TIKTOK1")
        front.backend.wait(1)
        site.tell(device("TIKTOK1", ALICE, rule=1))
        assert ended([phone], 1, WITHIN)


def test_nothing_ends_while_the_door_refuses_nothing(tmp_path: Path, front: Front) -> None:
    """In observe mode, and while somebody holds the door open, sessions of blocked devices go on."""
    phone = front.phone("TIKTOK1")
    front.settle()
    server = HaproxySessions(front.stats)
    with Site(tmp_path) as site:
        site.judge.opened = True
        watch = site.watch(server)
        site.tell(device("TIKTOK1", ALICE, rule=1))
        assert not ended([phone], 1, 0.3)
        site.judge.opened = False
        watch.wake()
        assert ended([phone], 1, WITHIN)


def test_people_whose_device_the_site_lets_in_unknown_go_on(tmp_path: Path, front: Front) -> None:
    """What ends is what the door answers: an unknown device as on_unknown says, a foreign one as on_unidentified."""
    unknown, foreign = front.phone("NOBODYS"), front.phone("CLEAN1", login="mallory")
    front.settle()
    with Site(tmp_path) as site:
        site.watch(HaproxySessions(front.stats))
        assert set(ended([unknown, foreign], 2, 1)) == {foreign}


def test_the_next_request_on_a_connection_is_not_its_predecessor(tmp_path: Path, front: Front) -> None:
    """A proxy before ours may send many people's requests over one connection: only the blocked device's own ends."""
    shared = front.phone("TIKTOK1")
    front.settle()
    front.backend.release()
    assert b"200 OK" in shared.answer()
    shared.device = "CLEAN1"
    shared.send(ALICE)
    front.settle()
    with Site(tmp_path) as site:
        site.watch(HaproxySessions(front.stats))
        site.tell(device("TIKTOK1", ALICE, rule=1))
        assert not ended([shared], 1, 0.5)


def test_names_that_clients_make_up_name_only_themselves(tmp_path: Path, front: Front) -> None:
    """I-36: a login or a device id that imitates the list's own lines and separators is one session like any other."""
    login = 'x|y= \\ "\n0x55e1 key=1|127.0.0.1|YWxpY2U=|Q0xFQU4x| use=1 exp=0\n'
    front.phone("Z%7C%0A'", login=login)
    front.settle()
    (session,) = HaproxySessions(front.stats).sessions()
    assert (session.user, session.keys) == (login.casefold(), (identity_key("Z%7C%0A'"),))


def test_one_stream_of_a_connection_is_cut(tmp_path: Path, front: Front) -> None:
    """I-28 over HTTP/2: of two requests on one connection the blocked device's ends, and the other one goes on."""
    with contextlib.closing(socket.create_connection(("127.0.0.1", front.h2), timeout=WITHIN)) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(4, 0, 0, b""))
        for stream, name in ((1, "TIKTOK1"), (3, "CLEAN1")):
            connection.sendall(_frame(1, 5, stream, _request(name)))
        front.backend.wait(2)
        with Site(tmp_path) as site:
            site.watch(HaproxySessions(front.stats))
            heard = _streams(connection, 0.2) | _streams(connection, 2)
            front.backend.wait(1)
    assert heard == {1}


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """RFC 9113, 4.1."""
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def _request(name: str) -> bytes:
    """Header fields, each literal and not indexed (RFC 7541, 6.2.2)."""
    credentials = base64.b64encode(f"{ALICE}:secret".encode()).decode()
    fields = {
        ":method": "POST",
        ":scheme": "http",
        ":authority": "mail",
        ":path": f"/Microsoft-Server-ActiveSync?Cmd=Ping&DeviceId={name}",
        "authorization": f"Basic {credentials}",
    }
    parts = (part.encode() for field in fields.items() for part in field)
    coded = [bytes([len(part)]) + part for part in parts]
    return b"".join(b"\x00" + name + value for name, value in zip(coded[::2], coded[1::2], strict=True))


def _streams(connection: socket.socket, seconds: float) -> set[int]:
    """The streams that something was said on within that time; 0 is the connection itself."""
    heard = set()
    connection.settimeout(seconds)
    with contextlib.suppress(TimeoutError):
        while head := connection.recv(9, socket.MSG_WAITALL):
            connection.recv(int.from_bytes(head[:3], "big"), socket.MSG_WAITALL)
            heard.add(int.from_bytes(head[5:], "big"))
    return heard - {0}


# --- what is wrong with HAProxy is told


def test_a_haproxy_that_is_away_is_told_and_asked_again(tmp_path: Path, front: Front) -> None:
    """With HAProxy's socket gone the door says so, and ends what must end once HAProxy is back."""
    with Site(tmp_path) as site:
        front.server.stop()
        watch = site.watch(HaproxySessions(front.stats))
        _until(lambda: "Is HAProxy running" in watch.problem)
        front.server.start()
        phone = front.phone("TIKTOK1")
        assert ended([phone], 1, WITHIN)
        _until(lambda: watch.problem == "")


@pytest.mark.parametrize(
    ("level", "table", "said"),
    [("operator", "gatepost_sessions", "needs `level admin`"), ("admin", "another", "keeps no list of them")],
)
def test_a_haproxy_that_was_configured_by_hand_is_told(
    tmp_path: Path, front: Front, level: str, table: str, said: str
) -> None:
    """A socket that may not end sessions, or a configuration without our table, is a problem that names its mending."""
    front.server.stop()
    config = tmp_path / "haproxy.cfg"
    text = a_haproxy(front.port, front.backend.port, front.stats, level)
    config.write_text(text.replace("gatepost_sessions", table))
    front.server.start()
    front.phone("TIKTOK1")
    front.settle()
    with Site(tmp_path) as site:
        watch = site.watch(HaproxySessions(front.stats))
        _until(lambda: said in watch.problem)


def _until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + WITHIN
    while not true():
        assert time.monotonic() < until
        time.sleep(0.01)


# --- what HAProxy says is read with care


class Says:
    """Stands for a stats socket: gives the answer to each line, and remembers the lines."""

    def __init__(self, path: Path, answers: dict[str, bytes]) -> None:
        self.asked: list[str] = []
        self._answers = answers
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._listener.close()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with connection:
                    self.asked.append(connection.recv(65536).decode().strip())
                    connection.sendall(self._answers.get(self.asked[-1], b"\n"))


_LINE = b"0x%s: proto=tcpv4 src=127.0.0.1:%d fe=f be=mail srv=s ts=00 epoch=0 age=%s calls=2\n"
_DETAIL = b"0x%s: [22/Nov/2026:02:36:00.301260] id=%d proto=tcpv4 source=127.0.0.1:1\n  flags=0x84a\n"


def test_a_pointer_that_another_request_took_is_left_alone(tmp_path: Path) -> None:
    """HAProxy reuses the memory of a request that ended: what is shut down is what has the wanted number, and nothing
    else, however alike it looks."""
    answers = {
        "show sess": _LINE % (b"a", 1, b"9s") + _LINE % (b"b", 1, b"1m2s") + _LINE % (b"c", 2, b"9s"),
        "show sess 0xa;show sess 0xb": _DETAIL % (b"a", 77) + b"\n" + _DETAIL % (b"b", 8) + b"\n",
    }
    says = Says(tmp_path / "stats", answers)
    with contextlib.closing(says):
        HaproxySessions(tmp_path / "stats").end([Session("8|127.0.0.1:1", "alice", ())])
    assert says.asked == ["show sess", "show sess 0xa;show sess 0xb", "shutdown session 0xb"]


@pytest.mark.parametrize("answer", [b"", b"garbage\n", b"\xff\x00" * 100, b"Unknown table.\n"])
def test_garbage_is_a_problem(tmp_path: Path, answer: bytes) -> None:
    """What is no list of sessions is never read as an empty one."""
    says = Says(tmp_path / "stats", {"show table gatepost_sessions": answer})
    with contextlib.closing(says), pytest.raises(SessionsUnknown, match="cannot be ended"):
        HaproxySessions(tmp_path / "stats").sessions()


@given(st.text(max_size=30), st.text(min_size=1, max_size=30))
def test_a_key_is_read_as_it_was_meant(login: str, name: str) -> None:
    """Whatever text a login and a device id are, the session is theirs."""
    coded = [base64.b64encode(text.encode("utf-8", "replace")).decode() for text in (login, name)]
    meant = [text.encode("utf-8", "replace").decode() for text in (login, name)]
    session = _session(f"7|[::1]:5|{coded[0]}|{coded[1]}|clear|".encode())
    assert session == Session("7|[::1]:5", meant[0].casefold(), (identity_key(meant[1]),))
    assert session == _session(f"7|[::1]:5|{coded[0]}|{coded[1]}|".encode())
    cut = _session(f"7|[::1]:5|{coded[0]}|{coded[1]}|clear".encode())
    assert cut.keys == ()


def test_a_cut_key_or_a_certificate() -> None:
    """A key that HAProxy cut names nobody, and neither does one that may be cut; a certificate stands by itself."""
    whole = b"7|1.2.3.4:5|YWxp|Q0xFQU4x|"
    for cut in (b"7|1.2.3.4:5|YWxp", b"7|1.2.3.4:5|YWxp|", whole[:-1], whole + b"shar", whole.ljust(LONGEST_KEY, b"|")):
        assert _session(cut) == Session("7|1.2.3.4:5", "", (), nameless=True)
    assert not _session(b"7|1.2.3.4:5|||error|").nameless
    assert _session(b"7|1.2.3.4:5|YWxp|!!!|clear|").keys == ()
    known = _session(b"7|1.2.3.4:5|YWxp|c:AB12,Q0xFQU4x|clear|")
    assert (known.certificate, known.keys, known.user) == ("ab12", (identity_key("CLEAN1"),), "ali")
    assert _session(b"7|1.2.3.4:5|YWxp|Q0xFQU4x|shared|").shared
    assert not _session(b"7|1.2.3.4:5|YWxp|Q0xFQU4x|clear|").shared
    assert _session(b"7|1.2.3.4:5|YWxp|Q0xFQU4x,Mzg=|clear|").keys == (identity_key("CLEAN1"), identity_key("38"))


def test_a_request_whose_name_was_cut_ends(tmp_path: Path, front: Front) -> None:
    """I-28: a login so long that HAProxy cannot note it whole is no way to go on after a block: nobody can tell whose
    the request is, so it ends once the door refuses anything, also where it lets in what is unidentified."""
    long, other = front.phone("TIKTOK1", login="x" * 2000), front.phone("CLEAN1")
    front.settle()
    rules = DoorRules("allow", "allow", "undecided", DAY, "enforce")
    with Site(tmp_path, rules=rules) as site:
        site.judge.opened = True
        watch = site.watch(HaproxySessions(front.stats))
        assert not ended([long, other], 1, 0.3)
        site.judge.opened = False
        watch.wake()
        assert set(ended([long, other], 2, 1)) == {long}
