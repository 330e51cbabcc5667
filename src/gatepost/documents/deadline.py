"""Instants as people write them, and deadlines as one instant per time zone.

Local times follow the tzdata package that Gatepost is installed with, never the machine's own zone files: an update of
the machine changes no instant, and every process of a site agrees (I-11). Importing this module makes it so for
`zoneinfo` in the whole process.

One rule for every doubtful local time: the later reading, so that nobody is blocked before the latest instant that a
text can be read to mean (I-10).
"""

import re
import zoneinfo
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import tzdata  # type: ignore[import-untyped]  # it ships no types

from gatepost.core.instant import ALWAYS, Instant
from gatepost.core.policy.policy import Deadline
from gatepost.core.problem import did_you_mean

zoneinfo.reset_tzpath(to=())
ZoneInfo.clear_cache()

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(Z|z|[+-]\d\d:\d\d)?", re.ASCII)
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|z|[+-]\d\d:\d\d)", re.ASCII)


def parse_instant(text: str) -> Instant:
    """An RFC 3339 date-time (section 5.6), which has a zone; what is finer than a millisecond is cut off.

    Two strictures: no leap second (`:60`), and no year before 1970 or after 9998. ValueError, with a sentence.
    """
    if _INSTANT.fullmatch(text) is None:
        raise ValueError("is not an instant: write it in RFC 3339 with its zone, such as 2020-07-10T22:00:00Z")
    return _milliseconds(_calendar(text))


def instant_text(instant: Instant) -> str:
    """RFC 3339 in UTC, `2020-07-10T22:00:00Z`; milliseconds only where they are not zero."""
    moment = _EPOCH + instant * _MILLISECOND
    precision = "milliseconds" if moment.microsecond else "seconds"
    return moment.isoformat(timespec=precision).removesuffix("+00:00") + "Z"


def local_instant(text: str, zone: str) -> Instant:
    """The instant meant by a text in a time zone. ValueError, with a sentence, for a text or a zone that is neither.

    `2020-07-10`: the end of that day, which is the first instant of the next local day. If that midnight does not
    exist, the first instant that does; if it occurs twice, the later.
    `2020-07-10T17:00` (seconds may follow): that local time; the later reading if clocks were put back or forward over
    it. `2020-07-10T17:00+02:00`, or with Z: that instant, whatever the zone.
    """
    if _DATE.fullmatch(text):
        return _end_of_day(_calendar(text).date(), time_zone(zone))
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(
            "is not a date or time: write a date such as 2020-07-10 (the end of that day), "
            "a local time such as 2020-07-10T17:00, or one with its zone such as 2020-07-10T17:00+02:00"
        )
    moment = _calendar(text)
    if match[1]:
        return _milliseconds(moment)
    return max(_readings(moment, time_zone(zone)))


def deadline_instants(deadline: Deadline, zones: Iterable[str]) -> dict[str, Instant]:
    """One instant per time zone (I-9). `immediately` is ALWAYS: what follows then is told + grace alone."""
    if deadline.immediately:
        return dict.fromkeys(zones, ALWAYS)
    return {zone: local_instant(deadline.written, zone) for zone in zones}


@lru_cache(maxsize=1024)
def time_zone(name: str) -> ZoneInfo:
    """The zone of an IANA name. ValueError, with a sentence, for anything else.

    Cached: zoneinfo itself keeps eight, and a proposal asks for all six hundred.
    """
    problem = zone_problem(name)
    if problem:
        raise ValueError(problem)
    return ZoneInfo(name)


def zone_problem(name: str) -> str:
    """What is wrong with a time zone's name, "" if nothing is. Does not repeat the name."""
    if name in known_zones():
        return ""
    hint = did_you_mean(name, known_zones())
    return "is not a time zone of the IANA database" + (f"; {hint}" if hint else "")


@cache
def known_zones() -> frozenset[str]:
    """Every IANA time zone name of the tzdata package. Cached: it takes milliseconds to read."""
    return frozenset(zoneinfo.available_timezones()) - {"Factory"}  # "Factory" means: nobody has set a zone


def zone_data_version() -> str:
    """The release of the IANA database that instants are computed with, such as `2026f`."""
    return str(tzdata.IANA_VERSION)


def _calendar(text: str) -> datetime:
    """What the digits say, with the offset if there is one. ValueError where the calendar has no such day or time."""
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise ValueError(f"is not in the calendar: {error}") from None
    if not 1970 <= moment.year <= 9998:  # at the calendar's ends, an offset leaves what datetime can hold
        raise ValueError("is not between the years 1970 and 9998")
    return moment


def _milliseconds(moment: datetime) -> Instant:
    return max((moment - _EPOCH) // _MILLISECOND, 0)


def _readings(local: datetime, zone: ZoneInfo) -> tuple[Instant, Instant]:
    """Both instants that a local time can mean (PEP 495): the same one twice, unless clocks change over it."""
    return _milliseconds(local.replace(tzinfo=zone)), _milliseconds(local.replace(tzinfo=zone, fold=1))


def _end_of_day(day: date, zone: ZoneInfo) -> Instant:
    midnight = datetime(day.year, day.month, day.day) + timedelta(days=1)  # noqa: DTZ001 - a local time has no zone yet
    early, late = sorted(_readings(midnight, zone))
    if _local(late, zone) == midnight:
        return late
    # Midnight was skipped. Local time jumps over it exactly once between the two readings: find that instant.
    while late - early > 1:
        middle = (early + late) // 2
        early, late = (early, middle) if _local(middle, zone) >= midnight else (middle, late)
    return late


def _local(instant: Instant, zone: ZoneInfo) -> datetime:
    """What a wall clock shows."""
    return (_EPOCH + instant * _MILLISECOND).astimezone(zone).replace(tzinfo=None)
