"""Reading gatepost.toml: all problems at once, each with its place and what was expected."""

from pathlib import Path

import pytest

from gatepost.config import Settings, init_text
from gatepost.config.kinds import Address
from gatepost.config.reading import load_settings, parse_settings
from gatepost.core.instant import HOUR
from gatepost.core.problem import Problem

SITE = Path("/srv/site")
TEXT = init_text(site_id="s1", exercise=False)


def problems(text: str) -> list[str]:
    """Every problem as field and text, without the place."""
    result = parse_settings(text.encode(), SITE)
    assert isinstance(result, tuple)
    return [f"{problem.field}: {problem.text}" for problem in result]


def settings(text: str) -> Settings:
    result = parse_settings(text.encode(), SITE)
    assert isinstance(result, Settings), result
    return result


def changed(key: str, value: str, text: str = TEXT) -> str:
    """The file with another value for the one line that sets `key` (the first, if several sections have it)."""
    lines = text.splitlines()
    number = next(number for number, line in enumerate(lines) if line.startswith(f"{key} = "))
    lines[number] = f"{key} = {value}"
    return "\n".join(lines)


def without(key: str) -> str:
    return "\n".join(line for line in TEXT.splitlines() if not line.startswith(f"{key} = "))


def test_values_are_ready_to_use() -> None:
    """Durations are milliseconds, addresses are split, relative paths start at the site's directory."""
    read = settings(changed("minimum_notice", '"1d12h"'))
    assert read.rails.minimum_notice == 36 * HOUR
    assert read.doors["mail"].listen == Address("127.0.0.1", 8181)
    assert read.database.path == SITE / "gatepost.db"
    assert read.doors["mail"].table == SITE / "door"
    assert read.smtp.password_file is None
    assert read.rails.short_notice_roles == ("executive",)


def test_an_absolute_path_stays() -> None:
    """A path that starts at the root is left as it is."""
    assert settings(changed("path", '"/var/lib/gatepost.db"')).database.path == Path("/var/lib/gatepost.db")


def test_settings_cannot_be_changed_after_reading() -> None:
    """Settings are frozen: what was validated is what everybody sees."""
    read = settings(TEXT)
    with pytest.raises(ValueError, match="frozen"):
        read.door.on_unknown = "block"


def test_what_is_left_out_has_its_default() -> None:
    """Sections and settings with a default may be left out."""
    short = '[site]\nid = "s1"\n[ledger]\norigin = "o"\n[door]\non_unknown="allow"\non_unidentified="allow"\n'
    assert settings(short + 'on_no_copy="allow"\n').rails == settings(TEXT).rails


@pytest.mark.parametrize("key", ["on_unknown", "on_unidentified", "on_no_copy"])
def test_a_site_silent_on_what_it_cannot_know_is_refused(key: str) -> None:
    """I-7: there is no default for unknown devices, unidentified clients or a missing copy; the choices are named."""
    (problem,) = problems(without(key))
    assert problem.startswith(f'door.{key}: is missing, and has no default: write "')
    assert '"allow" or "block"' in problem


def test_a_site_without_a_door_section_hears_of_every_choice() -> None:
    """I-7: leaving out the whole section is no way round."""
    text = '[site]\nid = "s1"\n[ledger]\norigin = "o"\n'
    assert [problem.split(":")[0] for problem in problems(text)] == [
        "door.on_no_copy",
        "door.on_unidentified",
        "door.on_unknown",
    ]


def test_all_problems_come_at_once_in_the_order_of_the_file() -> None:
    """One run names every problem with line and column, so that nobody mends a file step by step."""
    text = changed("on_unknown", '"blcok"', changed("minimum_notice", "24", changed("port", '"25"')))
    text = text.replace("cap_people_per_hour", "cap_peple_per_hour")
    result = parse_settings(text.encode(), SITE)
    assert isinstance(result, tuple)
    lines = text.splitlines()
    assert [(problem.field, lines[problem.line - 1].split(" =")[0]) for problem in result] == [
        ("door.on_unknown", "on_unknown"),
        ("smtp.port", "port"),
        ("rails.minimum_notice", "minimum_notice"),
        ("rails.cap_peple_per_hour", "cap_peple_per_hour"),
    ]
    assert {problem.column for problem in result} == {1}
    assert [problem.text for problem in result] == [
        'expected "allow" or "block", but this is "blcok"; did you mean "block"?',
        'expected a whole number, but this is "25"',
        'expected a duration in quotes, such as "24h"',
        'there is no such setting in [rails]; did you mean "cap_people_per_hour"?',
    ]


def test_a_misspelt_section_is_named() -> None:
    """An unknown section gets the nearest one."""
    assert [problem for problem in problems(TEXT.replace("[rails]", "[rials]")) if "rials" in problem] == [
        'rials: there is no section or setting of this name: sections are "site", "database", "door", "doors", "web",'
        ' "metrics", "smtp", "rails", "fleet", "waivers", "attestations", "retention" or "ledger";'
        ' did you mean "rails"?'
    ]


def test_a_setting_in_the_wrong_section_is_sent_home() -> None:
    """A setting that exists in another section is told where it belongs."""
    assert problems(TEXT.replace("[web] #", '[web]\nstale_after = "1d" #')) == [
        "web.stale_after: there is no such setting in [web]; it belongs in [fleet]"
    ]


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        (
            "minimum_notice",
            '"24"',
            '"24" is not a duration: write a whole number and ms, s, m, h or d, such as 24h or 1d12h',
        ),
        ("large_impact_percent", "101", "expected at most 100, but this is 101"),
        ("cap_people_per_hour", "0", "expected at least 1, but this is 0"),
        ("first_batch", "true", "expected a whole number, but this is true"),
        ("exercise", '"yes"', 'expected true or false, but this is "yes"'),
        ("short_notice_roles", '"executive"', 'expected a list, such as ["executive"], but this is "executive"'),
        ("short_notice_roles", "[1]", "expected a text in quotes, but this is 1"),
        ("listen", '"8181"', 'expected "HOST:PORT", such as "127.0.0.1:8180"'),
        ("listen", '"127.0.0.1:65536"', 'expected "HOST:PORT", such as "127.0.0.1:8180"'),
        ("path", '""', "expected a path in quotes"),
        (
            "default_time_zone",
            '"Mars/Olympus"',
            '"Mars/Olympus" is no time zone: expected an IANA name, such as "Europe/Berlin"',
        ),
        ("default_time_zone", '"../etc"', '"../etc" is no time zone: expected an IANA name, such as "Europe/Berlin"'),
        ("from", '"a@b\\nBcc: x@y"', '"a@b\nBcc: x@y" is no mail address'),
    ],
)
def test_a_wrong_value_is_told_what_was_expected(key: str, value: str, sentence: str) -> None:
    """Every kind of value has a sentence that says what would have been right."""
    (problem,) = problems(changed(key, value))
    assert problem.split(": ", 1)[1] == sentence


def test_a_line_break_in_a_name_is_refused() -> None:
    """I-36: what stands in mails and checkpoints as one line cannot hold two."""
    (problem,) = problems(changed("origin", '"gatepost/s1\\n5\\n"'))
    assert "is not possible here" in problem


def test_an_exercise_sends_mail_to_this_machine_only() -> None:
    """I-19: an exercise with another mail server is refused; a live site may have one."""
    exercise = init_text(site_id="s1", exercise=True)
    assert problems(changed("host", '"smtp.example.com"', exercise)) == [
        "smtp.host: an exercise reaches no live recipient: expected this machine, such as 127.0.0.1"
    ]
    assert settings(changed("host", '"smtp.example.com"')).smtp.host == "smtp.example.com"
    assert settings(changed("host", '"::1"', exercise)).smtp.host == "::1"


def test_a_password_is_not_sent_in_clear_text() -> None:
    """Signing in without TLS is refused, except on this machine."""
    text = changed("password_file", '"secret"', changed("username", '"u"', changed("tls", '"none"')))
    assert settings(text).smtp.password_file == SITE / "secret"
    (problem,) = problems(changed("host", '"mail.example.com"', text))
    assert problem == "smtp.tls: a password would cross the network in clear text: expected starttls or tls"


def test_two_servers_cannot_listen_in_one_place() -> None:
    """The door and the pages need addresses of their own."""
    assert problems(changed("listen", '"127.0.0.1:8180"')) == [
        "doors.mail.listen: 127.0.0.1:8180 is taken by web.listen already"
    ]


def test_a_user_by_certificate_needs_certificates() -> None:
    """A source that can never name anybody is a mistake, and so is a header's name that no proxy could set."""
    assert problems(changed("users", '["basic", "certificate"]')) == [
        "doors.mail.users: certificate stands here, so certificates must be true"
    ]
    (problem,) = problems(changed("user_header", '"X Remote User"'))
    assert problem.startswith('doors.mail.user_header: "X Remote User" is not possible here')


def test_what_is_not_toml_has_its_line() -> None:
    """A broken file is one problem, with line and column."""
    assert parse_settings(b"[site]\nid =\n", SITE) == (
        Problem("gatepost.toml", 2, 5, "", "is not TOML: Invalid value"),
    )
    assert parse_settings(b"[site]\nid = '\xff'", SITE) == (Problem("gatepost.toml", 2, 0, "", "is not UTF-8"),)


def test_a_value_where_a_section_should_stand() -> None:
    """`door = 1` is told how a section is written."""
    assert problems(f"door = 1\n{TEXT.replace('[door]', '[web.x]')}")[0].startswith("door: expected a section")


def test_a_directory_without_the_file(tmp_path: Path) -> None:
    """A missing file is a problem like any other, not an exception."""
    result = load_settings(tmp_path)
    assert isinstance(result, tuple)
    assert result[0].text == f"cannot be read in {tmp_path}: No such file or directory"


def test_a_site_is_read_from_its_directory(tmp_path: Path) -> None:
    """load_settings reads gatepost.toml in the directory given."""
    (tmp_path / "gatepost.toml").write_text(TEXT)
    result = load_settings(tmp_path)
    assert isinstance(result, Settings)
    assert result.database.path == tmp_path / "gatepost.db"


def test_a_site_named_by_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its settings' paths are absolute all the same: mail servers read them from elsewhere."""
    (tmp_path / "gatepost.toml").write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    result = load_settings(Path())
    assert isinstance(result, Settings)
    assert result.database.path == tmp_path / "gatepost.db"
