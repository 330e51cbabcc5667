"""Pause and resume: doors open for a policy, nothing is claimed, and nobody is surprised when it goes on."""

import email
import email.policy

import pytest

from gatepost.actions import ledger, pause, retract
from gatepost.actions.letter import Letter
from gatepost.core.instant import DAY, HOUR, MINUTE
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.deadline import instant_text
from tests.verbs.houses import AUTHOR, OPERATOR, POLICY, SECURITY, TIKTOK, WECHAT, House, good, refused


def stand_still(house: House, by: str = OPERATOR) -> pause.Paused:
    done = good(pause.pause(house.site, by, POLICY, "to find out", wait=lambda _seconds: None))
    house.pass_time()
    return done


def go_on(house: House) -> pause.Resumed:
    done = good(pause.resume(house.site, OPERATOR, POLICY))
    house.pass_time()
    return done


def kinds(letters: list[Letter]) -> list[str]:
    return sorted(
        str(email.message_from_bytes(letter.message, policy=email.policy.default)["Gatepost-Notice"])
        for letter in letters
    )


@pytest.fixture
def blocked(house: House) -> House:
    """Five people blocked by a policy whose deadline has passed."""
    house.owners(5, [TIKTOK])
    house.announce()
    house.deliver()
    house.set("2020-07-11T12:00:00Z")
    house.deliver()
    assert house.word("u0") == "block"
    return house


def test_a_pause_opens_every_door_of_the_policy(blocked: House) -> None:
    """I-8: while a policy is paused it blocks nobody; whoever was blocked hears that mail is back, and no more."""
    stand_still(blocked)
    assert {blocked.word(f"u{place}") for place in range(5)} == {"allow"}
    assert kinds(blocked.deliver()) == ["restored"] * 5


def test_a_short_pause_leaves_everything_as_it_was(blocked: House) -> None:
    """Within the hour nobody needs to be told: the policy goes on, with the same instants."""
    stand_still(blocked)
    blocked.deliver()
    blocked.later(50 * MINUTE)
    done = go_on(blocked)
    assert (done.told, done.not_before) == (False, None)
    assert blocked.word("u0") == "block"
    assert kinds(blocked.deliver()) == ["blocked"] * 5


def test_after_a_longer_pause_people_are_told_before_anybody_is_blocked(blocked: House) -> None:
    """I-10: the update says the new instant, and the door closes then, not before."""
    stand_still(blocked)
    blocked.deliver()
    blocked.later(5 * HOUR)
    done = go_on(blocked)
    assert done.told
    assert done.not_before is not None
    assert 0 <= blocked.now() + 24 * HOUR - done.not_before < MINUTE
    assert blocked.word("u0") == "warn"
    assert blocked.word("u0", at=done.not_before - 1) == "warn"
    assert blocked.word("u0", at=done.not_before) == "block"
    letters = blocked.deliver()
    assert kinds(letters) == ["update"] * 5
    message = email.message_from_bytes(letters[0].message, policy=email.policy.default)
    body = message.get_body(("plain",))
    assert body is not None
    said = " ".join(body.get_content().split())
    assert "July 12, 2020" in said
    assert "or, if that is later" not in said
    assert message["In-Reply-To"]
    blocked.set(done.not_before)
    assert blocked.word("u0") == "block"
    assert kinds(blocked.deliver()) == ["blocked"] * 5


def test_a_second_long_pause_is_told_of_too(blocked: House) -> None:
    """Each resumption has its own update, with its own instant."""
    instants = []
    for _ in range(2):
        stand_still(blocked)
        blocked.deliver()
        blocked.later(2 * HOUR)
        done = go_on(blocked)
        instants.append(done.not_before or 0)
        assert kinds(blocked.deliver()).count("update") == 5
    assert instants[1] - instants[0] >= 2 * HOUR


def test_pauses_in_slices_are_one_pause(blocked: House) -> None:
    """I-10: what was paused is summed since people were last told, so slices of less than an hour are told of too."""
    told = []
    for _ in range(3):
        stand_still(blocked)
        blocked.later(50 * MINUTE)
        told.append(go_on(blocked).told)
    assert told == [False, True, False]
    assert kinds(blocked.deliver()).count("update") == 5
    stand_still(blocked)
    blocked.later(9 * MINUTE)
    assert not go_on(blocked).told


def test_the_longest_pause_is_a_sum_too(blocked: House) -> None:
    """Approvals are for their time: pauses of 71 hours do not follow one another, told of or not."""
    stand_still(blocked)
    blocked.later(71 * HOUR)
    assert go_on(blocked).told
    stand_still(blocked)
    blocked.later(61 * MINUTE)
    refused(pause.resume(blocked.site, OPERATOR, POLICY), Code.PAUSED_TOO_LONG)
    assert blocked.word("u0") == "allow"
    blocked.sound()


def test_a_new_revision_begins_its_pauses_anew(blocked: House) -> None:
    """The sum counts since the approval: what is approved again may be paused again."""
    stand_still(blocked)
    blocked.later(71 * HOUR)
    go_on(blocked)
    blocked.announce(deadline="2020-07-20")
    stand_still(blocked)
    blocked.later(2 * HOUR)
    assert go_on(blocked).told


def test_while_paused_nothing_is_announced_or_reminded(house: House) -> None:
    """What waits to be mailed waits on, and a deadline that passes meanwhile puts nothing in force."""
    house.owners(3, [TIKTOK])
    house.announce(reminders=["24h"])
    stand_still(house)
    house.set("2020-07-10T12:00:00Z")
    assert house.deliver() == []
    house.set("2020-07-11T12:00:00Z")
    assert house.deliver() == []
    assert "PolicyInForce" not in house.ledger()


def test_no_reminder_comes_with_an_update(house: House) -> None:
    """The update says the date; a reminder that waited, or whose instant the new date brings about, would say it twice
    in a minute. The next one, hours later, is sent."""
    house.owners(2, [TIKTOK])
    house.announce(reminders=["72h", "24h", "2h"])
    house.deliver()
    house.set("2020-07-08T00:00:30Z")  # a reminder waits to be sent
    stand_still(house)
    house.later(2 * HOUR)
    go_on(house)
    assert kinds(house.deliver()) == ["update"] * 2
    house.set("2020-07-10T12:00:00Z")
    house.deliver()
    stand_still(house)
    house.later(2 * HOUR)
    done = go_on(house)
    assert done.not_before is not None, "a day from now, which is when the reminder of a day before is due"
    assert kinds(house.deliver()) == ["update"] * 2
    house.set(done.not_before - 2 * HOUR + MINUTE)
    assert kinds(house.deliver()) == ["reminder"] * 2


def test_announcements_held_back_go_out_after_resuming(house: House) -> None:
    """Nobody is forgotten: the queue goes on where it stood."""
    house.owners(3, [TIKTOK])
    house.announce()
    stand_still(house)
    house.later(30 * MINUTE)
    assert house.deliver() == []
    go_on(house)
    assert kinds(house.deliver()) == ["announcement"] * 3


def test_a_paused_policy_can_be_retracted(blocked: House) -> None:
    """I-18: second thoughts after second thoughts; corrections go to everybody who had been told."""
    stand_still(blocked)
    blocked.deliver()
    good(retract.retract(blocked.site, OPERATOR, POLICY, "an error", wait=lambda _seconds: None))
    blocked.pass_time()
    assert kinds(blocked.deliver()) == ["correction"] * 5


def test_a_retraction_right_after_resuming_withdraws_the_update(blocked: House) -> None:
    """I-23: the update that was queued is not sent any more; the correction is."""
    stand_still(blocked)
    blocked.deliver()
    blocked.later(2 * HOUR)
    good(pause.resume(blocked.site, OPERATOR, POLICY))
    good(retract.retract(blocked.site, OPERATOR, POLICY, "an error", wait=lambda _seconds: None))
    blocked.pass_time()
    assert kinds(blocked.deliver()) == ["correction"] * 5


def test_new_phones_wait_during_a_pause(blocked: House) -> None:
    """I-17: the cap admits nobody to a policy that stands still."""
    stand_still(blocked)
    blocked.people("late")
    blocked.phone("late", [TIKTOK])
    blocked.later(40 * HOUR)
    assert blocked.word("late") == "allow"
    with blocked.site.store.reading() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM admissions").scalar() == 0


@pytest.mark.parametrize("by", [OPERATOR, SECURITY])
def test_operators_and_approvers_may_pause(blocked: House, by: str) -> None:
    """Whoever said yes may say wait."""
    assert stand_still(blocked, by).policy == POLICY


def test_what_stands_in_the_way_is_said(blocked: House) -> None:
    """Not twice, not without a reason, not by the author alone, not after the 72 hours."""
    refusals = [
        pause.pause(blocked.site, OPERATOR, POLICY, " "),
        pause.pause(blocked.site, AUTHOR, POLICY, "to find out"),
        pause.resume(blocked.site, OPERATOR, POLICY),
    ]
    stand_still(blocked)
    refusals.append(pause.pause(blocked.site, OPERATOR, POLICY, "again"))
    blocked.later(4 * DAY)
    refusals.append(pause.resume(blocked.site, OPERATOR, POLICY))
    assert [refusal.code if isinstance(refusal, Refusal) else None for refusal in refusals] == [
        Code.PURPOSE_MISSING,
        Code.ROLE_MISSING,
        Code.WRONG_STAGE,
        Code.WRONG_STAGE,
        Code.PAUSED_TOO_LONG,
    ]
    assert blocked.word("u0") == "allow"


def test_pauses_are_in_the_ledger(blocked: House) -> None:
    """I-31, I-33: each is one entry, and folding the ledger gives the tables."""
    stand_still(blocked)
    blocked.later(2 * HOUR)
    done = go_on(blocked)
    assert [event for event in blocked.ledger() if event in ("PolicyPaused", "PolicyResumed")] == [
        "PolicyPaused",
        "PolicyResumed",
    ]
    assert good(ledger.rebuild(blocked.site, OPERATOR, check=True)).differing == ()
    assert done.not_before is not None
    assert instant_text(done.not_before).startswith("2020-07-12")


def test_another_policy_s_block_is_told_in_its_own_thread(house: House) -> None:
    """What stands still is not told as what closed the door: the mail about the other policy's block goes out."""
    house.look_for("wechat", until=house.now() + 30 * DAY)
    house.owners(2, [TIKTOK, WECHAT])
    house.announce()
    house.announce(policy="no-wechat", apps=["wechat"])
    house.deliver()
    stand_still(house)
    house.deliver()
    house.set("2020-07-11T12:00:00Z")
    assert house.word("u0") == "block"
    assert kinds(house.deliver()) == ["blocked"] * 2


def test_a_policy_is_in_force_again_only_when_it_can_block(house: House) -> None:
    """After a long pause over its deadline nothing is in force before the new instant."""
    house.owners(2, [TIKTOK])
    house.announce()
    house.deliver()
    house.set("2020-07-10T06:00:00Z")
    stand_still(house)
    house.set("2020-07-11T12:00:00Z")
    done = go_on(house)
    assert "PolicyInForce" not in house.ledger()
    assert done.not_before is not None
    house.set(done.not_before)
    assert "PolicyInForce" in house.ledger()
