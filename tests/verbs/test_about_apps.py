"""What is known of an app and its owner: evidence, questions and answers, official accounts."""

import pytest

from gatepost.actions import accounts, evidence, ledger, vendor
from gatepost.core.fleet.claim import Claim, Stance
from gatepost.core.problem import Problem
from gatepost.core.refusal import Code, Refusal
from tests.verbs.houses import AUTHOR, OPERATOR, SECURITY, House, good, nothing_written, refused

DENIAL = Claim("tiktok", "The owner", Stance.DENIES, "No data was given.", "2020-07-07", "to the press")
CHARGE = Claim("tiktok", "A minister", Stance.ALLEGES, "Data is passed on.", "2020-07-06", "an interview")


@pytest.fixture
def house(house: House) -> House:
    """A day on which all of this had been said."""
    house.clock("2020-07-10T12:00:00Z")
    return house


def test_evidence_is_kept_by_day_with_both_sides(house: House) -> None:
    """Whoever reads of a charge reads of its denial too; each claim is one entry of the ledger (I-31)."""
    added = good(evidence.add_evidence(house.site, AUTHOR, [DENIAL, CHARGE]))
    assert len(added["added"]) == 2  # type: ignore[arg-type] # a list of names
    shown = good(evidence.list_evidence(house.site, "tiktok"))
    assert [(row["date"], row["stance"], row["who"]) for row in shown] == [
        ("2020-07-06", "alleges", "A minister"),
        ("2020-07-07", "denies", "The owner"),
    ]
    assert house.ledger().count("EvidenceAdded") == 2
    assert good(evidence.list_evidence(house.site, "wechat")) == []


def test_the_same_claim_is_kept_once(house: House) -> None:
    """A file imported twice adds nothing the second time, and says so."""
    good(evidence.add_evidence(house.site, AUTHOR, [DENIAL]))
    again = good(evidence.add_evidence(house.site, OPERATOR, [DENIAL, CHARGE, CHARGE]))
    assert (len(again["added"]), again["known"]) == (1, 2)  # type: ignore[arg-type] # a list of names
    assert house.ledger().count("EvidenceAdded") == 2


def test_evidence_about_an_unknown_app_is_refused_whole(house: House) -> None:
    """One claim about an app that no catalogue has, and nothing of the file is taken."""
    stray = Claim("no-such-app", "x", Stance.REPORTS, "y", "2020-07-01", "z")
    refused = evidence.add_evidence(house.site, AUTHOR, [DENIAL, stray])
    assert isinstance(refused, Refusal)
    assert refused.code is Code.NO_SUCH_APP
    assert good(evidence.list_evidence(house.site)) == []


def test_what_was_not_said_yet_is_not_kept(house: House) -> None:
    """A day that has begun nowhere is a slip of the pen: nothing of it is taken. Today is today somewhere else."""
    late = Claim("tiktok", "x", Stance.REPORTS, "y", "2020-07-12", "z")
    with nothing_written(house):
        refused(evidence.add_evidence(house.site, AUTHOR, [DENIAL, late]), Code.DATE_AHEAD)
        refused(vendor.asked(house.site, OPERATOR, "tiktok", "2020-07-12", "Where?"), Code.DATE_AHEAD)
    question = good(vendor.asked(house.site, OPERATOR, "tiktok", "2020-07-11", "Where?"))
    with nothing_written(house):
        later = vendor.answered(house.site, OPERATOR, str(question["inquiry"]), "2020-07-12", "There.")
        refused(later, Code.DATE_AHEAD)


def test_what_was_entered_by_mistake_is_struck_out(house: House) -> None:
    """I-31, I-33: one entry with its reason; no list shows the claim any more, the ledger does, and the claim can be
    kept anew."""
    added = good(evidence.add_evidence(house.site, AUTHOR, [DENIAL, CHARGE]))["added"]
    assert isinstance(added, list)
    name = added[0]
    with nothing_written(house):
        refused(evidence.strike_evidence(house.site, OPERATOR, name, " "), Code.PURPOSE_MISSING)
        refused(evidence.strike_evidence(house.site, SECURITY, name, "a mistake"), Code.ROLE_MISSING)
    good(evidence.strike_evidence(house.site, OPERATOR, name, "a mistake"))
    assert [row["stance"] for row in good(evidence.list_evidence(house.site, "tiktok"))] == ["alleges"]
    assert house.ledger().count("EvidenceAdded") == 2
    assert house.ledger().count("EvidenceStruck") == 1
    refused(evidence.strike_evidence(house.site, OPERATOR, name, "a mistake"), Code.NO_SUCH_EVIDENCE)
    assert len(good(evidence.add_evidence(house.site, AUTHOR, [DENIAL]))["added"]) == 1  # type: ignore[arg-type] # a list
    house.sound()


def test_the_words_stand_outside_the_ledger(house: House) -> None:
    """Free text is behind its salted hash, so that it can be erased and every proof stays whole."""
    good(evidence.add_evidence(house.site, AUTHOR, [DENIAL]))
    assert "No data was given" not in str(good(ledger.show(house.site, None, 0, (), 10**9)))


def test_the_shipped_file_is_taken(house: House) -> None:
    """The file on TikTok as of 10 July 2020 can be kept as it comes."""
    data = evidence.shipped_evidence("tiktok-2020-07-10")
    assert data is not None
    taken = evidence.import_evidence(house.site, AUTHOR, data, "example")
    assert not isinstance(taken, Refusal | tuple)
    assert taken["known"] == 0
    assert len(good(evidence.list_evidence(house.site, "tiktok"))) == len(data.splitlines())


def test_a_file_with_a_wrong_row_is_not_taken(house: House) -> None:
    """Nothing is half done: the problems come, and the ledger has nothing of the file."""
    found = evidence.import_evidence(house.site, AUTHOR, b"app,who,stance,claim,date,source\ntiktok,a,b,c,d,e\n", "f")
    assert isinstance(found, tuple)
    assert all(isinstance(one, Problem) for one in found)
    assert "EvidenceAdded" not in house.ledger()


def test_an_owner_is_asked_and_answers(house: House) -> None:
    """The question, who asked it on which day, and the answer stand side by side."""
    publisher = "ByteDance"
    good(vendor.set_contact(house.site, AUTHOR, publisher, "Press office", "press@vendor.example"))
    question = good(vendor.asked(house.site, OPERATOR, "tiktok", "2020-07-08", "Where is our data?", SECURITY))
    assert question["contact"] == "press@vendor.example"
    waiting = good(vendor.list_inquiries(house.site, "tiktok"))
    assert [(row["asked_by"], row["answered_on"], row["answer"]) for row in waiting] == [(SECURITY, "", "")]
    good(vendor.answered(house.site, AUTHOR, str(question["inquiry"]), "2020-07-09", "In the US and Singapore."))
    (row,) = good(vendor.list_inquiries(house.site))
    assert (row["question"], row["answered_on"], row["answer"]) == (
        "Where is our data?",
        "2020-07-09",
        "In the US and Singapore.",
    )


def test_an_official_account_is_kept_by_a_group(house: House) -> None:
    """The same account is recorded once, and can be taken off the list."""
    added = good(accounts.add_account(house.site, AUTHOR, "tiktok", "@primevideo", "social-media"))
    again = good(accounts.add_account(house.site, AUTHOR, "tiktok", "@primevideo", "social-media"))
    assert (added["account"], again["known"]) == (again["account"], True)
    assert [row["group"] for row in good(accounts.list_accounts(house.site, "tiktok"))] == ["social-media"]
    good(accounts.remove_account(house.site, OPERATOR, str(added["account"])))
    assert good(accounts.list_accounts(house.site)) == []


def test_all_of_it_is_a_reading_of_the_ledger(house: House) -> None:
    """I-33: folding the ledger gives these tables too."""
    good(evidence.add_evidence(house.site, AUTHOR, [DENIAL]))
    question = good(vendor.asked(house.site, OPERATOR, "tiktok", "2020-07-08", "Where?"))
    good(vendor.answered(house.site, OPERATOR, str(question["inquiry"]), "2020-07-09", "There."))
    good(accounts.add_account(house.site, AUTHOR, "tiktok", "@primevideo", "social-media"))
    assert good(ledger.rebuild(house.site, OPERATOR, check=True)).differing == ()
