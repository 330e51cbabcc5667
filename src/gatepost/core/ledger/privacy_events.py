"""What is written in the ledger when personal data are erased: how much of what, never whose (see events.py)."""

from collections.abc import Mapping
from dataclasses import dataclass

from gatepost.core.ledger.events import Event


@dataclass(frozen=True, slots=True)
class RecordsErased(Event):
    """The time of these was over (see [retention]). `rows`: how many of each kind. `waivers`, `attestations`: those
    that the tables forget; the entries that made them stay."""

    rows: Mapping[str, int]
    waivers: tuple[str, ...]
    attestations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PersonErased(Event):
    """Everything that named somebody was erased: from here on nobody can tell whose `person` and `devices` are.

    `rows`: how many of each table. `withdrawn`: their notices that were queued. By "system" where their time was over.
    """

    person: str
    devices: tuple[str, ...]
    rows: Mapping[str, int]
    withdrawn: tuple[str, ...]
    because_hash: str
