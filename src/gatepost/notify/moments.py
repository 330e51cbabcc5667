"""Instants and durations in words, in a person's zone and language.

The instant in a mail is the door's own: both come from one value (I-10). A date means the end of that day, so an
instant that begins a local day is written as the end of the day before.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, format_timedelta, get_timezone_location, get_timezone_name

from gatepost.core.instant import HOUR, MINUTE, SECOND, Duration, Instant
from gatepost.notify.language import language_of

_NEVER_A_LARGER_UNIT = 10**9
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _local(at: Instant, zone: ZoneInfo) -> datetime:
    return (_EPOCH + timedelta(milliseconds=at)).astimezone(zone)


@lru_cache(maxsize=1024)
def locale_for(locale: str, language: str) -> Locale:
    """The person's own locale if it is of this language (dates read as at home), else the language alone."""
    if language_of(locale) == language_of(language):
        try:
            return Locale.parse(locale.replace("-", "_"))
        except (ValueError, UnknownLocaleError):
            pass
    return Locale.parse(language.replace("-", "_"))


@lru_cache(maxsize=4096)
def words_of(at: Instant, time_zone: str, locale: Locale) -> tuple[str, str, str]:
    """The instant as (date, time, zone); the time is "" where the instant is the end of the date's day.

    The zone is its name and its distance from UTC: names alone are ambiguous where clocks go back. A zone that this
    machine does not know is told in UTC, which says so.
    """
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo("UTC")
    here, before = _local(at, zone), _local(at - 1, zone)
    # A midnight that occurs twice is the later one, which its date does not show: it is still the end of the day.
    midnight = here.date() != before.date() or (here.hour, here.minute, here.second) == (0, 0, 0)
    day = here.date() - timedelta(days=1) if midnight else here.date()
    time = "" if midnight else format_time(here, "short", locale=locale)
    return format_date(day, "full", locale=locale), time, _zone_words(here, locale)


def _zone_words(here: datetime, locale: Locale) -> str:
    offset = here.strftime("%z")
    sign = "+" if offset.startswith("+") else "\N{MINUS SIGN}"  # a hyphen would let the line break after it
    distance = "UTC" if offset == "+0000" else f"UTC{sign}{offset[1:3]}:{offset[3:5]}"
    if str(here.tzinfo) == "UTC":
        return distance
    variant: Literal["daylight", "standard"] = "daylight" if _is_summer_time(here) else "standard"
    name = str(get_timezone_name(here, width="long", zone_variant=variant, locale=locale))
    if name.startswith(("GMT+", "GMT-")):  # no name of its own: then the country's or the city's
        name = str(get_timezone_location(here, locale=locale))
    return f"{name}, {distance}"


def _is_summer_time(here: datetime) -> bool:
    """True while clocks are ahead of the zone's other time of the year.

    Not the same as `dst()`: the zone database calls Ireland's winter a daylight saving of minus one hour.
    """
    saved = here.dst() or timedelta()
    other = (here + timedelta(days=182)).dst() or timedelta()
    return saved > timedelta() or (not saved and other < timedelta())


@lru_cache(maxsize=256)
def duration_words(duration: Duration, locale: Locale) -> str:
    """A duration in the largest unit that it is whole in, seconds rounded down: no more than the door gives (I-10).

    Never in days: "days" bends with its case in German.
    """
    unit: Literal["second", "minute", "hour"] = "second"
    if duration % HOUR == 0:
        unit = "hour"
    elif duration % MINUTE == 0:
        unit = "minute"
    whole = timedelta(seconds=duration // SECOND)
    return str(format_timedelta(whole, granularity=unit, threshold=_NEVER_A_LARGER_UNIT, locale=locale))


@lru_cache(maxsize=1024)
def language_words(language: str, locale: Locale) -> str:
    """A language's name in the reader's language; its code where it has none."""
    return str(locale.languages.get(language_of(language), language))
