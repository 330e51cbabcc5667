"""Instants as people write them."""

import zoneinfo
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from gatepost.core.instant import ALWAYS, HOUR, MINUTE
from gatepost.core.policy.policy import Deadline
from gatepost.documents.deadline import (
    deadline_instants,
    instant_text,
    known_zones,
    local_instant,
    parse_instant,
    time_zone,
    zone_data_version,
)

ENDS_OF_DAYS = [
    ("2020-07-10", "Europe/Berlin", "2020-07-10T22:00:00Z", "an ordinary day"),
    ("2020-07-10", "Asia/Kolkata", "2020-07-10T18:30:00Z", "a half hour"),
    ("2020-07-10", "Pacific/Kiritimati", "2020-07-10T10:00:00Z", "the earliest zone"),
    ("2020-07-10", "Pacific/Pago_Pago", "2020-07-11T11:00:00Z", "the latest inhabited zone"),
    ("2018-11-03", "America/Sao_Paulo", "2018-11-04T03:00:00Z", "midnight does not exist: 01:00 is the first instant"),
    ("2023-04-27", "Africa/Cairo", "2023-04-27T22:00:00Z", "midnight does not exist"),
    ("2023-10-26", "Africa/Cairo", "2023-10-26T22:00:00Z", "the last hour of the day occurs twice"),
    ("2020-10-31", "America/Havana", "2020-11-01T05:00:00Z", "midnight occurs twice: the later"),
    ("2011-12-29", "Pacific/Apia", "2011-12-30T10:00:00Z", "the next day does not exist"),
    ("2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00Z", "a day that does not exist"),
    ("1991-03-30", "America/Toronto", "1991-03-31T05:00:00Z", "a leap year's neighbour, clocks change later that day"),
    ("2020-02-29", "UTC", "2020-03-01T00:00:00Z", "a leap day"),
]


@pytest.mark.parametrize(("text", "zone", "end", "why"), ENDS_OF_DAYS)
def test_a_date_is_the_end_of_that_day_where_the_reader_is(text: str, zone: str, end: str, why: str) -> None:
    """I-9: a date means the first instant of the next local day, whatever clocks do that night."""
    assert instant_text(local_instant(text, zone)) == end, why


@pytest.mark.parametrize(
    ("text", "zone", "instant"),
    [
        ("2020-07-10T17:00", "Europe/Berlin", "2020-07-10T15:00:00Z"),
        ("2020-07-10T17:00:30", "Europe/Berlin", "2020-07-10T15:00:30Z"),
        ("2020-07-10 17:00", "Europe/Berlin", "2020-07-10T15:00:00Z"),
        ("2020-10-25T02:30", "Europe/Berlin", "2020-10-25T01:30:00Z"),  # occurs twice: the later
        ("2020-03-29T02:30", "Europe/Berlin", "2020-03-29T01:30:00Z"),  # skipped: shown as 03:30, never as 01:30
        ("2020-07-10T17:00Z", "Europe/Berlin", "2020-07-10T17:00:00Z"),
        ("2020-07-10T17:00:00.250-05:00", "Asia/Tokyo", "2020-07-10T22:00:00.250Z"),
    ],
)
def test_a_doubtful_local_time_is_read_as_the_later(text: str, zone: str, instant: str) -> None:
    """I-10: nobody is blocked before the latest instant that a text can be read to mean; an offset settles it."""
    assert instant_text(local_instant(text, zone)) == instant


@pytest.mark.parametrize(
    "text",
    ["", "2020-7-10", "10.07.2020", "2020-02-30", "2020-07-10T24:00", "2020-07-10T5pm", "tomorrow", "1969-12-31",
     "9999-12-31", "0001-01-01", "2020-07-10T17:00+2", "2020-07-10T17:00+25:00", "2020-W28-5", "20200710",
     "2020-07-10\n", "٢٠٢٠-07-10"],
)  # fmt: skip
def test_what_is_not_in_the_calendar_is_refused(text: str) -> None:
    """Every text that is no date or time gets a sentence, not another day."""
    with pytest.raises(ValueError, match=r"^is not "):
        local_instant(text, "Europe/Berlin")


def test_a_misspelt_zone_gets_a_question() -> None:
    """A zone that does not exist is refused, and the nearest named."""
    with pytest.raises(ValueError, match='did you mean "Europe/Berlin"'):
        local_instant("2020-07-10", "europe/berlin")
    for hostile in ("", "../../etc/passwd", "Europe", "/etc/localtime", "Factory"):
        with pytest.raises(ValueError, match="is not a time zone"):
            time_zone(hostile)


@pytest.mark.parametrize(
    "text",
    [
        "2020-07-10",
        "2020-07-10T17:00Z",
        "2020-07-10T17:00:00",
        "2020-07-10T17:00:60Z",
        "1594418400",
        "9999-01-01T00:00:00Z",
    ],
)
def test_an_instant_has_a_zone(text: str) -> None:
    """A report's instant without a zone is refused: it could mean any of a day's hours."""
    with pytest.raises(ValueError, match=r"^is not "):
        parse_instant(text)


@given(st.integers(min_value=0, max_value=253_000_000_000_000))
def test_instants_survive_their_text(instant: int) -> None:
    """Every instant reads back from its text."""
    assert parse_instant(instant_text(instant)) == instant


def test_finer_than_a_millisecond_is_cut_off() -> None:
    """Seven digits, as some device managers write them, are read; a report never moves into the future."""
    assert instant_text(parse_instant("2020-07-10T12:00:00.1239999Z")) == "2020-07-10T12:00:00.123Z"


def slow_end_of_day(day: date, zone: str) -> int:
    """The specification: walk through the minutes around the day's end. The last one counts at which the date turns
    past that day, or the wall clock shows the midnight after it."""
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=1)
    midnight = (at + timedelta(days=2)).replace(tzinfo=None)
    ends = []
    before = at.astimezone(ZoneInfo(zone)).date()
    for minute in range(1, 4 * 24 * 60):
        moment = at + timedelta(minutes=minute)
        shown = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        after = shown.date()
        if before <= day < after or shown == midnight:
            ends.append(int(moment.timestamp()) * 1000)
        before = after
    return max(ends)


def changes_near(day: date, zone: str) -> bool:
    noons = [datetime(day.year, day.month, day.day, 12, tzinfo=UTC) + timedelta(days=n) for n in (-1, 2)]
    return len({moment.astimezone(ZoneInfo(zone)).utcoffset() for moment in noons}) > 1


SCANNED = {"days when clocks change": 0}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.sampled_from(sorted(known_zones())), st.dates(date(1973, 1, 1), date(2037, 12, 31)))
@example("America/Sao_Paulo", date(2018, 11, 3))
@example("America/Sao_Paulo", date(2018, 2, 17))
@example("America/Havana", date(2020, 10, 31))
@example("America/St_Johns", date(2006, 10, 28))
@example("Africa/Cairo", date(2023, 4, 27))
@example("Africa/Cairo", date(2023, 10, 26))
@example("Pacific/Apia", date(2011, 12, 29))
@example("Pacific/Apia", date(2011, 12, 30))
@example("Pacific/Kwajalein", date(1993, 8, 20))
@example("Asia/Gaza", date(2019, 3, 29))
@example("America/Nuuk", date(2024, 3, 30))
@example("Antarctica/Troll", date(2020, 3, 28))
def test_the_end_of_a_day_is_what_a_slow_scan_finds(zone: str, day: date) -> None:
    """I-9: the fast rule and a walk through the minutes agree, for any zone and day."""
    near = changes_near(day, zone)
    event(f"clocks change nearby: {near}")
    SCANNED["days when clocks change"] += near
    assert local_instant(day.isoformat(), zone) == slow_end_of_day(day, zone)


def test_the_slow_scan_met_changing_clocks() -> None:
    """The comparison above proves something only if it met nights on which clocks change."""
    if SCANNED["days when clocks change"] == 0:
        test_the_end_of_a_day_is_what_a_slow_scan_finds()
    assert SCANNED["days when clocks change"] >= 8


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.sampled_from(["Europe/Berlin", "America/Havana", "Pacific/Apia", "Australia/Lord_Howe", "Africa/Cairo"]),
    st.datetimes(*(datetime.fromisoformat(day) for day in ("1990-01-01", "2035-01-01"))),
)
def test_a_local_time_is_never_read_early(zone: str, local: datetime) -> None:
    """I-10: at the instant chosen the wall clock shows that time or, where it was skipped, a later one; and no later
    instant shows it again."""
    local = local.replace(second=0, microsecond=0)
    instant = local_instant(local.isoformat(timespec="minutes"), zone)

    def shown(at: int) -> datetime:
        return (
            (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at))
            .astimezone(ZoneInfo(zone))
            .replace(tzinfo=None)
        )

    assert shown(instant) >= local
    assert all(shown(instant + step * 30 * MINUTE) != local for step in range(1, 60))


def test_deadlines_have_one_instant_per_zone() -> None:
    """I-9: one instant per zone; the same one in every zone where the text has an offset."""
    zones = ["Europe/Berlin", "Asia/Kolkata"]
    dates = deadline_instants(Deadline("2020-07-10"), zones)
    assert list(dates) == zones
    assert dates["Europe/Berlin"] - dates["Asia/Kolkata"] == 3 * HOUR + 30 * MINUTE
    assert len(set(deadline_instants(Deadline("2020-07-10T17:00+02:00"), zones).values())) == 1
    assert set(deadline_instants(Deadline("immediately"), zones).values()) == {ALWAYS}


def test_zones_come_from_the_package_and_not_from_the_machine() -> None:
    """I-11: an update of the machine's zone files changes no instant."""
    assert zoneinfo.TZPATH == ()
    assert {"Europe/Berlin", "UTC", "America/Argentina/Buenos_Aires"} <= known_zones()
    assert len(known_zones()) > 400
    assert zone_data_version()[:4].isdigit()
