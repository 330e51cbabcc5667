"""Doors as a site hears of them."""

from gatepost.core.instant import Instant
from gatepost.doors.report import Sighting
from gatepost.storage import feed
from tests.verbs.houses import House


def sighting(login: str, identity: str, at: Instant, reason: str = "clear", **more: str) -> Sighting:
    """What a door tells of one phone."""
    would = "block" if reason in ("blocked", "unknown") else "allow"
    fields = {"kind": "activesync" if identity else "", "device_type": "iPhone", "user_agent": "Apple-iPhone"} | more
    return Sighting(login=login, identity=identity, first=at, last=at, reason=reason, would=would, **fields)


def see(house: House, *found: Sighting, door: str = "mail", dropped: int = 0) -> None:
    """A door tells of these."""
    with house.site.store.reading() as conn:
        position = feed.position(conn)
    house.hear(door, position, sightings=found, dropped=dropped)
