"""Kill -9, slow servers and full disks: what was acknowledged stays, nothing is half done, and a retraction works."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from gatepost import wiring
from gatepost.actions import announce, import_devices, mails, retract, views
from gatepost.actions.reserve import NAME, RESERVE, keep_reserve
from gatepost.actions.site import Site
from gatepost.notify.sink import Received, Sink
from gatepost.storage import devices
from tests.verbs.conftest import Build
from tests.verbs.houses import AUTHOR, EXECUTIVE, OPERATOR, POLICY, SECURITY, TIKTOK, House, good, nothing_written

WORKER = (
    "import sys; from pathlib import Path; from gatepost import wiring, worker; "
    "site = wiring.open_site(Path(sys.argv[1])); worker.run_worker(site, lambda: print('ready', flush=True))"
)
IMPORT = (
    "import sys; from pathlib import Path; from gatepost import wiring; from gatepost.actions import import_devices; "
    "site = wiring.open_site(Path(sys.argv[1])); print('ready', flush=True); "
    "print(import_devices.import_devices(site, None, Path(sys.argv[2]).read_bytes(), 'devices').added)"
)


@contextmanager
def running(program: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of ours that has said that it is ready; killed at the end."""
    with subprocess.Popen([sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert any(line == b"ready\n" for line in process.stdout), "it ended before it was ready"
            yield process
        finally:
            process.kill()


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)


def kind(mail: Received) -> str:
    """Without parsing the message, so that the sink, in this process too, need not wait for us."""
    return mail.raw.split(b"Gatepost-Notice: ")[1].split(b"\r\n")[0].decode()


def told(sink: Sink) -> list[Received]:
    return [mail for mail in list(sink.messages) if kind(mail) == "announcement"]


def states(house: House, kind: str) -> dict[str, str]:
    shown = good(mails.show_notices(house.site, None, POLICY, "a test"))
    found = {str(notice["person"]): str(notice["state"]) for notice in shown if notice["kind"] == kind}
    assert len(found) == len([notice for notice in shown if notice["kind"] == kind])
    return found


def test_a_worker_killed_again_and_again_loses_nobody_and_makes_up_nothing(build: Build) -> None:
    """I-20, I-22: after kill -9 at arbitrary points everybody has the mail, under one Message-ID each, and is accepted;
    what was in hand may come twice, and nothing else does."""
    with Sink() as sink:
        house = build(smtp__port=sink.port)
        names = house.owners(300)
        house.announce()
        kills = 0
        for count in (1, 130):
            with running(WORKER, str(house.site.directory)) as worker:
                until(lambda count=count: len(told(sink)) >= count)  # type: ignore[misc] # bound now
                os.kill(worker.pid, signal.SIGKILL)
            kills += 1
        with running(WORKER, str(house.site.directory)):
            until(lambda: set(states(house, "announcement").values()) == {"accepted"})
        house.pass_time()
    ids: dict[str, set[str]] = {}
    for mail in told(sink):
        assert "," not in mail.recipient
        ids.setdefault(mail.recipient, set()).add(str(mail.message["Message-ID"]))
    assert set(ids) == {f"{name}@corp.example" for name in names}
    assert all(len(found) == 1 for found in ids.values())
    repeats = Counter(mail.recipient for mail in told(sink))
    assert max(repeats.values()) <= 1 + kills
    house.sound()


def test_a_retraction_stops_a_slow_sender_and_corrects_exactly_those_reached(build: Build) -> None:
    """I-23, I-24: once acknowledged, no more announcements are handed over, though two hundred were in hand; the
    correction comes to exactly those who had the mail, after it, in reply to it."""

    def slow(_mail: Received) -> None:
        time.sleep(0.01)

    with Sink(on_message=slow) as sink:
        house = build(smtp__port=sink.port, smtp__connections=2)
        house.owners(250)
        house.announce()
        with running(WORKER, str(house.site.directory)):
            until(lambda: len(told(sink)) >= 20)
            done = good(retract.retract(house.site, OPERATOR, POLICY, "in error"))
            reached = told(sink)
            assert done.in_flight > 0
            assert len(reached) < 150, "the batch in hand was cut short"
            until(lambda: len(states(house, "correction")) == len({mail.recipient for mail in reached}))
            until(lambda: set(states(house, "correction").values()) == {"accepted"})
        assert told(sink) == reached
        everything = list(sink.messages)
    assert Counter(states(house, "announcement").values()) == {
        "accepted": len(reached),
        "withdrawn": 250 - len(reached),
    }
    first = {mail.recipient: (place, mail) for place, mail in enumerate(everything) if kind(mail) == "announcement"}
    corrections = {mail.recipient: (place, mail) for place, mail in enumerate(everything) if kind(mail) == "correction"}
    assert corrections.keys() == first.keys()
    for person, (place, mail) in corrections.items():
        assert place > first[person][0]
        assert mail.message["In-Reply-To"] == first[person][1].message["Message-ID"]
    house.sound()


@pytest.mark.parametrize("after", [0.05, 0.6, 1.5])
def test_an_import_killed_in_the_middle_leaves_all_or_nothing(build: Build, tmp_path: Path, after: float) -> None:
    """I-38: nothing half done: after kill -9 the devices are all there, or none is, and the next import works."""
    house = build()
    house.people("u0")
    rows = tmp_path / "devices.jsonl"
    rows.write_text("\n".join(json.dumps(house.phone_row("u0", [TIKTOK], id=f"d{n}")) for n in range(8000)))
    with running(IMPORT, str(house.site.directory), str(rows)) as process:
        time.sleep(after)
        os.kill(process.pid, signal.SIGKILL)
    with house.site.store.reading() as conn:
        count = devices.count(conn)
    assert count in (0, 8000)
    assert ("DevicesImported" in house.ledger()) == (count == 8000)
    done = good(import_devices.import_devices(house.site, None, rows.read_bytes()[:2000], "few"))
    assert done.added + done.unchanged > 3
    house.sound()


# --- a full disk


class SmallDisk:
    """A disk whose only room left is the reserve: as long as the file is there, the database cannot grow by a page."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.full = False
        event.listen(site.store.engine, "begin", self._limit)

    def _limit(self, conn: Any) -> None:
        reserve = self.site.directory / NAME
        kept = reserve.exists() and reserve.stat().st_size == RESERVE
        pages = conn.exec_driver_sql("PRAGMA page_count").scalar_one()
        conn.exec_driver_sql(f"PRAGMA max_page_count = {pages if self.full and kept else 2**30}")


def test_with_the_database_full_an_announcement_fails_whole_and_a_retraction_works(house: House) -> None:
    """I-40: without the reserve no row fits; the announcement leaves nothing behind, the retraction gives the reserve
    up and is done."""
    house.owners(60)
    house.announce()
    house.deliver()
    house.propose(policy="second")
    house.approve("second", SECURITY, EXECUTIVE)
    keep_reserve(house.site.directory)
    disk = SmallDisk(house.site)
    disk.full = True
    with nothing_written(house), pytest.raises(OperationalError, match="full"):
        announce.announce(house.site, AUTHOR, "second")
    assert (house.site.directory / NAME).stat().st_size == RESERVE
    done = house.retract()
    assert done.corrections == 60
    assert (house.site.directory / NAME).stat().st_size == 0
    house.deliver()
    assert set(states(house, "correction").values()) == {"accepted"}
    disk.full = False
    house.sound()


def mount(directory: Path) -> bool:
    """Whether a small disk of its own could be mounted here: as root, where mounting is allowed."""
    if os.geteuid() != 0:
        return False
    command = ["mount", "-t", "tmpfs", "-o", "size=40m", "gatepost-test", str(directory)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A directory on a disk of 40 MiB."""
    directory = tmp_path / "disk"
    directory.mkdir()
    if not mount(directory):
        pytest.skip("mounting a small disk needs root and the permission to mount")
    yield directory
    subprocess.run(["umount", "-l", str(directory)], check=True)


def test_with_a_really_full_disk_a_retraction_works(small_disk: Path) -> None:
    """I-40: a disk filled to the last byte during an announcement; then a retraction, and its corrections."""
    from tests.verbs.houses import ADMIN, ROLES

    house = House(good(wiring.init_site(small_disk / "site", exercise=True, admin=ADMIN)))
    from gatepost.actions import access

    for person, role in ROLES.items():
        good(access.grant_role(house.site, None, person, role))
    house.clock("2020-07-06T08:00:00Z")
    house.owners(400)
    house.announce()
    house.deliver()
    house.propose(policy="second")
    house.approve("second", SECURITY, EXECUTIVE)
    fill(small_disk)
    try:
        with pytest.raises(OperationalError):
            use_up(house)
        assert good(views.show_policy(house.site, "second"))["stage"] in ("approved", "announced")
        done = house.retract()
        assert done.corrections == 400
        house.pass_time()
        house.deliver()
        assert set(states(house, "correction").values()) == {"accepted"}
        house.sound()
    finally:
        house.close()


def use_up(house: House) -> None:
    """Announce, and go on: the write-ahead log has some room of its own."""
    for _ in range(50):
        announce.announce(house.site, AUTHOR, "second")
        house.later()


def fill(disk: Path) -> None:
    """Not one byte is left."""
    with (disk / "filler").open("wb", buffering=0) as file:
        for size in (1024 * 1024, 4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue


def test_a_retraction_whose_corrections_do_not_fit_is_done_all_the_same(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I-40, I-24: once the doors are open that is said, though no correction could be written; the worker does it."""
    house.owners(2)
    house.announce()
    house.deliver()
    with monkeypatch.context() as patch:

        def full(_site: object) -> bool:
            raise OperationalError("INSERT", {}, Exception("database or disk is full"))

        patch.setattr(retract, "write_corrections", full)
        assert house.retract().corrections == 0
    assert house.word("u0") == "allow"
    house.pass_time()
    assert (
        len(
            [row for row in good(mails.show_notices(house.site, None, POLICY, "a test")) if row["kind"] == "correction"]
        )
        == 2
    )
    house.sound()
