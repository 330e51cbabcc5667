"""A policy: which apps, on which devices, of which people, by when, with what consequence."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from gatepost.core.fleet.device import Form, Ownership, Platform
from gatepost.core.fleet.person import Kind
from gatepost.core.instant import Duration, Instant


class Unseen(StrEnum):
    """What hidden, stale and never mean under a policy."""

    ALLOW = "allow"
    ATTEST = "attest"
    BLOCK = "block"


class Consequence(IntEnum):
    """Ordered by strictness."""

    REPORT = 0
    NOTIFY = 1
    BLOCK = 2

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Scope:
    """Which devices of which people. Keys joined by and, values by or; an empty key means all."""

    forms: frozenset[Form] = frozenset()
    platforms: frozenset[Platform] = frozenset()
    ownership: frozenset[Ownership] = frozenset()
    kinds: frozenset[Kind] = frozenset()
    countries: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()

    def is_empty(self) -> bool:
        return not (self.forms or self.platforms or self.ownership or self.kinds or self.countries or self.groups)


@dataclass(frozen=True, slots=True)
class Deadline:
    """A deadline as written; exactly one of the three is meant.

    `written`: the text of the document: `2020-07-10`, `2020-07-10T17:00`, `2020-07-10T17:00+02:00` or `immediately`.
    Its instants, one per time zone, are computed outside the core (documents/deadline.py) and handed in.
    """

    written: str

    @property
    def immediately(self) -> bool:
        return self.written == "immediately"


@dataclass(frozen=True, slots=True)
class Ring:
    """People of a group who have a deadline of their own, earlier than the policy's."""

    group: str
    deadline: Deadline


@dataclass(frozen=True, slots=True)
class Text:
    """What a mail says, in one language."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Example:
    """A policy's own test: a device as described, at a local instant, must get this outcome."""

    form: Form
    platform: Platform
    ownership: Ownership
    shared: bool
    apps: tuple[str, ...]
    seen: bool
    kind: Kind
    country: str
    groups: frozenset[str]
    attested: bool
    at: str
    expect: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy document with every default filled in. Durations in milliseconds, None where the site's value holds.

    `apps` and `lists` are ids of the catalogue, `publisher_countries` names all apps of publishers seated there, and
    `successors` also what took the place of any of these; `notice` is the least time between being told and blocked;
    `grace` what a device due only after the announcement gets; `reminders` durations before the own deadline.
    """

    id: str
    title: str
    apps: tuple[str, ...]
    lists: tuple[str, ...]
    scope: Scope
    except_: Scope
    shared: bool
    unseen: Unseen
    deadline: Deadline
    consequence: Consequence
    announcement: Mapping[str, Text]
    correction: Mapping[str, Text]
    withdrawal: Mapping[str, Text] = field(default_factory=dict)
    reason: str = ""
    necessity: str = ""
    grace: Duration = 0
    notice: Duration | None = None
    tell_first: bool = True
    reminders: tuple[Duration, ...] = ()
    approvals: Mapping[str, int] = field(default_factory=dict)
    press: str = ""
    examples: tuple[Example, ...] = ()
    rollout: tuple[Ring, ...] = ()
    publisher_countries: tuple[str, ...] = ()
    successors: bool = False

    @property
    def deadlines(self) -> tuple[Deadline, ...]:
        """The policy's own, which is ring 0, and then those of the rings in their order."""
        return (self.deadline, *(ring.deadline for ring in self.rollout))

    @property
    def deadlines_text(self) -> str:
        """As written, with the rings: `2020-07-10 (it-security: 2020-07-08)`."""
        rings = ", ".join(f"{ring.group}: {ring.deadline.written}" for ring in self.rollout)
        return f"{self.deadline.written} ({rings})" if rings else self.deadline.written

    def ring(self, groups: Collection[str]) -> int:
        """The number of the first ring that somebody in these groups is in; 0 in none."""
        return next((number for number, ring in enumerate(self.rollout, 1) if ring.group in groups), 0)


Cell = tuple[str, int]
"""A time zone and a ring: everybody in it has one deadline."""

Cells = tuple[Instant, ...]
"""The instant of effect for each cell (time zone and ring) of a policy revision, by the cell's number."""
