"""Waivers as a regulator wants them: for one person or device, with a reason and an end, by who may, and all accounted
for."""

import csv
import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest

from gatepost.actions import access, assess, ledger, waive
from gatepost.actions.fleet import read_fleet
from gatepost.actions.waiver_report import COLUMNS, report_waivers
from gatepost.core.instant import DAY, HOUR
from gatepost.core.policy.policy import Policy
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.csv_text import csv_text
from gatepost.documents.deadline import instant_text, parse_instant
from gatepost.documents.policy_file import read_policy
from gatepost.signatures import ssh
from tests.verbs.conftest import Build
from tests.verbs.houses import (
    ADMIN,
    AUTHOR,
    OPERATOR,
    POLICY,
    SECURITY,
    House,
    good,
    memo,
    nothing_written,
    refused,
)

HEAD = "head@agency.example"
U0 = "u0@corp.example"
AUDITOR = "audit@corp.example"


def grant(house: House, by: str | None, *, days: int = 9, **more: object) -> waive.Waived:
    return good(attempt(house, by, days=days, **more))


def attempt(house: House, by: str | None, *, days: int = 9, **more: object) -> waive.Waived | Refusal:
    whom = {"person": U0, "reason": "Evidence in a case", "until": house.now() + days * DAY} | more
    return waive.grant_waiver(house.site, by, POLICY, **whom)  # type: ignore[arg-type] # named as there


@pytest.fixture
def house(build: Build) -> House:
    """An announced policy where the head of the agency alone grants waivers; the first administrator made them that."""
    made = build(waivers__roles=["agency-head"])
    good(access.grant_role(made.site, None, HEAD, "approver:agency-head"))
    good(access.grant_role(made.site, None, AUDITOR, "auditor"))
    made.owners(2)
    made.announce()
    return made


def test_only_the_named_role_grants(house: House) -> None:
    """Not an operator, not an administrator, not an approver of another role: it cannot be delegated."""
    with nothing_written(house):
        for who in (OPERATOR, ADMIN, SECURITY, AUTHOR):
            refused(attempt(house, who), Code.ROLE_MISSING)
    grant(house, HEAD)
    assert house.word("u0") == "allow"
    house.sound()


def test_nobody_for_whom_they_owe_the_role_to(house: House) -> None:
    """Whoever made somebody the one who may exempt is not exempted by them."""
    house.phone("root", id="phone-root")
    with nothing_written(house):
        refused(attempt(house, HEAD, person=ADMIN), Code.OWES_BENEFICIARY)
        refused(attempt(house, HEAD, person="", device="phone-root"), Code.OWES_BENEFICIARY)
        refused(attempt(house, HEAD, person=HEAD), Code.WAIVER_FOR_ONESELF)


@pytest.mark.parametrize(
    "blanket", ["*", "", "all", "everybody", "staff", "%", "@corp.example", "u0@corp.example,u1@corp.example"]
)
def test_no_blanket_waiver_can_be_said(house: House, blanket: str) -> None:
    """A group, a list, a pattern, everybody: none is a person, and none is a device."""
    house.people("u7", groups="staff")
    with nothing_written(house):
        if blanket:
            refused(attempt(house, HEAD, person=blanket), Code.NO_SUCH_PERSON)
            refused(attempt(house, HEAD, person="", device=blanket), Code.NO_SUCH_DEVICE)
        else:
            with pytest.raises(ValueError, match="one person or"):
                attempt(house, HEAD, person="")


def test_a_reason_and_an_end_within_bounds_are_required(house: House) -> None:
    """No reason, no end ahead, or one too far ahead: refused, and nothing is written."""
    with nothing_written(house):
        refused(attempt(house, HEAD, reason=" "), Code.PURPOSE_MISSING)
        refused(attempt(house, HEAD, days=0), Code.UNTIL_INVALID)
        refused(attempt(house, HEAD, days=31), Code.WAIVER_TOO_LONG)


Sign = Callable[[str], str]


@pytest.fixture
def live(build: Build) -> tuple[House, Sign]:
    """A live site with a proposal, and an agency head with a key that signs."""
    made = build(exercise=False, waivers__roles=["approver:agency-head"])
    good(access.grant_role(made.site, None, HEAD, "approver:agency-head"))
    made.people("u0")
    made.look_for("tiktok")
    made.propose(deadline=instant_text(made.now() + 9 * DAY)[:10])
    return made, signing(made, HEAD)


def signing(house: House, person: str) -> Sign:
    file = Path(house.key(person))
    return lambda digest: ssh.sign(file, digest.encode("ascii"))


def test_on_a_live_site_the_granter_signs(live: tuple[House, Sign]) -> None:
    """Without a signature, or with a stranger's, or over something else, it is refused; a good one stays in the ledger,
    and the verifier checks it."""
    house, sign = live
    stranger = signing(house, SECURITY)
    with nothing_written(house):
        refused(attempt(house, HEAD), Code.SIGNATURE_MISSING)
        refused(attempt(house, HEAD, sign=stranger), Code.SIGNATURE_INVALID)
        refused(attempt(house, HEAD, sign=lambda _digest: sign("0" * 64)), Code.SIGNATURE_INVALID)
    before = ledger.verify(house.site).approvals_checked
    grant(house, HEAD, sign=sign)
    report = ledger.verify(house.site)
    assert (report.problems, report.approvals_checked) == ([], before + 1)
    house.sound()


def test_where_the_site_names_no_role_an_operator_grants(build: Build) -> None:
    """The stated default: operators and approvers, by --as; a signature is kept if there is one."""
    house = build()
    house.owners(1)
    house.announce()
    grant(house, OPERATOR)
    refused(attempt(house, AUTHOR), Code.ROLE_MISSING)
    house.sound()


# --- the report


def test_the_report_tells_of_every_waiver_how_it_stands(house: House) -> None:
    """Who, for whom, when, why, until when, how it ended: all of them, those that are over too."""
    first = grant(house, HEAD, days=2)
    second = grant(house, HEAD, person="", device="phone-u1", reason="Field research")
    house.later(HOUR)
    before = house.now()
    good(waive.revoke_waiver(house.site, HEAD, second.waiver, "done"))
    after = house.now()
    house.set(first.until + DAY)
    third = grant(house, HEAD)
    rows = good(report_waivers(house.site, AUDITOR))
    assert [row["waiver"] for row in rows] == [first.waiver, second.waiver, third.waiver]
    assert [row["state"] for row in rows] == ["over", "revoked", "in force"]
    assert (rows[0]["ended"], rows[2]["ended"]) == (instant_text(first.until), "")
    assert before <= parse_instant(rows[1]["ended"]) <= after
    assert {(row["granted_by"], row["role"]) for row in rows} == {(HEAD, "agency-head")}
    assert [row["reason"] for row in rows] == ["Evidence in a case", "Field research", "Evidence in a case"]
    assert tuple(rows[0]) == COLUMNS


def test_the_report_as_of_an_earlier_instant_says_what_was_known_then(house: House) -> None:
    """A regulator asks about the end of a quarter: later grants, ends and revocations do not count."""
    first = grant(house, HEAD)
    then = house.now() + 1
    house.later(HOUR)
    good(waive.revoke_waiver(house.site, HEAD, first.waiver, "done"))
    grant(house, HEAD, person="u1@corp.example")
    (row,) = good(report_waivers(house.site, AUDITOR, as_of=then))
    assert (row["waiver"], row["state"], row["ended"]) == (first.waiver, "in force", "")


def test_the_report_names_people_for_a_purpose_only(house: House) -> None:
    """I-34: pseudonyms, unless there is a role and a purpose; then the look is an entry that names all of them."""
    grant(house, HEAD)
    grant(house, HEAD, person="", device="phone-u1")
    with nothing_written(house):
        for row in good(report_waivers(house.site, SECURITY)):
            assert row["subject"].startswith(("p_", "d_"))
        refused(report_waivers(house.site, SECURITY, purpose="curious"), Code.ROLE_MISSING)
        refused(report_waivers(house.site, AUTHOR), Code.ROLE_MISSING)
        refused(report_waivers(house.site, AUDITOR, purpose="  "), Code.PURPOSE_MISSING)
    named = good(report_waivers(house.site, AUDITOR, purpose="the yearly report"))
    assert [row["subject"] for row in named] == [U0, "phone-u1"]
    assert house.ledger().count("NamesLooked") == 1
    (entry,) = good(ledger.show(house.site, None, 0, ("NamesLooked",), 9))
    assert len(json.loads(json.dumps(entry["data"]))["people"]) == 2
    house.sound()


def test_whoever_has_no_role_sees_their_own_waivers_alone(house: House) -> None:
    """Reasons speak of people: the list of all is for those who may see the report, and for everybody their own."""
    grant(house, HEAD)
    grant(house, HEAD, person="u1@corp.example")
    for who in (AUDITOR, OPERATOR, SECURITY, None):
        assert len(good(waive.list_waivers(house.site, who))) == 2
    (own,) = good(waive.list_waivers(house.site, U0))
    assert own["reason"] == "Evidence in a case"
    assert good(waive.list_waivers(house.site, AUTHOR)) == []
    refused(waive.list_waivers(house.site, "nobody@corp.example"), Code.NO_SUCH_PERSON)


def test_no_spreadsheet_runs_what_stands_in_the_report() -> None:
    """I-36: what begins like a formula has an apostrophe before it; commas, quotes and lines stay in their cell."""
    hostile = ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\r=1", "'=1", 'say "x", y', "a\nb", "plain", ""]
    text = csv_text(["reason"], [[cell] for cell in hostile])
    rows = list(csv.reader(StringIO(text, newline="")))
    assert len(rows) == 1 + len(hostile)
    for cell, (written,) in zip(hostile, (row or [""] for row in rows[1:]), strict=True):
        assert written.lstrip()[:1] not in ("=", "+", "-", "@")
        assert written.replace("'", "") == cell.replace("'", "")


# --- taken back


def test_whoever_has_a_waiver_has_the_notice_period_when_it_is_taken_back(build: Build) -> None:
    """I-10: nobody alone shuts somebody out at once; reason and day are told, and time closes the door."""
    house = build()
    house.owners(1)
    house.announce()
    house.deliver()
    house.set("2020-07-20T08:00:00Z")
    house.deliver()
    waived = grant(house, OPERATOR)
    assert house.word("u0") == "allow"
    refused(waive.revoke_waiver(house.site, OPERATOR, waived.waiver, " "), Code.PURPOSE_MISSING)
    done = good(waive.revoke_waiver(house.site, OPERATOR, waived.waiver, "The case is closed"))
    assert house.word("u0") == "allow"
    assert exempt_now(house) == 1, "a preview takes it as over no sooner than the door does"
    assert str(done["until"]).startswith("2020-07-21T08:00:")
    text = " ".join(" ".join(str(letter.message, "utf-8", "replace").split()) for letter in house.deliver())
    assert "July 21" in text
    assert "The case is closed" in text
    house.set("2020-07-21T08:01:00Z")
    assert house.word("u0") == "block"
    assert exempt_now(house) == 0
    house.sound()


def exempt_now(house: House) -> int:
    """How many people an assessment of the policy counts as exempt."""
    wanted = read_policy(memo(), "memo.yaml")
    assert isinstance(wanted, Policy)
    with house.site.store.reading() as conn:
        found = assess.assess(conn, house.site, wanted, house.now(), read_fleet(conn))
    return good(found).impact.people.exempt


def test_whoever_may_not_grant_may_not_take_back(house: House) -> None:
    """Where the site names roles for waivers, an operator revokes none."""
    waived = grant(house, HEAD)
    with nothing_written(house):
        refused(waive.revoke_waiver(house.site, OPERATOR, waived.waiver, "done"), Code.ROLE_MISSING)
    good(waive.revoke_waiver(house.site, HEAD, waived.waiver, "done"))
    house.sound()
