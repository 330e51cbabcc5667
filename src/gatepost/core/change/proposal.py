"""A proposal: everything that is approved, frozen. Its bytes are made in documents/proposal.py."""

from collections.abc import Mapping
from dataclasses import dataclass

from gatepost.core.fleet.about import About
from gatepost.core.fleet.app import spelling
from gatepost.core.instant import Duration, Instant
from gatepost.core.policy.policy import Cell, Cells, Policy


@dataclass(frozen=True, slots=True)
class NamedApp:
    """An app as it was when proposed: its name, its publisher ("" if not known), its identifiers per platform.

    `by`: what brought it in, such as `app` or `list india-2020-06-29` (core/policy/named.py).
    """

    id: str
    name: str
    publisher: str
    by: str
    identifiers: Mapping[str, tuple[str, ...]]

    @property
    def spellings(self) -> frozenset[str]:
        """Its identifiers, each with its platform."""
        return frozenset(spelling(platform, name) for platform, names in self.identifiers.items() for name in names)


@dataclass(frozen=True, slots=True)
class Predicted:
    """The impact that is approved: counts per column, and the pseudonyms of the people that would be concerned.

    `rings`: how many of them are in each ring, by its number.
    """

    people: Mapping[str, int]
    devices: Mapping[str, int]
    foreseen: frozenset[str]
    rings: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What approvers sign. `cells`: (time zone, ring) by number, `effects` their instants.

    `relaxes`: the live revision that it makes milder, 0 where it stands by itself.
    `notice`: the least time between being told and being blocked. `templates`: our mail templates as they stood.
    `asked`: approvals of each role. `warnings`: the preview's sentences. `about`: what was known of the apps and their
    owners.
    """

    site: str
    policy: Policy
    revision: int
    author: str
    apps: tuple[NamedApp, ...]
    about: About
    cells: tuple[Cell, ...]
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
    relaxes: int = 0

    @property
    def numbers(self) -> dict[Cell, int]:
        """The number of each cell."""
        return {cell: number for number, cell in enumerate(self.cells)}

    @property
    def deadlines(self) -> tuple[Instant, Instant] | tuple[None, None]:
        """When its deadline comes in the first time zone and in the last; None where it is `immediately`."""
        return (None, None) if self.policy.deadline.immediately else (min(self.effects), max(self.effects))
