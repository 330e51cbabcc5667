"""Events to plain JSON data and back. Generic over the classes in events.py: their annotations are the format."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final, TypeAlias, get_type_hints

from gatepost.core.ledger import (
    access_events,
    activation_events,
    app_events,
    ask_events,
    door_events,
    events,
    pause_events,
    privacy_events,
    session_events,
    token_events,
)
from gatepost.core.ledger.events import Event

LARGEST: Final = 2**53 - 1
"""RFC 8785 section 3.2.2.3: a whole number beyond this is not the same number to every reader of JSON."""

EVENTS: Final[Mapping[str, type[Event]]] = {
    kind.__name__: kind
    for module in (
        events,
        access_events,
        activation_events,
        app_events,
        ask_events,
        door_events,
        pause_events,
        privacy_events,
        session_events,
        token_events,
    )
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event
}
"""Every event by its name."""

Writer: TypeAlias = Callable[[object], object]


class EventError(ValueError):
    """An event that cannot be written, or data that is no event. Its text names the event and the field."""


def to_data(event: Event) -> dict[str, object]:
    """The event's fields as plain JSON values: strings, whole numbers, booleans, lists and objects of them."""
    name = type(event).__name__
    return {
        field: _convert(name, field, to_json, getattr(event, field)) for field, (to_json, _) in _fields(name).items()
    }


def from_data(name: str, data: object) -> Event:
    """The event of that name. Raises EventError for an unknown name, a missing or unknown field, or a wrong type."""
    fields = _fields(name)
    if not isinstance(data, dict):
        raise EventError(f"{name}: the data must be an object")
    if missing := fields.keys() - data.keys():
        raise EventError(f"{name}: missing {', '.join(sorted(missing))}")
    if unknown := data.keys() - fields.keys():
        raise EventError(f"{name}: unknown field {', '.join(sorted(map(str, unknown)))}")
    return EVENTS[name](
        **{field: _convert(name, field, of_json, data[field]) for field, (_, of_json) in fields.items()}
    )


def _convert(name: str, field: str, writer: Writer, value: object) -> object:
    try:
        return writer(value)
    except TypeError as error:
        raise EventError(f"{name}.{field}: {error}") from None


@cache
def _fields(name: str) -> Mapping[str, tuple[Writer, Writer]]:
    """For each field, how its value is turned into JSON and how it is read back."""
    if name not in EVENTS:
        raise EventError(f"no such event: {name}")
    return {field: _WRITERS[shape] for field, shape in get_type_hints(EVENTS[name]).items()}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a string, got {value!r}")
    return str(value)


def _whole(value: object) -> int:
    # bool is an int to Python and something else to JSON
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > LARGEST:
        raise TypeError(f"expected a whole number of at most 53 bits, got {value!r}")
    return int(value)


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"expected true or false, got {value!r}")
    return value


def _texts(value: object) -> list[str]:
    if not isinstance(value, (tuple, list)):
        raise TypeError(f"expected a list of strings, got {value!r}")
    return [_text(item) for item in value]


def _texts_back(value: object) -> tuple[str, ...]:
    return tuple(_texts(value))


def _counts(value: object) -> dict[str, int]:
    return {key: _whole(item) for key, item in _items(value)}


def _words(value: object) -> dict[str, str]:
    return {key: _text(item) for key, item in _items(value)}


def _items(value: object) -> list[tuple[str, object]]:
    if not isinstance(value, Mapping):
        raise TypeError(f"expected an object, got {value!r}")
    return [(_text(key), item) for key, item in value.items()]


_WRITERS: Final[Mapping[object, tuple[Writer, Writer]]] = {
    str: (_text, _text),
    int: (_whole, _whole),
    bool: (_truth, _truth),
    tuple[str, ...]: (_texts, _texts_back),
    Mapping[str, int]: (_counts, _counts),
    Mapping[str, str]: (_words, _words),
}
