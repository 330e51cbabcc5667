"""What is known of an app and its owner, where it is decided: previews, proposals, rails, the approvers' mail."""

import pytest

from gatepost.actions import accounts, announce, evidence, preview, propose, vendor, views
from gatepost.core.fleet.claim import Claim, Stance
from gatepost.core.refusal import Code
from tests.verbs.conftest import Build
from tests.verbs.houses import (
    AUTHOR,
    EXECUTIVE,
    OPERATOR,
    POLICY,
    SECURITY,
    House,
    good,
    memo,
    nothing_written,
    refused,
)

CHARGE = Claim("tiktok", "A minister", Stance.ALLEGES, "Data is passed on.", "2020-07-06", "an interview")
DENIAL = Claim("tiktok", "The owner", Stance.DENIES, "No data was given.", "2020-07-07", "to the press")
OTHER = Claim("wechat", "Somebody", Stance.REPORTS, "Another app.", "2020-07-01", "a newspaper")


@pytest.fixture
def house(house: House) -> House:
    """A day on which all of this had been said."""
    house.clock("2020-07-08T08:00:00Z")
    return house


def keep(house: House) -> str:
    """Two claims about the app and one about another, a question with its answer, an account; the question's name."""
    good(evidence.add_evidence(house.site, AUTHOR, [DENIAL, CHARGE, OTHER]))
    question = str(good(vendor.asked(house.site, OPERATOR, "tiktok", "2020-07-05", "Where is our data?"))["inquiry"])
    good(vendor.answered(house.site, OPERATOR, question, "2020-07-06", "In the US."))
    good(accounts.add_account(house.site, AUTHOR, "tiktok", "@ours", "social-media"))
    return question


def warned(proposed: propose.Proposed) -> dict[str, str]:
    return {one.code.value: one.text for one in proposed.warnings}


def test_a_preview_shows_what_is_known_of_the_policy_s_apps(house: House) -> None:
    """Both sides by day, the answer beside its question, and the account; of no other app anything."""
    house.owners(6)
    question = keep(house)
    seen = good(preview.preview_policy(house.site, AUTHOR, memo(), "memo")).about
    assert [(row["date"], row["who"], row["source"]) for row in seen["evidence"]] == [
        ("2020-07-06", "A minister", "an interview"),
        ("2020-07-07", "The owner", "to the press"),
    ]
    (asked,) = seen["vendor"]
    assert (asked["inquiry"], asked["asked_by"], asked["answer"]) == (question, OPERATOR, "In the US.")
    assert [(row["name"], row["group"]) for row in seen["accounts"]] == [("@ours", "social-media")]


def test_a_proposal_freezes_what_was_known(house: House) -> None:
    """I-13: it is part of the bytes that are approved. What is recorded later changes no proposal."""
    house.owners(6)
    bare = house.propose()
    good(propose.withdraw(house.site, AUTHOR, POLICY))
    keep(house)
    full = house.propose()
    assert bare.hash != full.hash
    shown = good(views.show_policy(house.site, POLICY))
    good(evidence.add_evidence(house.site, AUTHOR, [Claim("tiktok", "x", Stance.REPORTS, "New.", "2020-07-08", "y")]))
    later = good(views.show_policy(house.site, POLICY))
    for key in ("evidence", "vendor", "accounts"):
        assert later[key] == shown[key] == full.about[key]
    first = good(views.show_policy(house.site, POLICY, 1))
    assert (first["evidence"], first["vendor"], first["accounts"]) == ([], [], [])
    house.sound()


def test_who_asked_stands_in_the_proposal_by_pseudonym(house: House) -> None:
    """What is frozen and signed cannot be erased, so it names nobody of ours."""
    house.owners(1)
    good(vendor.asked(house.site, OPERATOR, "tiktok", "2020-07-05", "Where is our data?", SECURITY))
    house.propose()
    frozen = str(house.tables()["proposals"])
    assert "Where is our data?" in frozen
    assert SECURITY not in frozen


def test_an_owner_who_was_not_asked_is_a_warning(build: Build) -> None:
    """`warn` is what init writes; `ignore` says nothing; a question is enough, an answer is not needed."""
    for rail, says in (("warn", True), ("ignore", False), ("require", True)):
        house = build(rails__vendor_asked=rail)
        house.owners(1)
        assert ("vendor_not_asked" in warned(house.propose())) is says, rail
    good(propose.withdraw(house.site, AUTHOR, POLICY))
    good(vendor.asked(house.site, OPERATOR, "tiktok", "2020-07-05", "Where is our data?"))
    assert "vendor_not_asked" not in warned(house.propose())


def test_a_site_that_requires_it_announces_once_the_owner_was_asked(build: Build) -> None:
    """Refused and nothing written; the same approvals hold once the question is recorded."""
    house = build(rails__vendor_asked="require")
    house.owners(1)
    assert "announces nothing before" in warned(house.propose())["vendor_not_asked"]
    house.approve(POLICY, SECURITY, EXECUTIVE)
    with nothing_written(house):
        refusal = refused(announce.announce(house.site, AUTHOR, POLICY), Code.VENDOR_NOT_ASKED)
    assert "ByteDance" in refusal.text
    good(vendor.asked(house.site, OPERATOR, "tiktok", "2020-07-05", "Where is our data?"))
    assert good(announce.announce(house.site, AUTHOR, POLICY)).people == 1


def test_keepers_who_would_be_hit_are_named_by_group_until_they_are_excepted(house: House) -> None:
    """The offered line, written into the policy, is what makes the warning go."""
    names = [f"k{n}" for n in range(6)]
    house.people(*names, groups="social-media")
    house.devices(*(house.phone_row(name, ["com.zhiliaoapp.musically"]) for name in names))
    house.owners(6)
    good(accounts.add_account(house.site, AUTHOR, "tiktok", "@ours", "social-media"))
    text = warned(house.propose())["keepers_hit"]
    assert "social-media keeps @ours on TikTok: 6 of its people would be hit." in text
    assert "`except: {groups: [social-media]}`" in text
    good(propose.withdraw(house.site, AUTHOR, POLICY))
    assert "keepers_hit" not in warned(house.propose(except_={"groups": ["social-media"]}))


@pytest.mark.parametrize("known", [True, False])
def test_approvers_read_it_in_their_mail(house: House, known: bool) -> None:
    """Who, when and where to read it; the answer; the account. Nothing recorded is said, too."""
    house.owners(1)
    if known:
        keep(house)
    house.propose()
    (letter,) = house.deliver()[:1]
    text = letter.message.decode().replace("=\r\n", "").replace("\r\n", " ")
    if known:
        for words in ("A minister", "an interview", "In the US.", "@ours on TikTok", "social-media"):
            assert words in text, words
        assert "No data was given." not in text, "the mail is short: policy show has the claims"
    else:
        assert "No evidence is recorded." in text
        assert "Nobody is recorded to have asked ByteDance (TikTok)." in text
