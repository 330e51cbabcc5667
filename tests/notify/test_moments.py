"""Instants in words: the end of a day is never written as the beginning of the next."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from babel import Locale

from gatepost.core.instant import HOUR, MINUTE
from gatepost.notify.moments import duration_words, locale_for, words_of

ENGLISH = Locale.parse("en_GB")
FRIDAY = "Friday, 10 July 2020"
CEST = "Central European Summer Time, UTC+02:00"
EEST = "Eastern European Summer Time, UTC+03:00"


def local(zone: str, *parts: int, fold: int = 0) -> int:
    """The instant of a local time."""
    return int(datetime(*parts, tzinfo=ZoneInfo(zone), fold=fold).timestamp() * 1000)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("zone", "at", "words"),
    [
        ("Europe/Berlin", local("Europe/Berlin", 2020, 7, 11), (FRIDAY, "", CEST)),
        ("Asia/Kolkata", local("Asia/Kolkata", 2020, 7, 11), (FRIDAY, "", "India Time, UTC+05:30")),
        ("Europe/Dublin", local("Europe/Dublin", 2020, 7, 11), (FRIDAY, "", "Irish Standard Time, UTC+01:00")),
        (
            "Europe/Dublin",
            local("Europe/Dublin", 2020, 12, 11),
            ("Thursday, 10 December 2020", "", "Greenwich Mean Time, UTC"),
        ),
        # clocks go forward at midnight: the day begins at one
        ("Africa/Cairo", local("Africa/Cairo", 2024, 4, 26, 1), ("Thursday, 25 April 2024", "", EEST)),
        # midnight occurs twice: the later one still ends the day before
        (
            "America/Havana",
            local("America/Havana", 2020, 11, 1, fold=1),
            ("Saturday, 31 October 2020", "", "Cuba Standard Time, UTC−05:00"),
        ),
        ("UTC", local("UTC", 2020, 7, 10, 17), (FRIDAY, "17:00", "UTC")),
        ("Europe/Berlin", local("Europe/Berlin", 2020, 7, 10, 23, 59), (FRIDAY, "23:59", CEST)),
        ("Not/AZone", local("UTC", 2020, 7, 10, 17), (FRIDAY, "17:00", "UTC")),
    ],
)
def test_instants_in_words(zone: str, at: int, words: tuple[str, str, str]) -> None:
    """I-10, I-11: weekday, date, zone in words and its distance from UTC, for the very instant that the door uses."""
    date, time, name = words_of(at, zone, ENGLISH)
    assert (date.replace("Friday 10", "Friday, 10"), time, name) == words


def test_the_instant_before_midnight_is_another_minute() -> None:
    """An instant one millisecond before the day's end is not written as its end."""
    midnight = local("Europe/Berlin", 2020, 7, 11)
    assert words_of(midnight, "Europe/Berlin", ENGLISH)[1] == ""
    assert words_of(midnight - 1, "Europe/Berlin", ENGLISH)[1] == "23:59"


def test_dates_are_written_as_at_home() -> None:
    """The person's own locale writes the date, if it is of the mail's language."""
    at = local("UTC", 2020, 7, 10, 17)
    assert words_of(at, "UTC", locale_for("en-US", "en"))[0] == "Friday, July 10, 2020"
    assert words_of(at, "UTC", locale_for("fr-FR", "en"))[0] == "Friday, July 10, 2020"
    assert words_of(at, "UTC", locale_for("en-nonsense-12345678910", "en"))[0] == "Friday, July 10, 2020"
    assert words_of(at, "UTC", locale_for("de-AT", "de"))[0] == "Freitag, 10. Juli 2020"


@pytest.mark.parametrize(
    ("duration", "language", "words"),
    [
        (24 * HOUR, "en", "24 hours"),
        (72 * HOUR, "de", "72 Stunden"),
        (HOUR, "de", "1 Stunde"),
        (90 * MINUTE, "en", "90 minutes"),
        (MINUTE + 10_999, "en", "70 seconds"),
    ],
)
def test_durations_in_words(duration: int, language: str, words: str) -> None:
    """I-10: whole hours, minutes or seconds, rounded down: a mail never promises more time than the door gives."""
    assert duration_words(duration, Locale.parse(language)) == words
