"""Instants: nobody early, nobody twice, whatever the clock does."""

from gatepost.actions import announce
from gatepost.actions.letter import Letter
from gatepost.core.instant import DAY, MINUTE
from gatepost.storage import people
from tests.verbs.houses import (
    AUTHOR,
    EXECUTIVE,
    POLICY,
    SECURITY,
    TIKTOK,
    House,
    good,
)
from tests.verbs.test_outbox import kind_of

# --- I-8 to I-11: time


def test_before_the_instant_allow_at_and_after_it_enforce(house: House) -> None:
    """I-8, I-9: one instant per zone, fixed; the millisecond before, mail is open."""
    house.people("east", time_zone="Asia/Kolkata")
    house.people("west", time_zone="America/Los_Angeles")
    for name in ("east", "west"):
        house.phone(name, [TIKTOK])
    house.announce()
    house.deliver()
    east, west = 1594405800000, 1594450800000  # midnight after 10 July in Kolkata (UTC+5:30) and Seattle (UTC-7)
    for name, at in (("east", east), ("west", west)):
        assert [house.word(name, at=instant) for instant in (at - 1, at, at + DAY)] == ["warn", "block", "block"]
    house.people("east", time_zone="America/Los_Angeles")
    assert house.word("east", at=east) == "block", "moving house changes nothing"
    house.set(east)
    assert (house.word("east"), house.word("west")) == ("block", "warn")
    house.sound()


def test_nobody_is_blocked_before_they_were_told_long_enough(house: House) -> None:
    """I-10: a mail taken only after the deadline gives its notice period all the same; a refused one never blocks."""
    house.owners(2)
    house.announce()
    house.set("2020-07-11T00:00:00Z")
    house.deliver(lambda letter: "accepted" if letter.recipient.startswith("u0") else "refused")
    told = house.now()
    assert (house.word("u0"), house.word("u1")) == ("warn", "warn")
    assert house.word("u0", at=told + DAY - MINUTE) == "warn"
    house.set(told + DAY + MINUTE)
    assert (house.word("u0"), house.word("u1")) == ("block", "warn")


def test_tell_first_false_blocks_without_telling_and_asks_more_roles(house: House) -> None:
    """I-10: only where the policy says so, which approvers see: it asks the roles for a short notice."""
    house.owners(1)
    done = house.propose(tell_first=False)
    assert "executive" in done.approvals
    house.approve(POLICY, SECURITY, EXECUTIVE)
    good(announce.announce(house.site, AUTHOR, POLICY))
    house.set("2020-07-11T00:00:00Z")
    assert house.word("u0") == "block"


def test_clock_steps_announce_nothing_twice_and_block_nobody_early(house: House) -> None:
    """I-11: forth over the deadline and back: mail is open again before the instant, and nobody is told twice."""
    house.owners(2)
    house.announce(reminders=["24h", "2h"])
    house.deliver()
    mails: list[Letter] = []
    for at in ("2020-07-11T00:00:10Z", "2020-07-08T00:00:00Z", "2020-07-10T01:00:00Z", "2020-07-08T00:00:00Z"):
        house.set(at)
        mails += house.deliver()
    assert (house.word("u0"), house.word("u1")) == ("warn", "warn")
    for at in ("2020-07-10T01:00:00Z", "2020-07-10T23:00:00Z", "2020-07-11T00:00:10Z"):
        house.set(at)
        mails += house.deliver()
    assert (house.word("u0"), house.word("u1")) == ("block", "block")
    kinds = sorted((letter.recipient, kind_of(letter)) for letter in mails)
    for person in ("u0@corp.example", "u1@corp.example"):
        mine = [what for who, what in kinds if who == person]
        assert mine.count("announcement") == 0
        assert mine.count("reminder") == 2
        assert mine.count("blocked") >= 1
    house.sound()


def test_reminders_go_out_once_a_step_also_when_the_worker_slept(house: House) -> None:
    """Reminders: once per step and person; of several slept over the last one; none after the deadline, none to
    whoever removed the app or left."""
    house.owners(4)
    house.announce(reminders=["72h", "24h", "2h"])
    house.deliver()
    house.report("u1")
    leave(house, "u2@corp.example")
    house.set("2020-07-10T00:30:00Z")
    assert sorted(letter.recipient for letter in house.deliver()) == ["u0@corp.example", "u3@corp.example"]
    house.later(MINUTE)
    assert house.deliver() == []
    house.set("2020-07-10T22:30:00Z")
    assert [kind_of(letter) for letter in house.deliver()] == ["reminder", "reminder"]
    house.set("2020-07-11T00:00:01Z")
    assert {kind_of(letter) for letter in house.deliver()} == {"blocked"}
    house.sound()


def leave(house: House, name: str) -> None:
    """As a complete import without this person would have it; one of so few people is above its limit."""
    with house.site.store.writing() as conn:
        left = people.find(conn, name)
        assert left is not None
        people.retire(conn, [left.ref], house.now())
