"""Answers as JSON data, and the plain ways of saying data to people."""

import json
from dataclasses import dataclass
from pathlib import Path

from gatepost.cli.data import facts, listing
from gatepost.cli.output import Table
from gatepost.core.fleet.device import Form
from gatepost.core.policy.verdict import Outcome
from gatepost.documents.data import as_data


@dataclass(frozen=True)
class Answer:
    """An answer as actions give them."""

    policy: str
    outcome: Outcome
    by: dict[Form, int]
    people: frozenset[str]
    held: tuple[str, ...]
    file: Path
    missing: None = None


ANSWER = Answer("no-tiktok", Outcome.WARN, {Form.PHONE: 3}, frozenset({"b", "a"}), ("x",), Path("/srv"))


def test_any_answer_becomes_json() -> None:
    """Dataclasses, enums, sets and paths become what JSON has; ordered enums by their word; sets are sorted."""
    data = as_data(ANSWER)
    assert data == {
        "policy": "no-tiktok",
        "outcome": "warn",
        "by": {"phone": 3},
        "people": ["a", "b"],
        "held": ["x"],
        "file": "/srv",
        "missing": None,
    }
    assert json.loads(json.dumps(data)) == data


def test_facts_are_lines_without_what_is_empty() -> None:
    """Keys read as words; what is empty is left out, a zero and a no are not."""
    lines = list(facts({"valid_until": "", "held": (), "people": 0, "new": False, "asked": {"legal": 1, "hr": 2}}))
    assert lines == ["people: 0", "new: no", "asked: legal 1, hr 2"]


def test_a_listing_is_a_table_or_a_sentence() -> None:
    """Rows become a table of the columns asked for; no rows, a sentence."""
    rows = [{"id": "a", "active": True, "until": None, "more": 1}]
    assert listing(rows, "id", "active", "until", nothing="None.") == [
        Table(("id", "active", "until"), [["a", "yes", ""]])
    ]
    assert listing([], "id", nothing="None.") == ["None."]
