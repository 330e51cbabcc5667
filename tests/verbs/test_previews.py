"""Previews before approval: counts alone, and not what two of them together would say of few people."""

import json

from gatepost.actions import accounts, preview
from gatepost.actions.preview_data import preview_data
from gatepost.cli.preview import previewed
from gatepost.core.change.warning import WarningCode
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


def test_a_cell_of_one_is_shown_alike_whatever_is_on_the_phone(house: House) -> None:
    """Alone in a group, a country, a kind, on a platform, in a ring, in a time zone, with a language, among keepers of
    an account: the same words and the same JSON with the app or without. Only the total knows, and it is of nine."""
    house.owners(7)
    lone = {"groups": "choir", "country": "PT", "kind": "contractor", "time_zone": "Pacific/Kiritimati", "locale": "pt"}
    house.people("hanna", **lone)
    house.people("jo", groups="chess", country="IS", time_zone="Pacific/Honolulu", locale="is")
    good(accounts.add_account(house.site, AUTHOR, "tiktok", "@choir", "choir"))
    rollout = [{"group": "choir", "deadline": "2020-07-06"}, {"group": "chess", "deadline": "2020-07-07"}]
    said = []
    for hanna, jo in (([TIKTOK], []), ([], [TIKTOK])):
        house.phone("hanna", hanna, platform="android")
        house.phone("jo", jo, platform="ipados")
        found = seen(house, rollout=rollout)
        data = preview_data(found)
        assert isinstance(data, dict)
        said.append((list(map(str, previewed(found))), data))
    first, second = said
    assert first == second
    words, data = first
    assert "Hit by group: hidden" in words
    assert "keepers_hit" in str(data["warnings"])
    assert data["people_by"]["group"]["hit"] == {}
    broken_down = f"{data['people_by']} {data['devices_by']}"
    assert not any(name in broken_down for name in ("chess", "choir", "PT", "IS", "android", "contractor"))


def test_a_deadline_tells_nobody_who_is_due(house: House) -> None:
    """Short notice is short for whoever is in scope: somebody alone in a zone is due or not, and it says the same."""
    house.owners(7)
    house.people("hanna", time_zone="Pacific/Kiritimati")
    near = {"deadline": "2020-07-06"}
    told = []
    for apps in ([TIKTOK], []):
        house.phone("hanna", apps)
        warned = seen(house, **near).assessed.warnings
        told.append([one.text for one in warned if one.code in (WarningCode.SHORT_NOTICE, WarningCode.DEADLINE_PASSED)])
    assert told[0] == told[1]
    assert len(told[0]) == 1
