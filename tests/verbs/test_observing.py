"""What the site makes of what doors saw."""

import pytest

from gatepost.actions.doors import forget_door
from gatepost.actions.preview import preview_policy
from gatepost.actions.sightings import MOST_PER_LOGIN, MOST_STRANGERS
from gatepost.core.change.impact import Impact
from gatepost.core.instant import DAY, MINUTE
from gatepost.storage import devices, feed, sightings
from gatepost.storage.sightings import Seen
from tests.verbs.conftest import Build
from tests.verbs.doorside import see, sighting
from tests.verbs.houses import AUTHOR, House, good, memo

NOWHERE = dict.fromkeys(("country", "time_zone", "locale", "groups"), "")


def kept(house: House) -> list[Seen]:
    with house.site.store.reading() as conn:
        return list(sightings.everything(conn))


def test_a_phone_is_one_row_however_often_it_comes(build: Build) -> None:
    """Seen first stays, seen last moves on; another door's is another row."""
    house = build()
    house.people("ann")
    first = house.now()
    see(house, sighting("ann@corp.example", "eas1", first))
    house.later(DAY)
    last = house.now()
    see(house, sighting("ann@corp.example", "eas1", last, "warned", user_agent="Apple-iPhone/2"))
    see(house, sighting("ann@corp.example", "eas1", house.now()), door="imap")
    one, other = sorted(kept(house), key=lambda seen: seen.door, reverse=True)
    assert (one.first_at, one.last_at, one.reason, one.user_agent) == (first, last, "warned", "Apple-iPhone/2")
    assert other.door == "imap"
    house.sound()


def test_a_login_with_a_domain_is_the_one_of_the_inventory(build: Build) -> None:
    """CORP\\eve and eve@other.example are eve where the inventory has eve, and one row with her."""
    house = build()
    house.people_rows({"email": "", "id": "7", "logins": "eve", "name": "Eve", "kind": "employee"} | NOWHERE)
    now = house.now()
    see(house, sighting("corp\\eve", "eas1", now), sighting("eve@corp.example", "eas1", now))
    see(house, sighting("eve", "eas1", now), sighting("zoe", "eas2", now))
    assert [(one.login, one.stranger) for one in kept(house)] == [("eve", False), ("zoe", True)]


def test_a_door_s_clock_ahead_of_the_site_s_is_not_believed(build: Build) -> None:
    """I-11: nothing was seen in the site's future."""
    house = build()
    see(house, sighting("ann", "eas1", house.now() + MINUTE))
    (one,) = kept(house)
    assert one.first_at <= one.last_at <= house.now()


@pytest.mark.parametrize("reason", ["unknown", "foreign", "shared", "mismatch"])
def test_invented_logins_and_devices_are_bounded(build: Build, reason: str) -> None:
    """Who knows no login fills so many rows a door, who knows one so many a login, whatever the door made of it; known
    phones keep theirs."""
    house = build()
    house.people("ann")
    now = house.now()
    see(house, sighting("ann@corp.example", "hers", now))
    for part in range(3):
        see(house, *(sighting(f"stranger{part}-{number}", "x", now + 1, "unknown") for number in range(600)))
    assert sum(one.stranger for one in kept(house)) == MOST_STRANGERS
    see(house, *(sighting("ann@corp.example", f"flood{number}", now + 2, reason) for number in range(200)))
    hers = [one for one in kept(house) if one.login == "ann@corp.example"]
    assert len(hers) == MOST_PER_LOGIN
    assert "hers" in {one.identity for one in hers}
    with house.site.store.reading() as conn:
        assert feed.known_doors(conn)["mail"].dropped == 1800 - MOST_STRANGERS + 201 - MOST_PER_LOGIN


def test_what_was_not_seen_for_long_is_forgotten(build: Build) -> None:
    """A sighting is personal data: the worker deletes it when its time is over, and a door's when it is forgotten."""
    house = build(retention__sightings="30d")
    see(house, sighting("ann", "old", house.now()))
    house.later(20 * DAY)
    see(house, sighting("ann", "new", house.now()), sighting("ann", "other", house.now()))
    house.later(11 * DAY)
    assert {one.identity for one in kept(house)} == {"new", "other"}
    good(forget_door(house.site, None, "mail"))
    assert kept(house) == []


def impact(house: House, **policy: object) -> Impact:
    return good(preview_policy(house.site, AUTHOR, memo(**policy), "memo.yaml")).assessed.impact


def test_a_preview_counts_what_only_doors_saw(build: Build) -> None:
    """Sightings feed *unmanaged*: by form and platform as clients call themselves; they are never due, for anybody can
    claim them, and they make no fleet larger."""
    house = build()
    house.people("eve", "fox", "gil")
    house.phone("eve")
    now = house.now()
    before = impact(house, unseen="block")
    see(
        house,
        sighting("eve@corp.example", "own1", now, "unknown"),
        sighting("eve@corp.example", "own1", now, "unknown", user_agent="other"),
        sighting("fox@corp.example", "own2", now, "unknown", device_type="WindowsMail", user_agent=""),
        sighting("gil@corp.example", "easphone-eve", now, "foreign"),
        sighting("gil@corp.example", "", now, "unidentified", device_type="Outlook"),
        sighting("nobody", "own4", now, "unknown"),
    )
    see(house, sighting("eve@corp.example", "own1", now, "unknown"), door="imap")
    after = impact(house, unseen="block")
    assert (before.people.unmanaged, before.people.clear) == (0, 1)
    assert (after.people.unmanaged, after.devices.unmanaged, after.people.clear) == (1, 1, 0)
    assert (after.due_people, after.fleet, after.people.would_block) == (before.due_people, before.fleet, 0)
    desktops = impact(house, unseen="block", devices={"forms": ["desktop"]})
    assert (desktops.people.no_part, desktops.devices.no_part) == (1, 1)


def test_a_sighting_never_makes_a_device(build: Build) -> None:
    """Whoever knows a login and its owner's policy makes no device for them: nobody is due, told or blocked by it."""
    house = build()
    house.people("eve")
    house.phone("eve")
    see(house, sighting("eve@corp.example", "own1", house.now(), "unknown"))
    house.announce(unseen="block")
    see(house, sighting("eve@corp.example", "own2", house.now(), "unknown"))
    house.pass_time()
    assert [letter.recipient for letter in house.deliver()] == []
    with house.site.store.reading() as conn:
        assert devices.count(conn) == 1
    house.sound()
