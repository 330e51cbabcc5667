"""Policy files: what is read, and what is refused."""

import json
from typing import Any

import pytest

from gatepost.core.fleet.device import Form, Ownership, Platform
from gatepost.core.fleet.person import Kind
from gatepost.core.instant import DAY, HOUR
from gatepost.core.policy.policy import Consequence, Deadline, Example, Policy, Ring, Scope, Text, Unseen
from gatepost.core.problem import Problem
from gatepost.documents.policy_data import policy_data
from gatepost.documents.policy_document import PolicyDocument
from gatepost.documents.policy_file import policy_schema, read_policy

LEAST = """\
policy: no-tiktok
title: TikTok is not permitted
apps: [tiktok]
devices: {forms: [phone, tablet]}
unseen: attest
deadline: 2020-07-10
consequence: block
announcement: {subject: About your phone, body: Please remove it.}
correction: {subject: About your phone, body: It was sent in error.}
"""


def read(text: str) -> Policy:
    policy = read_policy(text.encode(), "p.yaml")
    assert isinstance(policy, Policy), policy
    return policy


def problems(text: str | bytes) -> list[str]:
    found = read_policy(text if isinstance(text, bytes) else text.encode(), "p.yaml")
    assert isinstance(found, tuple), "expected problems"
    return [str(problem) for problem in found]


def without(key: str) -> str:
    return "".join(line + "\n" for line in LEAST.splitlines() if not line.startswith(key + ":"))


def test_the_required_keys_are_enough() -> None:
    """Everything else has a default: no grace of its own, the site's notice, told first, nobody excepted."""
    policy = read(LEAST)
    assert policy == Policy(
        id="no-tiktok",
        title="TikTok is not permitted",
        apps=("tiktok",),
        lists=(),
        scope=Scope(forms=frozenset({Form.PHONE, Form.TABLET})),
        except_=Scope(),
        shared=False,
        unseen=Unseen.ATTEST,
        deadline=Deadline("2020-07-10"),
        consequence=Consequence.BLOCK,
        announcement={"": Text("About your phone", "Please remove it.")},
        correction={"": Text("About your phone", "It was sent in error.")},
    )
    assert policy.notice is None
    assert policy.grace == 0
    assert policy.tell_first


def test_every_key_is_read() -> None:
    """A file that uses every key of this version, with languages."""
    policy = read(
        """\
policy: p
title: T
reason: Security risk
necessity: why
apps: [tiktok, douyin]
lists: [india-2020-06-29]
publisher_country: NO
successors: true
devices: {forms: [phone], platforms: [ios, android], ownership: [company], shared: true}
people: {kinds: [contractor], countries: [NO, IN], groups: [sales]}
except: {forms: [tablet], platforms: [ipados], ownership: [personal], kinds: [employee], countries: [DE], groups: [pr]}
unseen: block
deadline: 2020-07-10T17:00
rollout: [{group: it-security, deadline: 2020-07-08}, {group: board, deadline: 2020-07-08T09:00}]
grace: 24h
notice: 7d
tell_first: false
reminders: [72h, 24h, 2h]
consequence: notify
approvals: {security: 1, legal: 2}
announcement: {en: {subject: a, body: b}, de: {subject: c, body: "d\\n\\ne"}}
correction: {en: {subject: a, body: b}, de: {subject: c, body: d}, fr: {subject: e, body: f}}
withdrawal: {en: {subject: a, body: b}, de: {subject: c, body: d}}
press: one line
examples:
  - device: {form: laptop, apps: [tiktok], ownership: company, shared: true, visibility: managed-only}
    person: {kind: contractor, country: NO, groups: [sales]}
    attested: true
    at: 2020-07-11
    expect: warn
"""
    )
    assert policy.scope.countries == {"NO", "IN"}, "NO is a country in YAML 1.2"
    assert policy.except_.groups == {"pr"}
    assert policy.except_.forms == {Form.TABLET}
    assert (policy.grace, policy.notice, policy.reminders) == (DAY, 7 * DAY, (72 * HOUR, 24 * HOUR, 2 * HOUR))
    assert (policy.shared, policy.tell_first, policy.consequence) == (True, False, Consequence.NOTIFY)
    assert policy.approvals == {"security": 1, "legal": 2}
    assert (policy.publisher_countries, policy.successors) == (("NO",), True)
    assert policy.rollout == (
        Ring("it-security", Deadline("2020-07-08")),
        Ring("board", Deadline("2020-07-08T09:00")),
    )
    assert policy.announcement["de"] == Text("c", "d\n\ne")
    assert policy.examples == (
        Example(
            form=Form.LAPTOP,
            platform=Platform.MACOS,
            ownership=Ownership.COMPANY,
            shared=True,
            apps=("tiktok",),
            seen=False,
            kind=Kind.CONTRACTOR,
            country="NO",
            groups=frozenset({"sales"}),
            attested=True,
            at="2020-07-11",
            expect="warn",
            line=26,
        ),
    )


@pytest.mark.parametrize("form", Form)
def test_a_form_has_a_usual_platform(form: Form) -> None:
    """An example need not name the platform."""
    text = LEAST + f"examples: [{{device: {{form: {form}}}, at: 2020-07-11, expect: allow}}]\n"
    assert read(text).examples[0].platform in Platform


WRONG = [
    ("apps: [tiktok]", "aps: [tiktok]", 'p.yaml:3:1: aps: unknown key "aps"; did you mean "apps"?'),
    (
        "forms: [phone",
        "forms: [fone",
        'p.yaml:4:19: devices.forms[0]: "fone" is none: '
        'expected phone, tablet, laptop or desktop; did you mean "phone"?',
    ),
    ("{forms:", "{form:", 'p.yaml:4:11: devices.form: unknown key "form"; did you mean "forms"?'),
    ("forms: [phone, tablet]", "forms: []", "p.yaml:4:18: devices.forms: must not be empty"),
    (
        "forms: [phone, tablet]",
        "forms: ",
        "p.yaml:4:17: devices.forms: has no value: expected a list, such as [one, two]",
    ),
    (
        "forms: [phone, tablet]",
        "forms: phone",
        'p.yaml:4:18: devices.forms: "phone" is none: expected a list, such as [one, two]',
    ),
    (
        "unseen: attest",
        "unseen: allows",
        'p.yaml:5:9: unseen: "allows" is none: expected allow, attest or block; did you mean "allow"?',
    ),
    (
        "policy: no-tiktok",
        "policy: No TikTok",
        'p.yaml:1:9: policy: "No TikTok" is no id: '
        "expected a-z, 0-9 and hyphens, beginning with a letter or digit, up to 80",
    ),
    (
        "2020-07-10",
        "2020-07-32",
        'p.yaml:6:11: deadline: "2020-07-32" is not in the calendar: day is out of range for month',
    ),
    (
        "title: TikTok is not permitted",
        "title: 2020",
        'p.yaml:2:8: title: expected text: put it in quotation marks, such as "2020"',
    ),
    ("title: TikTok is not permitted", "title: 'a\n\n  b'", "p.yaml:2:8: title: must be one line"),
    ("title: TikTok is not permitted", "title: ' '", "p.yaml:2:8: title: must not be empty"),
    ("title: TikTok is not permitted", 'title: "bell \\a"', "p.yaml:2:8: title: control character U+0007"),
    ("apps: [tiktok]", "apps: [tiktok, tiktok]", 'p.yaml:3:7: apps: names "tiktok" twice'),
    (
        "apps: [tiktok]",
        "apps: []",
        "p.yaml:1:1: apps: is missing: name at least one app in apps, a list of apps in lists, or a country in "
        "publisher_country",
    ),
    (
        "apps: [tiktok]",
        "publisher_country: china",
        'p.yaml:3:20: publisher_country[0]: "china" is not a country: expected '
        "an ISO 3166-1 code of two upper-case letters",
    ),
    ("apps: [tiktok]", "publisher_country: [CN, CN]", 'p.yaml:3:20: publisher_country: names "CN" twice'),
    (
        "apps: [tiktok]",
        "apps: [tiktok]\nsuccessors: perhaps",
        'p.yaml:4:13: successors: "perhaps" is none: expected true or false',
    ),
    (
        "deadline: 2020-07-10",
        "deadline: 2020-07-10\nrollout:\n- {group: it, deadline: 2020-07-10}",
        "p.yaml:8:25: rollout[0].deadline: is not earlier than the policy's deadline, 2020-07-10",
    ),
    (
        "deadline: 2020-07-10",
        "deadline: 2020-07-10T12:00Z\nrollout: [{group: it, deadline: 2020-07-09}]",
        "p.yaml:7:33: rollout[0].deadline: is not earlier than the policy's deadline in Etc/GMT+12, 2020-07-10T12:00Z",
    ),
    (
        "deadline: 2020-07-10",
        "deadline: immediately\nrollout: [{group: it, deadline: 2020-07-09}]",
        "p.yaml:7:10: rollout: needs a deadline that is a date or a time: nothing is earlier than immediately",
    ),
    (
        "deadline: 2020-07-10",
        "deadline: 2020-07-10\nrollout: [{group: it, deadline: immediately}]",
        'p.yaml:7:33: rollout[0].deadline: "immediately" is not a date or time: write a date such as 2020-07-10 (the '
        "end of that day), a local time such as 2020-07-10T17:00, or one with its zone such as "
        "2020-07-10T17:00+02:00",
    ),
    (
        "deadline: 2020-07-10",
        "deadline: 2020-07-10\nrollout: [{group: it, deadline: 2020-07-08}, {group: it, deadline: 2020-07-09}]",
        'p.yaml:7:54: rollout[1].group: names "it" twice; whoever is in it has its first ring',
    ),
    (
        "apps: [tiktok]",
        "apps: [tiktok]\ngrace: 24",
        "p.yaml:4:8: grace: is not a duration: write a whole number and ms, s, m, h or d, such as 24h or 1d12h",
    ),
    (
        "apps: [tiktok]",
        "apps: [tiktok]\ntell_first: perhaps",
        'p.yaml:4:13: tell_first: "perhaps" is none: expected true or false',
    ),
    ("apps: [tiktok]", "apps: [tiktok]\napprovals: {legal: 0}", "p.yaml:4:20: approvals.legal: must be at least 1"),
    ("apps: [tiktok]", "apps: [tiktok]\napps: [x]", "p.yaml:4:1: apps: is given twice: first in line 3"),
    (
        "apps: [tiktok]",
        "apps: [tiktok]\npeople: {countries: [UK]}",
        'p.yaml:4:22: people.countries[0]: "UK" is not a '
        'country: expected an ISO 3166-1 code of two upper-case letters; did you mean "GB"?',
    ),
    (
        "apps: [tiktok]",
        "apps: [tiktok]\nexcept: {shared: true}",
        'p.yaml:4:10: except.shared: unknown key "shared"; '
        "expected one of forms, platforms, ownership, kinds, countries, groups",
    ),
    (
        "announcement: {subject: About your phone, body: Please remove it.}",
        "announcement: {subject: About}",
        "p.yaml:8:15: announcement.body: is missing",
    ),
    (
        "announcement: {subject: About your phone, body: Please remove it.}",
        "announcement: {}",
        "p.yaml:8:15: announcement: must not be empty",
    ),
    (
        "announcement: {subject: About your phone, body: Please remove it.}",
        "announcement: {D!: {subject: a, body: b}}",
        'p.yaml:8:15: announcement: "D!" is no language: expected a BCP 47 tag, such as en, de or pt-BR',
    ),
]


@pytest.mark.parametrize(("right", "wrong", "expected"), WRONG, ids=[wrong[:40] for _, wrong, _ in WRONG])
def test_a_mistake_gets_its_place_and_what_was_expected(right: str, wrong: str, expected: str) -> None:
    """Line, column, key, what was expected and, where one is near, a question."""
    assert right in LEAST
    assert expected in problems(LEAST.replace(right, wrong))


@pytest.mark.parametrize(
    "key", ["policy", "title", "devices", "unseen", "deadline", "consequence", "announcement", "correction"]
)
def test_a_required_key_is_asked_for(key: str) -> None:
    """Each required key that is missing is named, with a sentence that says what to write."""
    (problem,) = problems(without(key))
    assert problem.startswith(f"p.yaml:1:1: {key}: is missing: ")


def test_a_policy_silent_on_missing_facts_is_refused() -> None:
    """I-7: the refusal says what has to be decided and why."""
    (problem,) = problems(without("unseen"))
    assert "when nobody can see whether the app is on a device" in problem
    assert all(choice in problem for choice in ("allow", "attest", "block"))


def test_all_problems_come_at_once_in_the_order_of_the_file() -> None:
    """Nobody mends a file step by step."""
    text = LEAST.replace("tablet", "tablte").replace("block", "blok").replace("deadline", "dedline")
    lines = [int(problem.split(":")[1]) for problem in problems(text)]
    assert lines == [1, 4, 6, 7]


@pytest.mark.parametrize(
    ("announcement", "correction", "answer"),
    [
        ("{en: T, de: T}", "{en: T}", 'lacks a language of the announcement: "de"'),
        ("{en: T, de: T}", "T", 'lacks a language of the announcement: "de", "en"'),
        ("T", "{en: T}", "states languages and the announcement none"),
    ],
)
def test_every_language_announced_is_corrected(announcement: str, correction: str, answer: str) -> None:
    """I-15: whoever can be told in a language can be told in it that it was an error."""
    text = without("announcement").replace("correction: {subject: About your phone, body: It was sent in error.}\n", "")
    text += f"announcement: {announcement}\ncorrection: {correction}\n".replace("T", "{subject: a, body: b}")
    (problem,) = problems(text)
    assert "correction" in problem
    assert answer in problem


def test_a_withdrawal_if_written_has_every_language() -> None:
    """I-15, for the other text that takes an announcement back."""
    text = (
        without("announcement").replace("correction: {", "correction: {en: {")
        + "withdrawal: {de: {subject: a, body: b}}\n"
    )
    text = text.replace("error.}", "error.}}") + "announcement: {en: {subject: a, body: b}}\n"
    assert problems(text) == ['p.yaml:9:13: withdrawal: lacks a language of the announcement: "en"']


def test_hostile_yaml_is_refused_with_its_place() -> None:
    """An alias bomb, a tag, a second document, a directive: nothing of them unfolds or runs."""
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\n"
    assert problems(bomb) == ["p.yaml:1:4: a: anchors and aliases (& and *) are not read: write it out"]
    assert "is not read" in problems("a: *nowhere\n")[0] or "are not read" in problems("a: *nowhere\n")[0]
    assert "tags (!)" in problems("a: !!python/object:os.system x\n")[0]
    assert "second document" in problems(LEAST + "---\n" + LEAST)[0]
    assert "directives" in problems("%YAML 1.1\n---\n" + LEAST)[0]
    assert "nested more than" in problems("a: " + "[" * 1000)[0]
    assert problems(LEAST.encode() + b"press: \xff\n") == ["p.yaml:10: is not UTF-8"]
    assert problems("") == ["p.yaml:1:1: is empty"]
    assert "is no policy" in problems("- a\n- b\n")[0]


@pytest.mark.parametrize("kind", ["long", "many values", "long line", "long tag", "comments"])
def test_a_megabyte_of_yaml_is_answered_soon(kind: str) -> None:
    """One MiB is the limit, and no file below it occupies the parser for more than a few seconds."""
    text = {
        "long": "x" * (1024 * 1024 + 1),
        "many values": "a: [" + "1,\n" * 300_000 + "]",
        "long line": "a: " + "x" * 70_000,
        "long tag": "a: !" + "x" * 1_000_000,
        "comments": "# x\n" * 200_000,
    }[kind]
    assert len(problems(text)) == 1


def test_a_comment_changes_no_data() -> None:
    """I-13: a comment, another order of keys or a default written out voids no approval; any word does."""
    plain = read(LEAST)
    other = read("# a comment\n" + "\n".join(reversed(LEAST.splitlines())) + "\ngrace: 0s\nexcept: {}\n")
    assert policy_data(plain) == policy_data(other)
    assert policy_data(plain) != policy_data(read(LEAST.replace("remove it", "remove  it")))


def keys_of(schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    parts = [schema, *schema["$defs"].values()]
    return [pair for part in parts for pair in part.get("properties", {}).items()]


def test_the_schema_says_what_every_key_means() -> None:
    """Editors show the descriptions; the schema is the models' own, draft 2020-12, and knows no other keys."""
    schema = policy_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) == {field.alias or name for name, field in PolicyDocument.model_fields.items()}
    assert set(schema["required"]) == {
        "policy", "title", "devices", "unseen", "deadline", "consequence", "announcement", "correction"
    }  # fmt: skip
    undescribed = [key for key, part in keys_of(schema) if "description" not in part and "$ref" not in part]
    assert undescribed == []
    json.dumps(schema)


def test_problems_are_problems() -> None:
    """What is returned carries its parts, for JSON, as well as its sentence."""
    found = read_policy(without("unseen").encode(), "p.yaml")
    assert isinstance(found, tuple)
    assert isinstance(found[0], Problem)
    assert (found[0].file, found[0].line, found[0].column, found[0].field) == ("p.yaml", 1, 1, "unseen")
