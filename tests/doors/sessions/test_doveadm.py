"""IMAP clients that wait in IDLE at a real Dovecot are cut when their device is blocked, and no others are."""

import contextlib
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from gatepost import clock
from gatepost.core.fleet.finding import Finding
from gatepost.core.instant import ALWAYS, Instant
from gatepost.core.policy.verdict import DueRule, Standing
from gatepost.doors.entry import Secret, encode_secret, encode_standing, password_key, secret_key
from gatepost.doors.sessions.doveadm import DoveadmSessions
from gatepost.doors.sessions.labels import HEARD_WITHIN, Labels
from gatepost.doors.sessions.watch import Session, SessionsUnknown
from tests.doors.sessions.a_dovecot import Dovecot, Idler
from tests.doors.sessions.watching import Site
from tests.doors.site import Entry, batch, rule
from tests.servers.long_polls import ended

needs_dovecot = pytest.mark.needs("dovecot-imapd")

WITHIN = 5
"""Seconds from the instant of effect to the end of a session, as promised."""


def password(
    selector: str, label: str, *logins: str, rule: int | None = None, not_before: Instant = ALWAYS
) -> tuple[Entry, Entry]:
    """A device of these logins and the password that it opens mail with; with a rule, one that carries its app."""
    due = () if rule is None else (DueRule(rule, 0, 0, Finding.PRESENT, ALWAYS, not_before),)
    standing = encode_standing(Standing(f"ref-{selector}", logins, 0, due))
    secret = Secret(b"salt", hashlib.sha256(selector.encode()).digest(), label)
    return (password_key(selector), standing), (secret_key(selector), encode_secret(secret))


def revoked(selector: str) -> tuple[Entry, Entry]:
    return (password_key(selector), None), (secret_key(selector), None)


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    with Dovecot() as running:
        yield running


@pytest.fixture
def idle(dovecot: Dovecot) -> Iterator[Callable[[str], Idler]]:
    """Opens clients that are closed at the end."""
    with contextlib.ExitStack() as stack:

        def open_one(name: str) -> Idler:
            client = Idler(dovecot.imap, name)
            stack.callback(client.close)
            return client

        yield open_one


def server(dovecot: Dovecot, site: Site) -> DoveadmSessions:
    return DoveadmSessions(dovecot.url, dovecot.key_file, site.labels)


def cut(site: Site, dovecot: Dovecot, idle: Callable[[str], Idler], count: int) -> float:
    """Block one of so many devices, which has two clients; the seconds until both are cut."""
    for number in range(count):
        site.tell(*password(f"s{number}", f"phone{number}", "alice@example.com"))
    site.watch(server(dovecot, site))
    victims = [idle("alice@example.com+phone0"), idle("alice@example.com+phone0")]
    others = [idle(f"alice@example.com+phone{number}") for number in range(1, count)]
    assert not ended([*victims, *others], 1, 0.2), "nobody is blocked yet"
    begin = time.monotonic()
    site.tell(*password("s0", "phone0", "alice@example.com", rule=1))
    over = ended([*victims, *others], 2, WITHIN)
    assert set(over) == set(victims)
    assert victims[0].last.startswith(b"* BYE")
    assert not ended(others, 1, 0.3), "other devices of the same person are undisturbed"
    assert all(other.done().startswith(b"i1 OK") for other in others)
    return max(over.values()) - begin


@needs_dovecot
def test_one_device_of_twenty_is_cut(tmp_path: Path, dovecot: Dovecot, idle: Callable[[str], Idler]) -> None:
    """I-28: every connection of a blocked device ends within five seconds; the person's other devices go on."""
    with Site(tmp_path, rule(1)) as site:
        assert cut(site, dovecot, idle, 20) < WITHIN


@needs_dovecot
@pytest.mark.long
def test_one_device_of_two_hundred_is_cut(tmp_path: Path, dovecot: Dovecot, idle: Callable[[str], Idler]) -> None:
    """I-28 at full size."""
    with Site(tmp_path, rule(1)) as site:
        assert cut(site, dovecot, idle, 200) < WITHIN


@needs_dovecot
@pytest.mark.long
def test_two_hundred_devices_are_cut(tmp_path: Path, dovecot: Dovecot, idle: Callable[[str], Idler]) -> None:
    """I-28: a rule that begins to block 200 devices at once ends all their connections, and not the 20 others."""
    with Site(tmp_path, rule(1, counts=False)) as site:
        for number in range(200):
            site.tell(*password(f"b{number}", f"phone{number}", "bob", rule=1))
        for number in range(20):
            site.tell(*password(f"c{number}", f"phone{number}", "carl"))
        blocked = [idle(f"bob+phone{number}") for number in range(200)]
        others = [idle(f"carl+phone{number}") for number in range(20)]
        site.watch(server(dovecot, site))
        site.tell(rule(1))
        assert set(ended([*blocked, *others], 200, WITHIN)) == set(blocked)


@needs_dovecot
def test_a_session_ends_when_its_instant_comes(tmp_path: Path, dovecot: Dovecot, idle: Callable[[str], Idler]) -> None:
    """I-8, I-28: nothing ends before the instant of effect, and it ends then without any word from the site."""
    with Site(tmp_path, rule(1)) as site:
        effect = clock.system_now() + 700
        site.tell(*password("s0", "phone0", "dora", rule=1, not_before=effect))
        client = idle("dora+phone0")
        site.watch(server(dovecot, site))
        assert ended([client], 1, WITHIN)
        assert 0 <= clock.system_now() - effect < 1000 * WITHIN


@needs_dovecot
def test_a_login_with_the_same_label_is_another_device(
    tmp_path: Path, dovecot: Dovecot, idle: Callable[[str], Idler]
) -> None:
    """Labels are a person's own: one person's phone1 is cut, not everybody's; nor who logged in without a label, be it
    by a login that has a plus."""
    with Site(tmp_path, rule(1)) as site:
        site.tell(*password("s0", "phone1", "emil", rule=1), *password("s1", "phone1", "eva"))
        clients = [idle("emil+phone1"), idle("eva+phone1"), idle("emil"), idle("emil+list@example.com")]
        site.watch(server(dovecot, site))
        assert set(ended(clients, 2, 0.7)) == {clients[0]}


@needs_dovecot
def test_a_revoked_password_ends_its_sessions(tmp_path: Path, dovecot: Dovecot, idle: Callable[[str], Idler]) -> None:
    """A password that is revoked, of a phone that was lost, ends what it had opened, also while the door observes."""
    with Site(tmp_path, rule(1)) as site:
        site.tell(*password("s0", "phone1", "fritz"), *password("s1", "phone2", "fritz"))
        site.judge.opened = True
        lost, kept = idle("fritz+phone1"), idle("fritz+phone2")
        site.watch(server(dovecot, site))
        site.tell(*revoked("s0"))
        assert set(ended([lost, kept], 2, 0.7)) == {lost}


@needs_dovecot
def test_a_password_revoked_while_the_door_was_away_ends_its_sessions(
    tmp_path: Path, dovecot: Dovecot, idle: Callable[[str], Idler]
) -> None:
    """I-28: a door that starts with a copy in which a password is gone, or with no copy at all, ends what that password
    had opened; not before it knows every password, and nobody else."""
    lost, kept = idle("greta+phone1"), idle("greta+phone2")
    with Site(tmp_path, rule(1), *password("s1", "phone2", "greta")) as site:
        for is_complete in (False, True):
            site.labels._read_to = site.copy.position if is_complete else 0
            watch = site.watch(server(dovecot, site))
            over = ended([lost, kept], 2, 0.7)
            assert set(over) == ({lost} if is_complete else set())
            assert watch.problem == ""


@needs_dovecot
def test_a_session_that_shares_a_process_ends_too(tmp_path: Path) -> None:
    """I-28: where Dovecot was told to serve several devices by one process, the blocked one is cut all the same. (The
    others are cut with it, and can come back.)"""
    with Dovecot("client_limit = 10\n  service_count = 0\n  process_limit = 1") as dovecot:
        clients = [Idler(dovecot.imap, "gerda+phone1"), Idler(dovecot.imap, "gerda+phone2")]
        with Site(tmp_path, rule(1)) as site:
            site.tell(*password("s0", "phone1", "gerda", rule=1), *password("s1", "phone2", "gerda"))
            site.watch(server(dovecot, site))
            assert clients[0] in ended(clients, 2, WITHIN)
            clients.append(Idler(dovecot.imap, "gerda+phone2"))
            assert not ended(clients[2:], 1, 0.3)
        for client in clients:
            client.close()


@needs_dovecot
def test_a_wrong_key_is_told(tmp_path: Path, dovecot: Dovecot) -> None:
    """A key that Dovecot does not take is a problem that names the file; the right one, written there, mends it."""
    with Site(tmp_path, rule(1)) as site:
        key = tmp_path / "key"
        watch = site.watch(DoveadmSessions(dovecot.url, key, site.labels))
        _until(lambda: "No such file" in watch.problem)
        key.write_text("wrong\n")
        _until(lambda: "does not take the key" in watch.problem)
        key.write_text(dovecot.key_file.read_text())
        _until(lambda: watch.problem == "")


def _until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + WITHIN + 5
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


# --- what Dovecot says is read with care


class Says(BaseHTTPRequestHandler):
    """Stands for doveadm's API: one answer to everything."""

    status = 200
    body = b""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"garbage"),
        (200, b"[]"),
        (200, b"{}"),
        (200, b'[["error",{"type":"exitCode","exitCode":64},"0"]]'),
        (200, b'[["doveadmResponse",[{"user":"eve+phone1"}],"0"]]'),
        (200, b'[["doveadmResponse",[{"username":"eve+phone1"}],{"username":"b"},"0"]]'),
        (404, b'[["doveadmResponse",[],"0"]]'),
        (500, b""),
    ],
)
def test_garbage_is_a_problem(tmp_path: Path, status: int, body: bytes) -> None:
    """What is no list of sessions is never read as an empty one, and nobody's name is in what is told of it."""
    with Site(tmp_path, rule(1)) as site, _saying(tmp_path, site, status, body) as server:
        with pytest.raises(SessionsUnknown, match="cannot be ended") as told:
            server.sessions()
        assert "eve" not in str(told.value)


@pytest.mark.parametrize(("code", "fails"), [(68, False), (64, True), (75, True)])
def test_a_kick_that_fails_is_a_problem(tmp_path: Path, code: int, fails: bool) -> None:
    """An error of a kick is told, except that nobody of that name is there any more, which is what was wanted."""
    body = b'[["error",{"type":"exitCode","exitCode":%d},"0"]]' % code
    outcome = pytest.raises(SessionsUnknown) if fails else contextlib.nullcontext()
    with Site(tmp_path, rule(1)) as site, _saying(tmp_path, site, 200, body) as server, outcome:
        server.end([Session("eve+phone1", "eve", ())])


def test_a_name_with_a_wildcard_is_never_a_mask(tmp_path: Path) -> None:
    """`*` and `?` in a login would end other people's sessions: that one is told instead, and the others end."""
    with (
        Site(tmp_path, rule(1)) as site,
        _saying(tmp_path, site, 200, b'[["doveadmResponse",[],"0"]]') as server,
        pytest.raises(SessionsUnknown, match="auth_username_chars"),
    ):
        server.end([Session("a*+phone1", "a*", ()), Session("b+phone1", "b", ())])


@contextlib.contextmanager
def _saying(tmp_path: Path, site: Site, status: int, body: bytes) -> Iterator[DoveadmSessions]:
    handler = type("Handler", (Says,), {"status": status, "body": body})
    key = tmp_path / "key"
    key.write_text("k")
    with HTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield DoveadmSessions(f"http://127.0.0.1:{http.server_port}", key, site.labels)
        http.shutdown()
        thread.join()


# --- whose a session is


def test_what_a_session_is_called_is_found_from_the_copy(tmp_path: Path) -> None:
    """LOGIN+LABEL is one device: in any case of letters, with the login's domain if the inventory holds it without;
    with a plus in the login; and not a name that no device password ever had."""
    with Site(tmp_path, rule(1)) as site:
        site.tell(*password("s0", "phone1", "eve"), *password("s1", "phone1", "ida+x@example.com", "ida"))
        found = site.labels.find
        assert found("Eve@example.com+Phone1") == Session(
            "Eve@example.com+Phone1", "eve@example.com", (password_key("s0"),)
        )
        for name in ("ida+x@example.com+phone1", "ida+phone1"):
            session = found(name)
            assert session is not None
            assert session.keys == (password_key("s1"),)
        for name in ("eve", "phone1", "", "+", "eve+", "eve+phone_2", "eve+x@example.com", f"eve+{'x' * 33}"):
            assert found(name) is None


def test_a_name_that_no_password_has(tmp_path: Path) -> None:
    """A name with a label that this door never knew was opened by a password that is gone; but only a door that knows
    all passwords of now can tell: not one without a copy, nor one that has not heard of its site for a while."""
    with Site(tmp_path, rule(1), *password("s0", "phone1", "eve")) as site:
        for name in ("eve+phone2", "Frank+Phone1"):
            assert site.labels.find(name) == Session(name, name.casefold().partition("+")[0], (), revoked=True)
        site.copy.apply(batch(site.copy.position + 1, *password("s1", "phone2", "eve")))
        assert site.labels.find("eve+phone2") is None
        site.labels.push([secret_key("s1")])
        session = site.labels.find("eve+phone2")
        assert session is not None
        assert not session.revoked
        reader, site.copy.reader = site.copy.reader, None
        assert site.labels.find("eve+phone3") is None
        site.copy.reader = reader
        heard = site.copy.time.contact_without_news()
        site.copy.time.hear(heard._replace(elapsed=heard.elapsed - HEARD_WITHIN - 1))
        assert site.labels.find("eve+phone3") is None


def test_a_session_is_recognised_after_what_named_it_is_gone(tmp_path: Path) -> None:
    """A revoked password's session is known as revoked, also by a door that started with an older copy; a label that
    was given again is the new device's; one of a device that changed hands is foreign to who opened it."""
    with Site(tmp_path, rule(1)) as site:
        site.tell(*password("s0", "phone1", "eve"), *password("s1", "phone2", "eve"))
        later = Labels(site.copy)
        site.tell(*revoked("s0"), password("s1", "phone2", "ida")[0])
        later.push([password_key("s0"), secret_key("s0"), password_key("s1")])
        for labels in (site.labels, later):
            gone, moved = labels.find("eve+phone1"), labels.find("eve+phone2")
            assert gone is not None
            assert gone.revoked
            assert moved is not None
            assert (moved.revoked, site.judge.reason(moved.keys, moved.user)) == (False, "foreign")
        site.tell(*password("s2", "phone1", "eve"))
        assert site.labels.find("eve+phone1") == Session("eve+phone1", "eve", (password_key("s2"),))
