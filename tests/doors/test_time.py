"""The door's time."""

import pytest

from gatepost import clock
from gatepost.core.instant import DAY, HOUR, MINUTE
from gatepost.doors.time import Contact, DoorTime

NOON = 1_594_382_400_000


class Machine:
    """A machine whose clocks the test sets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall, self.elapsed, self.boot = NOON, 5 * HOUR, "boot-1"
        monkeypatch.setattr(clock, "system_now", lambda: self.wall)
        monkeypatch.setattr(clock, "boot_elapsed", lambda: self.elapsed)
        monkeypatch.setattr(clock, "boot_id", lambda: self.boot)

    def passes(self, duration: int) -> None:
        self.wall += duration
        self.elapsed += duration

    def restarts(self, off_for: int) -> None:
        self.wall += off_for
        self.elapsed, self.boot = 0, f"{self.boot}+"


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def heard(server_now: int = NOON, clock_offset: int = 0) -> DoorTime:
    time = DoorTime(None)
    time.hear(time.contact(server_now, clock_offset))
    return time


def test_a_right_clock_is_the_time(machine: Machine) -> None:
    """Where the machine's clock is right, it is the door's time, however long ago the last contact was."""
    time = heard()
    machine.passes(3 * DAY)
    assert time.now() == NOON + 3 * DAY


def test_a_clock_moved_ahead_blocks_nobody_early(machine: Machine) -> None:
    """I-11: the time never runs more than a minute ahead of last contact plus elapsed, whatever the clock says."""
    time = heard()
    machine.passes(HOUR)
    machine.wall += 30 * DAY
    assert time.now() == NOON + HOUR + MINUTE


def test_a_clock_moved_back_is_believed(machine: Machine) -> None:
    """A clock that lags makes the door late, never early."""
    time = heard()
    machine.wall -= DAY
    assert time.now() == NOON - DAY


def test_an_exercise_s_offset_moves_the_time(machine: Machine) -> None:
    """In an exercise the site's clock stands elsewhere; the door follows it, both ways."""
    time = heard(NOON + 2 * DAY, 2 * DAY)
    machine.passes(HOUR)
    assert time.now() == NOON + 2 * DAY + HOUR
    time.hear(time.contact(NOON - DAY, -DAY - HOUR))
    assert time.now() == NOON - DAY


def test_a_restart_of_the_door_changes_nothing(machine: Machine) -> None:
    """I-11: the kept contact bounds the time of the next process too."""
    kept = heard().contact_without_news()
    machine.passes(HOUR)
    machine.wall += 30 * DAY
    time = DoorTime(kept)
    assert time.now() == NOON + HOUR + MINUTE
    assert time.silent_for() == HOUR


def test_after_a_restart_of_the_machine_only_the_time_since_counts(machine: Machine) -> None:
    """I-11: how long the machine was off cannot be known, so the bound is last contact, time since, and a minute."""
    kept = heard().contact_without_news()
    machine.restarts(off_for=2 * DAY)
    time = DoorTime(kept)
    machine.passes(HOUR)
    assert time.now() == NOON + HOUR + MINUTE
    assert time.silent_for() == 2 * DAY + HOUR
    time.hear(time.contact(NOON + 3 * DAY, 0))
    machine.passes(MINUTE)
    assert time.silent_for() == MINUTE


def test_word_without_news_keeps_the_site_s_time(machine: Machine) -> None:
    """A contact that tells no time moves the anchor along, not the bound."""
    time = heard()
    machine.passes(HOUR)
    machine.wall += 30 * DAY
    time.hear(time.contact_without_news())
    assert time.now() == NOON + HOUR + MINUTE
    assert time.silent_for() == 0


def test_before_any_contact_there_is_no_age(machine: Machine) -> None:
    """Without contact the wall clock is all there is, and the copy has no age."""
    time = DoorTime(None)
    assert (time.now(), time.silent_for()) == (NOON, None)
    assert time.contact_without_news() == Contact(NOON, 0, "boot-1", 5 * HOUR)
