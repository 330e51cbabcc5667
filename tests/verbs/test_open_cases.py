"""What a mail says of somebody's devices is what counts for them at that moment, and no more."""

import email
import email.policy

from gatepost.actions import approve, exempt, pause, relax, waive
from gatepost.actions.letter import Letter
from gatepost.core.instant import DAY, HOUR
from tests.verbs.houses import AUTHOR, OPERATOR, POLICY, ROLES, SECURITY, TIKTOK, House, good, memo
from tests.verbs.test_outbox import kind_of

IN_FORCE = "2020-07-11T00:00:00Z"


def said(letters: list[Letter], kind: str, person: str = "u0") -> str:
    """The text of the one mail of this kind to a person, in one line."""
    wanted = [found for found in letters if kind_of(found) == kind and found.recipient == f"{person}@corp.example"]
    assert len(wanted) == 1, [(kind_of(found), found.recipient) for found in letters]
    body = email.message_from_bytes(wanted[0].message, policy=email.policy.default).get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())


def waived(house: House, *, person: str = "", device: str = "", hours: int = 48) -> waive.Waived:
    end, whom = house.now() + hours * HOUR, (house.site, OPERATOR, POLICY)
    return good(waive.grant_waiver(*whom, person=person, device=device, until=end, reason="abroad"))


def relaxed(house: House, **changes: object) -> list[Letter]:
    good(relax.propose_relax(house.site, AUTHOR, memo(**changes), "memo.yaml"))
    good(approve.approve(house.site, SECURITY, POLICY, ROLES[SECURITY]))
    house.pass_time()
    return house.deliver()


def two_phones(house: House) -> None:
    house.owners(1)
    house.phone("u0", [TIKTOK], id="second")


def test_a_phone_that_only_may_count_later_is_no_open_case(house: House) -> None:
    """A clean phone, and one of which a statement holds, stand in no mail as if something were open on them."""
    house.owners(1)
    house.phone("u0", [], id="clean")
    house.announce(unseen="attest", reminders=["24h"])
    assert "clean" not in said(house.deliver(), "announcement")
    house.phone("u0", [], id="hidden", visibility="none")
    good(exempt.attest(house.site, OPERATOR, "hidden", "tiktok", house.now() + 9 * DAY))
    house.set("2020-07-10T06:00:00Z")
    text = said(house.deliver(), "reminder")
    assert "phone-u0" in text
    assert "clean" not in text
    assert "hidden" not in text


def test_an_update_names_a_running_exemption_and_asks_for_nothing(house: House) -> None:
    """Whom a waiver exempts is not told to remove anything by the new date, but until when the exemption lasts."""
    house.owners(2)
    house.announce()
    house.deliver()
    waived(house, person="u0@corp.example", hours=9 * 24)
    house.deliver()
    letters = relaxed(house, deadline="2020-07-12")
    text = said(letters, "update")
    assert "an exemption lasts until" in text
    assert "Please remove TikTok" not in text
    other = said(letters, "update", "u1")
    assert "Please remove TikTok" in other
    assert "It is now: the end of Sunday, July 12, 2020" in other
    assert "Before it was: the end of Friday, July 10, 2020" in other


def test_a_waiver_of_one_device_speaks_of_that_one_alone(house: House) -> None:
    """Its owner is not told to be exempt, and no other device of theirs is named."""
    two_phones(house)
    house.announce()
    house.deliver()
    done = waived(house, device="second", hours=40)
    text = said(house.deliver(), "waiver-result")
    assert "The device named below has been exempted" in text
    assert "second" in text
    assert "phone-u0" not in text
    house.set(done.until - DAY + HOUR)
    text = said(house.deliver(), "waiver-ends")
    assert "The exemption of the device named below" in text
    assert "phone-u0" not in text
    good(waive.revoke_waiver(house.site, OPERATOR, done.waiver, "not needed"))
    text = said(house.deliver(), "waiver-result")
    assert "The exemption of the device named below" in text
    assert "phone-u0" not in text


def test_a_waiver_taken_back_after_the_deadline_asks_at_once(house: House) -> None:
    """Nobody is asked to act by a date that has passed, but by the end that is left, or at once."""
    house.owners(1)
    house.announce()
    house.deliver()
    house.set(IN_FORCE)
    house.deliver()
    done = waived(house, person="u0@corp.example")
    house.deliver()
    good(waive.revoke_waiver(house.site, OPERATOR, done.waiver, "not needed"))
    text = said(house.deliver(), "waiver-result")
    assert "July 10" not in text.partition("ABOUT THIS POLICY")[0]
    assert "at once." in text or "from your devices named below, by" in text


def test_nothing_is_asked_of_whoever_has_nothing_open(house: House) -> None:
    """Whose app is gone is not asked to remove it from devices that no mail names."""
    house.owners(1)
    house.announce()
    house.deliver()
    done = waived(house, person="u0@corp.example", hours=40)
    house.deliver()
    house.report("u0", [])
    house.set(done.until - DAY + HOUR)
    text = said(house.deliver(), "waiver-ends")
    assert "Nothing is open" in text
    assert "Please remove" not in text


def test_the_keeper_of_a_shared_device_is_asked_and_not_threatened(house: House) -> None:
    """A policy that blocks no shared device says that it is a request; with another device, of which this is so."""
    house.people("u0", "u1")
    house.phone("u0", [TIKTOK], shared=True)
    house.phone("u1", [TIKTOK], shared=True)
    house.phone("u1", [TIKTOK], id="own")
    house.announce()
    letters = house.deliver()
    alone, both = said(letters, "announcement"), said(letters, "announcement", "u1")
    assert "Nothing is blocked. This is a request." in alone
    assert "cannot open new company mail" not in alone
    assert "A shared device in your care is not blocked by this policy." in both
    assert "cannot open new company mail" in both


def test_what_is_open_again_names_what_still_is_not(house: House) -> None:
    """One of two phones opens mail again; the other, which stays blocked, is named."""
    two_phones(house)
    house.announce()
    house.deliver()
    house.set(IN_FORCE)
    house.deliver()
    house.report("u0", [])
    text = said(house.deliver(), "restored")
    assert "The device named below can open company mail again." in text
    assert "STILL CANNOT OPEN COMPANY MAIL" in text.upper()
    assert "second" in text
    assert "No other policy" not in text


def test_a_relaxed_policy_is_no_other_policy(house: House) -> None:
    """What a relax put in the place of a policy does not stand beside it as something else that blocks."""
    two_phones(house)
    house.announce()
    house.deliver()
    relaxed(house, deadline="2020-07-11")
    house.set("2020-07-12T00:00:01Z")
    house.deliver()
    house.report("u0", [])
    assert "still kept from new company mail by" not in said(house.deliver(), "restored")


def test_a_pause_sends_what_is_true_and_nothing_else(house: House) -> None:
    """Whoever was blocked hears that mail is open again, and not that the paused policy still blocks."""
    two_phones(house)
    house.announce()
    house.deliver()
    house.set(IN_FORCE)
    house.deliver()
    good(pause.pause(house.site, OPERATOR, POLICY, "to find out", wait=lambda _seconds: None))
    house.pass_time()
    letters = house.deliver()
    assert {kind_of(letter) for letter in letters} == {"restored"}
