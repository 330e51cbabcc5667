"""A proposal: everything that is approved, frozen. Its bytes are made in documents/proposal.py."""

from collections.abc import Mapping
from dataclasses import dataclass

from gatepost.core.instant import Duration, Instant
from gatepost.core.policy.policy import Cells, Policy


@dataclass(frozen=True, slots=True)
class NamedApp:
    """An app as it was when proposed: its name, and its identifiers per platform."""

    id: str
    name: str
    identifiers: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Predicted:
    """The impact that is approved: counts per column, and the pseudonyms of the people that would be concerned."""

    people: Mapping[str, int]
    devices: Mapping[str, int]
    foreseen: frozenset[str]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What approvers sign. `cells`: (time zone, ring) by number, `effects` their instants.

    `notice`: the least time between being told and being blocked. `templates`: our mail templates as they stood.
    `asked`: approvals of each role. `warnings`: the preview's sentences.
    """

    site: str
    policy: Policy
    revision: int
    author: str
    apps: tuple[NamedApp, ...]
    cells: tuple[tuple[str, int], ...]
    effects: Cells
    notice: Duration
    asked: Mapping[str, int]
    impact: Predicted
    warnings: tuple[str, ...]
    templates: Mapping[str, str]
    catalogue_revision: int
    zone_data: str
    rails: Mapping[str, object]
    proposed_at: Instant

    def cell(self, time_zone: str, ring: int = 0) -> int:
        """The number of the cell of a person in this time zone. KeyError for a zone that was not frozen."""
        number = {cell: number for number, cell in enumerate(self.cells)}.get((time_zone, ring))
        if number is None:
            raise KeyError(time_zone)
        return number
