"""Announcements that are queued after the change that announces: nobody is forgotten, nobody is blocked untold, and
what is over is not sent."""

import multiprocessing
import os
import signal
from collections import Counter
from pathlib import Path

import pytest

from gatepost.actions import announce, announcing, standing
from gatepost.core.notice.notice import NoticeState
from gatepost.storage import audience, notices
from tests.verbs.conftest import Build
from tests.verbs.houses import AUTHOR, EXECUTIVE, POLICY, SECURITY, TIKTOK, House, good, reopen

CROWD = 25


@pytest.fixture
def cut_off(build: Build, monkeypatch: pytest.MonkeyPatch) -> House:
    """A policy for 25 people was announced, and the process ended before any mail to them was queued."""
    monkeypatch.setattr(announcing, "PART", 10)
    monkeypatch.setattr(standing, "PART", 10)  # few devices are brought up to date at once, and their owners told
    house = build(rails__first_batch_wait=0)
    house.owners(CROWD)
    house.people_rows(
        {"id": "mute", "email": "", "logins": "mute", "name": "Mute", "kind": "employee", "country": "US"}
        | {"time_zone": "UTC", "locale": "en", "groups": ""}
    )
    house.devices(house.phone_row("mute", [TIKTOK]) | {"owner": "mute"})
    house.propose()
    house.approve(POLICY, SECURITY, EXECUTIVE)
    house.deliver()
    with monkeypatch.context() as crash:
        crash.setattr(announce, "catch_up", lambda _site: None)
        done = good(announce.announce(house.site, AUTHOR, POLICY))
    assert owed(house) == CROWD
    assert (done.people, done.notices, done.cannot_be_told) == (CROWD + 1, CROWD, 1)
    assert states(house) == {}
    return house


def states(house: House) -> Counter[str]:
    """How many announcements are in which state."""
    with house.site.store.reading() as conn:
        found = notices.counts(conn, POLICY)
    return Counter({state: count for (kind, state), count in found.items() if kind == "announcement"})


def owed(house: House) -> int:
    with house.site.store.reading() as conn:
        return len(audience.owed(conn, 1000))


def test_the_worker_queues_what_a_crash_left(cut_off: House) -> None:
    """I-20: everybody with an address in the frozen audience gets the mail, one each, wherever the queueing was cut."""
    for expected in (10, 20):
        assert announcing.queue_some(cut_off.site)
        assert states(cut_off) == {"queued": expected}
    cut_off.pass_time()
    assert states(cut_off) == {"queued": CROWD}
    recipients = [letter.recipient for letter in cut_off.deliver()]
    assert len(recipients) == len(set(recipients)) == CROWD
    assert not announcing.queue_some(cut_off.site)
    cut_off.sound()


def test_nobody_is_blocked_whose_mail_is_not_queued_yet(cut_off: House) -> None:
    """I-10: doors know the rule from the announcement on, and it blocks nobody who was not told, deadline or not."""
    cut_off.clock("2020-07-20T00:00:00Z")
    assert {cut_off.word(f"u{place}") for place in range(CROWD)} <= {"allow", "warn"}


def test_a_retraction_between_two_parts_withdraws_the_rest(cut_off: House) -> None:
    """I-20, I-23, I-24: those who were queued and those who were not yet are withdrawn, and counted so; only those who
    have the mail get the correction."""
    assert announcing.queue_some(cut_off.site)
    told = {letter.recipient for letter in cut_off.deliver(most=1)}
    assert len(told) == 10
    assert announcing.queue_some(cut_off.site)
    done = cut_off.retract()
    assert (done.withdrawn, done.corrections) == (CROWD - 10, 10)
    cut_off.pass_time()
    assert states(cut_off) == {"accepted": 10, "withdrawn": CROWD - 10}
    assert {letter.recipient for letter in cut_off.deliver()} == told
    assert owed(cut_off) == 0
    cut_off.sound()


def test_a_revision_that_replaces_takes_over_whoever_was_not_queued(cut_off: House) -> None:
    """I-20: of the replaced revision what was not queued is withdrawn; the new one tells everybody once."""
    assert announcing.queue_some(cut_off.site)
    cut_off.announce(deadline="2020-07-20")
    assert states(cut_off) == {"accepted": 10, "withdrawn": CROWD - 10, "queued": CROWD}
    assert len(cut_off.deliver()) == CROWD


def test_a_pause_between_two_parts_holds_all_of_them_back(cut_off: House) -> None:
    """What is queued during a pause waits with the rest, and goes out when the policy goes on."""
    from gatepost.actions import pause

    good(pause.pause(cut_off.site, "op@corp.example", POLICY, "to find out", wait=lambda _seconds: None))
    cut_off.pass_time()
    assert (states(cut_off), cut_off.deliver()) == ({"queued": CROWD}, [])
    good(pause.resume(cut_off.site, "op@corp.example", POLICY))
    assert len(cut_off.deliver()) == CROWD


def test_whoever_is_queued_already_is_not_queued_twice(cut_off: House) -> None:
    """I-20: a report that comes between welcomes its person at once; the part that comes later finds them told."""
    cut_off.report("u3", [TIKTOK])
    assert states(cut_off)["queued"] == 1
    cut_off.pass_time()
    assert states(cut_off) == {"queued": CROWD}


def _announce_slowly(directory: Path) -> None:
    announcing.PART = standing.PART = 1
    announce.announce(reopen(directory).site, AUTHOR, POLICY)


def test_kill_9_between_parts_loses_nobody(build: Build) -> None:
    """I-20, I-38: a process that is killed while it queues leaves parts that are whole, and the worker goes on."""
    house = build(rails__first_batch_wait=0)
    house.owners(60)
    house.propose()
    house.approve(POLICY, SECURITY, EXECUTIVE)
    house.deliver()
    process = multiprocessing.get_context("spawn").Process(target=_announce_slowly, args=(house.site.directory,))
    process.start()
    while process.is_alive() and states(house)[NoticeState.QUEUED.value] < 5:
        process.join(0.01)
    if process.is_alive() and process.pid:
        os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert process.exitcode == -signal.SIGKILL, "it was to be killed in the midst"
    before = states(house)["queued"]
    assert 0 < before < 60
    assert owed(house) == 60 - before
    house.pass_time()
    assert states(house) == {"queued": 60}
    house.sound()
