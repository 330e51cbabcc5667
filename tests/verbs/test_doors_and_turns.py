"""Doors that are gone, and writers that queue."""

import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gatepost.actions import doors
from gatepost.actions.change import changing
from gatepost.actions.stream import new_stream
from gatepost.clock import pause
from gatepost.core.refusal import Code, Refusal
from gatepost.doors.report import Opened, Report
from gatepost.storage import feed, sitemeta
from gatepost.storage.door_schema import doors as table
from tests.verbs.houses import OPERATOR, TIKTOK, House, good


def test_a_door_out_of_use_is_forgotten_and_no_retraction_names_it(house: House) -> None:
    """Else every retraction would wait 5 s for a machine that was scrapped; forgetting it is recorded (I-31)."""
    house.owners(1, [TIKTOK])
    house.announce()
    house.hear("scrapped", 1)
    assert good(doors.forget_door(house.site, OPERATOR, "scrapped")) == {"door": "scrapped", "forgotten": True}
    assert house.retract().doors == ()
    again = doors.forget_door(house.site, OPERATOR, "scrapped")
    assert isinstance(again, Refusal)
    assert again.code is Code.NO_SUCH_DOOR


def test_a_writer_waits_its_turn_behind_any_number_of_parts(house: House) -> None:
    """I-18: a command that writes part after part lets whoever waits in between, in the order of asking."""
    order: list[str] = []
    first_holds = threading.Event()

    def parts() -> None:
        for number in range(2):
            with changing(house.site):
                first_holds.set()
                if number == 0:
                    for _ in range(500):
                        if _somebody_queues(house.site.store.path):
                            break
                        pause(0.01)
                order.append(f"part {number}")

    def urgent() -> None:
        first_holds.wait(5)
        with changing(house.site):
            order.append("urgent")

    threads = [threading.Thread(target=act) for act in (parts, urgent)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert order == ["part 0", "urgent", "part 1"]


def _somebody_queues(database: Path) -> bool:
    """Whether a writer stands in the turnstile."""
    with database.with_name(f"{database.name}.queue").open("r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


_HOLD = """
import fcntl, sys, time
lock = open(sys.argv[1], "w"); fcntl.flock(lock, fcntl.LOCK_EX); print("held", flush=True); sys.stdin.read()
"""

_WORK = """
import sys
from pathlib import Path
from gatepost import wiring, worker
worker.run_worker(wiring.open_site(Path(sys.argv[1])), lambda: print("ready", flush=True))
"""


def test_a_second_worker_waits_for_the_first(house: House) -> None:
    """Two at once would send everything twice (I-20): the second begins when the first has ended."""
    directory = house.site.directory
    first = _python(_HOLD, directory / "worker.lock")
    assert first.stdout is not None
    assert first.stdout.readline() == "held\n"
    second = _python(_WORK, directory)
    assert second.stdout is not None
    assert "waiting until it ends" in second.stdout.readline()
    first.communicate("")
    assert second.stdout.readline() == "ready\n"
    second.terminate()
    second.communicate(timeout=20)
    assert second.returncode == 0


def _python(code: str, argument: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", code, str(argument)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=dict(os.environ),
    )


def test_the_table_of_doors_holds_only_those_in_use(house: House) -> None:
    """A forgotten door that still runs reports again, and is waited for again."""
    house.hear("north", 1)
    good(doors.forget_door(house.site, OPERATOR, "north"))
    house.hear("north", 2)
    with house.site.store.reading() as conn:
        assert [row.name for row in conn.execute(table.select())] == ["north"]


def test_an_old_report_confirms_nothing_of_a_restored_site(house: House) -> None:
    """I-27: a door that follows the stream of before a restore has a high position of another stream: it confirmed
    nothing of this one, until it follows it."""
    house.hear("north", 10**6)
    assert position_of(house) == 10**6
    with house.site.store.writing() as conn:
        sitemeta.put(conn, sitemeta.STREAM, new_stream(house.site.directory))
    for stale in (Report(10**6, "", stream="of before", erasures=7), Report(10**6, "")):
        doors.hear_door(house.site, "north", stale)
        assert position_of(house) == 0
    house.hear("north", 3)
    assert position_of(house) == 3


def position_of(house: House) -> int:
    with house.site.store.reading() as conn:
        return feed.known_doors(conn)["north"].position


def test_a_report_that_fails_half_way_is_counted_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a door could not keep is told again after a failure, so nothing of a failed report stays."""
    opened = Opened(5, "ann", "why")

    def failing(*_: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(doors, "record_glass", failing)
        with pytest.raises(OSError, match="full"):
            house.hear("north", 1, dropped=3, opened=opened)
    house.hear("north", 1, dropped=3, opened=opened)
    with house.site.store.reading() as conn:
        assert feed.known_doors(conn)["north"].dropped == 3
    assert house.ledger().count("DoorOpened") == 1
