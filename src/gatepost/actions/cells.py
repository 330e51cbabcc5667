"""Cells: every time zone with every ring of a policy, each with the one instant that its people's deadline means."""

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache

from gatepost.core.fleet.person import Person
from gatepost.core.instant import Instant
from gatepost.core.policy.policy import Cell, Deadline, Policy
from gatepost.documents.deadline import deadline_instants, known_zones


def instants(policy: Policy) -> dict[Cell, Instant]:
    """The own deadline in each cell (I-9), ring by ring; ALWAYS for `immediately`."""
    return {
        (zone, ring): at for ring, deadline in enumerate(policy.deadlines) for zone, at in _everywhere(deadline).items()
    }


@lru_cache(maxsize=256)
def _everywhere(deadline: Deadline) -> Mapping[str, Instant]:
    """In every time zone: six hundred, for the same few deadlines again and again."""
    return deadline_instants(deadline, sorted(known_zones()))


def known_cells(lived_in: Iterable[Cell], known: Collection[Cell], default_zone: str) -> frozenset[Cell]:
    """These cells; where a zone is not among the known ones, the site's counts, as it does for the people in it."""
    return frozenset(cell if cell in known else (default_zone, cell[1]) for cell in lived_in)


def cell_of(person: Person, policy: Policy, numbers: Mapping[Cell, int], default_zone: str) -> int:
    """The number of a person's cell by their zone and groups as they are now. `numbers`: as the proposal froze them."""
    ring = policy.ring(person.groups)
    return numbers.get((person.time_zone, ring), numbers[default_zone, ring])
