"""Who hears that a policy was an error: everybody who may have had any notice of it since it was first announced."""

from typing import Any

import pytest

from gatepost.actions import announce, deliver, retract
from tests.verbs.houses import EXECUTIVE, OPERATOR, POLICY, SECURITY, TIKTOK, House, good
from tests.verbs.test_relax import no_wait, read, relaxed, told

SPARED: dict[str, Any] = {"except_": {"groups": ["press"]}}
ALL = [("correction", name) for name in ("press", "u0")]


@pytest.fixture
def told_house(house: House) -> House:
    """Two people who have had the announcement, one of them with a group of its own."""
    house.owners(1, [TIKTOK])
    house.people("press", groups="press")
    house.phone("press", [TIKTOK])
    house.announce()
    house.deliver()
    house.set("2020-07-07T08:00:00Z")
    return house


def test_whom_a_relax_freed_hears_that_it_was_an_error(told_house: House) -> None:
    """I-24: they had the announcement, and that it concerns them no more; that it was wrong they do not know."""
    relaxed(told_house, **SPARED)
    assert ("ended", "press") in told(told_house.deliver())
    told_house.retract()
    told_house.pass_time()
    assert told(told_house.deliver()) == ALL
    told_house.sound()


def test_whom_a_replacing_revision_spared_hears_that_it_was_an_error(told_house: House) -> None:
    """I-24: the revision that replaced theirs is a part of the same life."""
    told_house.announce(deadline="2020-07-17", **SPARED)
    assert told(told_house.deliver()) == [("announcement", "u0"), ("ended", "press")]
    told_house.retract()
    told_house.pass_time()
    assert told(told_house.deliver()) == ALL
    told_house.sound()


def test_who_was_freed_and_concerned_again_hears_once(told_house: House) -> None:
    """I-20: one correction to each, however often the policy came and went for them."""
    relaxed(told_house, **SPARED)
    told_house.deliver()
    told_house.people("press", groups="")
    told_house.pass_time()
    assert told(told_house.deliver()) == [("announcement", "press")]
    told_house.retract()
    told_house.pass_time()
    assert told(told_house.deliver()) == ALL
    assert told(told_house.deliver()) == []


def test_what_ended_before_is_another_announcement(told_house: House) -> None:
    """Whoever heard of a policy that ended, and was told so, has nothing of the one that was announced since."""
    good(retract.end(told_house.site, OPERATOR, POLICY, "done", wait=no_wait))
    told_house.pass_time()
    told_house.deliver()
    told_house.announce(deadline="2020-07-17", **SPARED)
    told_house.deliver()
    told_house.retract()
    told_house.pass_time()
    assert told(told_house.deliver()) == [("correction", "u0")]


def test_whom_a_relax_freed_is_not_told_twice_that_it_is_over(told_house: House) -> None:
    """That it is withdrawn, or ends for the others, is no news to them."""
    relaxed(told_house, **SPARED)
    told_house.deliver()
    told_house.retract(because="withdrawn")
    told_house.pass_time()
    assert told(told_house.deliver()) == [("withdrawal", "u0")]


def test_a_mail_that_was_on_its_way_is_corrected_too(house: House) -> None:
    """I-24: the mail server takes an announcement of a revision that was replaced by one that is retracted by then."""
    house.owners(1, [TIKTOK])
    house.announce()
    [letter] = deliver.claim(house.site)
    house.propose(deadline="2020-07-17")
    house.approve(POLICY, SECURITY, EXECUTIVE)
    good(announce.announce(house.site, OPERATOR, POLICY))
    house.retract()
    deliver.settle(house.site, [deliver.Answer(letter.notice, "accepted", "ok")])
    assert told(house.deliver()) == [("correction", "u0")]


def test_whom_a_policy_spares_is_not_told_that_it_ended(told_house: House) -> None:
    """It stays for others: the mail says that it concerns this person no more."""
    relaxed(told_house, **SPARED)
    [text] = [read(letter)[2] for letter in told_house.deliver() if read(letter)[:2] == ("ended", "press")]
    assert "no longer concerns you" in text
    assert "has ended" not in text
