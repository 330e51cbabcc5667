"""The report of what doors saw: who opens mail with what, and what can be seen of it. Counts, never names."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from gatepost.actions.change import looking
from gatepost.actions.seen import DEVICES, Placed, Sort, placed
from gatepost.actions.site import Site
from gatepost.actions.who import ADMIN, AUDITOR, AUTHOR, OPERATOR, looking_as
from gatepost.core.change.impact import hide_small
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.deadline import instant_text
from gatepost.storage import feed

Breakdown = Literal["country", "group"]
Cells = dict[str, int | None]
"""A count by value, None where it is under five."""

REFUSES = ("block", "undecided")


@dataclass(slots=True)
class Tally:
    """Distinct ones of each sort; by reason those that enforce mode would refuse, each with its newest reason."""

    units: dict[Sort, set[str]] = field(default_factory=lambda: {sort: set() for sort in Sort})
    refused: dict[str, tuple[int, str]] = field(default_factory=dict)

    def add(self, one: Placed) -> None:
        self.units[one.sort].add(one.unit)
        if one.seen.would in REFUSES:
            unit = f"{one.sort} {one.unit}"
            self.refused[unit] = max(self.refused.get(unit, (0, "")), (one.seen.last_at, one.seen.reason))

    def counts(self) -> dict[str, int]:
        return {sort.value: len(units) for sort, units in self.units.items()}

    def reasons(self) -> dict[str, int]:
        return _counted(reason for _, reason in self.refused.values())

    @property
    def unmanaged_percent(self) -> float:
        """Of the devices seen; 0 if none was."""
        seen = sum(len(self.units[sort]) for sort in DEVICES)
        return 100 * len(self.units[Sort.UNMANAGED]) / seen if seen else 0.0


def tally(rows: Iterable[Placed]) -> Tally:
    found = Tally()
    for row in rows:
        found.add(row)
    return found


@dataclass(frozen=True, slots=True)
class DoorSeen:
    """What one door saw, as in Reported. `since`: its first contact. `dropped`: so much beside had no place."""

    door: str
    since: str
    seen: dict[str, int]
    would_refuse: dict[str, int]
    unmanaged_percent: float
    dropped: int


@dataclass(frozen=True, slots=True)
class Reported:
    """`seen`: distinct devices of the first three sorts, people of *unidentified*, and so on (see Sort).

    `would_refuse`: by reason, what enforce mode would have refused when it was seen last. `..._types`: by what clients
    call themselves. `by`: per sort, by country or group of the person. Cells under five are None.
    """

    doors: list[DoorSeen]
    seen: dict[str, int]
    would_refuse: dict[str, int]
    unmanaged_percent: float
    unmanaged_types: Cells
    unidentified_types: Cells
    by: dict[str, Cells]


def report_doors(site: Site, by: str | None, door: str | None, breakdown: Breakdown | None) -> Reported | Refusal:
    """What one door saw, or all did. `breakdown`: also by that."""
    with looking(site) as conn:
        actor = looking_as(conn, site.clock.now(), by, OPERATOR, AUTHOR, "approver", AUDITOR, ADMIN)
        if isinstance(actor, Refusal):
            return actor
        known = feed.known_doors(conn)
        if door is not None and door not in known:
            return Refusal(Code.NO_SUCH_DOOR, f"No door {door} ever reported; `door list` shows all.")
        rows = list(placed(conn, door))
    doors = [
        _door(known[name], tally(row for row in rows if row.seen.door == name))
        for name in known
        if door in (None, name)
    ]
    whole = tally(rows)
    return Reported(
        doors=doors,
        seen=whole.counts(),
        would_refuse=whole.reasons(),
        unmanaged_percent=round(whole.unmanaged_percent, 1),
        unmanaged_types=_types(rows, Sort.UNMANAGED),
        unidentified_types=_types(rows, Sort.UNIDENTIFIED),
        by=_broken_down(rows, breakdown) if breakdown else {},
    )


def _door(known: feed.KnownDoor, found: Tally) -> DoorSeen:
    return DoorSeen(
        door=known.name,
        since=instant_text(known.first_at),
        seen=found.counts(),
        would_refuse=found.reasons(),
        unmanaged_percent=round(found.unmanaged_percent, 1),
        dropped=known.dropped,
    )


def _types(rows: Iterable[Placed], sort: Sort) -> Cells:
    """By DeviceType; where there is none, by the first word of the user agent."""
    units = {(one.unit, _type(one)) for one in rows if one.sort is sort}
    return hide_small(_counted(kind for _, kind in units), total_known=False)


def _type(one: Placed) -> str:
    agent = one.seen.user_agent.partition("/")[0].partition(" ")[0]
    return one.seen.device_type or agent or "not told"


def _broken_down(rows: Iterable[Placed], breakdown: Breakdown) -> dict[str, Cells]:
    units: dict[Sort, set[tuple[str, str]]] = {sort: set() for sort in Sort if sort is not Sort.STRANGER}
    for one in rows:
        if one.person is not None:
            values = [one.person.country] if breakdown == "country" else sorted(one.person.groups)
            units[one.sort].update((one.unit, value) for value in values)
    return {
        sort.value: hide_small(_counted(value for _, value in found), total_known=breakdown == "country")
        for sort, found in units.items()
        if found
    }


def _counted(values: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for value in sorted(values):
        counts[value] = counts.get(value, 0) + 1
    return counts
