"""The privacy sheet says what holds for this site, and changes with it."""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from gatepost.actions import access, door_mode, pause
from gatepost.actions.privacy_sheet import privacy_sheet
from gatepost.cli.main import run
from gatepost.config.settings import Retention
from gatepost.core.privacy.held import HELD
from gatepost.core.privacy.sheet import Sheet
from gatepost.core.privacy.shown import SHOWN
from gatepost.notify.sheet import LANGUAGES, PARTS, Language, Part, escaped, render_sheet
from tests.verbs.conftest import Build
from tests.verbs.doorside import see, sighting
from tests.verbs.houses import ADMIN, AUTHOR, OPERATOR, POLICY, SECURITY, House, good


def sheet(house: House) -> Sheet:
    return good(privacy_sheet(house.site, None))


def says(house: House, part: Part, language: Language = "en") -> str:
    """The text in one line."""
    return " ".join(render_sheet(part, language, sheet(house)).split())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("part", PARTS)
def test_every_text_can_be_made_of_an_empty_site(part: Part, language: Language, build: Build) -> None:
    """A site on its first day has a sheet: it says that nothing is looked for and no policy stands."""
    text = says(build(exercise=False), part, language)
    none = {"en": "No app is looked for at the moment", "de": "Zurzeit wird keine App gesucht"}
    assert none[language] in text
    assert {"en": "No policy is announced or in force", "de": "Zurzeit ist keine Richtlinie angekündigt"}[
        language
    ] in text


ARTICLES: Mapping[Part, tuple[str, ...]] = {
    "record": tuple(f"30(1)({letter})" for letter in "abcdefg"),
    "information": ("Art. 15", "Art. 16", "Art. 17", "Art. 18", "Art. 20", "Art. 21", "Art. 6(1)"),
    "assessment": ("35(7)(a)", "35(7)(b)", "35(7)(c)", "35(7)(d)", "35(9)", "35(2)"),
    "agreement": ("Annex A", "Annex B", "Annex C", "Annex D"),
}


@pytest.mark.parametrize("part", PARTS)
def test_what_the_law_asks_for_has_its_place(part: Part, build: Build) -> None:
    """Every point of the GDPR's Articles 13, 14, 30 and 35 that the text is for is named in it."""
    text = says(build(), part)
    assert [article for article in ARTICLES[part] if article not in text] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("part", PARTS)
def test_blanks_are_marked_and_counted(part: Part, language: Language, build: Build) -> None:
    """What only the controller knows is a marked blank, and the text begins by saying how many there are."""
    text = render_sheet(part, language, sheet(build()))
    mark = {"en": "TO FILL IN", "de": "AUSZUFÜLLEN"}[language]
    blanks = re.findall(rf"\*\*\[{mark}: [^]]+\]\*\*", text)
    said = {"en": r"^(\d+) places are left blank", "de": r"^(\d+) Stellen sind offen"}[language]
    (count,) = re.findall(said, text, re.MULTILINE)
    assert int(count) == len(blanks) - 1, "the one in the sentence about blanks is none"
    assert int(count) >= 5


SETTINGS: list[tuple[Part, dict[str, Any], str, str]] = [
    ("record", {"rails__minimum_notice": "48h"}, "sooner than 48 hours after", "sooner than 24 hours after"),
    ("record", {"rails__cap_people_per_hour": 7}, "no approval foresaw: 7.", "no approval foresaw: 50."),
    ("record", {"retention__sightings": "10d"}, "10 days after the last time", "90 days after the last time"),
    ("record", {"retention__waivers": "0"}, "until somebody erases it by hand", "365 days after its end"),
    ("record", {"site__contact": "the help desk, 4000"}, "the help desk, 4000", "your help desk"),
    ("record", {"door__on_unknown": "block"}, "in no inventory is refused", "in no inventory is let in"),
    ("record", {"door__on_no_copy": "allow"}, "everybody is let in", "everybody is told to ask again later"),
    ("record", {"door__copy_expires_after": "3d"}, "older than 3 days", "older than 7 days"),
    (
        "record",
        {"doors__mail__web_path": "/SOGo"},
        "127.0.0.1:8181; the web application /SOGo |",
        "ActiveSync at 127.0.0.1:8181 |",
    ),
    ("record", {"doors__mail__web_path": "/SOGo"}, "a browser without a certificate", ""),
    ("record", {"web__token_file": "token"}, "cannot search for people", "there is no token for it"),
    ("record", {"web__token_file": "token", "web__token_purpose": "the audit"}, "searches: the audit.", ""),
    ("assessment", {"web__token_file": "token"}, "allows no search for people", ""),
    ("assessment", {"rails__necessity_required": True}, "cannot be proposed", "can be proposed without saying"),
    ("assessment", {"rails__correction_within": "2h"}, "for everybody within 2 hours", "everybody within 4 hours"),
    ("assessment", {"fleet__stale_after": "5d"}, "absence older than 5 days", "absence older than 14 days"),
    ("agreement", {"waivers__longest": "10d"}, "last at most 10 days", "last at most 30 days"),
    ("agreement", {"rails__short_notice_roles": []}, "after being told. **[", "unless executive agree to less"),
]


@pytest.mark.parametrize(("part", "settings", "then", "usual"), SETTINGS)
def test_a_setting_changes_what_is_said(
    part: Part, settings: dict[str, Any], then: str, usual: str, build: Build
) -> None:
    """What the texts say follows the settings: with another value the sentence is another."""
    before, after = says(build(), part), says(build(**settings), part)
    assert usual in before
    assert then not in before
    assert then in after
    assert not usual or usual not in after


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"smtp__host": "127.0.0.1"}, "port 25, on this machine."),
        ({"smtp__host": "mail.corp.example"}, "mail.corp.example, port 25, encrypted."),
        ({"smtp__host": "mail.corp.example", "smtp__tls": "none"}, "over the network **without encryption**"),
    ],
)
def test_where_mail_goes_is_said(settings: dict[str, Any], said: str, build: Build) -> None:
    """The mail server, and whether mail is read on the way to it."""
    text = says(build(exercise=False, **settings), "record")
    assert said in text
    languages = "English, French, German, Hindi, Japanese, Portuguese, and Spanish"
    assert sorted(re.findall(r"[A-Z]\w+", languages)) == sorted(
        re.findall(r"[A-Z]\w+", text.partition("written in ")[2].partition(";")[0])
    )


def test_a_door_that_observes_is_said_to(build: Build) -> None:
    """While every door observes, the employees' text says that nobody is kept from mail; once one refuses, no more."""
    house = build(exercise=False, door__observe_for="0")
    see(house)
    assert "| observes: refuses nothing |" in says(house, "record")
    assert "no door of ours refuses any" in says(house, "information")
    assert "keine unserer Türen weist eines ab" in says(house, "information", "de")
    good(door_mode.set_mode(house.site, OPERATOR, "mail", "enforce", ""))
    assert "| refuses what policies block |" in says(house, "record")
    assert "no door of ours refuses any" not in says(house, "information")
    assert "no policy keeps any device from mail" in says(house, "information")


def test_a_policy_that_blocks_is_said_with_what_a_person_can_do(house_with_policy: House) -> None:
    """Under a policy that blocks, the text says what a computer decides, how long before, and whom to ask."""
    text = says(house_with_policy, "information")
    assert "is decided by a computer, by a policy that several people approved" in text
    assert "not blocked sooner than 24 hours after you were told" in text
    assert f"| TikTok is not permitted ({POLICY}, revision 1) | announced |" in text
    assert "We look for TikTok on devices" in text
    good(pause.pause(house_with_policy.site, OPERATOR, POLICY, "to find out", wait=lambda _seconds: None))
    assert "announced, paused" in says(house_with_policy, "information")
    assert "At the moment no policy keeps any device from mail" in says(house_with_policy, "information")


@pytest.fixture
def house_with_policy(build: Build) -> House:
    """Three people, one policy announced to them, a door that refuses."""
    house = build()
    house.owners(3)
    house.announce()
    see(house)
    return house


def test_numbers_and_apps_come_from_the_database(house_with_policy: House) -> None:
    """People, devices, holders of roles, rows of tables, apps with purpose and end: as they are at that instant."""
    house = house_with_policy
    before = sheet(house)
    see(house, sighting("nobody@elsewhere.example", "XYZ", house.now()))
    house.owners(2, prefix="v")
    good(access.grant_role(house.site, None, "v0@corp.example", "helpdesk"))
    after = sheet(house)
    assert (after.people - before.people, after.devices - before.devices) == (2, 2)
    assert (before.roles.get("helpdesk", 0), after.roles["helpdesk"]) == (0, 1)
    assert (before.strangers, after.strangers) == (0, 1)
    rows = {one.held.kind: one.rows for one in after.held}
    assert rows["people"] == len(house.tables()["people"])
    assert rows["sightings"] == 1
    assert (before.policies[0].people, after.policies[0].people) == (3, 5), "the two came into its audience"
    (app,) = after.apps
    assert (app.name, bool(app.purpose)) == ("TikTok", True)
    assert f"| TikTok | {escaped(app.purpose)} |" in says(house, "record")


def test_it_names_nobody(house_with_policy: House, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody's name, address or id stands in any text or in the facts: the sheet can be handed to anybody."""
    house_with_policy.people("qxcanary")
    directory = house_with_policy.site.directory
    for arguments in (["--language", "en"], ["--language", "de"], ["--format", "json"], ["--json"]):
        assert run(["privacy", "sheet", *arguments, "--site", str(directory)]) == 0
        printed = capsys.readouterr().out.casefold()
        assert len(printed) > 5000
        for name in ("qxcanary", "u0@corp", "phone-u0", ADMIN, AUTHOR, SECURITY):
            assert name.casefold() not in printed


def test_every_kind_and_term_has_its_words() -> None:
    """What is held, how it names, what ends it and who is shown it has words in both languages, and none too many."""
    for language in LANGUAGES:
        source = files("gatepost.notify").joinpath(f"sheets/words.{language}.toml").read_text(encoding="utf-8")
        words = tomllib.loads(source)
        assert set(words["kinds"]) == {held.kind for held in HELD}
        assert set(words["names"]) == {held.names.value for held in HELD}
        assert set(words["terms"]) == {term for held in HELD for term in held.terms} | {"never"}
        assert set(words["ends"]) == {held.ends.value for held in HELD} - {"term"}
        assert set(words["shown"]) == {shown.what for shown in SHOWN}


def test_every_term_of_retention_ends_something() -> None:
    """Each setting of [retention] is the end of some kind of what is held, and no kind names a term that is not set."""
    assert {term for held in HELD for term in held.terms} == set(Retention.model_fields)
    assert all(bool(held.terms) == (held.ends.value == "term") for held in HELD)


def test_the_command_writes_what_it_prints(
    house_with_policy: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--out` writes one file a part in the language asked for; --json gives the facts."""
    at = ["--site", str(house_with_policy.site.directory)]
    assert run(["privacy", "sheet", "--out", str(tmp_path / "texts"), "--language", "de", "--json", *at]) == 0
    written = json.loads(capsys.readouterr().out)["files"]
    assert written == [f"{part}.de.md" for part in PARTS]
    assert all((tmp_path / "texts" / name).read_text().startswith("# ") for name in written)
    assert run(["privacy", "sheet", "--part", "record", *at]) == 0
    assert capsys.readouterr().out.startswith("# Record of processing")
    assert run(["privacy", "sheet", "--json", *at]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert {field.name for field in fields(Sheet)} == set(facts)
    assert re.fullmatch(r"2020-\d\d-\d\dT.*Z", facts["made_at"])


def test_a_german_site_speaks_german(build: Build, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --language the texts are in the site's own, where they exist in it."""
    house = build(site__default_locale="de-AT")
    assert run(["privacy", "sheet", "--part", "record", "--site", str(house.site.directory)]) == 0
    assert capsys.readouterr().out.startswith("# Verzeichnis von Verarbeitungstätigkeiten")


HOSTILE = (
    "a | b",
    "<script>alert(1)</script>",
    "[click](javascript:alert(1))",
    "![x](https://corp.example/x.png)",
    "*x* _y_ `z` ~~w~~",
    "# heading",
    "- item",
    "1. item",
    "one\r\n\r\n# two",
    "{{ 71993 * 89993 }} {% raw %}",
    "&lt;b&gt; &amp;",
    "\u202etxet\u2066",
    "\\",
    "a" * 5000,
)


def shape(text: str) -> list[tuple[str, str]]:
    """The structure of a Markdown text, without its words."""
    parsed = MarkdownIt("gfm-like", {"linkify": False}).parse(text)
    return [
        (token.type, token.tag)
        for block in parsed
        for token in [block, *(block.children or [])]
        if token.type not in ("text", "text_special")
    ]


@pytest.mark.parametrize("part", PARTS)
def test_no_name_changes_the_structure(part: Part, house_with_policy: House) -> None:
    """I-36: a contact, a purpose, a title, a path or a reason has the same headings, tables and links around it,
    whatever it contains, and is read as it was written."""
    plain = with_everywhere(sheet(house_with_policy), "plain")
    for language in LANGUAGES:
        expected = shape(render_sheet(part, language, plain))
        assert ("table_open", "table") in expected
        for untrusted in HOSTILE:
            text = render_sheet(part, language, with_everywhere(plain, untrusted))
            assert shape(text) == expected, untrusted
            assert "6478866049" not in text, "a template was run"


def with_everywhere(found: Sheet, untrusted: str) -> Sheet:
    """The same sheet with this string wherever somebody can have written one."""
    return replace(
        found,
        site=untrusted,
        contact=untrusted,
        machine=untrusted,
        directory=untrusted,
        apps=tuple(replace(app, name=untrusted, purpose=untrusted) for app in found.apps),
        policies=tuple(replace(one, policy=untrusted, title=untrusted, necessity=untrusted) for one in found.policies),
        doors=tuple(replace(door, name=untrusted, copy=untrusted, web_path=untrusted) for door in found.doors),
        roles={f"approver:{untrusted}": 1},
        short_notice_roles=(untrusted,),
        mail=replace(found.mail, host=untrusted, sender=untrusted),
        api=replace(found.api, open=True, searches=untrusted, acts=True),
    )
