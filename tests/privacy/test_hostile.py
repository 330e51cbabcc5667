"""I-36: more than a hundred hostile names change the structure of no mail, no answer, no table, no file and no log."""

import contextlib
import csv
import io
import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import replace

import pytest

from gatepost.actions import access, accounts, evidence, waive
from gatepost.cli.main import run
from gatepost.core.fleet.claim import Claim
from gatepost.core.instant import DAY
from gatepost.core.notice.notice import NoticeKind
from gatepost.core.policy.policy import Text
from gatepost.documents.claims_file import read_claim
from gatepost.notify.facts import NoticeFacts, SoughtApp
from gatepost.notify.render import LANGUAGES, Renderer, load_templates
from gatepost.notify.samples import sample
from tests.notify.test_hostile import BREAKERS, Shape
from tests.verbs.houses import AUTHOR, OPERATOR, POLICY, TIKTOK, Builder, House, good

MARKUP = ["<script>alert(1)</script>", "</td></table><b>", '" onload="x', "'><img src=x>", "&lt;&#x3c;", "<!--", "]]>"]
LINES = ["a\r\nBcc: all@corp.example", "a\nb", "a\rb", "a\x0bb", "a\x85b", "a\u2028b", "a\u2029b", "a\0b", "\r\n.\r\n"]
BIDI = ["a\u202eb", "a\u2066b\u2069", "\u200fa", "a\u061cb", "\ufeffa", "a\u200bb", "a\U000e0041b", "a\u00adb"]
FORMULAE = ["=1+1", "+1", "-1", "@SUM(1)", "=cmd|' /C calc'!A0", "\t=1", '=HYPERLINK("x")', "%0A=1"]
TEMPLATES = ["{{ 7*7 }}", "{% raw %}", "{name}", "{0.__class__}", "${x}", "%s%n", "#{1}", "{# x #}", "<%= 1 %>"]
YAML = ["*a", "&a", "!!python/object:os.system", "- a", "a: b", "# a", "%YAML", "? a", "| a", "> a", "'", '"', "`"]
TERMINAL = ["\x1b[31m", "\x1b]0;owned\x07", "\x9b31m", "\x1b[2J", "\x08\x08", "\x7f", "\x1bPq\x1b\\", "\x07"]
SQL = ["'; DROP TABLE people; --", "' OR '1'='1", "a\\'b", "%", "_", ") UNION SELECT", "a;b", "NULL", "1=1"]
CONFIG = ["a;\n}", "} location / {", "$host", "\\", "a#b", "a`id`", "$(id)", "]] os.exit() --[[", "../../x", "a|b"]
LONG = ["x" * 1000, "\u0301" * 50, "\U0001f600" * 40, "\u5f20" * 100, "\ud83d"]
HOSTILE = [*MARKUP, *LINES, *BIDI, *FORMULAE, *TEMPLATES, *YAML, *TERMINAL, *SQL, *CONFIG, *LONG]
HOSTILE += [f"{one} {two}" for one, two in zip(HOSTILE[::4], HOSTILE[1::4], strict=False)]

RENDERER = Renderer(load_templates())


def test_there_are_more_than_a_hundred() -> None:
    """No two are the same, and each has a sign that some language reads as its own."""
    assert len(set(HOSTILE)) == len(HOSTILE) > 100


def everywhere(facts: NoticeFacts, untrusted: str) -> NoticeFacts:
    """The same facts with this wherever somebody else's words can stand in a mail."""
    text = Text(untrusted, f"Please.\n\n{untrusted}")
    policy = replace(
        facts.policy,
        title=untrusted,
        reason=untrusted,
        contact=untrusted,
        apps=(untrusted,),
        texts={kind: dict.fromkeys(texts, text) for kind, texts in facts.policy.texts.items()},
    )
    approval = facts.approval and replace(
        facts.approval,
        author=untrusted,
        declined_by=facts.approval.declined_by and untrusted,
        warnings=(untrusted, untrusted),
        required={untrusted: 1},
        given={untrusted: 1},
    )
    activation = facts.activation and replace(
        facts.activation,
        author=untrusted,
        apps=(SoughtApp(untrusted, ((untrusted, (untrusted, untrusted)),)),),
        purpose=untrusted,
        unmatched=(untrusted,),
        who_may_see=untrusted,
        because=untrusted,
    )
    return replace(
        facts,
        policy=policy,
        name=untrusted,
        devices=tuple(replace(device, name=untrusted, found=device.found and (untrusted,)) for device in facts.devices),
        still_blocking=facts.still_blocking and (untrusted,),
        thread=facts.thread and untrusted,
        note=facts.note and untrusted,
        approval=approval,
        activation=activation,
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_mail_of_any_kind_changes_its_structure(language: str) -> None:
    """Every kind of mail, with each hostile string wherever one can stand, has the tags that it has with plain words,
    and no sign that is not ours; every string meets every kind in some language."""
    place = LANGUAGES.index(language)
    for kind in NoticeKind:
        facts = sample(kind, language)
        plain = Shape(RENDERER.render(kind, everywhere(facts, "plain")).html).tags
        for untrusted in HOSTILE[place :: len(LANGUAGES)]:
            mail = RENDERER.render(kind, everywhere(facts, f"A {untrusted} B"))
            assert Shape(mail.html).tags == plain, (kind, untrusted)
            assert not set(mail.subject + mail.text + mail.html) & (set(BREAKERS) - {"\n"}), (kind, untrusted)
            assert "\n" not in mail.subject


@pytest.fixture(scope="module")
def homes(builder: Builder) -> Iterator[tuple[House, House]]:
    """Two sites on which the same was done: one with plain words, one with hostile ones in their place."""
    plain = lived_in(builder.build(rails__large_impact_percent=0), ["plain"] * len(HOSTILE))
    hostile = lived_in(builder.build(rails__large_impact_percent=0), HOSTILE)
    yield plain, hostile
    plain.close()
    hostile.close()


def lived_in(house: House, words: list[str]) -> House:
    """For each word a person of that name and group with a phone, a waiver for that reason, a claim, and an account; a
    policy of that title and reason, announced to all."""
    sent = [word.encode("utf-8", "replace").decode() for word in words]
    place = {"kind": "employee", "country": "US", "time_zone": "UTC", "locale": "en"}
    names = [f"p{at}" for at in range(len(sent))]
    house.people_rows(
        *(
            place | {"email": f"{name}@corp.example", "name": f"A {word[:90]}", "groups": _group(word)}
            for name, word in zip(names, sent, strict=True)
        )
    )
    house.devices(*(house.phone_row(name, [TIKTOK]) for name in names))
    good(
        evidence.add_evidence(house.site, AUTHOR, [claim for at, word in enumerate(sent) for claim in _claim(at, word)])
    )
    good(access.grant_role(house.site, None, "audit@corp.example", "auditor"))
    house.announce(title=f"Title {sent[0]}", reason=f"Reason {sent[1]}")
    until = house.now() + 10 * DAY
    for name, word in list(zip(names, sent, strict=True))[::SOME]:
        who = f"{name}@corp.example"
        good(waive.grant_waiver(house.site, OPERATOR, POLICY, person=who, until=until, reason=f"R {word}"))
        good(accounts.add_account(house.site, AUTHOR, "tiktok", f"@{name} {word}", "g"))
    return house


SOME = 4
"""One in so many has a waiver and an account: each is a transaction of its own."""


def _group(word: str) -> str:
    return f"g {word}" if f"g {word}".isprintable() and ";" not in word and len(word) < 90 else "g"


def _claim(at: int, word: str) -> list[Claim]:
    """The claim, if the hostile words in this place can stand in one."""

    def claim(words: str) -> object:
        return read_claim("tiktok", f"W{at} {words}"[:90], "alleges", f"{at} {words}", "2020-07-06", words)

    found = claim(word)
    return [found] if isinstance(found, Claim) and isinstance(claim(HOSTILE[at]), Claim) else []


COMMANDS = [
    f"policy names {POLICY} --purpose '<b>\x1b[2J\r\n=1' --as {AUTHOR}",
    f"policy show {POLICY}",
    f"notices show {POLICY} --purpose x --as {OPERATOR}",
    f"waiver report --purpose x --as {OPERATOR}",
    "people export p3@corp.example --as p3@corp.example",
    "people looks --as p3@corp.example",
    "accounts list",
    "role list",
    "ledger show",
    "privacy sheet --part record",
]


@pytest.mark.parametrize("line", COMMANDS)
def test_no_answer_changes_its_form(line: str, homes: tuple[House, House]) -> None:
    """For people as many lines as with plain words, and no sign that steers a terminal; for programs one JSON document
    in ASCII, of the same shape."""
    texts = [said(house, line) for house in homes]
    lines = [text.count("\n") for text in texts]
    assert lines[0] == lines[1] > 0
    assert not {
        sign for sign in texts[1] if sign < " " or "\x7f" <= sign < "\xa0" or sign in "\u2028\u2029\u202e\u2066"
    } - {"\n"}
    documents = [said(house, line, "--json") for house in homes]
    assert all(document.isascii() and document.count("\n") == 1 for document in documents)
    assert shape(json.loads(documents[0])) == shape(json.loads(documents[1]))


def test_the_hostile_words_were_there(homes: tuple[House, House]) -> None:
    """What is looked for above was there to be looked for: names with markup, formulae and quotes are shown whole."""
    text = said(homes[1], COMMANDS[0])
    for words in (MARKUP, FORMULAE, TEMPLATES, YAML, SQL, CONFIG):
        assert sum(f"A {word}" in text for word in words) >= 3
    assert len(homes[1].tables()["claims"]) > 60


def shape(document: object) -> object:
    """The keys and lengths of a document, without its words and numbers."""
    if isinstance(document, dict):
        return {key if re.fullmatch("[a-z_]+", key) else "word": shape(value) for key, value in document.items()}
    if isinstance(document, list):
        return [shape(item) for item in document]
    return type(document).__name__


@pytest.mark.parametrize(
    "line", [f"waiver report --purpose x --format csv --as {OPERATOR}", "evidence export --format csv"]
)
def test_no_spreadsheet_runs_a_cell(line: str, homes: tuple[House, House]) -> None:
    """A CSV file has a row for each and the columns of its header, and no cell begins as a formula does."""
    rows = list(csv.reader(io.StringIO(said(homes[1], line)), strict=True))
    assert len(rows) > 20
    assert {len(row) for row in rows} == {len(rows[0])}
    assert not [cell for row in rows for cell in row if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]


def test_no_query_is_changed(homes: tuple[House, House]) -> None:
    """Every table is there with as many rows as with plain words, and the ledger gives them all."""
    plain, hostile = homes
    hostile.sound()
    looked = {"ledger", "texts"}  # the tests above looked at names there, and not as often here as there
    counts = [{name: len(rows) for name, rows in house.tables().items() if name not in looked} for house in homes]
    assert counts[0] == counts[1]
    assert plain is not hostile


def said(house: House, line: str, *form: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        code = run(["--site", str(house.site.directory), *form, *shlex.split(line)])
    assert code == 0, line
    return out.getvalue()
