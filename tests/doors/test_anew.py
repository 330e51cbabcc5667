"""A door's copy written anew after an erasure: nothing deleted is left in its files, and nothing waits for it."""

from pathlib import Path

import pytest

from gatepost.core.policy.verdict import Outcome
from gatepost.doors import anew
from gatepost.doors.entry import ERASURE_KEY, encode_erasure, identity_key
from gatepost.doors.table import BatchRefused, Table, set_aside
from tests.doors.site import FLEET, SITE, batch, device, rule
from tests.doors.test_table import CONTACT, outcome

NAME = "CanaryPhone0099"
MANY = tuple(device(f"MANY{number:05}", f"user{number}@example.com") for number in range(2000))


def erasure(number: int) -> tuple[bytes, bytes | None]:
    return ERASURE_KEY, encode_erasure(number)


def traces(folder: Path, name: str = NAME) -> list[str]:
    return [
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and name.casefold().encode() in path.read_bytes().lower()
    ]


def finish(table: Table) -> int:
    """Steps until there is nothing to do."""
    for step in range(10_000):
        before = table.erasures
        table.write_anew()
        if table.erasures != before:
            return step + 1
    raise AssertionError("never finished")


def test_what_was_deleted_is_in_no_file_any_more(tmp_path: Path) -> None:
    """LMDB keeps a deleted record's bytes on free pages; once the file was written anew there are none, a copy that was
    set aside is gone, and everything else is there, after opening it again too."""
    path = tmp_path / "door"
    table = Table.open(path, SITE)
    table.apply(batch(1, *FLEET, *MANY, device(NAME, "canary@example.com")), CONTACT)
    table.close()
    set_aside(path)
    table = Table.open(path, SITE)
    table.apply(batch(1, *FLEET, *MANY, device(NAME, "canary@example.com")), CONTACT)
    table.touch(CONTACT)
    table.apply(batch(2, (identity_key(NAME), None), erasure(1)), CONTACT)
    assert traces(tmp_path), "else this proves nothing"
    assert (tmp_path / "door.refused").exists()
    finish(table)
    assert traces(tmp_path) == []
    assert table.erasures == 1
    table.apply(batch(3, device("after1", "a@example.com")), CONTACT)
    table.close()
    again = Table.open(path, SITE)
    assert (again.position, again.erasures, again.entries) == (3, 1, len(FLEET) + len(MANY) + 2)
    assert outcome(again.reader(), "TIKTOK1") is Outcome.BLOCK
    assert traces(tmp_path) == []
    again.close()


def test_changes_go_on_while_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """I-27: a retraction between two steps is taken in at once and stands in the new file; so do deletions of what was
    written already, and what came meanwhile."""
    monkeypatch.setattr(anew, "SLICE", 0)
    table = Table.open(tmp_path / "door", SITE)
    table.apply(batch(1, *FLEET, *MANY, erasure(1)), CONTACT)
    table.touch(CONTACT)
    table.write_anew()
    assert table.erasures == 0, "not finished in one step"
    table.apply(
        batch(2, rule(1, counts=False), (identity_key("MANY00000"), None), device("new1", "n@e.example")), CONTACT
    )
    assert outcome(table.reader(), "TIKTOK1") is Outcome.ALLOW
    assert finish(table) > 1
    records = dict(table.records)
    table.close()
    again = Table.open(tmp_path / "door", SITE)
    assert again.records == records
    assert identity_key("MANY00000") not in records
    assert identity_key("new1") in records
    assert again.position == 2
    again.close()


def test_one_that_was_cut_off_begins_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between two steps the old file is there and whole; a second erasure meanwhile is another round."""
    monkeypatch.setattr(anew, "SLICE", 0)
    table = Table.open(tmp_path / "door", SITE)
    table.apply(batch(1, *FLEET, *MANY, erasure(1)), CONTACT)
    table.touch(CONTACT)
    table.write_anew()
    table.close()
    again = Table.open(tmp_path / "door", SITE)
    assert (again.erasures, again.entries) == (0, len(FLEET) + len(MANY) + 1)
    again.write_anew()
    again.apply(batch(2, erasure(2)), CONTACT)
    finish(again)
    assert again.erasures == 2
    again.write_anew()
    assert not (tmp_path / "door" / anew.NAME).exists()
    again.close()


def test_a_map_that_is_too_small_grows_for_both(tmp_path: Path) -> None:
    """A change that does not fit beside a rewriting is taken in, and the rewriting goes on."""
    table = Table.open(tmp_path / "door", SITE, map_size=1 << 20)
    table.apply(batch(1, *FLEET, erasure(1)), CONTACT)
    table.touch(CONTACT)
    finish(table)
    many = [device(f"LONG{number}{'x' * 200}", f"user{number}@example.com") for number in range(6000)]
    table.apply(batch(2, *many, erasure(2)), CONTACT)
    finish(table)
    assert (table.erasures, table.entries) == (2, len(FLEET) + 6001)
    table.close()


def test_a_copy_that_missed_what_was_forgotten_is_refused(tmp_path: Path) -> None:
    """I-26: a door that was away for longer than deletions are told keeps its copy and says what to do; a copy that is
    loaded for the first time has nothing to miss."""
    table = Table.open(tmp_path / "door", SITE)
    table.apply(batch(5, *FLEET), CONTACT)
    table.apply(batch(6, device("x1", "x@e.example"))._replace(gone_until=6), CONTACT)
    table.touch(CONTACT)
    with pytest.raises(BatchRefused, match="not told any more"):
        table.apply(batch(9, device("y1", "y@e.example"))._replace(gone_until=8), CONTACT)
    assert table.position == 6
    table.apply(batch(9, device("y1", "y@e.example"))._replace(gone_until=6), CONTACT)
    table.close()
