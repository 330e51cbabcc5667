"""Impact: what a policy would do to the fleet as it stands, counted by people and by devices (fleet_index/ counts)."""

from collections import Counter
from collections.abc import Container, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

HIDDEN_UNDER: Final = 5
"""People: fewer are not counted out loud, because they could be named."""


class Category(IntEnum):
    """What a policy means for a device in its scope, ordered: a person's impact is that of their strictest device.

    no_part: none of the apps has an identifier for its platform. exempt: excepted, or waived now. cannot_tell: managed,
    but nobody can see whether an app is on it. unmanaged: in no device manager, and no app present.
    """

    NO_PART = 0
    CLEAR = 1
    EXEMPT = 2
    UNMANAGED = 3
    CANNOT_TELL = 4
    HIT = 5

    @property
    def word(self) -> str:
        return self.name.lower()


class By(StrEnum):
    """What counts are broken down by."""

    COUNTRY = "country"
    GROUP = "group"
    PLATFORM = "platform"
    OWNERSHIP = "ownership"
    KIND = "kind"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many fall into each category; each of those in scope falls into exactly one of the first six.

    `would_block`: would be blocked if the policy were in force now and everybody had been told.
    `cannot_be_told`: of those hit, the ones without a mail address; of devices, the hit devices of such people.
    """

    hit: int
    clear: int
    exempt: int
    cannot_tell: int
    unmanaged: int
    no_part: int
    would_block: int
    cannot_be_told: int

    @property
    def in_scope(self) -> int:
        return self.hit + self.clear + self.exempt + self.cannot_tell + self.unmanaged + self.no_part


Breakdown = Mapping[Category, Mapping[str, int]]
"""Per category, how many there are of each value; a value that does not occur is absent."""


@dataclass(frozen=True, slots=True)
class Impact:
    """What the policy would do. People and devices are named by pseudonym.

    `people_by`: by all of By; a person is in each of their groups, and on each platform and ownership on which a device
    has the person's own category, so only country and kind add up to the person counts. `devices_by`: by platform and
    ownership, which do add up.
    `due_people`: everybody with a device due now, waived ones left out: the audience. `due_in`: how many of
    them there are in each cell (time zone, ring).
    Of whoever has a device in scope that is not exempt, due or not, so that these say of nobody's phone what is on it:
    `lived_in`, their cells; `locales`, how many of those with an address read mail in which (BCP 47, "" where it is not
    known); `few_in`, the groups in which there are only one to four of them.
    `fleet`: all devices looked at, in scope or not.
    `people_named`: somebody there is among the policy's people.
    """

    people: Counts
    devices: Counts
    people_by: Mapping[By, Breakdown]
    devices_by: Mapping[By, Breakdown]
    hit_people: frozenset[str]
    due_people: frozenset[str]
    due_devices: frozenset[str]
    due_in: Mapping[tuple[str, int], int]
    lived_in: frozenset[tuple[str, int]]
    locales: Mapping[str, int]
    few_in: frozenset[str]
    fleet: int
    people_named: bool

    def due_in_rings(self, number: int) -> tuple[int, ...]:
        """How many of the people due are in each of so many rings."""
        counts = Counter(dict.fromkeys(range(number), 0))
        for (_, ring), people in self.due_in.items():
            counts[ring] += people
        return tuple(counts[ring] for ring in range(number))

    @property
    def percent_of_fleet(self) -> float:
        """How much of the whole fleet is due, 0 to 100; 0 for an empty fleet."""
        return 100 * len(self.due_devices) / self.fleet if self.fleet else 0.0


def hide_small(
    breakdown: Mapping[str, int],
    under: int = HIDDEN_UNDER,
    total_known: bool = True,
    also: Container[str] = (),
) -> dict[str, int | None]:
    """A breakdown of one category with the cells of fewer than `under` hidden (None), so that they name nobody; and
    those of the values `also` named.

    Where the total is known a single hidden cell could be found by subtraction: then the next smallest is hidden too
    (of equal ones the first by name). A breakdown of one cell alone has nothing to hide it behind: hide its total too.
    """
    smallest_first = sorted(breakdown, key=lambda value: (breakdown[value], value))
    hidden = [value for value in smallest_first if breakdown[value] < under or value in also]
    if total_known and len(hidden) == 1:
        hidden += [value for value in smallest_first if value not in hidden][:1]
    return {value: None if value in hidden else count for value, count in breakdown.items()}
