"""The door's process, alone and behind a real nginx."""

import contextlib
import http.client
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from gatepost.doors.activesync import REFUSAL_129
from gatepost.doors.fronts import files
from tests.doors.site import V140, basic, plain
from tests.servers.front import a_front
from tests.servers.http_server import listening
from tests.servers.nginx import Nginx
from tests.servers.ports import free_port, wait_for

ALICE = {"Authorization": basic("alice@example.com").decode(), "MS-ASProtocolVersion": "14.1"}

PROCESS = """
import sys
import time
from pathlib import Path
from gatepost.core.instant import DAY
from gatepost.doors.haproxy.kept import KeptMaps
from gatepost.doors.judge import DoorRules
from gatepost.doors.run import Door, run_door
from gatepost.doors.sessions.watches import MailServers
from tests.doors.site import FLEET, LATER, SITE, batch, rule

(host, _, port), path, stream = sys.argv[1].rpartition(":"), Path(sys.argv[2]), Path(sys.argv[3])

def say(*words):  # each line in one piece: two threads speak
    sys.stdout.write(" ".join(map(str, words)) + "\\n")
    sys.stdout.flush()

def changes(after):
    if not stream.exists():
        raise OSError("the site is away")
    if stream.read_text() == "hangs":
        say("hanging")
        time.sleep(60)
    if after < 10:
        return batch(10, *FLEET, *LATER)
    if after < 11 and stream.read_text() == "retracted":
        return batch(11, rule(1, counts=False))
    if after < 11 and stream.read_text() == "later":
        return batch(11, rule(3))
    return None

rules = DoorRules("allow", "block", "undecided", DAY, "enforce")
tell = lambda report: say(*filter(None, ("confirmed", report.position, report.problem)))
door = Door("mail", (host, int(port)), path, SITE, rules, changes, tell, (OSError,))
if sys.argv[4:]:
    socket, maps = map(Path, sys.argv[4:])
    door = door._replace(servers=MailServers(socket, "", None), maps=KeptMaps(socket, maps))
run_door(door, lambda: say("ready"))
say("ended")
"""


class Door:
    """A door process that follows a stream which the test writes. `haproxy`: the socket and the maps of an HAProxy.
    `host`: where it listens. `within`: a command that runs it elsewhere."""

    def __init__(self, directory: Path, *haproxy: Path, host: str = "127.0.0.1", within: Sequence[str] = ()) -> None:
        self.port = free_port()
        self._host, self._within = host, within
        self.stream = directory / "stream"
        self._path = directory / "door"
        self._haproxy = haproxy

    def start(self) -> None:
        place = f"{self._host}:{self.port}"
        arguments = [place, *(str(each) for each in (self._path, self.stream, *self._haproxy))]
        command = [*self._within, sys.executable, "-c", PROCESS, *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.wait_for_line("ready")

    def wait_for_line(self, wanted: str) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.strip() == wanted:
                return
        raise AssertionError(f"the door ended before it said {wanted!r}")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(10)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    started = Door(tmp_path)
    started.stream.write_text("")
    started.start()
    yield started
    if started.process.poll() is None:
        started.stop(signal.SIGKILL)


def ask(
    port: int, path: str, headers: dict[str, str], method: str = "GET", body: bytes | None = None
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection):
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


def check(door: Door, device: str) -> tuple[int, str]:
    sent = ALICE | {"X-Original-URI": plain(device).decode(), "X-Original-Method": "POST"}
    status, headers, body = ask(door.port, "/check", sent)
    assert body == b""
    return status, headers["X-Gatepost-Reason"]


def test_the_process_answers_and_ends(door: Door) -> None:
    """A door that is ready answers from its copy; SIGTERM ends it with code 0."""
    assert check(door, "CLEAN1") == (204, "clear")
    assert check(door, "TIKTOK1") == (403, "blocked")
    assert ask(door.port, "/readyz", {})[0] == 204
    assert door.stop() == 0


def test_a_retraction_opens_within_a_second(door: Door) -> None:
    """I-27: what the door has confirmed it answers, and a retraction is there in well under a second."""
    assert check(door, "TIKTOK1") == (403, "blocked")
    started = time.monotonic()
    door.stream.write_text("retracted")
    door.wait_for_line("confirmed 11")
    assert check(door, "TIKTOK1") == (204, "clear")
    assert time.monotonic() - started < 1


def test_a_killed_door_starts_again_without_its_site(door: Door) -> None:
    """I-29: after kill -9 and with the site away, the door is ready again and answers from its last copy."""
    door.stop(signal.SIGKILL)
    door.stream.unlink()
    door.start()
    assert check(door, "TIKTOK1") == (403, "blocked")
    assert door.stop() == 0


def test_a_door_without_copy_and_site_cannot_decide(tmp_path: Path) -> None:
    """I-29: with nothing to answer from, the door is ready all the same and says 503, until the site is there."""
    door = Door(tmp_path)
    door.start()
    assert check(door, "CLEAN1") == (503, "no-copy")
    assert ask(door.port, "/healthz", {})[0] == 204
    assert ask(door.port, "/readyz", {})[0] == 503
    door.stream.write_text("")
    door.wait_for_line("confirmed 10")
    until = time.monotonic() + 5
    while check(door, "CLEAN1") != (204, "clear"):
        assert time.monotonic() < until
    assert door.stop() == 0


def test_a_site_that_hangs_does_not_keep_the_door_up(door: Door) -> None:
    """SIGTERM ends the door within a few seconds also while the site's database does not answer at all."""
    door.stream.write_text("hangs")
    door.wait_for_line("hanging")
    assert check(door, "TIKTOK1") == (403, "blocked")
    assert door.stop() == 0


def test_a_taken_address_is_an_error(door: Door, tmp_path: Path) -> None:
    """A door that cannot listen ends with the system's error, and leaves its copy to the next."""
    other = Door(tmp_path / "other")
    other.port = door.port
    with pytest.raises(AssertionError, match="ended before"):
        other.start()
    assert other.stop() == 1


# --- behind nginx


class Backend(BaseHTTPRequestHandler):
    """Stands for the mail server: says whom it let in."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        self._answer(b"mail")

    def do_OPTIONS(self) -> None:
        self._answer(b"versions")

    def _answer(self, body: bytes) -> None:
        self.send_response(200 if self.headers["Authorization"] or body != b"mail" else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@pytest.fixture
def backend() -> Iterator[int]:
    with listening(Backend) as server:
        yield server.server_port


@pytest.fixture
def mail(tmp_path: Path, door: Door, backend: int) -> Iterator[int]:
    """The port of an nginx that asks the door."""
    port = free_port()
    with Nginx(tmp_path / "nginx", port, files("nginx", a_front(port, door.port, backend))):
        yield port


def post(port: int, uri: str, headers: dict[str, str] = ALICE) -> tuple[int, bytes]:
    status, _, body = ask(port, uri, headers, "POST", b"\x03\x01")
    return status, body


@pytest.mark.needs("nginx-light")
def test_nginx_lets_in_whom_the_door_lets_in(mail: int) -> None:
    """A clean phone gets the mail server's answer; OPTIONS and a request without credentials get there too."""
    assert post(mail, plain("CLEAN1").decode()) == (200, b"mail")
    assert post(mail, plain("CLEAN1").decode(), {}) == (401, b"mail")
    assert ask(mail, plain("TIKTOK1").decode(), ALICE, "OPTIONS")[::2] == (200, b"versions")


@pytest.mark.needs("nginx-light")
def test_nginx_refuses_whom_the_door_blocks(mail: int) -> None:
    """A blocked phone gets Status 129 under its command if it understands that, and 403 else; never the mail."""
    for command, body in REFUSAL_129.items():
        assert post(mail, plain("TIKTOK1", command).decode()) == (200, body)
    assert post(mail, plain("TIKTOK1", "SendMail").decode())[0] == 403
    status, body = post(mail, plain("TIKTOK1").decode(), ALICE | {"MS-ASProtocolVersion": "12.1"})
    assert (status, b"cannot open company mail" in body) == (403, True)


@pytest.mark.needs("nginx-light")
def test_nginx_refuses_the_base64_form_too(mail: int) -> None:
    """I-30: the base64 query is no way around the door, nor are both forms at once."""
    path = "/Microsoft-Server-ActiveSync?"
    assert post(mail, path + V140) == (200, REFUSAL_129["Sync"])
    assert post(mail, f"{path}{V140}&DeviceId=CLEAN1")[0] == 403


@pytest.mark.needs("nginx-light")
def test_nginx_without_its_door_asks_phones_to_wait(mail: int, door: Door) -> None:
    """I-29: with the door gone every phone gets 503 with Retry-After, never 500; and mail again when it is back."""
    assert post(mail, plain("CLEAN1").decode()) == (200, b"mail")
    door.stop()
    status, headers, _ = ask(mail, plain("CLEAN1").decode(), ALICE, "POST", b"")
    assert (status, headers["Retry-After"]) == (503, "180")
    door.start()
    wait_for(door.port)
    assert post(mail, plain("CLEAN1").decode()) == (200, b"mail")
