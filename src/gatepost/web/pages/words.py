"""Instants, durations and numbers as the pages write them: each with its zone or its unit."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from markupsafe import Markup

from gatepost.core.instant import DAY, HOUR, MINUTE, SECOND, Duration, Instant
from gatepost.documents.deadline import instant_text, parse_instant

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (SECOND, "second"))


def when(at: Instant | str, zone: str) -> Markup:
    """An instant, or its RFC 3339 text, with weekday, time and distance from UTC, for somebody in this zone."""
    instant = parse_instant(at) if isinstance(at, str) else at
    local = (_EPOCH + timedelta(milliseconds=instant)).astimezone(_zone(zone))
    distance = local.strftime("%z")
    shown = "UTC" if distance == "+0000" else f"UTC{distance[:3]}:{distance[3:5]}"
    text = f"{local:%a} {local.day} {local:%b %Y, %H:%M} {shown}"
    return Markup('<time datetime="{}">{}</time>').format(instant_text(instant), text)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def span(duration: Duration) -> str:
    """A duration in its largest unit, rounded down."""
    for unit, name in _UNITS:
        if duration >= unit:
            return counted(duration // unit, name)
    return "less than a second"


def counted(number: int, one: str, several: str = "") -> str:
    """So many of what: 1 person, 1,204 people."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"
