"""Who is named, for whom, when and what for (I-34)."""

import pytest

from gatepost.actions import access, decide, exempt, looks, mails, names, retract
from gatepost.actions import ledger as ledger_actions
from gatepost.core.refusal import Code
from gatepost.storage import ledger
from tests.verbs.houses import (
    AUTHOR,
    EXECUTIVE,
    OPERATOR,
    POLICY,
    SECURITY,
    TIKTOK,
    House,
    good,
    nothing_written,
    refused,
)

HELPDESK, AUDITOR = "help@corp.example", "audit@corp.example"
U0 = "u0@corp.example"


@pytest.fixture
def staffed(house: House) -> House:
    """Two people with the app, one of them without a mail address; a help desk and an auditor."""
    good(access.grant_role(house.site, None, HELPDESK, "helpdesk"))
    good(access.grant_role(house.site, None, AUDITOR, "auditor"))
    house.owners(1)
    row = {"id": "u9", "email": "", "logins": "u9@corp.example", "name": "U", "kind": "employee", "country": "US"}
    house.people_rows(row | {"time_zone": "UTC", "locale": "en", "groups": ""})
    house.devices(house.phone_row("u9", [TIKTOK]))
    return house


def entries(house: House) -> list[dict[str, object]]:
    return good(ledger_actions.show(house.site, None, 0, ("NamesLooked",), 100))


def test_nobody_is_named_before_enough_people_have_agreed(staffed: House) -> None:
    """Names are for carrying out an approved policy: of a proposal they are refused, whoever asks and why."""
    staffed.propose()
    with nothing_written(staffed):
        for who in (AUTHOR, OPERATOR, None):
            refused(names.name_people(staffed.site, who, POLICY, "to call them"), Code.NAMES_BEFORE_APPROVAL)
    staffed.approve(POLICY, SECURITY, EXECUTIVE)
    found = good(names.name_people(staffed.site, AUTHOR, POLICY, "to call them"))
    assert [row["person"] for row in found] == [U0, "u9"]
    staffed.sound()


def test_names_are_for_a_role_and_a_purpose_and_each_look_is_an_entry(staffed: House) -> None:
    """I-34: who looked, at whom, at what, what for; without a purpose or a role nothing is shown."""
    staffed.announce()
    staffed.deliver()
    with nothing_written(staffed):
        refused(names.name_people(staffed.site, AUTHOR, POLICY, "  "), Code.PURPOSE_MISSING)
        for who in (HELPDESK, AUDITOR, SECURITY, U0):
            refused(names.name_people(staffed.site, who, POLICY, "why"), Code.ROLE_MISSING)
    found = good(names.name_people(staffed.site, OPERATOR, POLICY, "to call them"))
    assert [(row["person"], row["devices"], row["found"], bool(row["told_at"])) for row in found] == [
        (U0, 1, 1, True),
        ("u9", 1, 1, False),
    ]
    (entry,) = entries(staffed)
    data = entry["data"]
    assert entry["by"] == OPERATOR
    assert isinstance(data, dict)
    assert (data["what"], data["about"], len(data["people"])) == ("names", POLICY, 2)
    with staffed.site.store.reading() as conn:
        assert ledger.words_of(conn, data["purpose_hash"]) == "to call them"
    staffed.sound()


def test_only_those_who_are_still_to_be_told_can_be_asked_for(staffed: House) -> None:
    """A look at fewer people where fewer will do: those whom no mail reached; and the entry names only them."""
    staffed.announce()
    staffed.deliver()
    (row,) = good(names.name_people(staffed.site, OPERATOR, POLICY, "to tell them", untold=True))
    assert row["person"] == "u9"
    (entry,) = entries(staffed)
    assert isinstance(entry["data"], dict)
    assert len(entry["data"]["people"]) == 1


@pytest.mark.parametrize("over", ["retract", "end"])
def test_whoever_was_told_in_person_is_named_once_it_is_over(staffed: House, over: str) -> None:
    """I-24 reaches mails alone: the answer counts who is to be told again in person, and they alone are named then, for
    a purpose and as a look; whoever had a mail is not."""
    staffed.announce()
    staffed.deliver()
    for person in ("u9", U0):
        good(exempt.told(staffed.site, OPERATOR, POLICY, person, "by telephone"))
    if over == "retract":
        assert staffed.retract().tell_again == 1
    else:
        done = good(retract.end(staffed.site, OPERATOR, POLICY, wait=lambda _seconds: None))
        assert done.tell_again == 1
    refused(names.name_people(staffed.site, OPERATOR, POLICY, "why"), Code.WRONG_STAGE)
    refused(names.name_people(staffed.site, U0, POLICY, "why", untold=True), Code.ROLE_MISSING)
    refused(names.name_people(staffed.site, OPERATOR, POLICY, " ", untold=True), Code.PURPOSE_MISSING)
    (row,) = good(names.name_people(staffed.site, OPERATOR, POLICY, "to tell them again", untold=True))
    assert (row["person"], bool(row["told_at"])) == ("u9", True)
    assert len(entries(staffed)) == 1
    staffed.propose(deadline="2020-07-20")
    (row,) = good(names.name_people(staffed.site, OPERATOR, POLICY, "to tell them again", untold=True))
    assert row["person"] == "u9", "a new proposal hides nobody"
    staffed.sound()


def test_whoever_is_not_due_yet_is_not_named(staffed: House) -> None:
    """Under `unseen: attest` every report grows stale some day: until then its owner is nobody's business."""
    staffed.people("clean")
    staffed.phone("clean")
    staffed.announce(unseen="attest", deadline="2020-08-20")
    found = good(names.name_people(staffed.site, OPERATOR, POLICY, "to call them"))
    assert [row["person"] for row in found] == [U0, "u9"]
    staffed.set("2020-07-25T00:00:00Z")
    found = good(names.name_people(staffed.site, OPERATOR, POLICY, "to call them"))
    assert [(row["person"], row["found"]) for row in found] == [("clean@corp.example", 0), (U0, 1), ("u9", 1)]


def test_a_policy_that_is_over_names_nobody(staffed: House) -> None:
    """What is retracted is carried out no more."""
    staffed.announce()
    staffed.retract()
    refused(names.name_people(staffed.site, OPERATOR, POLICY, "to call them"), Code.WRONG_STAGE)
    refused(names.name_people(staffed.site, OPERATOR, "nothing", "to call them"), Code.NO_SUCH_POLICY)


def test_the_help_desk_looks_at_one_phone_for_a_purpose(staffed: House) -> None:
    """I-34: one device at a time, with a purpose, recorded; for nobody without the role."""
    staffed.announce()
    ask = (U0, "phone-u0", None)
    with nothing_written(staffed):
        refused(decide.look_up(staffed.site, HELPDESK, *ask), Code.PURPOSE_MISSING)
        for who in (AUTHOR, AUDITOR, SECURITY, "u9@corp.example"):
            refused(decide.look_up(staffed.site, who, *ask, "curious"), Code.ROLE_MISSING)
    found = good(decide.look_up(staffed.site, HELPDESK, *ask, "called us"))
    assert found.verdict.outcome.word == "warn"
    (entry,) = entries(staffed)
    assert isinstance(entry["data"], dict)
    assert (entry["data"]["what"], len(entry["data"]["people"])) == ("phone", 1)
    assert entry["data"]["about"].startswith("d_")
    staffed.sound()


def test_ones_own_phone_is_nobodys_look(staffed: House) -> None:
    """Whoever asks about their own device needs no role and no purpose, and is not recorded."""
    staffed.announce()
    with nothing_written(staffed):
        assert good(decide.look_up(staffed.site, U0, U0, "phone-u0", None)).verdict.outcome.word == "warn"
        refused(decide.look_up(staffed.site, U0, U0, "phone-u9", None), Code.ROLE_MISSING)


def test_a_device_that_nobody_knows_names_nobody(staffed: House) -> None:
    """The help desk hears that it is unknown; there is nobody to write down."""
    with nothing_written(staffed):
        found = good(decide.look_up(staffed.site, HELPDESK, U0, "no-such", None, "called us"))
    assert found.recognised == "unknown"


def test_mails_are_shown_by_pseudonym_until_there_is_a_purpose(staffed: House) -> None:
    """I-34: how the mails stand needs no names; with a purpose they are named, to the help desk one person's only."""
    staffed.announce()
    staffed.deliver()
    with nothing_written(staffed):
        rows = good(mails.show_notices(staffed.site, AUDITOR, POLICY))
        assert rows
        assert not any("@" in str(row["person"]) for row in rows)
        refused(mails.show_notices(staffed.site, HELPDESK, POLICY, "called us"), Code.ROLE_MISSING)
        refused(mails.show_notices(staffed.site, HELPDESK, POLICY, person=U0), Code.PURPOSE_MISSING)
    found = good(mails.show_notices(staffed.site, HELPDESK, POLICY, "called us", U0))
    assert {row["person"] for row in found} == {U0}
    (entry,) = entries(staffed)
    assert isinstance(entry["data"], dict)
    assert (entry["data"]["what"], entry["data"]["about"], len(entry["data"]["people"])) == ("mails", POLICY, 1)
    staffed.sound()


def test_the_looked_at_see_who_looked_and_why(staffed: House) -> None:
    """Every look is shown to whoever was looked at; and to the help desk for them, which is a look again."""
    staffed.announce()
    assert good(looks.show_looks(staffed.site, U0)) == []
    good(decide.look_up(staffed.site, HELPDESK, U0, "phone-u0", None, "called us"))
    good(names.name_people(staffed.site, OPERATOR, POLICY, "to call them"))
    with nothing_written(staffed):
        found = good(looks.show_looks(staffed.site, U0))
        refused(looks.show_looks(staffed.site, HELPDESK, U0), Code.PURPOSE_MISSING)
        refused(looks.show_looks(staffed.site, AUTHOR, U0, "curious"), Code.ROLE_MISSING)
    assert [(row["by"], row["what"], row["purpose"]) for row in found] == [
        (HELPDESK, "phone", "called us"),
        (OPERATOR, "names", "to call them"),
    ]
    assert good(looks.show_looks(staffed.site, HELPDESK, U0, "asks who looked")) == found
    assert [row["what"] for row in good(looks.show_looks(staffed.site, U0))] == ["phone", "names", "looks"]
    staffed.sound()
