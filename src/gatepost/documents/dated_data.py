"""Answers with instants, as JSON data that people can read."""

from gatepost.documents.data import as_data
from gatepost.documents.deadline import instant_text


def dated_data(value: object, *instants: str) -> dict[str, object]:
    """A dataclass's fields as data, those of these names, which are instants, as text."""
    data = as_data(value)
    if not isinstance(data, dict):
        raise TypeError(f"{value!r} has no fields")
    return {name: instant_text(item) if name in instants else item for name, item in data.items()}
