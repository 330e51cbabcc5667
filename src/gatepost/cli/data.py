"""The plain ways of saying data to people."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from gatepost.cli.output import Lines, Table

_EMPTY: Final[tuple[object, ...]] = (None, "", (), [], {})


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
