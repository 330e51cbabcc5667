"""The configuration that `door config haproxy` writes, on a real HAProxy."""

import os
import pwd
import socket
import subprocess
import threading
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gatepost.core.instant import DAY
from gatepost.doors.activesync import REFUSAL_129
from gatepost.doors.fronts import FrontUnfit, files
from gatepost.doors.fronts.haproxy import REFUSED
from gatepost.doors.haproxy.seen import Seen
from gatepost.doors.judge import DoorRules
from gatepost.doors.sessions.haproxy import HaproxySessions
from gatepost.doors.sightings import Sightings
from tests.doors.haproxy.gate import ALICE, Gate, a_gate, a_mail_server, raw, until
from tests.doors.site import V140, basic, plain, rule
from tests.servers import haproxy
from tests.servers.daemon import Daemon, found
from tests.servers.front import a_front
from tests.servers.long_polls import LongPolls

NEEDED = pytest.mark.needs("haproxy")
SOGO = "/SOGo/Microsoft-Server-ActiveSync"
PATH = "/Microsoft-Server-ActiveSync?"
OLD = ALICE | {"MS-ASProtocolVersion": "12.1"}


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    """Before a mail server with a path of its own; a refusal of one device type is plain."""
    with a_mail_server() as port:
        directory = tmp_path_factory.mktemp("ha")
        rules = DoorRules("allow", "block", mode="enforce", plain_refusal_types=frozenset({"oldphone"}))
        changes = {"backend": port, "backend_path": SOGO, "plain_refusal_types": ("OldPhone",), "rules": rules}
        with a_gate(directory, **changes).running() as running:
            yield running


@NEEDED
def test_its_own_check_passes(tmp_path: Path) -> None:
    """HAProxy finds nothing to complain about, before the door has run too."""
    config = haproxy.write(haproxy.placed(a_front(8443, 8181, 20000), tmp_path), tmp_path)
    done = subprocess.run([found("haproxy"), "-c", "-f", str(config)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr


@NEEDED
def test_whom_it_lets_in(gate: Gate) -> None:
    """Clean, warned and shared devices reach the mail server under its own path, with the query as it was sent."""
    for name in ("CLEAN1", "clean1", "WARNED1", "LATER1", "SHARED1", "UNKNOWN1"):
        query = plain(name).decode().partition("?")[2]
        assert gate.ask(PATH + query)[:2] == (200, f"mail {SOGO}?{query}".encode())
    assert gate.ask("/microsoft-server-activesync/?" + query)[:2] == (200, f"mail {SOGO}?{query}".encode())


@NEEDED
def test_how_it_refuses(gate: Gate) -> None:
    """A blocked phone gets Status 129 in each command that has such an answer, in both forms of the query, and 403 for
    other commands, older protocols, and types that take 129 badly; never the mail."""
    for command, body in REFUSAL_129.items():
        status, answer, headers = gate.ask(plain("TIKTOK1", command))
        assert (status, answer, headers["Content-Type"]) == (200, body, "application/vnd.ms-sync.wbxml")
        assert gate.ask(plain("TIKTOK1", command), OLD)[:2] == (403, REFUSED.encode())
        query = plain("TIKTOK1", command).replace(b"iPhone", b"OldPhone")
        assert gate.ask(query)[0] == 403
    assert gate.asks("TIKTOK1", "SendMail") == (403, REFUSED.encode())
    assert gate.ask(PATH + V140)[:2] == (200, REFUSAL_129["Sync"])
    assert gate.ask(f"{PATH}{V140}&DeviceId=CLEAN1")[0] == 403
    assert gate.ask(plain("CLEAN1").replace(b"iPhone", b"Outlook"))[:2] == (200, REFUSAL_129["Sync"])
    somebody = ALICE | {"Authorization": basic("bob").decode()}
    assert gate.ask(plain("CLEAN1"), somebody)[:2] == (200, REFUSAL_129["Sync"])


@NEEDED
def test_what_the_mail_server_answers_itself(gate: Gate) -> None:
    """OPTIONS, and requests without credentials, are passed on: a refusal there ends some accounts."""
    assert gate.ask(plain("TIKTOK1"), {})[0] == 401
    assert gate.ask(plain("TIKTOK1"), ALICE, "OPTIONS")[0] == 200
    assert gate.ask(plain("TIKTOK1"), {"Authorization": "Basic !!"})[:2] == (200, b"mail " + SOGO.encode() + _query())


def _query() -> bytes:
    return b"?" + plain("TIKTOK1").partition(b"?")[2]


@NEEDED
def test_nothing_else_is_behind_it(gate: Gate) -> None:
    """No other path of the mail server is reachable past the door, however it is written."""
    for path in (
        "/",
        SOGO,
        "/SOGo/so/",
        PATH[:-1] + "/x",
        "/x" + PATH,
        "//Microsoft-Server-ActiveSync",
        "/%4Dicrosoft",
    ):
        assert gate.ask(path)[0] == 404
    request = b"GET http://gate/SOGo/ HTTP/1.1\r\nHost: gate\r\nConnection: close\r\n\r\n"
    assert raw(gate.port, request).startswith(b"HTTP/1.1 404")


@NEEDED
@pytest.mark.parametrize(
    ("on_no_copy", "status"),
    [("undecided", 503), ("allow", 200), ("block", 403)],
)
def test_without_a_copy_it_does_what_is_declared(tmp_path: Path, on_no_copy: Any, status: int) -> None:
    """I-29: an HAProxy that was never loaded answers as the site said, in both forms, with Retry-After where it cannot
    decide; and so it does when its Lua fails."""
    rules = DoorRules("block", "block", on_no_copy, DAY, "enforce")
    with a_mail_server() as port, Gate(tmp_path, port, rules).running() as gate:
        for uri in (plain("CLEAN1", "SendMail").decode(), PATH + V140.replace("jAAJ", "jAEJ")):
            answer = gate.ask(uri)
            assert answer[0] == status
            assert answer[2]["Retry-After"] == ("180" if status == 503 else None)
        assert gate.ask(plain("CLEAN1"), {})[0] == 401


@NEEDED
@pytest.mark.parametrize(("on_no_copy", "status"), [("undecided", 503), ("allow", 200), ("block", 403)])
def test_if_its_lua_fails(tmp_path: Path, on_no_copy: Any, status: int) -> None:
    """I-29, I-30: a request that could not be read is answered as declared, and a usual one goes on."""
    rules = DoorRules("block", "block", on_no_copy, DAY, "enforce")
    with a_mail_server() as port:
        gate = a_gate(tmp_path, backend=port, rules=rules)
        config = haproxy.write(gate.front, tmp_path)
        lua = tmp_path / "maps" / "gatepost.lua"
        lua.write_bytes(lua.read_bytes().replace(b"local function decide(txn)", b"local function decide(txn) error()"))
        with Daemon(["haproxy", "-db", "-f", str(config)], tmp_path / "log", gate.port):
            gate.settle()
            assert gate.asks("CLEAN1")[0] == 200
            assert gate.asks("TIKTOK1", "SendMail")[0] == status


@NEEDED
def test_open_requests_are_found(tmp_path: Path) -> None:
    """I-28: while a request is held open, the door finds it with its user and all names of its device, and no other."""
    with LongPolls() as held, a_gate(tmp_path, backend=held.port).running() as gate:
        sessions = HaproxySessions(tmp_path / "haproxy.sock")
        targets = (plain("CLEAN1", "Ping"), f"{PATH}{V140.replace('jAAJ', 'jBIJ')}".encode())
        gate.push(rule(1, counts=False))
        threads = [threading.Thread(target=gate.ask, args=(target,)) for target in targets]
        for thread in threads:
            thread.start()
        until(lambda: len(sessions.sessions()) == 2)
        found_keys = sorted(session.keys for session in sessions.sessions())
        assert {session.user for session in sessions.sessions()} == {"alice@example.com"}
        assert found_keys == [(b"e:clean1",), (b"e:v140device", b"e:76313430446576696365")]
        held.wait(2)  # HAProxy knows of a request before its mail server has it
        held.release()
        for thread in threads:
            thread.join()
        until(lambda: not sessions.sessions())


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"haproxy_socket": None}, "haproxy_socket"),
        ({"haproxy_files": None}, "haproxy_files"),
        ({"haproxy_files": Path("/maps of ours")}, "haproxy_files"),
        ({"haproxy_socket": Path('/run/"x"')}, "haproxy_socket"),
        ({"backend_path": "/a b"}, "backend_path"),
        ({"users": ("basic", "header"), "user_header": "a b"}, "user_header"),
        ({"certificates": True, "client_ca": Path("/ca.pem")}, "client_ca"),
        ({"tls_certificate": Path("/c.pem")}, "tls_key"),
        ({"tls_certificate": Path("/c.pem"), "tls_key": Path("/k.pem")}, "/c.pem.key"),
    ],
)
def test_settings_that_do_not_fit(changes: dict[str, Any], named: str) -> None:
    """I-36: what HAProxy cannot be told is refused with the setting's name, not written and hoped for."""
    front = haproxy.placed(a_front(8443, 8181, 20000), Path("/run/gatepost"))
    with pytest.raises(FrontUnfit, match=named):
        files("haproxy", replace(front, **changes))


@NEEDED
def test_a_hostile_site_name_stays_a_comment(tmp_path: Path) -> None:
    """I-36: what the settings say in words ends no line of the configuration and no string of the Lua."""
    front = haproxy.placed(a_front(8443, 8181, 20000), tmp_path)
    odd = ('Out"look', "a\nb", "]]--", "\\", "\u00c4")
    config = haproxy.write(replace(front, site="a\nglobal\n  x", shared_types=odd, plain_refusal_types=odd), tmp_path)
    done = subprocess.run([found("haproxy"), "-c", "-f", str(config)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@NEEDED
def test_whom_it_saw(tmp_path: Path) -> None:
    """A login with a device is told once, with what it said of itself, its reason and what enforce mode would do; not
    each request, not who had the wrong password, not who opened no mail."""
    with a_mail_server() as port:
        gate = a_gate(tmp_path, backend=port)
        sightings = Sightings(gate.judge)
        seen = Seen(tmp_path / "maps", sightings)
        thread = threading.Thread(target=seen.run)
        thread.start()
        with gate.running():
            agent = ALICE | {"User-Agent": 'App "le"/\u00e9 %n'.encode().decode("latin-1")}
            for _ in range(5):
                gate.ask(plain("CLEAN1"), agent)
                gate.ask(plain("TIKTOK1"), agent)
                gate.ask(PATH + V140, ALICE)
                gate.ask(plain("CLEAN1").decode().replace("iPhone", "Outlook"))
            gate.ask(plain("NOBODY1"), {})
            until(lambda: len(sightings.owed()) == 4)
            told = {(s.login, s.kind, s.identity): s for s in sightings.owed()}
        seen.close()
        thread.join(5)
    alice = "alice@example.com"
    clean = told[alice, "activesync", "clean1"]
    assert (clean.reason, clean.would, clean.device_type) == ("clear", "allow", "iPhone")
    assert clean.user_agent == 'App "le"/\u00e9 %n'
    assert told[alice, "activesync", "tiktok1"].would == "block"
    assert told[alice, "activesync", "v140device"].device_type == "SmartPhone"
    assert told[alice, "", ""].reason == "shared"


def test_a_line_that_is_none_is_left(tmp_path: Path) -> None:
    """I-36: whoever can write to the socket can make up a sighting, but breaks nothing."""
    gate = Gate(tmp_path)
    sightings = Sightings(gate.judge)
    seen = Seen(tmp_path / "maps", sightings)
    login = b64encode(b"alice")
    lines = (b"", b"x", b"200 clear", b"200 nonsense a b c d", b"401 clear %b - - -" % login, b"200 passed-on - - - -")
    for line in (*lines, b"200 clear !! !! !! !!\xff", b"200 clear %b" % (b"x" * 3000)):
        seen.take(line)
    assert [sighting.login for sighting in sightings.owed()] in ([], [""])
    seen.take(b"200 warned %b %b,%b - -\n" % (login, b64encode(b"A1"), b64encode(b"B2")))
    assert ("alice", "activesync", "a1") in {sighting.key for sighting in sightings.owed()}
    seen.close()
    seen.run()


def test_a_line_that_cannot_be_taken_ends_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The thread that listens outlives whatever goes wrong with one line, and says so: else nobody would be seen any
    more, and nobody would know."""
    gate = Gate(tmp_path)
    sightings = Sightings(gate.judge)
    asked: list[str] = []

    def of_doctor(login: str, _reason: str) -> bool:
        asked.append(login)
        if login == "broken":
            raise RuntimeError("not foreseen")
        return False

    seen = Seen(tmp_path / "maps", sightings, of_doctor)
    thread = threading.Thread(target=seen.run)
    thread.start()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        for login in (b"broken", b"alice"):
            line = b"200 warned %b %b - -" % (b64encode(login), b64encode(b"A1"))
            sender.sendto(line, str(tmp_path / "maps" / "seen"))
    until(lambda: bool(sightings.owed()))
    assert asked == ["broken", "alice"]
    assert "cannot be taken" in caplog.text
    seen.close()
    thread.join(5)
    assert not thread.is_alive()


def test_who_may_say_what_was_seen(tmp_path: Path) -> None:
    """Whoever runs HAProxy is not known to the door: anybody may, unless the folder was given to a group; then that
    group alone may."""
    gate = Gate(tmp_path)
    sightings, maps = Sightings(gate.judge), tmp_path / "maps"

    def made() -> tuple[int, int]:
        seen = Seen(maps, sightings)
        about = (maps / "seen").stat()
        seen.close()
        seen.run()
        return about.st_mode & 0o777, about.st_gid

    assert made() == (0o666, os.getegid())
    if os.geteuid() == 0:
        os.chown(maps, -1, 12345)
        assert made() == (0o660, 12345)
        maps.chmod(0o2710)
        assert made() == (0o660, 12345)


@NEEDED
def test_haproxy_of_another_user_tells_what_it_saw(tmp_path: Path) -> None:
    """HAProxy that gives up root writes to a folder that was given to its group, and its maps stay root's own."""
    if os.geteuid() != 0:
        pytest.skip("HAProxy gives up root only if it has it")
    for folder in (tmp_path, *list(tmp_path.parents)[:3]):
        folder.chmod(0o755)
    nobody = pwd.getpwnam("nobody")
    with a_mail_server() as port:
        gate = a_gate(tmp_path, backend=port)
        maps = tmp_path / "maps"
        os.chown(maps, -1, nobody.pw_gid)
        maps.chmod(0o710)
        sightings = Sightings(gate.judge)
        seen = Seen(maps, sightings)
        thread = threading.Thread(target=seen.run)
        thread.start()
        config = haproxy.write(gate.front, tmp_path)
        config.write_text(config.read_text().replace("global\n", "global\n  user nobody\n  group nogroup\n", 1))
        with haproxy.running(config, gate.front):
            gate.settle()
            assert gate.asks("CLEAN1")[0] == 200
            until(lambda: len(sightings.owed()) == 1)
        seen.close()
        thread.join(5)
