"""The report of what doors saw."""

from typing import Any

from gatepost.actions.door_report import Reported, report_doors
from gatepost.core.refusal import Code
from gatepost.storage import held
from tests.verbs.conftest import Build
from tests.verbs.doorside import see, sighting
from tests.verbs.houses import LEGAL, SECURITY, House, good, refused


def report(house: House, door: str | None = None, by: Any = None) -> Reported:
    return good(report_doors(house.site, SECURITY, door, by))


def seen_by_all_sorts(build: Build) -> House:
    """A house of which a door saw one of each: six managed phones, one that hides its apps, and the others."""
    house = build()
    names = house.owners(6, ())
    house.people("hid", "own", "cloud", country="DE", groups="sales")
    house.phone("hid", visibility="managed-only")
    now = house.now()
    see(
        house,
        *(sighting(f"{name}@corp.example", f"easphone-{name}", now) for name in names),
        sighting("hid@corp.example", "easphone-hid", now, "blocked"),
        sighting("own@corp.example", "private1", now, "unknown", device_type="Android", user_agent="Android/13"),
        sighting("own@corp.example", "easphone-u0", now, "foreign"),
        sighting("cloud@corp.example", "", now, "unidentified", device_type="Outlook", user_agent="Outlook-iOS/2.0"),
        sighting("nobody", "x", now, "unknown"),
    )
    return house


def test_each_sort_is_counted(build: Build) -> None:
    """Managed and visible, managed and hidden, unmanaged, unidentified, foreign, and logins of nobody."""
    found = report(seen_by_all_sorts(build))
    assert found.seen == {
        "visible": 6,
        "hidden": 1,
        "unmanaged": 1,
        "unidentified": 1,
        "foreign": 1,
        "stranger": 1,
    }
    assert found.would_refuse == {"blocked": 1, "unknown": 2}
    assert found.unmanaged_percent == 12.5
    assert found.unmanaged_types == {"Android": None}
    assert found.unidentified_types == {"Outlook": None}


def test_a_device_at_two_doors_is_counted_once(build: Build) -> None:
    """Each door has its own counts; of all doors a device is one, and its newest reason counts."""
    house = seen_by_all_sorts(build)
    house.later(1000)
    see(house, sighting("hid@corp.example", "easphone-hid", house.now(), "warned"), door="imap")
    found = report(house)
    assert [(door.door, door.seen["hidden"]) for door in found.doors] == [("imap", 1), ("mail", 1)]
    assert found.seen["hidden"] == 1
    assert report(house, "imap").seen["visible"] == 0
    refused(report_doors(house.site, SECURITY, "none", None), Code.NO_SUCH_DOOR)


def test_small_cells_are_hidden(build: Build) -> None:
    """By country and by group nobody can be told apart: cells under five are hidden, as in a preview."""
    house = seen_by_all_sorts(build)
    by_country, by_group = report(house, by="country").by, report(house, by="group").by
    assert by_country["visible"] == {"US": 6}
    assert by_country["hidden"] == by_country["unmanaged"] == {"DE": None}
    assert by_group["hidden"] == {"sales": None}
    assert "stranger" not in by_country


def test_a_report_names_nobody(build: Build) -> None:
    """Neither a login, nor a name, nor a device's id stands in it."""
    text = repr(report(seen_by_all_sorts(build), by="group"))
    assert not any(word in text for word in ("corp.example", "easphone", "private1", "nobody"))


def test_a_report_needs_a_role(build: Build) -> None:
    """Who holds no role that works with doors or policies sees no report."""
    house = build()
    house.people("plain")
    refused(report_doors(house.site, "plain@corp.example", None, None), Code.ROLE_MISSING)
    good(report_doors(house.site, LEGAL, None, None))


def test_who_came_into_the_inventory_later_is_no_stranger(build: Build) -> None:
    """A sighting kept under the login as it was sent finds its person once people are imported."""
    house = build()
    see(house, sighting("corp\\eve@corp.example", "eas1", house.now(), "unknown"))
    assert report(house).seen["stranger"] == 1
    house.people("eve")
    assert report(house).seen["stranger"] == 1  # a login of the inventory with a domain is never shortened
    see(house, sighting("fred@corp.example", "eas2", house.now(), "unknown"))
    assert report(house).seen["stranger"] == 2
    house.people("fred")
    assert (report(house).seen["stranger"], report(house).seen["unmanaged"]) == (1, 1)


def test_a_door_that_nobody_opened_is_no_opening(house: House) -> None:
    """What is held counts emergency openings, not doors."""
    see(house)
    with house.site.store.reading() as conn:
        assert held.rows_of(conn, ["doors"]) == {"doors": 0}
