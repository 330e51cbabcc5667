"""Two administrators with keys: neither makes or unmakes alone whom a quorum rests on, whatever they try (I-12)."""

import email
from email.message import EmailMessage
from email.policy import default

import pytest

from gatepost.actions import access, approve, confirm, ledger, propose
from gatepost.actions.letter import Letter
from gatepost.core.change.two_administrators import LEFT_AFTER
from gatepost.core.instant import DAY
from gatepost.core.refusal import Code
from gatepost.documents.deadline import instant_text
from gatepost.storage import ledger as entries
from tests.verbs.administrators import APPROVES, BEN, CAL, PUPPET, Pair, rows
from tests.verbs.conftest import Build
from tests.verbs.houses import (
    ADMIN,
    EXECUTIVE,
    LEGAL,
    POLICY,
    ROLES,
    SECURITY,
    TIKTOK,
    House,
    good,
    nothing_written,
    refused,
)


@pytest.fixture
def pair(build: Build) -> Pair:
    house = build(exercise=False, rails__first_batch_wait=0)
    house.look_for("tiktok", until=house.now() + 300 * DAY)
    house.people("u0")
    house.phone("u0", [TIKTOK])
    house.key(SECURITY)
    house.key(EXECUTIVE)
    return Pair(house)


# --- how it is meant


def test_a_role_counts_once_two_administrators_have_signed_it(pair: Pair) -> None:
    """I-12: asked, it is listed as waiting and counts nowhere; signed by one, as well; by two, it counts."""
    pair.grant(PUPPET, APPROVES)
    waiting = [row for row in good(access.list_roles(pair.site, None)) if row["waits"]]
    assert [(row["person"], row["role"], row["confirmed_by"]) for row in waiting] == [(PUPPET, APPROVES, [])]
    for signer, counts in ((ADMIN, False), (BEN, True)):
        assert not pair.holds(PUPPET, APPROVES)
        assert good(pair.sign(signer, APPROVES, PUPPET)).counts is counts
    assert pair.holds(PUPPET, APPROVES)
    row = next(row for row in good(access.list_roles(pair.site, None)) if row["person"] == PUPPET)
    assert set(row["confirmed_by"]) == {ADMIN, BEN}  # type: ignore[call-overload]
    refused(pair.sign(ADMIN, APPROVES, PUPPET), Code.NOTHING_TO_CONFIRM)
    pair.house.sound()


def deadline(house: House) -> str:
    return instant_text(house.now() + 3 * DAY)[:10]


def test_a_key_counts_once_two_administrators_have_signed_it(pair: Pair) -> None:
    """I-12: a yes to a policy by a key that waits is none; and it counts since the second signature, not before."""
    house = pair.house
    added = good(access.add_key(pair.site, None, LEGAL, house.make_key(LEGAL)))
    assert added.waits
    asked = {"legal": 1}
    proposed = house.propose(deadline=deadline(house), approvals=asked)
    with nothing_written(house):
        signature = pair.signature(LEGAL, proposed.hash)
        refused(approve.approve(pair.site, LEGAL, POLICY, "legal", signature), Code.SIGNATURE_INVALID)
    for signer in (BEN, ADMIN):
        good(pair.sign(signer, added.fingerprint))
    with nothing_written(house):
        refused(approve.approve(pair.site, LEGAL, POLICY, "legal", signature), Code.GRANTED_TOO_LATE)
    good(propose.withdraw(pair.site, None, POLICY))
    proposed = house.propose(deadline=deadline(house), approvals=asked)
    good(approve.approve(pair.site, LEGAL, POLICY, "legal", pair.signature(LEGAL, proposed.hash)))
    house.sound()


def test_an_approver_loses_role_and_key_at_once(pair: Pair) -> None:
    """I-18: what can only open doors needs no second person."""
    assert not good(access.revoke_role(pair.site, None, SECURITY, "approver:security")).waits
    assert not good(access.revoke_key(pair.site, None, pair.fingerprint(SECURITY))).waits
    pair.still_guarded()


def test_what_waits_can_be_taken_back(pair: Pair) -> None:
    """By any administrator, at once: then there is nothing to confirm."""
    pair.grant(PUPPET, APPROVES, ADMIN)
    assert not good(access.revoke_role(pair.site, BEN, PUPPET, APPROVES)).waits
    refused(pair.sign(BEN, APPROVES, PUPPET), Code.NOTHING_TO_CONFIRM)
    added = good(access.add_key(pair.site, None, LEGAL, pair.house.make_key(LEGAL)))
    good(access.revoke_key(pair.site, BEN, added.fingerprint))
    refused(pair.sign(BEN, added.fingerprint), Code.NOTHING_TO_CONFIRM)
    pair.still_guarded()


def test_an_administrator_leaves_by_the_yes_of_both(pair: Pair) -> None:
    """After that there is one, and what they give counts at once, as on any such site."""
    assert good(access.revoke_role(pair.site, BEN, BEN, "admin")).waits
    for signer in (BEN, ADMIN):
        good(pair.sign(signer, "admin", BEN))
    assert not pair.holds(BEN, "admin")
    assert not good(access.grant_role(pair.site, None, PUPPET, APPROVES)).waits
    pair.house.sound()


def test_what_counted_before_goes_on_and_can_be_confirmed(pair: Pair) -> None:
    """An older site: its roles and keys count as they did. Signed by two, a quorum rests on one alone no more, and the
    warning goes; until then it names them, but not in what is frozen."""
    house = pair.house
    proposed = house.propose(deadline=deadline(house))
    said = {warned.code.value: warned.text for warned in proposed.warnings}
    assert ADMIN in said["rests_on_one"]
    with pair.site.store.reading() as conn:
        frozen = entries.proposal(conn, proposed.hash) or b""
    assert b"One administrator alone" in frozen
    assert ADMIN.encode() not in frozen
    good(propose.withdraw(pair.site, None, POLICY))
    for signer in (ADMIN, BEN):
        good(pair.sign(signer, "approver:executive", EXECUTIVE))
        good(pair.sign(signer, pair.fingerprint(EXECUTIVE)))
    proposed = house.propose(deadline=deadline(house))
    assert "rests_on_one" not in {warned.code.value for warned in proposed.warnings}
    house.sound()


# --- what one of them tries alone


def test_one_signs_twice(pair: Pair) -> None:
    """As themselves and again; then in the other's name, with a key of their own."""
    pair.grant(PUPPET, "admin", ADMIN)
    with nothing_written(pair.house):
        refused(pair.sign(ADMIN, "admin", PUPPET), Code.ALREADY_APPROVED)
        refused(pair.sign(BEN, "admin", PUPPET, signer=ADMIN), Code.SIGNATURE_INVALID)
        refused(confirm.confirm(pair.site, BEN, "admin", PUPPET), Code.SIGNATURE_MISSING)
        refused(pair.sign(PUPPET, "admin", PUPPET, signer=ADMIN), Code.ROLE_MISSING)
    assert not pair.holds(PUPPET, "admin")
    pair.still_guarded()


def test_one_asks_in_the_others_name(pair: Pair) -> None:
    """At a command line anybody asks as anybody: who asked is no signature."""
    assert good(access.grant_role(pair.site, BEN, PUPPET, APPROVES)).waits
    good(pair.sign(ADMIN, APPROVES, PUPPET))
    assert not pair.holds(PUPPET, APPROVES)
    pair.still_guarded()


def test_one_adds_a_second_key_for_the_other(pair: Pair) -> None:
    """With it they would be both; it waits, and signs nothing until then."""
    line = pair.house.make_key("forged")
    added = good(access.add_key(pair.site, None, BEN, line))
    assert added.waits
    good(pair.sign(ADMIN, added.fingerprint))
    with nothing_written(pair.house):
        refused(pair.sign(BEN, added.fingerprint, signer="forged"), Code.SIGNATURE_INVALID)
        refused(access.add_key(pair.site, None, SECURITY, line), Code.KEY_KNOWN)
    pair.still_guarded()


def test_one_takes_the_others_role_or_key_away(pair: Pair) -> None:
    """Then they would be alone; so it waits, their own key's end too."""
    assert good(access.revoke_role(pair.site, None, BEN, "admin")).waits
    assert good(access.revoke_key(pair.site, None, pair.fingerprint(BEN))).waits
    assert good(access.revoke_key(pair.site, None, pair.fingerprint(ADMIN))).waits
    good(pair.sign(ADMIN, "admin", BEN))
    for person in (ADMIN, BEN):
        good(pair.sign(ADMIN, pair.fingerprint(person)))
    assert pair.holds(BEN, "admin")
    pair.still_guarded()


def test_a_signature_is_good_for_one_entry(pair: Pair) -> None:
    """What the other signed once is not taken for the same asked again later."""
    pair.grant(PUPPET, APPROVES)
    old = confirm.to_sign(pair.site, APPROVES, PUPPET)
    assert isinstance(old, str)
    signature = pair.signature(BEN, old)
    good(confirm.confirm(pair.site, BEN, APPROVES, PUPPET, signature, old))
    good(access.revoke_role(pair.site, None, PUPPET, APPROVES))
    pair.grant(PUPPET, APPROVES, ADMIN)
    with nothing_written(pair.house):
        for signed, code in (("", Code.SIGNATURE_INVALID), (old, Code.OUT_OF_DATE)):
            refused(confirm.confirm(pair.site, BEN, APPROVES, PUPPET, signature, signed), code)
    assert not pair.holds(PUPPET, APPROVES)
    pair.still_guarded()


def test_who_would_get_the_role_confirms_nothing(pair: Pair) -> None:
    """Nobody gets a role by their own yes: a third administrator is needed."""
    pair.grant(BEN, APPROVES, ADMIN)
    with nothing_written(pair.house):
        refused(pair.sign(BEN, APPROVES, BEN), Code.SELF_GRANT)
    pair.still_guarded()


def test_who_became_an_administrator_later_confirms_nothing_older(pair: Pair) -> None:
    """What waited is not for those who were made since."""
    pair.grant(PUPPET, APPROVES, ADMIN)
    pair.third()
    with nothing_written(pair.house):
        refused(pair.sign(CAL, APPROVES, PUPPET), Code.GRANTED_TOO_LATE)
    pair.still_guarded()


def test_a_yes_goes_with_the_key_that_gave_it(pair: Pair) -> None:
    """BEN agreed, and then his key was found to be stolen: what still waits needs another."""
    pair.third()
    pair.grant(PUPPET, APPROVES, BEN)
    fingerprint = pair.fingerprint(BEN)
    good(access.revoke_key(pair.site, None, fingerprint))
    for signer in (ADMIN, CAL):
        good(pair.sign(signer, fingerprint))
    assert not good(pair.sign(ADMIN, APPROVES, PUPPET)).counts
    assert good(pair.sign(CAL, APPROVES, PUPPET)).counts
    pair.still_guarded()


def test_both_ask_the_same_at_once(pair: Pair) -> None:
    """It waits once, and what was signed stays signed."""
    pair.grant(PUPPET, APPROVES, ADMIN)
    with nothing_written(pair.house):
        again = good(access.grant_role(pair.site, BEN, PUPPET, APPROVES))
    assert (again.new, again.waits) == (False, True)
    assert good(pair.sign(BEN, APPROVES, PUPPET)).counts
    pair.house.sound()


def test_a_key_has_no_times_of_its_own(pair: Pair) -> None:
    """A key that is to be good from some day on, or a certificate, is taken for nobody."""
    kind, _, rest = pair.house.make_key("timed").partition(" ")
    for line in (f'valid-after="20300101" {kind} {rest}', f"{kind.replace('-ed', '-cert-v01@openssh.com-ed')} {rest}"):
        refused(access.add_key(pair.site, None, LEGAL, line), Code.KEY_UNKNOWN)


def test_one_imports_people_without_the_other(build: Build) -> None:
    """The other cannot act any more, but counts for 14 days, in which everybody can notice; back again, from anew."""
    house = build(fleet__complete_limit_percent=100)
    good(access.grant_role(house.site, None, BEN, "admin"))
    for person, by in ((BEN, ADMIN), (ADMIN, BEN)):
        house.key(person, by)
    house.people_rows(*rows(ADMIN, BEN, PUPPET, *ROLES), complete=True)
    for _ in ("gone, and back", "gone"):
        house.people_rows(*rows(ADMIN, BEN, PUPPET, *ROLES), complete=True)
        house.people_rows(*rows(ADMIN, PUPPET, *ROLES), complete=True)
        house.later(LEFT_AFTER - DAY)
        assert good(access.grant_role(house.site, ADMIN, PUPPET, APPROVES)).waits
    good(confirm.confirm(house.site, ADMIN, APPROVES, PUPPET))
    refused(confirm.confirm(house.site, BEN, APPROVES, PUPPET), Code.PERSON_LEFT)
    house.later(DAY)
    assert not good(access.grant_role(house.site, ADMIN, PUPPET, APPROVES)).waits
    assert house.ledger().count("AdministratorLeft") == 2
    assert house.ledger().count("AdministratorBack") == 1
    house.sound()


def test_one_puts_the_clock_back_to_import_people_without_the_other(build: Build) -> None:
    """The fortnight is reckoned from the latest instant that anything was recorded at, so that it is not over at
    once."""
    pair = Pair(build(exercise=False, fleet__complete_limit_percent=100))
    house = pair.house
    house.people_rows(*rows(ADMIN, BEN, PUPPET, *ROLES), complete=True)
    house.site.clock.offset = -3 * LEFT_AFTER
    house.people_rows(*rows(ADMIN, PUPPET, *ROLES), complete=True)
    house.site.clock.offset = 0
    assert good(access.grant_role(house.site, ADMIN, PUPPET, APPROVES)).waits
    house.sound()


def test_nobody_who_has_left_is_given_anything(build: Build) -> None:
    """Else they would be an administrator of whom nobody knows since when they are gone."""
    house = build(fleet__complete_limit_percent=100)
    house.people_rows(*rows(ADMIN, BEN, *ROLES), complete=True)
    house.people_rows(*rows(ADMIN, *ROLES), complete=True)
    with nothing_written(house):
        refused(access.grant_role(house.site, None, BEN, "admin"), Code.PERSON_LEFT)
        refused(access.add_key(house.site, None, BEN, house.make_key(BEN)), Code.PERSON_LEFT)


# --- who is told


def text_of(letter: Letter) -> str:
    message = email.message_from_bytes(letter.message, policy=default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("plain",))
    assert body is not None
    return str(message["subject"]) + "\n" + " ".join(str(body.get_content()).split())


def test_everybody_who_holds_a_role_is_told(pair: Pair) -> None:
    """When it is asked and when it counts: who, whose, what, the key's fingerprint, who confirmed it. The subject tells
    nothing. A role by which nobody decides is no news."""
    pair.house.deliver()
    added = good(access.add_key(pair.site, None, LEGAL, pair.house.make_key(LEGAL)))
    asked = {letter.recipient: text_of(letter) for letter in pair.house.deliver()}
    assert set(asked) == {ADMIN, BEN, *ROLES}
    for said in (added.fingerprint, LEGAL, "By: root", "does not count yet", "Confirmed by: nobody"):
        assert said in asked[SECURITY], asked[SECURITY]
    assert "legal" not in asked[SECURITY].partition("\n")[0]
    good(pair.sign(ADMIN, added.fingerprint))
    assert pair.house.deliver() == []
    good(pair.sign(BEN, added.fingerprint))
    counts = {letter.recipient: text_of(letter) for letter in pair.house.deliver()}
    assert set(counts) == set(asked)
    assert "Confirmed by: root · ben" in counts[SECURITY] or "Confirmed by: ben · root" in counts[SECURITY]
    assert "from now on" in counts[SECURITY]
    good(access.revoke_role(pair.site, None, SECURITY, "approver:security"))
    assert SECURITY in {letter.recipient for letter in pair.house.deliver()}, "who lost it is told too"
    good(access.grant_role(pair.site, None, PUPPET, "author"))
    assert pair.house.deliver() == []


def test_who_is_left_out_of_an_import_is_told(build: Build) -> None:
    """Somebody has to be able to say that it is wrong: the one who did not leave first of all."""
    pair = Pair(build(exercise=False, fleet__complete_limit_percent=100))
    pair.house.people_rows(*rows(ADMIN, BEN, *ROLES), complete=True)
    pair.house.deliver()
    pair.house.people_rows(*rows(ADMIN, *ROLES), complete=True)
    told = {letter.recipient: text_of(letter) for letter in pair.house.deliver()}
    assert set(told) == {ADMIN, BEN, *ROLES}
    assert "Until" in told[BEN]


# --- the verifier


def test_the_verifier_takes_a_ledger_of_such_a_site(pair: Pair) -> None:
    """With signatures, as an auditor gets it."""
    pair.third()
    pair.grant(PUPPET, APPROVES, CAL, BEN)
    report = ledger.verify(pair.site)
    assert report.problems == []
    assert report.entries_by_event["AccessConfirmed"] == 6
