"""A leaf of the ledger: an event in its envelope.

The stored bytes are the RFC 8785 form of `envelope(leaf)`; they are computed outside the core. Bytes once stored are
never made anew: proofs are over them, whatever later versions would write.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from gatepost.core.instant import Instant
from gatepost.core.ledger.codec import EventError, from_data, to_data
from gatepost.core.ledger.events import Event

SYSTEM: Final = "system"
"""Who acts when nobody does: what time alone brings about, and the first administrator's making."""

_KEYS: Final = {"v", "index", "at", "by", "event", "data"}


@dataclass(frozen=True, slots=True)
class Leaf:
    """`index` counts from 0. `by`: a person's pseudonym, or SYSTEM."""

    index: int
    at: Instant
    by: str
    event: Event


def envelope(leaf: Leaf) -> dict[str, object]:
    """The leaf as a JSON value, to be made canonical. Raises EventError where a value has no place in a ledger."""
    return {
        "v": 1,
        "index": leaf.index,
        "at": leaf.at,
        "by": leaf.by,
        "event": type(leaf.event).__name__,
        "data": to_data(leaf.event),
    }


def said(data: bytes) -> dict[str, Any]:
    """The words of the event in these stored bytes, as JSON values: for whoever shows them and decides nothing by
    them. Reading an event back takes ten times as long where it speaks of very many."""
    words: dict[str, Any] = json.loads(data)["data"]
    return words


def parse(data: bytes) -> Leaf:
    """The leaf in these stored bytes; EventError if they hold none. Whether they are canonical, verifier.py says."""
    try:
        value = json.loads(data)
    except ValueError:
        raise EventError("a leaf that is not JSON") from None
    if not isinstance(value, dict) or value.keys() != _KEYS:
        raise EventError("a leaf must be an object with v, index, at, by, event and data")
    if (version := _whole("v", value)) != 1:
        raise EventError(f"a leaf of version {version}; this program reads version 1")
    if not isinstance(value["by"], str) or not isinstance(value["event"], str):
        raise EventError("a leaf's by and event must be strings")
    return Leaf(_whole("index", value), _whole("at", value), value["by"], from_data(value["event"], value["data"]))


def _whole(key: str, value: dict[str, object]) -> int:
    number = value[key]
    if not isinstance(number, int) or isinstance(number, bool):
        raise EventError(f"a leaf's {key} must be a whole number")
    return number
