"""The outbox: what is sent, when, how often, and what never is."""

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import event

from gatepost.actions import bounce, deliver, mails, retract, waive
from gatepost.actions.letter import Letter
from gatepost.core.instant import DAY, HOUR, MINUTE, SECOND
from gatepost.core.notice.notice import NoticeKind
from gatepost.storage import feed, notices, sent
from tests.verbs.conftest import Build
from tests.verbs.houses import OPERATOR, POLICY, TIKTOK, WECHAT, House, good, refused

FINAL = {"accepted", "refused", "withdrawn", "uncertain"}


def shown(house: House, kind: str = "", policy: str = POLICY) -> list[dict[str, object]]:
    """The notices of a policy, of one kind or of all."""
    found = good(mails.show_notices(house.site, None, policy, "a test"))
    return [notice for notice in found if kind in ("", notice["kind"])]


def by_person(house: House, kind: str) -> dict[str, dict[str, object]]:
    found = {str(notice["person"]).partition("@")[0]: notice for notice in shown(house, kind)}
    assert len(found) == len(shown(house, kind))
    return found


def answering(house: House, **answers: str) -> "dict[str, str]":
    return {f"{name}@corp.example": answer for name, answer in answers.items()}


def test_everybody_in_the_audience_ends_in_one_state_and_only_those_reached_are_corrected(house: House) -> None:
    """I-20, I-21, I-24: accepted, refused, uncertain and withdrawn; the correction goes to exactly those who may have
    the mail, in reply to their own."""
    house.owners(4)
    house.people("nobody-concerned")
    house.announce()
    answers = answering(house, u0="accepted", u1="refused", u2="uncertain", u3="deferred")
    first = house.deliver(lambda letter: answers[letter.recipient], most=10)
    assert {letter.recipient for letter in first} == set(answers)
    house.retract()
    house.deliver()
    told = by_person(house, "announcement")
    assert {name: notice["state"] for name, notice in told.items()} == {
        "u0": "accepted",
        "u1": "refused",
        "u2": "uncertain",
        "u3": "withdrawn",
    }
    corrections = by_person(house, "correction")
    assert {name: notice["in_reply_to"] for name, notice in corrections.items()} == {
        name: told[name]["message_id"] for name in ("u0", "u2")
    }
    assert all(notice["state"] == "accepted" for notice in corrections.values())
    house.sound()


def test_an_uncertain_notice_is_cleared_up_under_its_own_message_id_while_the_policy_stands(house: House) -> None:
    """I-22: re-sends carry the original Message-ID; after five attempts it stays uncertain, told to nobody."""
    house.owners(1)
    house.announce()
    sent = house.deliver(lambda _letter: "uncertain", most=2)
    while (attempts := shown(house, "announcement")[0]["attempts"]) != deliver.MOST_ATTEMPTS:
        house.clock(house.now() + HOUR)
        sent += house.deliver(lambda _letter: "uncertain")
    house.clock(house.now() + DAY)
    assert house.deliver() == []
    assert attempts == len(sent) == deliver.MOST_ATTEMPTS
    assert len({message_id(letter) for letter in sent}) == 1
    assert shown(house, "announcement")[0]["state"] == "uncertain"
    house.set("2020-07-20T00:00:00Z")
    assert house.word("u0") == "warn", "nobody is blocked who may not have been told"
    house.sound()


def test_an_uncertain_notice_is_never_sent_again_after_a_retraction(house: House) -> None:
    """Section 5: an uncertain notice is never re-sent after a retraction, and its person is corrected."""
    house.owners(1)
    house.announce()
    house.deliver(lambda _letter: "uncertain", most=1)
    house.retract()
    after = house.deliver()
    assert [kind_of(letter) for letter in after] == ["correction"]
    house.sound()


def test_a_mail_deferred_after_the_retraction_is_withdrawn(house: House) -> None:
    """I-23: what the server puts off while the policy is retracted never leaves the queue again."""
    house.owners(2)
    house.announce()
    letters = deliver.claim(house.site)
    good(retract.retract(house.site, OPERATOR, POLICY, "", wait=lambda _seconds: put_off(house, letters)))
    assert {notice["state"] for notice in shown(house, "announcement")} == {"withdrawn"}
    house.later(DAY)
    assert house.deliver() == []
    house.sound()


def put_off(house: House, letters: list[Letter]) -> None:
    deliver.settle(house.site, [deliver.Answer(letter.notice, "deferred", "450 later") for letter in letters])


def test_a_retraction_while_mails_are_being_sent_waits_for_them_and_then_corrects(house: House) -> None:
    """I-23, I-24: mails in hand are awaited; the correction of each is queued only when the original has left."""
    house.owners(3)
    house.announce()
    letters = deliver.claim(house.site)
    waited: list[float] = []

    def server(seconds: float) -> None:
        if not waited:
            assert shown(house, "correction") == []
            assert deliver.overtaken(house.site) == {letter.notice for letter in letters}
            deliver.settle(house.site, [deliver.Answer(letter.notice, "accepted", "250") for letter in letters])
        waited.append(seconds)

    done = good(retract.retract(house.site, OPERATOR, POLICY, "", wait=server))
    assert (done.withdrawn, done.in_flight, done.corrections, len(waited)) == (0, 3, 3, 1)
    told = by_person(house, "announcement")
    house.deliver()
    for name, notice in by_person(house, "correction").items():
        assert (notice["in_reply_to"], notice["state"]) == (told[name]["message_id"], "accepted")
    assert len(by_person(house, "correction")) == 3
    house.sound()


def test_a_retraction_cut_off_after_its_commit_is_finished_by_the_worker(house: House) -> None:
    """I-40: doors open in the first commit, whatever comes after; what was still to be written the worker writes."""
    house.owners(3)
    house.announce()
    house.deliver()
    confirm(house, "silent", 0)

    def cut(_seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retract.retract(house.site, OPERATOR, POLICY, "in error", wait=cut)
    assert (house.word("u0"), shown(house, "correction")) == ("allow", [])
    house.pass_time()
    house.clock(house.now() + 5 * SECOND)
    assert [kind_of(letter) for letter in house.deliver()] == ["correction"] * 3
    house.pass_time()
    assert house.deliver() == []
    house.sound()


def test_whoever_is_being_told_while_a_policy_ends_hears_that_it_ended(house: House) -> None:
    """End: "no longer applies" goes to the audience, to those whose announcement was just being sent, too."""
    from gatepost.actions.retract import end

    house.owners(1)
    house.announce()
    letters = deliver.claim(house.site)

    def server(_seconds: float) -> None:
        deliver.settle(house.site, [deliver.Answer(letter.notice, "accepted", "250") for letter in letters])

    good(end(house.site, OPERATOR, POLICY, wait=server))
    assert [kind_of(letter) for letter in house.deliver()] == ["ended"]


def test_corrections_wait_for_every_door_or_five_seconds(house: House) -> None:
    """I-25: no correction is sent before the doors are open; a door that is silent is waited for 5 s."""
    house.owners(1)
    house.announce()
    house.deliver()
    confirm(house, "fast", 10**6)
    retract_with_silent_door(house)
    assert house.deliver() == []
    house.clock(house.now() + 5 * SECOND)
    assert [kind_of(letter) for letter in house.deliver()] == ["correction"]


@pytest.mark.parametrize("devices_behind", [False, True])
def test_corrections_leave_at_once_when_the_doors_have_confirmed(house: House, devices_behind: bool) -> None:
    """I-25: as fast as the provider allows, starting when all doors go by it, whatever devices they wait for."""
    house.owners(1)
    house.announce()
    house.deliver()
    retract_with_silent_door(house)
    assert house.deliver() == []
    with house.site.store.reading() as conn:
        newest = feed.position(conn)
    house.hear("silent", 0 if devices_behind else newest, rules=newest)
    assert [kind_of(letter) for letter in house.deliver()] == ["correction"]


def retract_with_silent_door(house: House) -> None:
    """Retract while a door is silent; that we need not wait for it here, it speaks once and falls silent again."""
    confirm(house, "silent", 0)
    good(retract.retract(house.site, OPERATOR, POLICY, "", wait=lambda _seconds: confirm(house, "silent", 10**6)))
    confirm(house, "silent", 0)


def confirm(house: House, name: str, position: int) -> None:

    house.hear(name, position)


def test_a_deferred_correction_is_tried_again_in_a_while_and_not_in_a_loop(house: House) -> None:
    """A server that puts corrections off is asked again after 5 s, although the doors have long confirmed."""
    house.owners(1)
    house.announce()
    house.deliver()
    house.retract()
    assert len(house.deliver(lambda _letter: "deferred", most=10)) == 1
    house.clock(house.now() + 6 * SECOND)
    assert [kind_of(letter) for letter in house.deliver()] == ["correction"]


def test_a_first_small_batch_goes_out_and_the_others_wait(build: Build) -> None:
    """Announcements begin with a small batch; corrections and other policies' mails do not wait behind it."""
    house = build(rails__first_batch=3, rails__first_batch_wait=10 * MINUTE)
    house.owners(8)
    house.announce()
    assert Counter(map(kind_of, house.deliver())) == {"announcement": 3}
    house.clock(house.now() + 9 * MINUTE)
    house.propose(policy="another")
    assert set(map(kind_of, house.deliver())) == {"approval-asked"}
    house.clock(house.now() + 2 * MINUTE)
    assert Counter(map(kind_of, house.deliver())) == {"announcement": 5}
    house.retract()
    assert Counter(map(kind_of, house.deliver())) == {"correction": 8}


def test_a_long_queue_of_held_announcements_keeps_nobody_else_waiting(build: Build) -> None:
    """More announcements than a batch may wait for their first batch; a block is told all the same."""
    house = build(rails__first_batch=1, rails__first_batch_wait=10 * MINUTE)
    house.owners(deliver.BATCH + 5)
    house.announce()
    house.deliver()
    good(
        waive.grant_waiver(house.site, OPERATOR, POLICY, person="u7@corp.example", until=house.now() + DAY, reason="x")
    )
    assert [kind_of(letter) for letter in house.deliver()] == ["waiver-result"]


def test_no_first_batch_means_none(build: Build) -> None:
    """`first_batch = 0` is no rail, whatever its wait says."""
    house = build(rails__first_batch=0, rails__first_batch_wait=10 * MINUTE)
    house.owners(3)
    house.announce()
    assert Counter(map(kind_of, house.deliver()))["announcement"] == 3


def test_the_sites_rate_holds_for_all_announcements_together(build: Build) -> None:
    """Two policies at once are announced at the one rate."""
    house = build(rails__announcement_rate_per_minute=4)
    house.owners(5)
    house.announce()
    assert Counter(map(kind_of, house.deliver())) == {"announcement": 4}
    house.announce(policy="another")
    assert house.deliver() == []
    house.clock(house.now() + MINUTE + 1)
    assert Counter(map(kind_of, house.deliver()))["announcement"] == 4


def test_the_providers_limits_hold_for_everything_that_may_have_been_taken(build: Build) -> None:
    """The provider's limits in any rolling hour and day; uncertain mails count, refused ones do not."""
    house = build(smtp__rate_per_hour=20, smtp__rate_per_day=480, rails__correction_within=3 * HOUR)
    house.owners(40)
    house.announce()
    house.clock(house.now() + HOUR + 1)
    answers = iter(["refused"] * 2 + ["uncertain"] * 3 + ["accepted"] * 15)
    assert len(house.deliver(lambda _letter: next(answers), most=1)) == 20
    house.deliver()
    states = Counter(notice["state"] for notice in shown(house, "announcement"))
    assert states["accepted"] + states["uncertain"] == 20
    house.clock(house.now() + HOUR + 1)
    house.deliver()
    assert Counter(notice["state"] for notice in shown(house, "announcement")) == {"accepted": 38, "refused": 2}
    house.sound()


def test_whoever_lost_their_address_ends_as_refused_in_the_ledger_too(house: House) -> None:
    """I-20, I-31: an announcement that has nowhere to go any more ends, and the ledger says so."""
    house.owners(1)
    house.announce()
    row = {"id": "u0@corp.example", "email": "", "logins": "u0@corp.example", "name": "U", "kind": "employee"}
    house.people_rows(row | {"country": "US", "time_zone": "UTC", "locale": "en", "groups": ""})
    house.deliver()
    assert [notice["state"] for notice in shown(house, "announcement")] == ["refused"]
    assert house.ledger().count("NoticesSettled") == 3
    house.sound()


def test_a_policy_that_only_reports_writes_to_nobody(house: House) -> None:
    """`consequence: report`: nothing happens to anybody, so nobody is told, now or later."""
    house.owners(2)
    done = house.announce(consequence="report")
    assert (done.people, done.notices, done.cannot_be_told) == (2, 0, 0)
    house.people("late")
    house.phone("late", [TIKTOK])
    house.later(DAY)
    assert {kind_of(letter) for letter in house.deliver()} <= {"approval-asked", "approval-result"}
    assert house.word("u0") == "allow"
    assert house.retract().corrections == 0


def test_what_is_queued_about_a_closed_door_is_not_said_once_it_is_open_again(house: House) -> None:
    """Blocked and restored within one pause of the mail server: the person hears the newest only."""
    house.owners(1)
    house.announce()
    house.deliver()
    house.set("2020-07-11T00:00:00Z")
    assert house.word("u0") == "block"
    house.report("u0")
    assert [kind_of(letter) for letter in house.deliver()] == ["restored"]
    house.report("u0", [TIKTOK])
    assert [kind_of(letter) for letter in house.deliver()] == ["blocked"]


def test_while_another_policy_blocks_nobody_is_told_that_mail_is_restored(house: House) -> None:
    """A second policy still blocking: no "restored", and the correction names what still blocks."""
    house.look_for("wechat", until=house.now() + 100 * DAY)
    house.owners(1, [TIKTOK, WECHAT])
    house.announce()
    house.announce(policy="other", title="No WeChat, either", apps=["wechat"])
    house.deliver()
    house.set("2020-07-11T00:00:00Z")
    house.deliver()
    house.report("u0", [WECHAT])
    assert house.word("u0") == "block"
    assert house.deliver() == []
    house.retract()
    (correction,) = house.deliver()
    assert b"No WeChat, either" in correction.message


def kind_of(letter: Letter) -> str:
    return header(letter, b"Gatepost-Notice")


def message_id(letter: Letter) -> str:
    return header(letter, b"Message-ID")


def header(letter: Letter, name: bytes) -> str:
    lines = letter.message.split(b"\r\n\r\n")[0].split(b"\r\n")
    return next(line.split(b": ", 1)[1] for line in lines if line.startswith(name)).decode()


__all__ = ["bounce", "notices", "refused"]


def test_the_next_batch_is_found_without_going_through_the_outbox(house: House) -> None:
    """What waits, and what has been sent, costs the choice of the next batch nothing: it searches, it never sorts."""
    asked: list[tuple[str, Any]] = []
    store = house.site.store

    @event.listens_for(store.engine, "before_cursor_execute")
    def _note(_conn: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        if "FROM notices" in statement and not statement.startswith("EXPLAIN"):
            asked.append((statement, parameters))

    with store.reading() as conn:
        notices.claimable(conn, house.now(), 0, 200)
        notices.announcements(conn, POLICY, 1, house.now(), 200)
        notices.announcing(conn)
        sent.since_then(conn, 0)
        sent.since_then(conn, 0, (NoticeKind.ANNOUNCEMENT,))
        sent.first_batch(conn, POLICY, 1, 50)
        plans = [
            [str(row[3]) for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            for statement, parameters in asked
        ]
    assert len(plans) >= 8
    steps = [step for plan in plans for step in plan]
    assert not [step for step in steps if "TEMP B-TREE" in step]
    for name in ("urgent", "ordinary", "kind", "settled", "open"):
        assert any(f"notices_{name}" in step for step in steps), name
    assert not [step for step in steps if "notices_kind (kind=?)" in step]
