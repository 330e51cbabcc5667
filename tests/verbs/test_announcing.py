"""What stops an announcement, what takes it back, and what a second revision does to the first."""

from unittest import mock

import pytest

from gatepost.actions import announce, catalogue, deliver, mails, passing, propose, retract
from gatepost.actions.change import Change
from gatepost.actions.live import LiveRule
from gatepost.core.instant import DAY
from gatepost.core.refusal import Code
from gatepost.storage import sitemeta
from tests.verbs.houses import (
    ADMIN,
    AUTHOR,
    EXECUTIVE,
    LEGAL,
    OPERATOR,
    POLICY,
    SECURITY,
    TIKTOK,
    WECHAT,
    House,
    good,
    memo,
    nothing_written,
    refused,
)
from tests.verbs.test_outbox import kind_of

# --- I-15, I-16, short notice


def test_an_announcement_without_its_correction_in_every_language_is_no_policy(house: House) -> None:
    """I-15: the file itself is refused, so that nothing of the kind is ever proposed."""
    text = {"subject": "s", "body": "b"}
    for correction in (None, {"en": text}):
        with nothing_written(house):
            data = memo(announcement={"en": text, "de": text}, correction=correction)
            answer = propose.propose(house.site, AUTHOR, data, "memo.yaml")
            assert isinstance(answer, tuple)
            assert any("correction" in problem.field for problem in answer)


def test_an_audience_that_grew_stops_the_announcement(house: House) -> None:
    """I-16: eleven people more than approved stop it, ten do not; leavers never count."""
    names = house.owners(20)
    house.propose()
    house.approve(POLICY, SECURITY, EXECUTIVE)
    more = house.owners(11, prefix="more")
    with nothing_written(house):
        refused(announce.announce(house.site, AUTHOR, POLICY), Code.AUDIENCE_GREW)
    house.report(more[0])
    for name in names[:15]:
        house.report(name)
    done = good(announce.announce(house.site, AUTHOR, POLICY))
    assert done.people == 5 + 10
    house.sound()


def test_time_that_ran_out_since_the_approval_is_a_short_notice(house: House) -> None:
    """Rails: what had enough notice when proposed, and has not when announced, needs the roles for a short one."""
    house.people(*(f"clean{place}" for place in range(9)))
    house.devices(*(house.phone_row(f"clean{place}") for place in range(9)))
    house.owners(1)
    assert dict(house.propose().approvals) == {"security": 1}
    house.approve()
    house.set("2020-07-10T12:00:00Z")
    with nothing_written(house):
        refused(announce.announce(house.site, AUTHOR, POLICY), Code.SHORT_NOTICE)
    good(propose.withdraw(house.site, AUTHOR, POLICY))
    assert dict(house.propose().approvals) == {"executive": 1, "security": 1}
    house.approve(POLICY, SECURITY, EXECUTIVE)
    good(announce.announce(house.site, AUTHOR, POLICY))


def test_the_deadline_is_looked_at_where_people_are(house: House) -> None:
    """With nobody due, the deadline is that of the people there are, not the earliest on earth."""
    house.people("u0", time_zone="Pacific/Honolulu")
    house.phone("u0")
    house.propose()
    house.approve(POLICY, SECURITY)
    house.set("2020-07-10T11:00:00Z")
    refused(announce.announce(house.site, AUTHOR, POLICY), Code.SHORT_NOTICE)
    house.set("2020-07-11T10:00:00Z")
    refused(announce.announce(house.site, AUTHOR, POLICY), Code.DEADLINE_PASSED)


def test_an_app_that_fell_asleep_since_the_approval_stops_the_announcement(house: House) -> None:
    """What nothing can be found of is not announced."""
    from gatepost.actions.activation import deactivate

    house.owners(1)
    house.propose()
    house.approve(POLICY, SECURITY, EXECUTIVE)
    good(deactivate(house.site, None, "tiktok"))
    with nothing_written(house):
        refused(announce.announce(house.site, AUTHOR, POLICY), Code.APP_NOT_ACTIVE)


def test_a_list_that_grew_since_the_approval_concerns_nobody_else(house: House) -> None:
    """I-13, I-21: the apps that were approved are announced; whoever has only what came into a list later hears
    nothing."""
    listed = b"lists: {shunned: {title: Shunned, apps: [%s]}}"
    good(catalogue.add_entries(house.site, None, listed % b"tiktok", "apps.yaml"))
    house.look_for("wechat", until=house.now() + 60 * DAY)
    house.people("amy", "bob")
    house.phone("amy", [TIKTOK])
    house.phone("bob", [WECHAT])
    house.propose(apps=None, lists=["shunned"])
    house.approve(POLICY, SECURITY, EXECUTIVE)
    house.deliver()
    good(catalogue.add_entries(house.site, None, listed % b"tiktok, wechat", "apps.yaml"))
    assert good(announce.announce(house.site, AUTHOR, POLICY)).people == 1
    assert [letter.recipient for letter in house.deliver()] == ["amy@corp.example"]
    house.set("2020-07-12T00:00:00Z")
    assert (house.word("amy"), house.word("bob")) == ("block", "allow")
    house.sound()


def test_an_identifier_that_no_approver_saw_blocks_nobody(house: House) -> None:
    """I-13: whoever has the app under an identifier that came after the approval is not found by it, not even once the
    new identifier is looked for; a new revision takes it in."""
    house.people("amy", "bob")
    house.phone("amy", [TIKTOK])
    house.propose()
    house.approve(POLICY, SECURITY, EXECUTIVE)
    entry = b"apps: {tiktok: {name: TikTok, identifiers: {ios: [com.zhiliaoapp.musically, com.example.renamed]}}}"
    taken = good(catalogue.add_entries(house.site, None, entry, "apps.yaml"))
    assert taken.not_looked_for == ("tiktok",)
    assert [(one.policy, one.changes) for one in taken.policies] == [(POLICY, ("tiktok has other identifiers",))]
    house.phone("bob", ["com.example.renamed"])
    assert house.tables()["present"] == [(mock.ANY, "tiktok", "ios com.zhiliaoapp.musically", 2)]
    house.look_for("tiktok")
    house.phone("bob", ["com.example.renamed"])
    assert len(house.tables()["present"]) == 2
    house.deliver()
    assert good(announce.announce(house.site, AUTHOR, POLICY)).people == 1
    assert [letter.recipient for letter in house.deliver()] == ["amy@corp.example"]
    house.set("2020-07-12T00:00:00Z")
    assert (house.word("amy"), house.word("bob")) == ("block", "allow")
    assert house.announce(deadline="2020-07-20").people == 2
    house.sound()


# --- I-18: retraction


@pytest.mark.parametrize("by", [AUTHOR, SECURITY, LEGAL, OPERATOR, ADMIN])
def test_the_author_any_approver_and_an_operator_can_retract_alone(house: House, by: str) -> None:
    """I-18: one person, one act."""
    house.owners(1)
    house.announce()
    house.deliver()
    house.set("2020-07-12T00:00:00Z")
    assert house.word("u0") == "block"
    done = house.retract(by=by)
    assert (house.word("u0"), done.corrections) == ("allow", 1)
    house.sound()


def test_others_cannot_retract(house: House) -> None:
    """Retract: the author, an approver, an operator; and only what is announced."""
    house.owners(1)
    house.announce()
    with nothing_written(house):
        refused(retract.retract(house.site, "u0@corp.example", POLICY, "please"), Code.ROLE_MISSING)
    house.retract()
    with nothing_written(house):
        refused(retract.retract(house.site, OPERATOR, POLICY, "again"), Code.WRONG_STAGE)


def test_a_restored_site_retracts_and_corrects_and_does_nothing_else(house: House) -> None:
    """I-18: before the newest checkpoint was acknowledged nothing else is done or sent: the lost site may have."""
    house.owners(2)
    house.announce()
    house.deliver(lambda letter: "accepted" if letter.recipient.startswith("u0") else "deferred", most=1)
    with house.site.store.writing() as conn:
        sitemeta.put(conn, sitemeta.UNACKNOWLEDGED, "1")
    house.site.clock.offset += DAY
    with house.site.store.writing() as conn:
        sitemeta.put(conn, sitemeta.CLOCK_OFFSET, str(house.site.clock.offset))
    house.pass_time()
    assert house.deliver() == []
    refused(announce.announce(house.site, AUTHOR, POLICY), Code.SITE_NOT_ACKNOWLEDGED)
    house.retract()
    (letter,) = house.deliver()
    assert letter.recipient == "u0@corp.example"
    assert b"Gatepost-Notice: correction" in letter.message


# --- a second revision


def test_a_second_revision_retires_the_first_and_tells_its_own_audience(house: House) -> None:
    """Announcing revision N+1 retires N: what was queued is withdrawn, whoever is spared now hears it, and a later
    correction reaches everybody else who had any notice of the policy, in reply to their own announcement."""
    house.owners(2)
    house.people("press", groups="social-media")
    house.phone("press", [TIKTOK])
    house.announce()
    house.deliver(lambda letter: "deferred" if letter.recipient.startswith("u1") else "accepted", most=1)
    done = house.announce(except_={"groups": ["social-media"]}, deadline="2020-07-20")
    assert (done.revision, done.retires, done.people) == (2, 1, 2)
    letters = house.deliver()
    assert sorted((letter.recipient[:5], kind_of(letter)) for letter in letters) == [
        ("press", "ended"),
        ("u0@co", "announcement"),
        ("u1@co", "announcement"),
    ]
    house.set("2020-07-12T00:00:00Z")
    assert {house.word("u0"), house.word("u1")} == {"warn"}
    assert house.word("press") == "allow"
    house.retract()
    corrections = {letter.recipient: letter for letter in house.deliver()}
    assert set(corrections) == {"u0@corp.example", "u1@corp.example"}, "for press it ended long ago, validly"
    shown = {n["message_id"]: n for n in good(mails.show_notices(house.site, None, POLICY, "a test"))}
    for notice in [n for n in shown.values() if n["kind"] == "correction"]:
        answered = shown[notice["in_reply_to"]]
        assert (answered["kind"], answered["person"]) == ("announcement", notice["person"])
        assert answered["revision"] == 2
    assert house.word("u0") == "allow", "retracting puts nothing back in force"
    house.sound()


def test_reminders_are_written_in_parts_and_nobody_has_one_twice(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """I-22: a worker that is cut off between two parts goes on where it was."""
    house.owners(5)
    house.announce(reminders=["24h"])
    house.deliver()
    monkeypatch.setattr(passing, "BATCH", 2)
    whole, parts = passing._remind_some, []

    def cut_off(change: Change, known: LiveRule, before: int, concerned: list[str]) -> None:
        parts.append(len(concerned))
        if len(parts) == 2:
            raise OSError("cut off")
        whole(change, known, before, concerned)

    monkeypatch.setattr(passing, "_remind_some", cut_off)
    with pytest.raises(OSError, match="cut off"):
        house.set("2020-07-10T12:00:00Z")
    house.pass_time()
    assert parts == [2, 2, 2, 2, 1]
    shown = good(mails.show_notices(house.site, None, POLICY, "a test"))
    assert len({row["person"] for row in shown if row["kind"] == "reminder"}) == 5
    assert len([row for row in shown if row["kind"] == "reminder"]) == 5
    house.sound()


def test_whoever_was_being_told_of_a_revision_while_it_was_replaced_hears_that_it_ended(house: House) -> None:
    """I-24: a notice in flight is taken back where the next revision spares its person, and only there."""
    house.owners(1)
    house.people("press", groups="social-media")
    house.phone("press", [TIKTOK])
    house.announce()
    flying = deliver.claim(house.site)
    assert len(flying) == 2
    house.announce(except_={"groups": ["social-media"]}, deadline="2020-07-20")
    deliver.settle(house.site, [deliver.Answer(letter.notice, "accepted", "250") for letter in flying])
    house.later()
    sent = sorted((letter.recipient[:5], kind_of(letter)) for letter in house.deliver())
    assert sent == [("press", "ended"), ("u0@co", "announcement")]
    house.sound()
