"""Instants and numbers as the play's reader sees them."""

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from gatepost.core.instant import Duration, Instant

PLACES: Final = {
    "America/Los_Angeles": "Seattle",
    "Asia/Kolkata": "Bengaluru",
    "Asia/Tokyo": "Tokyo",
    "Europe/Berlin": "Berlin",
}


def local(at: Instant, zone: str) -> str:
    """`Friday 10 July, 09:00 in Seattle`."""
    moment = datetime.fromtimestamp(at // 1000, UTC).astimezone(ZoneInfo(zone))
    return f"{moment:%A} {moment.day} {moment:%B}, {moment:%H:%M} in {PLACES[zone]}"


def count(number: int) -> str:
    """`27,809`."""
    return f"{number:,}"


def seconds(duration: Duration) -> str:
    """`9.1 s`."""
    return f"{duration / 1000:.1f} s"
