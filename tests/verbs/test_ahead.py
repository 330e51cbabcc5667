"""What takes long is done before the writing transaction, and again in it if anything that it rests on changed."""

from collections.abc import Callable
from typing import Any

import pytest

from gatepost.actions import access, announce, basis, exempt, import_people, propose
from gatepost.core.instant import DAY
from gatepost.core.refusal import Code
from tests.verbs.houses import AUTHOR, EXECUTIVE, OPERATOR, POLICY, SECURITY, TIKTOK, House, good, memo, refused

MOVED = b"email,name,kind,country,time_zone,locale,groups\nu2@corp.example,Other,employee,US,UTC,en,press\n"

Meanwhile = Callable[[House], object]


def between(monkeypatch: pytest.MonkeyPatch, verb: Any, house: House, meanwhile: Meanwhile) -> list[bool]:
    """Let something happen once the assessment is made and before the change begins; whether each still held."""
    asker = verb if hasattr(verb, "holds") else basis  # who asks whether it holds
    changing, holds = verb.changing, asker.holds
    held: list[bool] = []

    def begin(*arguments: Any) -> Any:
        monkeypatch.setattr(verb, "changing", changing)
        meanwhile(house)
        return changing(*arguments)

    def asked(*arguments: Any) -> bool:
        held.append(bool(holds(*arguments)))
        return held[-1]

    monkeypatch.setattr(verb, "changing", begin)
    monkeypatch.setattr(asker, "holds", asked)
    return held


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda house: house.owners(20, prefix="new"),
        lambda house: house.report("u0"),
        lambda house: good(exempt.attest(house.site, None, "seen", "tiktok", house.now() + DAY)),
        lambda house: good(access.grant_role(house.site, None, "u1@corp.example", "approver:legal")),
        lambda house: good(import_people.import_people(house.site, None, MOVED, "people")),
    ],
    ids=["devices", "report", "attestation", "role", "people"],
)
def test_what_changed_meanwhile_is_seen(house: House, monkeypatch: pytest.MonkeyPatch, meanwhile: Meanwhile) -> None:
    """I-13, I-16: a fleet, an exception or a role that changes between assessment and change is assessed anew, for a
    proposal and for an announcement."""
    house.owners(3)
    house.phone("u0", visibility="managed-only", id="seen")
    held = between(monkeypatch, propose, house, meanwhile)
    good(propose.propose(house.site, AUTHOR, memo(unseen="attest"), "memo"))
    assert held == [False]


def test_an_audience_that_grew_meanwhile_stops_the_announcement(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """I-16: devices that come in after the assessment and before the change count."""
    house.owners(3)
    house.propose()
    house.approve(POLICY, SECURITY, EXECUTIVE)
    held = between(monkeypatch, announce, house, lambda house: house.owners(20, prefix="new"))
    refused(announce.announce(house.site, AUTHOR, POLICY), Code.AUDIENCE_GREW)
    assert held == [False]


def test_a_device_that_came_meanwhile_is_in_the_audience(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """I-21: the audience is that of the instant at which it is frozen."""
    house.owners(3)
    house.propose()
    house.approve(POLICY, SECURITY, EXECUTIVE)
    house.people("late")
    between(monkeypatch, announce, house, lambda house: house.phone("late", [TIKTOK]))
    assert good(announce.announce(house.site, AUTHOR, POLICY)).people == 4
    house.sound()


def test_mail_that_goes_out_meanwhile_makes_no_difference(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is recorded all the time, as mail that was sent, does not make a fleet be gone through again."""
    house.owners(3)
    house.announce(policy="other")
    house.propose()
    house.approve(POLICY, SECURITY, EXECUTIVE)
    before = len(house.ledger())
    held = between(monkeypatch, announce, house, House.deliver)
    done = good(announce.announce(house.site, AUTHOR, POLICY))
    assert (done.people, held) == (3, [True])
    assert "NoticesSettled" in house.ledger()[before:]
    house.sound()


@pytest.mark.parametrize("who", [EXECUTIVE, OPERATOR, SECURITY])
def test_whoever_may_not_waits_for_no_assessment(house: House, monkeypatch: pytest.MonkeyPatch, who: str) -> None:
    """A refusal for want of a role comes before the fleet is gone through."""
    house.owners(1)

    def never(*_arguments: Any) -> Any:
        raise AssertionError("the fleet was gone through")

    monkeypatch.setattr(propose, "assess", never)
    refused(propose.propose(house.site, who, memo(), "memo"), Code.ROLE_MISSING)
