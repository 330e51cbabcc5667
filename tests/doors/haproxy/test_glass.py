"""Break-glass at a door whose HAProxy decides by its maps: open means that HAProxy lets in too, or it is said that it
does not."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatepost.actions.glass import Glass, close_door, open_door
from gatepost.config.settings import DoorProcess
from gatepost.doors.activesync import REFUSAL_129
from gatepost.doors.fronts import Front
from tests.doors.haproxy.gate import ALICE, Gate, a_gate, a_mail_server, ask, until
from tests.doors.site import plain
from tests.doors.test_run import Door
from tests.servers.front import a_front
from tests.servers.haproxy import haproxy, placed
from tests.servers.ports import free_port

pytestmark = pytest.mark.needs("haproxy")

BLOCKED = (200, REFUSAL_129["Sync"])


@pytest.fixture(scope="module")
def backend() -> Iterator[int]:
    with a_mail_server() as port:
        yield port


@pytest.fixture
def front(tmp_path: Path, backend: int) -> Front:
    return placed(a_front(free_port(), 9, backend), tmp_path)


@pytest.fixture
def door(tmp_path: Path, front: Front) -> Iterator[Door]:
    assert front.haproxy_socket
    assert front.haproxy_files
    door = Door(tmp_path, front.haproxy_socket, front.haproxy_files)
    door.stream.write_text("")
    yield door
    if door.process.poll() is None:
        door.stop(signal.SIGKILL)


def settings(door: Door, front: Front) -> DoorProcess:
    """What the command line knows of this door."""
    place = {"listen": f"127.0.0.1:{door.port}", "table": str(door.stream.with_name("door"))}
    return DoorProcess.model_validate(place | {"haproxy_files": str(front.haproxy_files)})


def answer(front: Front) -> tuple[int, bytes]:
    """To a blocked phone."""
    return ask(front.front.port, plain("TIKTOK1").decode(), ALICE)[:2]


def is_open(front: Front) -> bool:
    """Whether a blocked phone gets to the mail server; if it does not, it is told that it is blocked."""
    status, body = answer(front)
    assert body.startswith(b"mail ") or (status, body) == BLOCKED
    return body.startswith(b"mail ")


def test_what_is_said_to_be_open_is_open_at_haproxy(tmp_path: Path, door: Door, front: Front) -> None:
    """With a site that hangs, so that the door follows nothing: when the command says open, HAProxy lets in; when it
    says closed, HAProxy refuses."""
    with haproxy(front, tmp_path):
        door.start()
        until(lambda: answer(front) == BLOCKED)  # its maps are loaded
        door.stream.write_text("hangs")
        door.wait_for_line("hanging")
        opened = open_door("mail", settings(door, front), "the memo was wrong")
        assert (opened.stands, opened.behind, is_open(front)) == ("open", "", True)
        closed = close_door("mail", settings(door, front))
        assert isinstance(closed, Glass)
        assert (closed.stands, closed.behind, is_open(front)) == ("enforce", "", False)


def test_a_haproxy_that_cannot_be_told_is_named(tmp_path: Path, door: Door, front: Front) -> None:
    """With its socket gone HAProxy goes on refusing: the command says so, and what to do. Started again, HAProxy lets
    in, be the door there or not; told that the door is closed, it refuses."""
    assert front.haproxy_socket
    with haproxy(front, tmp_path):
        door.start()
        until(lambda: answer(front) == BLOCKED)  # its maps are loaded
        front.haproxy_socket.rename(tmp_path / "elsewhere")
        opened = open_door("mail", settings(door, front), "the memo was wrong")
        assert opened.stands == "open"
        assert "does HAProxy run?" in opened.behind
        assert not is_open(front)
    door.stop(signal.SIGKILL)
    with haproxy(front, tmp_path):
        assert is_open(front), "by what stands in its files"
        door.start()
        closed = close_door("mail", settings(door, front))
        assert isinstance(closed, Glass)
        assert (closed.stands, closed.behind, is_open(front)) == ("enforce", "", False)


def test_a_glass_mended_while_haproxy_cannot_be_told(tmp_path: Path, backend: int) -> None:
    """The files follow both ways, so an HAProxy that starts later is as the door is: with every class that it knew."""
    gate = a_gate(tmp_path, backend=backend)
    with gate.running():
        assert gate.asks("TIKTOK1") == BLOCKED
    before = files_of(gate)
    for opened in (True, False):
        gate.judge.open(opened)
        gate.maps.show()
        assert "does HAProxy run?" in gate.maps.behind()
        with haproxy(gate.front, tmp_path):
            assert gate.asks("TIKTOK1")[1].startswith(b"mail ") == opened
        time.sleep(0.3)  # it is not asked more often
    assert files_of(gate) == before


def test_a_door_without_a_copy_opens_haproxy_too(tmp_path: Path, backend: int) -> None:
    """A copy that is refused says nothing of what the maps should answer; they are put aside then, and HAProxy goes by
    how the door stands."""
    with a_gate(tmp_path, backend=backend).running() as gate:
        assert gate.asks("TIKTOK1") == BLOCKED
        gate.copy.reader = None
        gate.judge.open(True)
        gate.maps.show()
        assert gate.maps.behind() == ""
        assert gate.asks("TIKTOK1")[1].startswith(b"mail ")


def files_of(gate: Gate) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (gate.directory / "maps").glob("*.map")}
