"""Relax: a live policy becomes milder by one more yes, doors first, and everybody concerned hears of it."""

import email
import email.policy
from email.message import EmailMessage

import pytest

from gatepost.actions import access, announce, approve, bounce, deliver, mails, pause, propose, relax, retract, waive
from gatepost.actions.letter import Letter
from gatepost.core.instant import DAY, HOUR, MINUTE
from gatepost.core.refusal import Code
from tests.verbs.houses import AUTHOR, LEGAL, OPERATOR, POLICY, SECURITY, TIKTOK, House, good, memo, refused

LATER = {"deadline": "2020-07-17"}


def no_wait(_seconds: float) -> None:
    return


def read(letter: Letter) -> tuple[str, str, str]:
    """Kind, first recipient's local part, text on one line."""
    message = email.message_from_bytes(letter.message, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("plain",))
    assert body is not None
    return str(message["Gatepost-Notice"]), letter.recipient.partition("@")[0], " ".join(body.get_content().split())


def told(letters: list[Letter]) -> list[tuple[str, str]]:
    """Kind and recipient of the mails that are not about approvals."""
    return sorted(pair[:2] for pair in map(read, letters) if not pair[0].startswith("approval"))


def relaxed(house: House, by: str = SECURITY, role: str = "security", **changes: object) -> approve.Approved:
    good(relax.propose_relax(house.site, AUTHOR, memo(**changes), "memo.yaml"))
    done = good(approve.approve(house.site, by, POLICY, role, wait=lambda _seconds: None))
    house.pass_time()
    return done


@pytest.fixture
def told_house(house: House) -> House:
    """Three people who have had the announcement, one of them with a group of its own; Tuesday."""
    house.owners(2, [TIKTOK])
    house.people("press", groups="press")
    house.phone("press", [TIKTOK])
    house.announce()
    house.deliver()
    house.set("2020-07-07T08:00:00Z")
    return house


def test_a_later_deadline_moves_every_door_and_is_told(told_house: House) -> None:
    """I-10: the door closes at the new instant and not before, and that is what the update in the thread says."""
    done = relaxed(told_house, **LATER)
    assert (done.revision, done.relaxes, done.stage, done.missing) == (2, 1, "announced", {})
    assert told_house.word("u0", at=told_house.now() + 5 * DAY) == "warn"
    letters = told_house.deliver()
    assert told(letters) == [("update", name) for name in ("press", "u0", "u1")]
    kind, _, text = read(next(letter for letter in letters if read(letter)[0] == "update"))
    assert kind == "update"
    assert "July 17, 2020" in text
    assert text.count("July 10, 2020") == 1, "what it was before"
    assert text.index("July 17, 2020") < text.index("July 10, 2020")
    told_house.set("2020-07-11T12:00:00Z")
    assert told_house.word("u0") == "warn"
    told_house.set("2020-07-18T00:00:00Z")
    assert told_house.word("u0") == "block"
    told_house.sound()


def test_those_asked_for_a_relax_read_that_one_yes_is_enough(house: House) -> None:
    """The mail says what is needed, which is not what the policy itself needed."""
    house.owners(1, [TIKTOK])
    house.announce(approvals={"security": 1, "legal": 1})
    house.deliver()
    good(relax.propose_relax(house.site, AUTHOR, memo(approvals={"security": 1, "legal": 1}, **LATER), "memo.yaml"))
    asked = [read(letter)[2] for letter in house.deliver()]
    enough = "One yes is enough, in any of these roles: executive · legal · security. So far: 0 of 1."
    assert len(asked) == 3
    assert all(enough in said for said in asked)
    assert not any("legal: 0 of 1" in said for said in asked)


def test_a_deadline_that_passed_is_moved_and_the_doors_open(told_house: House) -> None:
    """Blocked people are open at once, and hear both that mail is back and by when it closes again."""
    told_house.set("2020-07-11T12:00:00Z")
    told_house.deliver()
    assert told_house.word("u0") == "block"
    relaxed(told_house, **LATER)
    assert told_house.word("u0") == "warn"
    names = ("press", "u0", "u1")
    assert told(told_house.deliver()) == [(kind, name) for kind in ("restored", "update") for name in names]
    told_house.set("2020-07-18T00:00:00Z")
    assert told_house.word("u0") == "block"
    assert told(told_house.deliver()) == [("blocked", name) for name in names]
    told_house.sound()


def test_whom_a_wider_exception_frees_hears_that_it_is_over(told_house: House) -> None:
    """They are no audience any more; and whoever leaves the group afterwards is told anew, with grace and notice."""
    told_house.set("2020-07-11T12:00:00Z")
    told_house.deliver()
    relaxed(told_house, except_={"groups": ["press"]})
    assert (told_house.word("press"), told_house.word("u0")) == ("allow", "block")
    assert told(told_house.deliver()) == [
        ("ended", "press"),
        ("restored", "press"),
        ("update", "u0"),
        ("update", "u1"),
    ]
    told_house.people("press", groups="")
    told_house.pass_time()
    assert told_house.word("press") == "warn"
    assert told(told_house.deliver()) == [("announcement", "press")]
    told_house.sound()


def test_nobody_does_it_alone_and_one_yes_is_enough(told_house: House) -> None:
    """I-12: not the author; one approver in any of the roles that were asked, and no role that was not."""
    told_house.retract()
    asked = {"security": 1, "executive": 1}
    told_house.announce(policy="other", approvals=asked)
    good(relax.propose_relax(told_house.site, AUTHOR, memo(policy="other", approvals=asked, **LATER), "x"))
    good(access.grant_role(told_house.site, None, AUTHOR, "approver:security"))
    refused(approve.approve(told_house.site, AUTHOR, "other", "security"), Code.AUTHOR_APPROVES)
    refused(approve.approve(told_house.site, LEGAL, "other", "legal"), Code.ROLE_NOT_ASKED)
    done = good(approve.approve(told_house.site, SECURITY, "other", "security", wait=no_wait))
    assert (done.stage, done.missing) == ("announced", {})


def test_a_yes_that_is_lost_holds_the_policy(told_house: House) -> None:
    """I-14: it rests on the first approvals and on the one that relaxed it; either lost, it is held at warn."""
    good(access.grant_role(told_house.site, None, LEGAL, "approver:security"))
    relaxed(told_house, by=LEGAL, **LATER)
    told_house.set("2020-07-18T12:00:00Z")
    assert told_house.word("u0") == "block"
    good(access.revoke_role(told_house.site, None, LEGAL, "approver:security"))
    assert told_house.word("u0") == "warn"
    told_house.approve(POLICY, SECURITY)
    assert told_house.word("u0") == "block"
    good(access.revoke_role(told_house.site, None, SECURITY, "approver:security"))
    assert told_house.word("u0") == "warn"
    told_house.sound()


def test_it_is_relaxed_again_paused_and_retracted(told_house: House) -> None:
    """What follows is as for any live policy: one audience, one thread, corrections to everybody who was told."""
    relaxed(told_house, **LATER)
    told_house.deliver()
    assert relaxed(told_house, deadline="2020-07-20").relaxes == 2
    told_house.deliver()
    good(pause.pause(told_house.site, OPERATOR, POLICY, "to find out", wait=no_wait))
    assert relaxed(told_house, deadline="2020-07-24").relaxes == 3
    assert told(told_house.deliver()) == []
    assert told_house.word("u0") == "allow"
    told_house.later(30 * MINUTE)
    good(pause.resume(told_house.site, OPERATOR, POLICY))
    assert told(told_house.deliver()) == [("update", name) for name in ("press", "u0", "u1")]
    told_house.retract()
    told_house.pass_time()
    assert told(told_house.deliver()) == [("correction", name) for name in ("press", "u0", "u1")]
    told_house.sound()


def test_announcements_that_wait_say_the_new_date(house: House) -> None:
    """Whoever is not told yet is told once, and of what holds now; whom it frees never hears of it."""
    house.owners(1, [TIKTOK])
    house.people("press", groups="press")
    house.phone("press", [TIKTOK])
    house.announce()
    relaxed(house, except_={"groups": ["press"]}, **LATER)
    letters = house.deliver()
    assert told(letters) == [("announcement", "u0")]
    assert "July 17, 2020" in read(letters[-1])[2]
    house.set("2020-07-18T00:00:00Z")
    assert house.word("u0") == "block"
    house.sound()


def test_who_is_being_told_meanwhile_hears_of_the_change(house: House) -> None:
    """A mail in the hands of the mail server says the old date: once it is taken, the update follows."""
    house.owners(1, [TIKTOK])
    house.announce()
    [letter] = deliver.claim(house.site)
    good(relax.propose_relax(house.site, AUTHOR, memo(**LATER), "memo.yaml"))
    good(approve.approve(house.site, SECURITY, POLICY, "security", wait=no_wait))
    assert "July 10, 2020" in read(letter)[2]
    deliver.settle(house.site, [deliver.Answer(letter.notice, "accepted", "ok")])
    assert told(house.deliver()) == [("update", "u0")]
    house.set("2020-07-18T00:00:00Z")
    assert house.word("u0") == "block"
    house.sound()


def test_no_rail_stops_it(told_house: House) -> None:
    """I-18: not the notice, not the cap, not a deadline that has passed; and the cap goes on counting as before."""
    told_house.set("2020-07-11T12:00:00Z")
    told_house.people("late")
    told_house.phone("late", [TIKTOK])
    relaxed(told_house, deadline="2020-07-11T12:01")
    with told_house.site.store.reading() as conn:
        rows = conn.exec_driver_sql("SELECT foreseen, count(*) FROM audience GROUP BY foreseen").all()
    assert {bool(foreseen): count for foreseen, count in rows} == {True: 3, False: 1}


def test_a_bounce_of_the_first_announcement_counts(told_house: House) -> None:
    """I-10: whoever's announcement came back was not told, though the revision it spoke of was relaxed since."""
    relaxed(told_house, **LATER)
    shown = good(mails.show_notices(told_house.site, None, POLICY, "a test"))
    first = next(one for one in shown if one["kind"] == "announcement" and str(one["person"]).startswith("u0"))
    report = (
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n"
        "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n"
        f"Original-Envelope-Id: {first['id']}\r\n\r\nFinal-Recipient: rfc822; u0@corp.example\r\n"
        "Action: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    )
    assert good(bounce.take_bounce(told_house.site, OPERATOR, report.encode(), "bounce"))["told"] is False
    told_house.set("2020-07-18T12:00:00Z")
    assert told_house.word("u0") == "warn"


def test_what_stands_in_the_way_is_said(told_house: House) -> None:
    """Nothing live, one proposal at a time, and not once what it relaxes is over."""
    site = told_house.site
    refused(relax.propose_relax(site, AUTHOR, memo(policy="another"), "x"), Code.NO_SUCH_POLICY)
    refused(relax.propose_relax(site, OPERATOR, memo(**LATER), "x"), Code.ROLE_MISSING)
    refused(relax.propose_relax(site, AUTHOR, memo(), "x"), Code.RELAX_BEYOND)
    stricter = refused(relax.propose_relax(site, AUTHOR, memo(unseen="block", **LATER), "x"), Code.RELAX_STRICTER)
    assert "was never reported" in stricter.text
    good(relax.propose_relax(site, AUTHOR, memo(**LATER), "x"))
    refused(relax.propose_relax(site, AUTHOR, memo(**LATER), "x"), Code.REVISION_OPEN)
    refused(propose.propose(site, AUTHOR, memo(**LATER), "x"), Code.REVISION_OPEN)
    refused(announce.announce(site, AUTHOR, POLICY), Code.QUORUM_MISSING)
    told_house.retract()
    refused(approve.approve(site, SECURITY, POLICY, "security"), Code.WRONG_STAGE)
    good(propose.withdraw(site, AUTHOR, POLICY))
    refused(relax.propose_relax(site, AUTHOR, memo(**LATER), "x"), Code.WRONG_STAGE)


def test_the_time_since_the_announcement_goes_on(told_house: House) -> None:
    """Grace is for what came after the announcement, not for what came before the relax."""
    told_house.set("2020-07-07T09:00:00Z")
    relaxed(told_house, **LATER)
    waiver = waive.grant_waiver(
        told_house.site, OPERATOR, POLICY, person="u0@corp.example", until=told_house.now() + HOUR, reason="a test"
    )
    good(waiver)
    told_house.set("2020-07-18T00:00:00Z")
    assert told_house.word("u0") == "block"
    good(retract.retract(told_house.site, OPERATOR, POLICY, "over", wait=no_wait))
