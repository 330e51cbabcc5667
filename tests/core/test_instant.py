import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.core.instant import DAY, HOUR, MINUTE, SECOND, duration_text, parse_duration


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("0", 0), ("250ms", 250), ("10s", 10 * SECOND), ("10m", 10 * MINUTE), ("24h", DAY), ("1d12h", 36 * HOUR)],
)
def test_a_duration_is_read_as_milliseconds(text: str, milliseconds: int) -> None:
    """Durations are written with their units and held in milliseconds."""
    assert parse_duration(text) == milliseconds


@pytest.mark.parametrize("text", ["", "24", "h", "-1h", "1.5h", "24 h", "24H", "1h ", "9999999h", "٣h"])
def test_anything_else_is_refused_with_a_sentence(text: str) -> None:
    """What is not a duration is refused, and the sentence says what to write instead."""
    with pytest.raises(ValueError, match="is not a duration: write a whole number"):
        parse_duration(text)


@given(st.integers(min_value=0, max_value=5000 * DAY))
def test_a_duration_written_reads_back_the_same(duration: int) -> None:
    """Writing a duration and reading it again loses nothing."""
    assert parse_duration(duration_text(duration)) == duration


def test_a_day_is_written_as_people_say_it() -> None:
    """Short durations keep hours (a notice of 24h), long ones are days."""
    assert [duration_text(value) for value in (DAY, 14 * DAY, 72 * HOUR, 90 * SECOND)] == ["24h", "14d", "3d", "1m30s"]
