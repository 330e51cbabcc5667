"""The schema of an answer is the schema of what as_data makes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import pytest

from gatepost.core.fleet.device import Form
from gatepost.core.policy.verdict import Outcome
from gatepost.documents.data import as_data, data_schema


class Pair(NamedTuple):
    """A named tuple is data by field, not a list."""

    name: str
    number: int | None


@dataclass(frozen=True)
class Answer:
    """An answer as actions give them."""

    outcome: Outcome
    form: Form
    pairs: tuple[Pair, ...]
    by: Mapping[str, int]
    word: Literal["one", "two"]
    seen: bool = False


def test_a_schema_has_the_fields_and_words_that_data_has() -> None:
    """Enums by their words, named tuples and dataclasses by field, all fields always there."""
    schema = data_schema(Answer)
    data = as_data(Answer(Outcome.WARN, Form.PHONE, (Pair("x", None),), {"a": 1}, "one"))
    assert isinstance(data, dict)
    assert schema["required"] == [*data]
    parts = schema["properties"]
    assert data["outcome"] in parts["outcome"]["enum"]
    assert data["form"] in parts["form"]["enum"]
    assert parts["pairs"]["items"]["properties"]["number"] == {"anyOf": [{"type": "integer"}, {"type": "null"}]}
    assert parts["by"] == {"type": "object", "additionalProperties": {"type": "integer"}}
    assert parts["word"] == {"enum": ["one", "two"]}
    assert parts["seen"] == {"type": "boolean"}


def test_what_has_no_schema_is_said() -> None:
    """A type that nobody thought of is an error when the document is made, not a wrong document."""
    with pytest.raises(TypeError, match="complex"):
        data_schema(complex)
