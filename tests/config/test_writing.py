"""The gatepost.toml that init writes."""

import re
import tomllib
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gatepost.config import Settings, init_text
from gatepost.config.reading import parse_settings
from gatepost.config.settings import sections
from gatepost.core.instant import DAY, MINUTE

SITE = Path("/srv/site")


def read(text: str) -> Settings:
    result = parse_settings(text.encode(), SITE)
    assert isinstance(result, Settings), result
    return result


def test_what_init_writes_reads_back_to_the_defaults() -> None:
    """The file states the defaults as they are: taking out every line that has one changes nothing."""
    text = init_text(site_id="s1", exercise=False)
    needed = {"id", "origin", "on_unknown", "on_unidentified", "on_no_copy"}
    lines = text.splitlines()
    short = "\n".join(line for line in lines if line.startswith("[") or line.split(" = ")[0] in needed)
    assert len(short) < len(text) / 4
    assert read(text) == read(short)


def test_every_setting_is_written_once_with_a_comment() -> None:
    """Every setting has one uncommented `key = value` under its [section], and a comment above it."""
    text = init_text(site_id="s1", exercise=False)
    data = tomllib.loads(text)
    data |= {f"doors.{name}": values for name, values in data.pop("doors").items()}
    written = {section: set(values) for section, values in data.items()}
    assert written == {
        section: {field.alias or name for name, field in kind.model_fields.items()} for section, kind in sections()
    }
    lines = text.splitlines()
    settings = [number for number, line in enumerate(lines) if re.match(r"[a-z_]+ = ", line)]
    assert len(settings) == sum(len(keys) for keys in written.values())
    assert all(lines[number - 1].startswith("# ") for number in settings)


def test_no_line_is_long() -> None:
    """The file reads well in a terminal."""
    assert max(len(line) for line in init_text(site_id="s1", exercise=True).splitlines()) <= 120


def test_a_live_site_starts_observing_with_every_rail() -> None:
    """A new site refuses nobody at its door, needs a day's notice and announces slowly."""
    site = read(init_text(site_id="s1", exercise=False))
    assert site.door.observe_for == 14 * DAY
    assert site.rails.minimum_notice == 24 * 60 * MINUTE
    assert site.rails.announcement_rate_per_minute == 600
    assert site.smtp.tls == "auto"
    assert site.smtp.rate_per_hour == 0


def test_an_exercise_enforces_at_full_speed_on_this_machine() -> None:
    """I-19: an exercise is marked, sends to loopback, not to the port of a live mail server, and does not wait."""
    site = read(init_text(site_id="s1", exercise=True))
    assert site.site.exercise
    assert (site.rails.announcement_rate_per_minute, site.rails.first_batch_wait) == (0, 0)
    assert (site.smtp.host, site.smtp.port) == ("127.0.0.1", 8025)


def test_changes_are_written_in_place() -> None:
    """init can be told other values, by their path in the file."""
    text = init_text(site_id="s1", exercise=True, changes={"smtp.port": 2525, "rails.first_batch_wait": 5 * MINUTE})
    assert read(text).smtp.port == 2525
    assert 'first_batch_wait = "5m"' in text


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_any_name_survives_writing(name: str) -> None:
    """I-36: an organisation's name changes nothing but itself, whatever signs are in it."""
    assert read(init_text(site_id="s1", exercise=False, name=name)).site.name == name
