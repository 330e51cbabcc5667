"""The doctor on a door of this machine, played by a stand-in, and on what ends open sessions."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from gatepost.actions.doctor import examine, front
from gatepost.actions.doctor.finding import CHECKS
from gatepost.clock import system_now
from gatepost.core.instant import MINUTE
from gatepost.doors.judge import REASONS
from gatepost.wiring import provider_of, sender_of
from tests.doctor.findings import found, sick, well
from tests.servers.http_server import listening
from tests.servers.ports import free_port
from tests.verbs.conftest import Build
from tests.verbs.houses import House


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
    """What the doctor looks at stands in one list; what only a real proxy brings about is in test_front.py, and an
    exercise without a provider is asked for no second administrator and no sign-in."""
    house.hear("mail", 10**6)
    seen = {each.check for each in examine(house.site, sender_of, provider_of)}
    assert seen == set(CHECKS) - {"administrators", "base64", "no-device", "cannot-decide", "sign-in"}
