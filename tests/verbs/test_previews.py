"""Previews before approval: counts alone, and not what two of them together would say of few people."""

import json

from gatepost.actions import preview
from gatepost.core.instant import DAY, HOUR
from gatepost.core.policy.policy import Policy
from gatepost.core.refusal import Code
from gatepost.documents.policy_file import read_policy
from tests.verbs.houses import AUTHOR, SECURITY, TIKTOK, House, good, memo, refused

WITHOUT = {"groups": ["press"]}


def crowd(house: House) -> None:
    """Six people, and two more in the press team, each with a phone; one of the two has the app."""
    house.owners(6)
    house.people("kim", "lee", groups="press")
    house.phone("kim", [TIKTOK])
    house.phone("lee")


def seen(house: House, by: str = AUTHOR, **changes: object) -> preview.Previewed:
    return good(preview.preview_policy(house.site, by, memo(**changes), "memo.yaml"))


def test_two_previews_that_differ_by_two_people_are_refused_whoever_asks(house: House) -> None:
    """Differencing: the second account's preview is held against the first one's; what was seen can be seen again."""
    crowd(house)
    assert seen(house).assessed.impact.people.hit == 7
    for who in (AUTHOR, SECURITY):
        refusal = refused(preview.preview_policy(house.site, who, memo(except_=WITHOUT), "memo"), Code.DIFFERENCING)
        assert "one to four people" in refusal.text
    assert seen(house, SECURITY, deadline="2020-07-20").assessed.impact.people.hit == 7


def test_a_proposals_numbers_count_as_seen(house: House) -> None:
    """Its author is shown them."""
    crowd(house)
    house.propose()
    refused(preview.preview_policy(house.site, AUTHOR, memo(except_=WITHOUT), "memo"), Code.DIFFERENCING)


def test_the_fleet_may_change_between_two_previews_of_one_file(house: House) -> None:
    """Somebody gets a phone, somebody removes the app: the same file is previewed again, and says what is now."""
    crowd(house)
    assert seen(house).assessed.impact.people.hit == 7
    house.owners(1, prefix="new")
    house.later(HOUR)
    house.phone("u0")
    assert seen(house).assessed.impact.people.hit == 7


def test_after_its_time_a_preview_is_forgotten(house: House) -> None:
    """Rails: previews_remembered."""
    crowd(house)
    seen(house)
    house.clock(house.now() + 31 * DAY)
    assert seen(house, except_=WITHOUT, deadline="2020-09-01").assessed.impact.people.hit == 6


def test_what_is_remembered_names_nobody(house: House) -> None:
    """A scope is kept and no person: neither who asked nor whom it would hit."""
    crowd(house)
    seen(house)
    ((scope, _at),) = house.tables()["previews"]
    assert json.loads(scope).keys() == {"policy", "devices", "people", "except"}
    assert "@" not in scope


def test_two_previews_at_once_are_held_against_one_another(house: House) -> None:
    """The second to be answered is computed anew if another was answered meanwhile."""
    crowd(house)
    site = house.site
    with site.store.reading() as conn:
        early = preview.watching(conn, site, good_policy(except_=WITHOUT))
    seen(house)
    assert not preview.answered(site, good_policy(except_=WITHOUT), early)


def good_policy(**changes: object) -> Policy:
    return good(read_policy(memo(**changes), "memo"))
