"""A door's mode, with and without its copy."""

from pathlib import Path

import pytest

from gatepost.core.instant import DAY
from gatepost.doors.copy import Copy
from gatepost.doors.entry import Mode, mode_key
from gatepost.doors.judge import DoorRules, Judge
from gatepost.doors.mode import KeptMode
from tests.doors.site import FLEET, SITE, batch

RULES = DoorRules("block", "block", on_no_copy="undecided", mode="observe")


class Started:
    """A door's judge, as the door starts it."""

    def __init__(self, path: Path, rules: DoorRules = RULES) -> None:
        self.copy = Copy(path, SITE, DAY)
        self.judge = Judge(self.copy, rules, "mail")
        self.kept = KeptMode(path, self.judge)

    def hear(self, position: int, *entries: tuple[bytes, bytes | None]) -> None:
        self.copy.apply(batch(position, *entries))
        self.copy.nothing_new()
        self.kept.push(())

    def lose(self, path: Path) -> "Started":
        """The same door after its copy was removed, started again without its site."""
        self.copy.close()
        for file in path.iterdir():
            file.unlink()
        path.rmdir()
        return Started(path)


@pytest.mark.parametrize("mode", ["observe", "enforce"])
def test_a_lost_copy_does_not_change_the_mode(tmp_path: Path, mode: Mode) -> None:
    """I-29: a door that observed refuses nothing without its copy; one that refused answers what was declared."""
    door = Started(tmp_path / "door")
    door.hear(10, *FLEET, (mode_key("mail"), mode.encode()))
    again = door.lose(tmp_path / "door")
    assert again.judge.stance() == mode
    assert again.judge.answer("no-copy") == ("allow" if mode == "observe" else "undecided")
    again.copy.close()


def test_the_newest_mode_is_kept(tmp_path: Path) -> None:
    """A mode that was never set is the one that every door of the site begins with; each change is written down."""
    door = Started(tmp_path / "door")
    assert door.judge.stance() == "enforce"
    door.hear(10, *FLEET)
    assert (tmp_path / "door.mode").read_text() == "observe\n"
    door.hear(11, (mode_key("mail"), b"enforce"))
    door.hear(12, (mode_key("other"), b"observe"))
    assert (tmp_path / "door.mode").read_text() == "enforce\n"
    assert door.lose(tmp_path / "door").judge.stance() == "enforce"


def test_an_expired_copy_keeps_the_mode(tmp_path: Path) -> None:
    """I-29: where the copy is too old to answer from, an observing door still refuses nothing."""
    door = Started(tmp_path / "door")
    door.hear(10, *FLEET)
    door.copy.reader = None
    assert (door.judge.stance(), door.judge.answer("expired")) == ("observe", "allow")
    door.copy.close()


def test_a_file_that_says_neither_is_none(tmp_path: Path) -> None:
    """Rubbish in the file is not read as leave to refuse nothing."""
    (tmp_path / "door.mode").write_text("whatever")
    door = Started(tmp_path / "door")
    assert door.judge.answer("no-copy") == "undecided"
    door.hear(10, *FLEET)
    assert (tmp_path / "door.mode").read_text() == "observe\n"
    door.copy.close()
