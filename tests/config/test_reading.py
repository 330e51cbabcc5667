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
        ' "sign_in", "metrics", "webhooks", "smtp", "rails", "fleet", "waivers", "attestations", "retention" or'
        ' "ledger"; did you mean "rails"?'
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


HOOK = '\n[webhooks.chat]\nurl = "{url}"\nsecret_file = "key"\n'


def hook(url: str, text: str = TEXT, more: str = "") -> list[str]:
    return problems(text + HOOK.format(url=url) + more)


def test_a_site_tells_webhooks_by_https() -> None:
    """There may be several, each with a name; paths are relative to the site, and what it is told of is a list."""
    read = settings(TEXT + HOOK.format(url="https://chat.example/a?b=c") + 'events = ["policy.retracted"]\n')
    assert read.webhooks["chat"].url == "https://chat.example/a?b=c"
    assert read.webhooks["chat"].secret_file == SITE / "key"
    assert read.webhooks["chat"].events == ("policy.retracted",)
    assert settings(TEXT).webhooks == {}


def test_a_webhook_in_clear_text_is_refused() -> None:
    """What is told names policies before anybody announced them."""
    (problem,) = hook("http://127.0.0.1:9/")
    assert problem.startswith("webhooks.chat.url: ")
    assert "expected https" in problem


def test_an_exercise_s_webhooks_stay_on_this_machine() -> None:
    """I-19: an exercise wakes nobody."""
    exercise = init_text(site_id="s1", exercise=True)
    assert "expected this machine" in hook("https://chat.example/", exercise)[0]
    for url in ("http://127.0.0.1:9/", "https://localhost/", "http://[::1]:80/a"):
        assert isinstance(parse_settings((exercise + HOOK.format(url=url)).encode(), SITE), Settings), url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "chat.example",
        "ftp://chat.example/",
        "https://",
        "https:///path",
        "https://user:secret@chat.example/",
        "https://chat.example:99999/",
        "https://chat.example/#part",
        "https://chat.example/a b",
        "https://chät.example/",
        "https://[::1/",
    ],
)
def test_what_is_no_address_of_a_webhook_is_refused(url: str) -> None:
    """I-36: nothing of a URL can become a line of a request; and none holds a password, for lists show it."""
    assert "expected a URL" in hook(url)[0]


def test_a_webhook_says_what_it_lacks() -> None:
    """Both that it needs are named; so are a misspelt setting and a type that is never told."""
    assert [problem.split(":")[0] for problem in problems(TEXT + "\n[webhooks.chat]\n")] == [
        "webhooks.chat.secret_file",
        "webhooks.chat.url",
    ]
    assert "there is no such setting" in hook("https://chat.example/", more='secrets = "x"\n')[0]
    assert '"policy.retracted"' in hook("https://chat.example/", more='events = ["policy.retract"]\n')[0]
    assert (
        "is no name for a webhook" in problems(TEXT + '\n[webhooks."a b"]\nurl = "https://a/"\nsecret_file = "k"\n')[0]
    )


@pytest.mark.parametrize("key", ["admin_groups", "approver_groups", "approver_security_groups", "administrator_groups"])
def test_no_group_gives_what_a_quorum_rests_on(key: str) -> None:
    """I-12: there is no way to write it, and whoever tries is told who grants it."""
    text = TEXT.replace("[sign_in] #", f'[sign_in]\n{key} = ["x"] #')
    told = "a group gives author, operator, helpdesk or auditor; what a quorum rests on, administrators grant"
    assert problems(text) == [f"sign_in.{key}: {told}"]


def test_a_group_gives_a_role_only_where_a_provider_signs_in() -> None:
    """Else the settings would say that somebody holds a role whom nobody ever asks."""
    text = changed("auditor_groups", '["auditors"]', changed("author_groups", '["writers"]'))
    told = 'the provider gives roles only where [web] sign_in is "provider"'
    assert problems(text) == [f"sign_in.author_groups: {told}", f"sign_in.auditor_groups: {told}"]
    at = 'url = "https://gatepost.example"\nsign_in = "provider"'
    good = changed("issuer", '"https://login.example"', changed("client_id", '"gatepost"', text))
    good = "\n".join(line for line in good.splitlines() if not line.startswith(("url = ", "sign_in = ")))
    assert settings(good.replace("[web] #", f"[web]\n{at} #")).sign_in.groups["author"] == ("writers",)
