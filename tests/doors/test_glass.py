"""Breaking the glass: a small file, with which a door lets everything pass whatever else is down."""

import errno
import json
import os
import threading
from pathlib import Path

import pytest

from gatepost.core.instant import DAY
from gatepost.doors import glass
from gatepost.doors.copy import Copy
from gatepost.doors.glass import Watch, break_glass, endings, forget, look, mend
from gatepost.doors.judge import REASONS, DoorRules, Judge
from gatepost.doors.report import Closed, Opened

STRICT = DoorRules("block", "block", "block", DAY, "enforce")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "site" / "door"


@pytest.fixture(autouse=True)
def memory(tmp_path: Path, table: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands for the machine's memory."""
    table.parent.mkdir()
    place = tmp_path / "memory"
    place.mkdir()
    monkeypatch.setattr(glass, "MEMORY", place)
    return place


def test_an_opening_says_who_since_when_and_why(table: Path) -> None:
    """What is written is what is read; a second opening changes nothing, and nobody else may read it."""
    assert look(table) is None
    assert break_glass(table, 5, "ann", "the memo was wrong") == (Opened(5, "ann", "the memo was wrong"), True)
    assert break_glass(table, 9, "ben", "again") == (Opened(5, "ann", "the memo was wrong"), True)
    assert look(table) == Opened(5, "ann", "the memo was wrong")
    (file,) = table.parent.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_closing_is_kept_until_the_site_was_told(table: Path) -> None:
    """Openings and closings that nobody could record are told later, in their order (break-glass is recorded after)."""
    assert mend(table, 1, "ann") is None
    for at in (10, 20):
        break_glass(table, at, "ann", "why")
        assert mend(table, at + 5, "ben") == Closed(Opened(at, "ann", "why"), at + 5, "ben")
        assert look(table) is None
    first, second = endings(table)
    assert (first.at, second.at) == (15, 25)
    forget(table, (first,))
    assert endings(table) == (second,)
    forget(table, (second,))
    assert list(table.parent.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"please open", b"{}", b"\xff\x00", b'{"at": "x"}'])
def test_a_file_made_by_hand_opens_too(table: Path, content: bytes) -> None:
    """Where not even the program runs, `touch` opens the door, whatever is in the file."""
    table.with_name("door.glass").write_bytes(content)
    opened = look(table)
    assert opened is not None
    assert opened.by == f"user {os.geteuid()}"
    assert opened.reason
    assert mend(table, 5, "ann") is not None
    assert look(table) is None


def test_what_is_no_file_opens_too(table: Path) -> None:
    """Nobody has to wonder what counts: whatever bears that name opens, a folder or a broken link as well."""
    table.with_name("door.glass").mkdir()
    assert look(table) is not None
    table.with_name("door.glass").rmdir()
    table.with_name("door.glass").symlink_to("nowhere")
    assert look(table) is not None


def test_a_full_disk_does_not_keep_a_door_shut(table: Path, memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """I-40: where the disk takes nothing the opening is kept in memory, says so, and ends as every other."""
    lay = glass.lay

    def full(path: Path, text: bytes) -> None:
        if path.parent == table.parent:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        lay(path, text)

    monkeypatch.setattr(glass, "lay", full)
    assert break_glass(table, 5, "ann", "why") == (Opened(5, "ann", "why"), False)
    assert look(table) == Opened(5, "ann", "why")
    monkeypatch.setattr(glass, "lay", lay)
    assert mend(table, 6, "ann") is not None
    assert look(table) is None
    assert list(memory.iterdir()) == []


def _stranger_s(table: Path, memory: Path, ends: str = "") -> Path:
    """A file that somebody else laid in the memory, under a name that could be this door's."""
    place = memory / f"{glass._begins(table)}{ends}.glass"
    place.write_text(json.dumps({"at": 1, "by": "mallory", "reason": "let me in"}))
    os.chown(place, 65534, 65534)
    return place


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_stranger_s_file_in_memory_opens_nothing(table: Path, memory: Path) -> None:
    """Anybody may write to the machine's memory; only root's file counts there, and that of who runs the door."""
    place = _stranger_s(table, memory)
    assert look(table) is None
    os.chown(place, 0, 0)
    assert look(table) == Opened(1, "mallory", "let me in")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_stranger_s_file_in_memory_hinders_nobody(table: Path, memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """I-40: on a full disk the door opens and closes again, whatever names a stranger took in the memory before."""
    lay = glass.lay

    def full(path: Path, text: bytes) -> None:
        if path.parent == table.parent:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        lay(path, text)

    strange = {_stranger_s(table, memory), _stranger_s(table, memory, ".0123456789abcdef")}
    monkeypatch.setattr(glass, "lay", full)
    assert break_glass(table, 5, "ann", "why") == (Opened(5, "ann", "why"), False)
    assert break_glass(table, 9, "ben", "again") == (Opened(5, "ann", "why"), False)
    monkeypatch.setattr(glass, "lay", lay)
    assert mend(table, 6, "ann") is not None
    assert look(table) is None
    assert set(memory.iterdir()) == strange


def test_a_watch_shows_what_is_there_at_once_and_keeps_it_while_nobody_can_tell(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A door that was opened refuses nothing after its restart; a disk that answers nothing closes no door."""
    break_glass(table, 5, "ann", "why")
    shown: list[bool] = []
    watch = Watch(table, shown.append)
    assert (watch.opened, shown) == (Opened(5, "ann", "why"), [True])

    def broken(_table: Path) -> Opened | None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(glass, "look", broken)
    watch.look()
    assert (watch.opened, shown) == (Opened(5, "ann", "why"), [True, True])
    monkeypatch.undo()
    mend(table, 6, "ann")
    watch.look()
    assert (watch.opened, shown) == (None, [True, True, False])


def test_what_lies_beside_the_copy_keeps_no_report_from_the_site(table: Path) -> None:
    """Reports confirm retractions: a file of another kind, or a damaged one, must not hold them up (I-27); nor is one
    that is still being written told of, and forgotten then, so that it is never laid."""
    for name, text in (("7", "{"), ("8", "[]"), ("x", ""), ("9.new", "")):
        table.with_name(f"door.glass.{name}").write_text(text)
    table.with_name("door.glass.10").mkdir()
    whole = '{"at": 1, "by": "ann", "reason": "why", "closed_at": 2, "closed_by": "ann"}'
    unfinished = table.with_name("door.glass.2.k3x9.new")  # being written at this moment
    unfinished.write_text(whole)
    assert endings(table) == ()
    forget(table, ())
    forget(table, (Closed(Opened(1, "ann", "why"), 2, "ann"),))
    assert unfinished.exists()


def test_an_open_door_answers_every_reason_with_allow_or_warn(table: Path) -> None:
    """Opened means all of it: blocked, unknown, unidentified, without a copy, and errors (I-1: one judge says it)."""
    copy = Copy(table, "site", DAY)
    judge = Judge(copy, STRICT, "mail")
    assert {judge.answer(reason) for reason in REASONS} == {"allow", "warn", "block"}
    break_glass(table, 5, "ann", "why")
    Watch(table, judge.open)
    assert judge.stance() == "open"
    assert {judge.answer(reason) for reason in REASONS} == {"allow", "warn"}
    copy.close()


def test_two_who_break_the_glass_at_once_make_one_opening(table: Path) -> None:
    """One of them is written, whole; both are told the same."""
    answers: list[glass.Broken] = []
    threads = [
        threading.Thread(target=lambda at=at: answers.append(break_glass(table, at, f"user {at}", "why")))
        for at in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert set(answers) == {(look(table), True)}
    assert [path.name for path in table.parent.iterdir()] == ["door.glass"]
