"""Everything held on one person, as a text that the person can read."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from gatepost.core.fleet.device import Visibility
from gatepost.core.fleet.finding import Finding
from gatepost.core.policy.verdict import Outcome

_TABLES = {
    "people": "You, as your organisation's directory says",
    "logins": "Your logins",
    "devices": "Your devices, as they were reported",
    "identities": "Certificates and device passwords by which doors know your devices",
    "device_passwords": "Device passwords (never the password itself)",
    "present": "Apps that are looked for and were found on your devices",
    "sightings": "What doors saw under your logins, or of your devices",
    "attestations": "Statements that an app is not on a device",
    "waivers": "Exemptions",
    "audience": "Policies that concern, or concerned, you",
    "audience_devices": "Your devices when such a policy was announced",
    "due": "What policies ask of your devices",
    "outcomes": "What was last recorded of your devices",
    "contacts": "When your devices were first at a door after you had been told",
    "pending": "Your devices that are to be looked at again",
    "admissions": "When you were counted towards the limit of new blocks",
    "notices": "Mails to you",
    "roles": "What you may do here",
    "provider_roles": "What the groups of the provider let you do here, until when",
    "keys": "Your keys",
    "api_tokens": "Tokens with which programs act for you (never the token itself)",
    "api_answers": "What such programs were answered within a day",
    "webhook_messages": "When a fresh report of your devices was asked for within a day",
    "waiting_access": "Roles and keys of yours that wait for a second administrator",
    "access_yes": "What you confirmed as an administrator",
    "approvals": "What you approved or declined",
    "sessions": "Where you are signed in to the pages",
    "sign_ins": "Links by which you may sign in",
    "written_files": "Files that were written about you",
}
"""What stands above each table's rows."""

_WORDS: Mapping[str, Callable[[int], str]] = {
    "finding": lambda value: Finding(value).word,
    "outcome": lambda value: Outcome(value).word,
    "visibility": lambda value: Visibility(value).word,
}
"""Columns that hold a number for a word."""

_OURS = frozenset({"awaits", "cell", "claim", "facts", "matched_under", "owed", "position"})
"""Columns by which the program finds its way, and which tell a reader nothing; the JSON has them all."""


def as_text(record: Mapping[str, Any]) -> str:
    """The record that actions/person_record.py makes, as plain text."""
    return "\n".join(_lines(record)) + "\n"


def _lines(record: Mapping[str, Any]) -> Iterator[str]:
    yield f"Everything that is held on you, on {record['at']}"
    yield f"In the record of decisions you are {record['person']}."
    yield "Where a word stands for a setting or a state, the documentation explains it; person.json has every column."
    yield from _section("Your devices now", record["devices"], _device)
    mails = "Mails to you; the texts are made anew for this export and may differ from what was sent"
    yield from _section(mails, record["mails"], _fields)
    yield from _section("Who looked at your data, and what for", record["looks"], _fields)
    yield from _section("What was written about you", record["words"], _word)
    for table, rows in record["tables"].items():
        yield from _section(
            _TABLES.get(table, table), [_in_words(table, row, record["rules"]) for row in rows], _fields
        )
    yield from _section("Entries of the record of decisions in which you stand", record["entries"], _entry)


def _in_words(table: str, row: Mapping[str, Any], rules: Mapping[str, str]) -> dict[str, Any]:
    """A table's row with words where it has numbers for them. An app stands in `due` by its place in the policy, which
    the devices' sentences name. `rules`: policy and revision by number."""
    said: dict[str, Any] = {}
    for name, value in row.items():
        if name in _OURS or (table == "due" and name == "app"):
            continue
        said["policy" if name == "rule" else name] = rules.get(str(value), value) if name == "rule" else value
        if name in _WORDS and value is not None:
            said[name] = _WORDS[name](value)
    return said


def _section(title: str, rows: Sequence[Any], lines: Any) -> Iterator[str]:
    yield ""
    yield title
    yield "=" * len(title)
    if not rows:
        yield "Nothing."
    for number, row in enumerate(rows):
        if number:
            yield ""
        yield from lines(row)


def _device(device: Mapping[str, Any]) -> Iterator[str]:
    yield f"{device['id']} ({device['form']}, {device['platform']})"
    yield f"  Found on it: {', '.join(device['found']) or 'none of the apps that are looked for'}."
    yield f"  {device['sentence']}"


def _entry(entry: Mapping[str, Any]) -> Iterator[str]:
    """An event's name is written as words: OutcomesChanged as `outcomes changed`."""
    event = re.sub(r"(?<!^)(?=[A-Z])", " ", entry["event"]).lower()
    yield from _fields({**entry, "event": event})


def _word(words: str) -> Iterator[str]:
    yield from _value("", words)


def _fields(row: Mapping[str, Any]) -> Iterator[str]:
    for name, value in row.items():
        if value not in (None, "", [], {}):
            yield from _value(f"{name.replace('_', ' ')}: ", value)


def _value(name: str, value: object) -> Iterator[str]:
    """One line, or several set in where the value has several."""
    if isinstance(value, bool):
        value = "yes" if value else "no"
    if isinstance(value, Mapping):
        value = ", ".join(f"{key} {item}" for key, item in value.items())
    elif isinstance(value, Sequence) and not isinstance(value, str):
        value = ", ".join(str(item) for item in value)
    first, *rest = str(value).strip().splitlines() or [""]
    yield name + _seen(first)
    yield from (f"    {_seen(line)}" for line in rest)


def _seen(line: str) -> str:
    """Without what cannot be seen: names and texts come from anywhere."""
    return "".join(sign for sign in line if sign.isprintable())
