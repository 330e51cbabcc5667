"""An app is looked for only once those agreed who stand for privacy, by what they agreed to, and no longer."""

from pathlib import Path

import pytest

from gatepost.actions import access, activation, approve, catalogue, ledger, preview
from gatepost.actions.change import changing
from gatepost.actions.who import acting
from gatepost.core.change.activation import Activation
from gatepost.core.instant import DAY
from gatepost.core.ledger.activation_events import ActivationProposed, AppActivated
from gatepost.core.refusal import Code
from gatepost.documents.activation import freeze_activation
from gatepost.documents.canonical import digest
from gatepost.documents.deadline import parse_instant
from gatepost.signatures import ssh
from gatepost.storage.ledger import put_proposal
from tests.verbs.conftest import Build
from tests.verbs.houses import (
    ADMIN,
    AUTHOR,
    PRIVACY,
    SECURITY,
    TIKTOK,
    WECHAT,
    House,
    good,
    memo,
    nothing_written,
    refused,
)
from tests.verbs.test_open_cases import said

IDENTIFIERS = ("android com.tencent.mm", "ios com.tencent.xin", "ipados com.tencent.xin")
PAINT = b"apps: {paint: {name: Paint, identifiers: {ios: [org.example.paint]}}}"


def asked(house: House, *names: str, by: str = AUTHOR, days: int = 30, **more: str) -> activation.Waiting:
    end = house.now() + days * DAY
    return good(activation.propose(house.site, by, names or ("wechat",), "for a test", end, **more))


def present(house: House) -> list[tuple[str, str]]:
    """The findings that are kept: app, and identifier with its platform."""
    return sorted(row[1:3] for row in house.tables()["present"])


def test_nothing_is_kept_of_an_app_before_the_privacy_role_agreed(house: House) -> None:
    """I-12, I-35: proposed is not active; with the yes it is, and what is reported from then on is kept."""
    house.people("u0")
    assert asked(house).missing == {"privacy": 1}
    house.phone("u0", [WECHAT])
    assert present(house) == []
    done = good(activation.approve(house.site, PRIVACY, "wechat"))
    assert (done.active, done.apps, done.role) == (True, ("wechat",), "privacy")
    house.report("u0", [WECHAT])
    assert present(house) == [("wechat", "ios com.tencent.xin")]
    assert activation.waiting(house.site) == []
    house.sound()


def test_those_who_may_agree_are_written_to_and_whoever_asked_hears_the_answer(house: House) -> None:
    """I-32: a mail to each holder of a role asked, with the identifiers, the hash, the commands and a checkpoint; one
    to whoever asked, who is not asked to agree even where they could."""
    good(access.grant_role(house.site, None, AUTHOR, "approver:privacy"))
    proposal = asked(house, who_may_see="two people").proposal
    letters = house.deliver()
    assert len(letters) == 1
    text = said(letters, "activation-asked", "wor")
    assert "ios com.tencent.xin" in text
    assert f"gatepost apps approve {proposal} --role privacy --sign KEYFILE --as {PRIVACY}" in text
    assert "Who may see what is found: two people" in text
    assert house.site.settings.ledger.origin in text.partition("CHECKPOINT")[2]
    good(activation.approve(house.site, PRIVACY, proposal))
    letters = house.deliver()
    assert len(letters) == 1
    assert "looked for from now on" in said(letters, "activation-result", "ann")
    asked(house, "kwai")
    house.deliver()
    good(activation.decline(house.site, PRIVACY, "kwai", "not for that"))
    text = said(house.deliver(), "activation-result", "ann")
    assert "was declined by" in text
    assert "not for that" in text
    house.sound()


def test_what_would_be_looked_for_is_shown_by_platform(house: House) -> None:
    """Whoever is to agree sees the identifiers, which are what is signed, and no others."""
    assert asked(house).looked_for_by == {"wechat": IDENTIFIERS}
    (found,) = activation.waiting(house.site)
    assert found.looked_for_by["wechat"] == IDENTIFIERS


def test_whoever_holds_none_of_the_roles_is_told_which_it_is(house: House) -> None:
    """A refusal says what would do: here the role that is asked, not any approver's."""
    asked(house)
    assert "approver:privacy" in refused(activation.approve(house.site, SECURITY, "wechat"), Code.ROLE_MISSING).text


def test_whoever_asks_does_not_agree_nor_who_owes_them_their_role(house: House) -> None:
    """I-12: not the proposer, nobody by a role that they owe to the proposer, nor by one that came later; and a yes in
    another role is none."""
    good(access.grant_role(house.site, None, AUTHOR, "approver:privacy"))
    asked(house)
    with nothing_written(house):
        refused(activation.approve(house.site, AUTHOR, "wechat"), Code.AUTHOR_APPROVES)
        refused(activation.approve(house.site, SECURITY, "wechat"), Code.ROLE_MISSING)
        refused(activation.approve(house.site, SECURITY, "wechat", "security"), Code.ROLE_NOT_ASKED)
    good(access.grant_role(house.site, None, "late@corp.example", "approver:privacy"))
    with nothing_written(house):
        refused(activation.approve(house.site, "late@corp.example", "wechat"), Code.GRANTED_TOO_LATE)
    asked(house, by=ADMIN)
    with nothing_written(house):
        refused(activation.approve(house.site, PRIVACY, "wechat"), Code.OWES_AUTHOR)


def test_every_role_that_the_site_names_has_to_agree_and_each_person_once(build: Build) -> None:
    """I-12: distinct people: nobody gives two of the approvals that are asked."""
    house = build(rails__activation_roles=["privacy", "security"])
    good(access.grant_role(house.site, None, PRIVACY, "approver:security"))
    asked(house)
    assert good(activation.approve(house.site, PRIVACY, "wechat")).missing == {"security": 1}
    with nothing_written(house):
        refused(activation.approve(house.site, PRIVACY, "wechat", "security"), Code.ALREADY_APPROVED)
    assert good(activation.approve(house.site, SECURITY, "wechat")).active


def test_one_no_ends_it_and_a_later_proposal_replaces_an_open_one(house: House) -> None:
    """What was declined or replaced cannot be agreed to any more; nobody agrees to what has expired or is over."""
    first = asked(house)
    good(activation.decline(house.site, PRIVACY, "wechat", "not for this purpose"))
    with nothing_written(house):
        refused(activation.approve(house.site, PRIVACY, first.proposal), Code.NO_SUCH_ACTIVATION)
    second = asked(house)
    asked(house, "wechat", "kwai", days=20)
    with nothing_written(house):
        refused(activation.approve(house.site, PRIVACY, second.proposal), Code.NO_SUCH_ACTIVATION)
    house.set(house.now() + 15 * DAY)
    with nothing_written(house):
        refused(activation.approve(house.site, PRIVACY, "kwai"), Code.APPROVALS_EXPIRED)
    asked(house, days=2)
    house.set(house.now() + 2 * DAY)
    with nothing_written(house):
        refused(activation.approve(house.site, PRIVACY, "wechat"), Code.UNTIL_INVALID)
    house.sound()


def test_what_is_matched_is_what_was_agreed_to_and_not_what_a_file_says_later(house: House) -> None:
    """I-13, I-35: an administrator who puts another app's identifier into an entry that is active finds nothing."""
    good(catalogue.add_entries(house.site, None, PAINT, "apps.yaml"))
    house.look_for("paint")
    wider = PAINT.replace(b"[org.example.paint]", b"[org.example.paint, org.example.diary]")
    assert good(catalogue.add_entries(house.site, None, wider, "apps.yaml")).not_looked_for == ("paint",)
    house.people("u0")
    house.phone("u0", ["org.example.diary"])
    assert present(house) == []
    house.look_for("paint")
    house.report("u0", ["org.example.diary", "org.example.paint"])
    assert present(house) == [("paint", "ios org.example.diary"), ("paint", "ios org.example.paint")]
    good(catalogue.add_entries(house.site, None, PAINT, "apps.yaml"))
    house.look_for("paint")
    assert present(house) == [("paint", "ios org.example.paint")]
    house.sound()


def test_asking_for_longer_loses_nothing_that_was_found(house: House) -> None:
    """A renewal before the end keeps the findings, and what reports said of absence too."""
    house.look_for("wechat", until=house.now() + 2 * DAY)
    house.people("u0", "u1")
    house.phone("u0", [WECHAT])
    house.phone("u1")
    house.look_for("wechat", until=house.now() + 9 * DAY)
    house.set(house.now() + 3 * DAY)
    assert present(house) == [("wechat", "ios com.tencent.xin")]
    house.announce(apps=["wechat"], unseen="block", deadline="2020-07-20")
    assert (house.word("u0"), house.word("u1")) == ("warn", "allow")
    house.sound()


def test_whoever_could_refuse_it_ends_it_alone(house: House) -> None:
    """Ending needs nobody else, and erases what was found."""
    house.look_for("wechat")
    house.people("u0")
    house.phone("u0", [WECHAT, TIKTOK])
    with nothing_written(house):
        refused(activation.deactivate(house.site, SECURITY, "wechat"), Code.ROLE_MISSING)
    good(activation.deactivate(house.site, PRIVACY, "wechat"))
    assert present(house) == [("tiktok", "ios com.zhiliaoapp.musically")]
    house.sound()


def test_a_live_site_wants_the_signature_of_this_activation(build: Build) -> None:
    """I-12, I-13: none, or one of another hash, is refused."""
    house = build(exercise=False)
    assert house.look_for("wechat").active
    asked(house, "kwai")
    with nothing_written(house):
        refused(activation.approve(house.site, PRIVACY, "kwai"), Code.SIGNATURE_MISSING)
        refused(activation.approve(house.site, PRIVACY, "kwai", "", "no signature"), Code.SIGNATURE_INVALID)
    report = ledger.verify(house.site)
    assert (report.problems, report.approvals_checked, report.approvals_by_as) == ([], 1, 0)


@pytest.mark.parametrize("exercise", [True, False])
def test_an_app_that_became_active_by_nobodys_leave_is_found_by_the_verifier(build: Build, exercise: bool) -> None:
    """I-12: whoever can write the ledger cannot make it look as if somebody had agreed."""
    house = build(exercise=exercise)
    waiting = asked(house)
    until = parse_instant(waiting.until)
    with changing(house.site) as change:
        change.record(AppActivated("wechat", until, waiting.proposal, {"ios com.tencent.xin": 1}, 1))
    assert {problem.code for problem in ledger.verify(house.site).problems} == {"quorum"}
    with changing(house.site) as change:
        change.record(AppActivated("wechat", change.now + 9 * DAY, "0" * 64, {}, 1))
    assert "proposal" in {problem.code for problem in ledger.verify(house.site).problems}


@pytest.mark.parametrize(
    ("app", "longer", "since", "text"),
    [
        ("wechat", 0, {"ios org.example.diary": 1}, "example.diary"),
        ("kwai", 0, {}, "nobody agreed to is looked for: kwai"),
        ("wechat", DAY, {}, "until another day"),
    ],
)
def test_an_activation_beyond_what_was_agreed_is_found_by_the_verifier(
    house: House, app: str, longer: int, since: dict[str, int], text: str
) -> None:
    """I-12, I-13: another identifier, another app, another end."""
    until = house.now() + 30 * DAY
    agreed = house.look_for("wechat", until=until).proposal
    assert ledger.verify(house.site).problems == []
    with changing(house.site) as change:
        change.record(AppActivated(app, until + longer, agreed, since, 1))
    assert [problem for problem in ledger.verify(house.site).problems if text in problem.text]


def test_an_entry_that_asks_for_less_than_was_frozen_is_found_by_the_verifier(house: House) -> None:
    """I-13: the approvals and the apps in the ledger are those in the bytes that were signed."""
    with changing(house.site) as change:
        change.by = good(acting(change, ADMIN)).ref
        wanted = Activation("s", ADMIN, (), (), "p", 9, "", {}, "", {"privacy": 1}, 1, 0)
        data = freeze_activation(wanted)
        put_proposal(change.conn, digest(data), data)
        change.record(ActivationProposed(digest(data), ("wechat",), {"security": 1}, 9, 9))
    assert {problem.code for problem in ledger.verify(house.site).problems} == {"proposal_differs"}


def test_what_tells_of_a_life_is_asked_twice(house: House) -> None:
    """By its name or by the catalogue's word: refused without a second statement, which is frozen for those who agree,
    and the policy's author is warned."""
    entries = b"""apps:
  amigo: {name: Amigo Dating, identifiers: {ios: [org.example.amigo]}}
  quiet: {name: Quiet, touches: [health], identifiers: {ios: [org.example.quiet]}}
  verdi: {name: Members, identifiers: {ios: [org.example.members]}}
"""
    good(catalogue.add_entries(house.site, None, entries, "apps.yaml"))
    for name, touched in (("amigo", "sexuality"), ("quiet", "health"), ("verdi", "union")):
        with nothing_written(house):
            refusal = activation.propose(house.site, AUTHOR, [name], "a purpose", house.now() + DAY)
            assert touched in refused(refusal, Code.SENSITIVE_APP).text
    waiting = asked(house, "amigo", "wechat", sensitive_because="it uploads address books")
    assert (waiting.touches, waiting.sensitive_because) == ({"amigo": ("sexuality",)}, "it uploads address books")
    good(activation.approve(house.site, PRIVACY, "amigo"))
    house.owners(6)
    seen = good(preview.preview_policy(house.site, AUTHOR, memo(apps=["amigo"]), "memo.yaml"))
    assert (
        "Amigo Dating (sexuality)"
        in {warned.code.value: warned.text for warned in seen.assessed.warnings}["sensitive_apps"]
    )


def test_an_author_is_told_that_an_activation_ends_soon(house: House) -> None:
    """A policy finds nothing after the day that was agreed: whoever writes it hears of that day before."""
    house.look_for("wechat", until=house.now() + 20 * DAY)
    house.owners(6)
    text = good(preview.preview_policy(house.site, AUTHOR, memo(apps=["wechat"]), "memo.yaml")).assessed.warnings
    assert "2020-07-26" in {warned.code.value: warned.text for warned in text}["activation_ends"]
    house.look_for("wechat", until=house.now() + 200 * DAY)
    text = good(preview.preview_policy(house.site, AUTHOR, memo(apps=["wechat"]), "memo.yaml")).assessed.warnings
    assert "activation_ends" not in {warned.code.value for warned in text}


def test_a_clock_that_steps_back_revives_no_approval(build: Build) -> None:
    """I-14: once anything was recorded after the approvals' end, they are over, whatever the machine's clock says
    then: so the verifier can tell an instant that was put back."""
    house = build(exercise=False)
    house.look_for("tiktok", until=house.now() + 400 * DAY)
    key = house.key(SECURITY)
    proposed = house.propose(deadline="2049-07-20")
    asked(house)
    house.site.clock.offset = 15 * DAY
    good(access.grant_role(house.site, None, "late@corp.example", "helpdesk"))
    house.site.clock.offset = 0
    signature = ssh.sign(Path(key), proposed.hash.encode("ascii"))
    with nothing_written(house):
        done = approve.approve(house.site, SECURITY, proposed.policy, "security", signature)
        refused(done, Code.APPROVALS_EXPIRED)
        refused(activation.approve(house.site, PRIVACY, "wechat"), Code.APPROVALS_EXPIRED)
