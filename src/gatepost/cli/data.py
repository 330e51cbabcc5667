"""Answers as JSON data, and the plain ways of saying data to people."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from gatepost.cli.output import Lines, Table

_EMPTY: Final[tuple[object, ...]] = (None, "", (), [], {})


def as_data(value: object) -> object:
    """What json.dumps takes: dataclasses, named tuples by field; enums by value or word; sets sorted; paths as text."""
    if isinstance(value, Enum):
        return getattr(value, "word", value.value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_data(getattr(value, field.name)) for field in fields(value)}
    if hasattr(value, "_asdict"):  # a named tuple
        return as_data(value._asdict())
    if isinstance(value, Mapping):
        return {str(as_data(key)): as_data(item) for key, item in value.items()}
    if isinstance(value, AbstractSet):
        return sorted(map(as_data, value), key=str)
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return [as_data(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def listing(rows: Sequence[Mapping[str, object]], *columns: str, nothing: str) -> Lines:
    """A table of these columns, or the sentence for no rows."""
    if not rows:
        return [nothing]
    return [Table(columns, [[_said(row.get(column)) for column in columns] for row in rows])]


def facts(data: Mapping[str, object], *keys: str) -> Lines:
    """One `key: value` line each; of all keys if none is named. What is empty is left out."""
    for key in keys or data:
        value = data[key]
        if value not in _EMPTY:
            yield f"{key.replace('_', ' ')}: {_said(value)}"


def _said(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_said(item)}" for key, item in value.items() if item not in _EMPTY)
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ", ".join(str(_said(item)) for item in value)
    return value
