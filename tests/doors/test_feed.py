"""Following the change stream."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from gatepost.core.instant import DAY
from gatepost.doors.copy import Copy
from gatepost.doors.entry import Batch, identity_key
from gatepost.doors.feed import DevicesBehind, Follower
from gatepost.doors.report import Report
from tests.doors.site import FLEET, SITE, batch, device, rule


class Away(Exception):
    """The site's database cannot be reached."""


class Stream:
    """A site's change stream, in pages; and what the door confirmed."""

    def __init__(self, *pages: Batch) -> None:
        self.pages = list(pages)
        self.confirmed: list[tuple[int, str]] = []
        self.failure: Exception | None = None

    def changes(self, after: int) -> Batch | None:
        if self.failure:
            raise self.failure
        return next((page for page in self.pages if page.position > after), None)

    def tell(self, report: Report) -> None:
        if self.failure:
            raise self.failure
        self.confirmed.append((report.position, report.problem))


@contextmanager
def following(path: Path, stream: Stream, site: str = SITE, expires_after: int = DAY) -> Iterator[Copy]:
    copy = Copy(path, site, expires_after)
    stop, first = threading.Event(), threading.Event()
    follower = Follower(copy, stream.changes, stream.tell, retry_on=(Away,))
    thread = threading.Thread(target=follower.run, args=(stop, first.set))
    thread.start()
    try:
        assert first.wait(5)
        yield copy
    finally:
        stop.set()
        thread.join()
        copy.close()


def eventually(what: Callable[[], bool], seconds: float = 5) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.005)


def has(copy: Copy, eas_id: str) -> bool:
    return copy.reader is not None and copy.reader.get(identity_key(eas_id)) is not None


def test_pages_are_followed_to_the_end(tmp_path: Path) -> None:
    """A first load in pages is applied page by page, and confirmed when all are there."""
    stream = Stream(batch(4, *FLEET[:4]), batch(len(FLEET), *FLEET[4:]))
    with following(tmp_path / "door", stream) as copy:
        assert has(copy, "TIKTOK1")
        eventually(lambda: stream.confirmed[-1:] == [(len(FLEET), "")])
        assert copy.problem == ""


def test_a_site_that_is_busy_writing_keeps_no_door_from_following(tmp_path: Path) -> None:
    """To tell the site how a door stands waits for the site's one writer; what a retraction says is heard meanwhile."""

    class Busy(Stream):
        entered, free = threading.Event(), threading.Event()

        def tell(self, report: Report) -> None:
            self.entered.set()
            self.free.wait(10)
            super().tell(report)

    stream = Busy(batch(10, *FLEET))
    with following(tmp_path / "door", stream) as copy:
        assert stream.entered.wait(5)
        stream.pages.append(batch(11, device("NEW1", "alice@example.com")))
        eventually(lambda: has(copy, "NEW1"))
        assert stream.confirmed == []
        stream.free.set()
        eventually(lambda: stream.confirmed[-1:] == [(11, "")])


def test_a_retraction_is_confirmed_while_many_devices_are_on_their_way(tmp_path: Path) -> None:
    """I-27: what hangs on the copy and goes by the rules already is told so, though not that it knows all devices."""
    heard: list[Report] = []
    behind = threading.Event()
    behind.set()

    def push(_keys: Sequence[bytes]) -> None:
        if behind.is_set():
            raise DevicesBehind("many devices are on their way")

    stream = Stream(batch(10, *FLEET))
    copy = Copy(tmp_path / "door", SITE, DAY)
    stop = threading.Event()
    follower = Follower(copy, stream.changes, heard.append, retry_on=(Away,), pushes=(push,))
    thread = threading.Thread(target=follower.run, args=(stop,))
    thread.start()
    try:
        eventually(lambda: bool(heard) and heard[-1].rules == 10)
        assert (heard[-1].position, heard[-1].problem) == (0, "many devices are on their way")
        behind.clear()
        eventually(lambda: heard[-1].position == 10)
    finally:
        stop.set()
        thread.join()
        copy.close()


def test_what_hangs_is_told_as_long_as_it_hangs(tmp_path: Path) -> None:
    """I-26: a program that goes by the copy and does not answer is a problem in every report, between tries too."""
    heard: list[Report] = []
    tries = threading.Semaphore(0)

    def push(_keys: Sequence[bytes]) -> None:
        tries.release()
        raise OSError("HAProxy does not answer")

    copy = Copy(tmp_path / "door", SITE, DAY)
    stop = threading.Event()
    follower = Follower(copy, Stream(batch(10, *FLEET)).changes, heard.append, retry_on=(Away,), pushes=(push,))
    thread = threading.Thread(target=follower.run, args=(stop,))
    thread.start()
    try:
        eventually(lambda: bool(heard) and heard[-1].problem != "")
        told = len(heard)
        for _ in range(30):
            assert tries.acquire(timeout=5)
        assert {report.problem for report in heard[told:]} <= {"HAProxy does not answer"}
    finally:
        stop.set()
        thread.join()
        copy.close()


def test_a_load_that_was_cut_off_begins_anew_where_it_missed_something(tmp_path: Path) -> None:
    """I-27: what was retracted, and forgotten by the stream, while a door had half of its first copy does not stay."""
    half = Copy(tmp_path / "door", SITE, DAY)
    half.apply(batch(100, rule(7), device("OLD1", "alice@example.com")))
    half.close()
    stream = Stream(batch(200, *FLEET)._replace(gone_until=150))
    with following(tmp_path / "door", stream) as copy:
        eventually(lambda: has(copy, "TIKTOK1"))
        assert not has(copy, "OLD1")
        assert copy.table is not None
        assert 7 not in copy.table.states


def test_a_change_is_answered_and_confirmed_at_once(tmp_path: Path) -> None:
    """I-27: what is confirmed is answered: a position is confirmed once readers see it, in a fraction of a second."""
    stream = Stream(batch(10, *FLEET))
    with following(tmp_path / "door", stream) as copy:
        stream.pages.append(batch(11, rule(1, counts=False)))
        eventually(lambda: (11, "") in stream.confirmed, 1)
        assert copy.reader is not None
        assert not copy.reader.states[1].counts


@pytest.mark.parametrize("failure", [Away("locked"), OSError("gone"), RuntimeError("a bug")])
def test_a_site_that_is_away_leaves_the_last_copy(tmp_path: Path, failure: Exception) -> None:
    """I-26: whatever the site does, the door goes on with its copy, says so, and follows again when it is back."""
    stream = Stream(batch(10, *FLEET))
    with following(tmp_path / "door", stream) as copy:
        stream.failure = failure
        eventually(lambda: "cannot be brought up to date" in copy.problem)
        assert has(copy, "TIKTOK1")
        stream.pages.append(batch(11, device("NEW1", "bob")))
        stream.failure = None
        eventually(lambda: has(copy, "NEW1"))
        eventually(lambda: stream.confirmed[-1] == (11, ""))


def test_a_malformed_batch_is_told_and_the_copy_stays(tmp_path: Path) -> None:
    """I-26: an update that cannot be read is not taken in, is told to the site, and a right one heals it."""
    stream = Stream(batch(10, *FLEET))
    with following(tmp_path / "door", stream) as copy:
        stream.pages.append(batch(11, (identity_key("NEW1"), b"junk")))
        eventually(lambda: stream.confirmed[-1][1] != "")
        assert stream.confirmed[-1][0] == 10
        assert "cannot be read" in copy.problem
        assert has(copy, "TIKTOK1")
        stream.pages[-1] = batch(11, device("NEW1", "bob"))
        eventually(lambda: stream.confirmed[-1] == (11, ""))


def test_a_door_starts_without_its_site(tmp_path: Path) -> None:
    """I-29: with the site away from the start, the door opens with the copy of its last run."""
    stream = Stream(batch(10, *FLEET))
    with following(tmp_path / "door", stream):
        pass
    stream.failure = Away("not there")
    with following(tmp_path / "door", stream) as copy:
        assert has(copy, "TIKTOK1")
        assert copy.position == 10


def test_a_refused_copy_is_made_anew_and_kept_aside(tmp_path: Path) -> None:
    """A damaged copy is not answered from while the site is away, and replaced by a fresh one when it is reached."""
    path = tmp_path / "door"
    stream = Stream(batch(10, *FLEET))
    with following(path, stream):
        pass
    data = path / "data.mdb"
    damaged = data.read_bytes()[:-5_000]
    data.write_bytes(damaged)
    stream.failure = Away("not there")
    with following(path, stream) as copy:
        assert (copy.reader, copy.why_not) == (None, "no-copy")
        assert data.read_bytes() == damaged
        stream.failure = None
        eventually(lambda: has(copy, "TIKTOK1"))
        assert (tmp_path / "door.refused" / "data.mdb").read_bytes() == damaged
    assert not has(copy, "TIKTOK1")


def test_the_refusal_of_a_copy_can_be_read(tmp_path: Path) -> None:
    """Until the site is reached, the door's problem says what is wrong with its copy."""
    path = tmp_path / "door"
    path.mkdir()
    (path / "data.mdb").write_bytes(b"no database")
    copy = Copy(path, SITE, DAY)
    assert "cut or damaged" in copy.problem
    copy.close()


def test_another_site_s_stream_moves_nothing_aside(tmp_path: Path) -> None:
    """A door given the wrong stream keeps its copy where it is, refused or not, and says so."""
    path = tmp_path / "door"
    with following(path, Stream(batch(10, *FLEET))):
        pass
    stream = Stream(batch(11, device("NEW1", "bob"), site="site-3"))
    with following(path, stream, site="site-2") as copy:
        eventually(lambda: "came to a door of site site-2" in copy.problem)
        assert copy.reader is None
    assert not (tmp_path / "door.refused").exists()


def test_a_copy_expires_and_comes_back(tmp_path: Path) -> None:
    """I-29: a copy older than declared is not answered from; contact without news makes it young again."""
    stream = Stream(batch(10, *FLEET))
    with following(tmp_path / "door", stream):
        pass
    copy = Copy(tmp_path / "door", SITE, expires_after=-1)
    assert (copy.reader, copy.why_not) == (None, "expired")
    copy.close()
    copy = Copy(tmp_path / "door", SITE, expires_after=20)
    time.sleep(0.05)
    copy.check_age()
    assert (copy.reader, copy.why_not) == (None, "expired")
    copy.nothing_new()
    assert has(copy, "TIKTOK1")
    copy.close()


def test_an_empty_site_s_copy_is_whole(tmp_path: Path) -> None:
    """A site without any change yet is followed too: the copy is whole, and knows nobody."""
    with following(tmp_path / "door", Stream()) as copy:
        assert copy.reader is not None
        assert copy.reader.get(identity_key("X")) is None
