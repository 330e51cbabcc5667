"""Rings: groups with an own, earlier deadline, from the file to the door and to every mail."""

import email
import email.policy
from email.message import EmailMessage

import pytest

from gatepost.actions import announce, propose, views
from gatepost.actions.letter import Letter
from gatepost.actions.relax import propose_relax
from gatepost.cli.verbs import rings
from gatepost.core.instant import HOUR
from gatepost.core.refusal import Code
from tests.verbs.houses import AUTHOR, EXECUTIVE, POLICY, SECURITY, TIKTOK, House, good, memo, refused

ROLLOUT = [{"group": "it", "deadline": "2020-07-08"}, {"group": "board", "deadline": "2020-07-09"}]


def said(letters: list[Letter], kind: str) -> dict[str, str]:
    """By recipient, the text of the mails of one kind on one line."""
    found = {}
    for letter in letters:
        message = email.message_from_bytes(letter.message, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        body = message.get_body(("plain",))
        assert body is not None
        if message["Gatepost-Notice"] == kind:
            found[letter.recipient.partition("@")[0]] = " ".join(body.get_content().split())
    return found


@pytest.fixture
def ringed(house: House) -> House:
    """One person in each ring, one in both, one in none; one of the first ring lives where the day ends later."""
    for name, groups in {"ivy": "it", "bob": "board", "amy": "board;it", "eve": ""}.items():
        house.people(name, groups=groups)
        house.phone(name, [TIKTOK])
    house.people("hal", groups="it", time_zone="Pacific/Honolulu")
    house.phone("hal", [TIKTOK])
    return house


def test_everybody_has_the_deadline_of_their_first_ring(ringed: House) -> None:
    """I-9, I-10: doors close at the instant that each person's own mail says, and reminders go by it."""
    ringed.announce(rollout=ROLLOUT, reminders=["24h"])
    texts = said(ringed.deliver(), "announcement")
    days = {"ivy": "July 8, 2020", "amy": "July 8, 2020", "hal": "July 8, 2020", "bob": "July 9", "eve": "July 10"}
    assert {name: day in texts[name] for name, day in days.items()} == dict.fromkeys(days, True)
    ringed.set("2020-07-08T00:00:00Z")
    assert set(said(ringed.deliver(), "reminder")) == {"ivy", "amy"}
    ringed.set("2020-07-08T23:59:59Z")
    assert ringed.word("ivy") == "warn"
    for at, blocked in (
        ("2020-07-09T00:00:00Z", {"ivy", "amy"}),
        ("2020-07-09T10:00:00Z", {"ivy", "amy", "hal"}),
        ("2020-07-10T00:00:00Z", {"ivy", "amy", "hal", "bob"}),
        ("2020-07-11T00:00:00Z", set(days)),
    ):
        ringed.set(at)
        assert {name for name in days if ringed.word(name) == "block"} == blocked
    ringed.sound()


def test_changing_group_or_house_afterwards_changes_nothing(ringed: House) -> None:
    """I-11: zone and ring are frozen with the audience, in both directions."""
    ringed.announce(rollout=ROLLOUT)
    ringed.deliver()
    ringed.people("eve", groups="it")
    ringed.people("ivy", groups="", time_zone="Pacific/Honolulu")
    ringed.set("2020-07-09T00:00:00Z")
    assert (ringed.word("ivy"), ringed.word("eve")) == ("block", "warn")
    ringed.set("2020-07-11T00:00:00Z")
    assert ringed.word("eve") == "block"


def test_whoever_is_concerned_later_has_the_ring_of_their_groups_then(ringed: House) -> None:
    """Their mail says their ring's date; and notice and grace come before it (I-10)."""
    ringed.announce(rollout=ROLLOUT, grace="2h")
    ringed.deliver()
    ringed.people("late", groups="it")
    ringed.phone("late", [TIKTOK])
    ringed.pass_time()
    assert "July 8, 2020" in said(ringed.deliver(), "announcement")["late"]
    told_at = ringed.now()
    ringed.set("2020-07-09T06:00:00Z")
    assert ringed.word("late") == "block"
    assert ringed.word("late", at=told_at + 24 * HOUR - 1) != "block"


def test_a_ring_counts_for_rails_if_somebody_concerned_is_in_it(house: House) -> None:
    """A ring's deadline that has passed, or is too near, stops what it would concern, and nothing else."""
    house.people("eve")
    house.phone("eve", [TIKTOK])
    passed = [{"group": "it", "deadline": "2020-07-05"}]
    near = [{"group": "it", "deadline": "2020-07-06"}]
    warned = house.propose(policy="empty-ring", rollout=passed).warnings
    assert "deadline_passed" not in {one.code.value for one in warned}
    house.people("ivy", groups="it")
    house.phone("ivy", [TIKTOK])
    refusal = refused(propose.propose(house.site, AUTHOR, memo(rollout=passed), "memo"), Code.DEADLINE_PASSED)
    assert "it: 2020-07-05" in refusal.text
    warned = house.propose(policy="near-ring", rollout=near).warnings
    assert "short_notice" in {one.code.value for one in warned}
    house.approve("empty-ring", SECURITY, EXECUTIVE)
    stopped = announce.announce(house.site, AUTHOR, "empty-ring")
    assert "2020-07-05" in refused(stopped, Code.DEADLINE_PASSED).text


def test_approvers_see_the_rings_with_their_people(house: House) -> None:
    """Dates, and how many in each; fewer than five are not counted out loud, nor what would tell them."""
    house.people(*(f"i{place}" for place in range(6)), groups="it")
    house.people(*(f"e{place}" for place in range(7)))
    house.people("amy", groups="board")
    for name in [*(f"i{place}" for place in range(6)), *(f"e{place}" for place in range(7)), "amy"]:
        house.phone(name, [TIKTOK])
    proposed = house.propose(rollout=ROLLOUT)
    expected = [("it", "2020-07-08", None), ("board", "2020-07-09", None), ("", "2020-07-10", 7)]
    assert [tuple(line) for line in proposed.rings] == expected
    assert next(iter(rings(proposed.rings))) == "Ring it: 2020-07-08, number hidden."
    shown = views.show_policy(house.site, POLICY)
    assert isinstance(shown, dict)
    assert list(shown["rings"]) == list(proposed.rings)  # type: ignore[call-overload]
    text = said(house.deliver(), "approval-asked")["sec"]
    assert "Ring it: 2020-07-08, number not shown" in text, "they are six"
    assert "Everybody else: 2020-07-10, 7 people" in text


def test_examples_go_by_the_rings_too(house: House) -> None:
    """An example's person is in the ring of their groups."""
    device = {"form": "phone", "apps": ["tiktok"]}
    at = "2020-07-09T12:00"
    right = [
        {"device": device, "person": {"groups": ["it"]}, "at": at, "expect": "block"},
        {"device": device, "at": at, "expect": "warn"},
    ]
    house.propose(rollout=ROLLOUT, examples=right)
    wrong = [{"device": device, "person": {"groups": ["it"]}, "at": at, "expect": "warn"}]
    other = memo(policy="other", rollout=ROLLOUT, examples=wrong)
    refused(propose.propose(house.site, AUTHOR, other, "memo"), Code.EXAMPLE_FAILS)


def test_a_ring_is_relaxed_and_never_dropped(ringed: House) -> None:
    """Its deadline may move later; its groups are part of what was frozen."""
    ringed.announce(rollout=ROLLOUT)
    later = [{"group": "it", "deadline": "2020-07-09"}, ROLLOUT[1]]
    refused(propose_relax(ringed.site, AUTHOR, memo(rollout=[]), "memo"), Code.RELAX_BEYOND)
    sooner = [{"group": "it", "deadline": "2020-07-07"}, ROLLOUT[1]]
    stricter = refused(propose_relax(ringed.site, AUTHOR, memo(rollout=sooner), "memo"), Code.RELAX_STRICTER)
    assert "in it" in stricter.text
    good(propose_relax(ringed.site, AUTHOR, memo(rollout=later), "memo"))
