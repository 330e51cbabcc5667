"""The doctor on a site: each thing that can be wrong with it is broken here, and seen and named."""

import fcntl
import json
import shutil
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from gatepost import wiring
from gatepost.actions import backup, doors
from gatepost.actions.doctor import Finding, examine, front
from gatepost.actions.doctor.finding import CHECKS
from gatepost.actions.reserve import RESERVE
from gatepost.actions.site import Site
from gatepost.clock import system_now
from gatepost.core.instant import DAY, HOUR, MINUTE
from gatepost.doors.glass import break_glass
from gatepost.doors.judge import REASONS
from gatepost.doors.report import Opened, Report
from gatepost.storage import feed
from gatepost.wiring import sender_of
from tests.servers.mail_sink import MailSink
from tests.servers.ports import free_port
from tests.verbs.conftest import Build
from tests.verbs.houses import ADMIN, House, good


@pytest.fixture(scope="module")
def mails(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailSink]:
    with MailSink(tmp_path_factory.mktemp("mails")) as sink:
        yield sink


@pytest.fixture
def house(build: Build, mails: MailSink) -> House:
    """A site whose mail goes to a real SMTP server, and at whose door's address nothing listens."""
    return build(smtp__port=mails.port, doors__mail__listen=f"127.0.0.1:{free_port()}")


def found(house: House, check: str, door: str = "") -> Finding:
    """What the doctor finds about one thing."""
    (finding,) = [each for each in examine(house.site, sender_of) if (each.check, each.door) == (check, door)]
    return finding


def sick(house: House, check: str, result: str, about: str, door: str = "") -> None:
    """The doctor names this, and says what to do."""
    finding = found(house, check, door)
    assert (finding.result, bool(finding.todo)) == (result, True), finding
    assert about in finding.found, finding


def well(house: House, check: str, door: str = "") -> None:
    finding = found(house, check, door)
    assert (finding.result, finding.todo) == ("ok", ""), finding


# --- its machine


def test_files_that_others_can_read(house: House) -> None:
    """Whoever reads the site's key can sign for it."""
    house.site.directory.chmod(0o755)
    well(house, "files")
    (house.site.directory / "checkpoint.key").chmod(0o640)
    sick(house, "files", "fail", "checkpoint.key")
    house.site.directory.chmod(0o700)  # nobody else can get in there
    well(house, "files")


def test_a_disk_that_is_nearly_full(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it is full, and when it is."""
    usage = type(shutil.disk_usage("/"))
    well(house, "disk")
    for free, result in ((2, "warn"), (0, "fail")):
        monkeypatch.setattr(shutil, "disk_usage", lambda _path, free=free: usage(100 << 30, 0, free << 30))
        sick(house, "disk", result, "free at")


def test_no_reserve(house: House) -> None:
    """I-40: the room that a retraction has on a full disk."""
    sick(house, "reserve", "warn", "nothing is kept")
    (house.site.directory / "reserve").write_bytes(bytes(RESERVE))
    well(house, "reserve")


def test_no_worker(house: House) -> None:
    """Without it nobody is told; its lock says whether it lives."""
    sick(house, "worker", "fail", "ever")
    path = house.site.directory / "worker.lock"
    with path.open("w") as lock:
        sick(house, "worker", "fail", "no worker runs")
        fcntl.flock(lock, fcntl.LOCK_EX)
        well(house, "worker")


# --- its database


def test_a_database_that_is_gone(house: House) -> None:
    """The doors are looked at all the same."""
    well(house, "database")
    house.close()
    house.site.store.path.rename(house.site.directory / "away")
    findings = list(examine(house.site, sender_of))
    assert [each.result for each in findings if each.check == "database"] == ["fail"]
    assert "running" in {each.check for each in findings}


def test_a_database_of_another_release(house: House) -> None:
    """It is not touched by a program that does not know its tables."""
    with house.site.store.writing() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    sick(house, "database", "fail", "0001")


def test_a_database_that_is_damaged(house: House) -> None:
    """Pages that were overwritten are found, by SQLite's own check or by its refusal to read at all."""
    house.close()
    path = house.site.store.path
    with sqlite3.connect(path) as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    conn.close()
    data = bytearray(path.read_bytes())
    data[4096 * 3 : -4096] = bytes(len(data) - 4096 * 4)
    path.write_bytes(data)
    findings = [each for each in examine(house.site, sender_of) if each.check == "database"]
    assert findings
    assert {each.result for each in findings} == {"fail"}


def test_a_ledger_that_was_changed(house: House) -> None:
    """I-32: an entry that says otherwise than it did."""
    well(house, "ledger")
    with house.site.store.writing() as conn:
        for row in list(conn.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")):
            conn.exec_driver_sql(f"DROP TRIGGER {row.name}")
        conn.exec_driver_sql("UPDATE ledger SET at = at + 1 WHERE idx = 2")
    sick(house, "ledger", "fail", "entry 2")


def test_tables_that_say_otherwise_than_the_ledger(house: House) -> None:
    """I-33: a role that nobody granted."""
    well(house, "tables")
    with house.site.store.writing() as conn:
        conn.exec_driver_sql("UPDATE roles SET role = 'admin'")
    sick(house, "tables", "fail", "roles")


def test_no_backup_or_an_old_one(house: House, tmp_path: Path) -> None:
    """The last one's age."""
    sick(house, "backup", "warn", "no backup")
    good(backup.backup(house.site, ADMIN, tmp_path / "backup"))
    well(house, "backup")
    house.later(8 * DAY)
    sick(house, "backup", "warn", "8d")


# --- its mail server


def test_mail_is_tried_and_none_is_sent(house: House, mails: MailSink) -> None:
    """The envelope is taken, and nothing arrives."""
    well(house, "mail")
    assert mails.mails() == []


def test_no_mail_server(build: Build) -> None:
    """Nobody could be told."""
    sick(build(smtp__port=free_port()), "mail", "fail", "127.0.0.1")


def test_a_mail_server_that_refuses(tmp_path: Path, mails: MailSink) -> None:
    """What it says is shown."""
    site = wiring.init_site(
        tmp_path / "site", exercise=True, admin="refused@corp.example", changes={"smtp.port": mails.port}
    )
    assert isinstance(site, Site)
    sick(House(site), "mail", "fail", "550")
    site.store.close()


# --- what it knows of its doors


def test_a_door_that_never_reported(house: House) -> None:
    """One of the settings that nobody started."""
    sick(house, "confirmed", "fail", "never", "mail")


@pytest.mark.parametrize(
    ("report", "result", "about"),
    [
        (Report(10**6, ""), "ok", "confirmed"),
        (Report(0, ""), "warn", "1 positions behind"),
        (Report(10**6, "the disk is full"), "fail", "the disk is full"),
    ],
    ids=["current", "behind", "in trouble"],
)
def test_what_a_door_confirmed(house: House, report: Report, result: str, about: str) -> None:
    """I-27: a retraction waits for a door that does not confirm."""
    with house.site.store.writing() as conn:
        feed.publish(conn, {})
    doors.hear_door(house.site, "mail", report)
    finding = found(house, "confirmed", "mail")
    assert finding.result == result
    assert about in finding.found


def test_a_door_that_fell_silent(house: House) -> None:
    """Also one on another machine, that the settings here do not know."""
    doors.hear_door(house.site, "south", Report(10**6, ""))
    house.later(HOUR)
    sick(house, "confirmed", "fail", "1h", "south")


def test_a_door_that_observes(build: Build, mails: MailSink) -> None:
    """A live site whose doors refuse nothing yet."""
    house = build(exercise=False, smtp__port=mails.port)
    doors.hear_door(house.site, "mail", Report(10**6, ""))
    sick(house, "observes", "warn", "refuses nothing", "mail")


def test_a_door_that_enforces(house: House) -> None:
    """As the doors of an exercise do."""
    doors.hear_door(house.site, "mail", Report(10**6, ""))
    well(house, "observes", "mail")


def test_a_door_that_stands_open(house: House) -> None:
    """By what it told; and by the file beside its copy, where the site has not heard of it yet."""
    well(house, "open", "mail")
    doors.hear_door(house.site, "south", Report(10**6, "", opened=Opened(5, "ann", "why")))
    sick(house, "open", "warn", "ann opened it: why", "south")
    break_glass(house.site.settings.doors["mail"].table, 5, "ben", "because")
    sick(house, "open", "warn", "ben opened it: because", "mail")


# --- a door of this machine, played by a stand-in


@contextmanager
def listening(handler: type[BaseHTTPRequestHandler], port: int) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield
    server.shutdown()
    thread.join()
    server.server_close()


def answering(answer: Callable[[BaseHTTPRequestHandler], tuple[int, bytes]]) -> type[BaseHTTPRequestHandler]:
    """A server that answers every GET so."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answer(self)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    return Handler


@pytest.fixture
def door(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """A door that is well; what it says may be changed. `apart`: its clock from this one, in milliseconds."""
    monkeypatch.setattr(front, "TAKEN_WITHIN", 0)
    stance: dict[str, Any] = {
        "apart": 0,
        "door": "mail",
        "stance": "enforce",
        "can_decide": True,
        "position": 7,
        "problem": "",
        "counts": dict.fromkeys(REASONS, 0) | {"clear": 90, "passed-on": 1000},
        "probe": "",
        "probed": [],
    }
    port = house.site.settings.doors["mail"].listen.port

    def stand(_request: BaseHTTPRequestHandler) -> tuple[int, bytes]:
        return 200, json.dumps(stance | {"now": system_now() + stance["apart"]}).encode()

    with listening(answering(stand), port):
        yield stance


def test_a_door_that_does_not_run(house: House) -> None:
    """Nothing answers at its address."""
    sick(house, "running", "fail", "no door answers", "mail")


def test_a_door_that_is_well(house: House, door: dict[str, Any]) -> None:
    """What the stand-in says is what a good door says."""
    for check in ("running", "copy", "clock", "seen"):
        well(house, check, "mail")


def test_another_door_at_that_address(house: House, door: dict[str, Any]) -> None:
    """Two doors that are mixed up would each answer for the other's mail server."""
    door["door"] = "south"
    sick(house, "running", "fail", "door south answers", "mail")


def test_something_else_at_that_address(house: House) -> None:
    """A program that is no door is not taken for one, whatever it answers."""
    port = house.site.settings.doors["mail"].listen.port
    for status, body in ((200, b"hello"), (200, b"[]"), (200, b'{"a": 1}'), (500, b"{}")):
        with listening(answering(lambda _request, status=status, body=body: (status, body)), port):  # type: ignore[misc]
            sick(house, "running", "fail", "no door answers", "mail")


def test_a_door_without_a_good_copy(house: House, door: dict[str, Any]) -> None:
    """It answers by on_no_copy, or goes on with an old one."""
    door["problem"] = "the copy cannot be brought up to date"
    sick(house, "copy", "fail", "brought up to date", "mail")
    door["can_decide"] = False
    sick(house, "copy", "fail", "brought up to date", "mail")


@pytest.mark.parametrize(("apart", "result"), [(MINUTE // 10, "warn"), (-2 * MINUTE, "fail")])
def test_clocks_that_are_apart(house: House, door: dict[str, Any], apart: int, result: str) -> None:
    """I-11: no wrong clock blocks early, but one that is behind opens late."""
    door["apart"] = apart
    sick(house, "clock", result, "s apart", "mail")


@pytest.mark.parametrize(
    ("seen", "about"),
    [
        ({"unidentified": 10}, "10 % named no device"),
        ({"foreign": 6, "unidentified": 4}, "10 %"),
        ({"unknown": 60}, "40 % one in no"),
    ],
)
def test_many_of_whom_nothing_is_known(house: House, door: dict[str, Any], seen: dict[str, int], about: str) -> None:
    """What share of requests is unidentified, and of devices in no inventory."""
    door["counts"] |= seen
    sick(house, "seen", "warn", about, "mail")


def test_nothing_was_seen(house: House, door: dict[str, Any]) -> None:
    """A door that nobody ever asked may stand nowhere at all."""
    door["counts"] |= {"clear": 0}
    assert found(house, "seen", "mail").result == "skipped"


def test_a_door_that_does_not_take_up_the_doctor_s_request(house: House, door: dict[str, Any]) -> None:
    """Then nothing is asked through the proxy; and nothing stays behind."""
    assert found(house, "asked", "mail").result == "skipped"
    assert not list(house.site.directory.glob("*.probe"))


# --- open sessions


def test_nothing_ends_open_sessions(house: House) -> None:
    """I-28: nginx alone cannot; the bound is said."""
    sick(house, "sessions", "warn", "nothing ends sessions", "mail")
    assert "SOGoMaximumPingInterval" in found(house, "sessions", "mail").todo


def test_haproxy_that_does_not_answer(build: Build, tmp_path: Path) -> None:
    """No socket, another program's, and HAProxy's."""
    path = tmp_path / "socket"
    house = build(doors__mail__haproxy_socket=str(path), doors__mail__haproxy_files="maps")
    sick(house, "sessions", "fail", "HAProxy does not answer", "mail")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        for said, result in ((b"hello\n", "fail"), (b"Name: HAProxy\nVersion: 2.6\n", "ok")):
            thread = threading.Thread(target=_say, args=(listener, said))
            thread.start()
            assert found(house, "sessions", "mail").result == result
            thread.join()


def _say(listener: socket.socket, said: bytes) -> None:
    connection, _ = listener.accept()
    with connection:
        assert connection.recv(100) == b"show info\n"
        connection.sendall(said)


def test_doveadm_that_does_not_answer(build: Build, tmp_path: Path) -> None:
    """Nobody there, a wrong key, another program, and doveadm."""
    key, port = tmp_path / "key", free_port()
    key.write_text("secret\n")
    house = build(doors__mail__doveadm=f"http://127.0.0.1:{port}", doors__mail__doveadm_key_file=str(key))
    sick(house, "sessions", "fail", "does not answer", "mail")

    def doveadm(request: BaseHTTPRequestHandler) -> tuple[int, bytes]:
        if request.path != "/doveadm/v1":
            return 404, b""
        return (200, b"[]") if request.headers["Authorization"] == "X-Dovecot-API c2VjcmV0" else (401, b"")

    with listening(answering(doveadm), port):
        well(house, "sessions", "mail")
        key.write_text("another\n")
        sick(house, "sessions", "fail", "does not take the key", "mail")
    with listening(answering(lambda _request: (404, b"")), port):
        sick(house, "sessions", "fail", "is not doveadm", "mail")


# --- all of it


def test_every_check_is_known(house: House, door: dict[str, Any]) -> None:
    """What the doctor looks at stands in one list; what only a real proxy brings about is in test_front.py."""
    doors.hear_door(house.site, "mail", Report(10**6, ""))
    seen = {each.check for each in examine(house.site, sender_of)}
    assert seen == set(CHECKS) - {"base64", "no-device", "cannot-decide"}
