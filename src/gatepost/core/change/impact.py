"""Impact: what a policy would do to the fleet as it stands, counted by people and by devices.

One pass over the fleet; what is kept is one small record a person in scope, so 200,000 devices take a second or two.
"""

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final, NamedTuple

from gatepost.core.fleet.device import Device, Ownership, Platform
from gatepost.core.fleet.finding import Evidence
from gatepost.core.fleet.person import Person
from gatepost.core.instant import Duration, Instant
from gatepost.core.policy.compiled import Compiled, Rule
from gatepost.core.policy.due import present_app, unseen_app
from gatepost.core.policy.policy import Consequence, Policy, Unseen

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


class Row(NamedTuple):
    """One device of the fleet, with what holds for it under the policy previewed.

    `person`: its owner, or its keeper if it is shared. `attested_until`: per app, the end of its owner's statement.
    `waived_until`: the latest end of a waiver for the device or the person, 0 if there is none. `sighted`: it is in no
    inventory, a door saw it with this person's login; counted, never due, and no part of the fleet, since whoever knows
    a login can invent such devices.
    """

    person: Person
    device: Device
    evidence: Evidence
    attested_until: Mapping[str, Instant]
    waived_until: Instant
    sighted: bool = False


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


def preview(rule: Rule, rows: Iterable[Row], stale_after: Duration, at: Instant) -> Impact:
    """The impact at an instant of one policy over the fleet. Leavers are never counted; rows come in any order."""
    tally = _Tally(rule.policy, at)
    compiled = Compiled([rule])
    for row in rows:
        person, device = row.person, row.device
        if not person.working:
            continue
        tally.fleet += not row.sighted
        if not compiled.in_scope(person, device):
            tally.people_named = tally.people_named or _names(rule.policy, person)
        elif row.waived_until > at or compiled.exempted(person, device):
            tally.add(person, device, Category.EXEMPT, due=False)
        else:
            if not row.sighted:
                tally.concerned[person.ref] = person
            category, due = categorise(rule, row, stale_after, at)
            tally.add(person, device, category, due)
    return tally.impact()


def categorise(rule: Rule, row: Row, stale_after: Duration, at: Instant) -> tuple[Category, bool]:
    """What a device in scope and not exempt falls into, and whether it is due now: by the decision's parts (I-1)."""
    device, evidence = row.device, row.evidence
    if present_app(rule, evidence) is not None:
        return Category.HIT, True
    if not rule.part[device.platform]:
        return Category.NO_PART, False
    unseen = unseen_app(rule, device.platform, evidence, row.attested_until, stale_after)
    if unseen is None or unseen.since > at:
        return Category.CLEAR, False
    category = Category.CANNOT_TELL if device.managed else Category.UNMANAGED
    return category, rule.policy.unseen is not Unseen.ALLOW and not row.sighted


def _names(policy: Policy, person: Person) -> bool:
    scope = policy.scope
    return (
        (not scope.kinds or person.kind in scope.kinds)
        and (not scope.countries or person.country in scope.countries)
        and (not scope.groups or not scope.groups.isdisjoint(person.groups))
    )


Place = tuple[Platform, Ownership]


@dataclass(slots=True)
class _Someone:
    """A person in scope so far: the strictest category, and where their devices of that category are."""

    person: Person
    category: Category
    places: tuple[Place, ...]


@dataclass(slots=True)
class _Tally:
    policy: Policy
    at: Instant
    fleet: int = 0
    people_named: bool = False
    people: dict[str, _Someone] = field(default_factory=dict)
    devices: Counter[tuple[Category, Place]] = field(default_factory=Counter)
    concerned: dict[str, Person] = field(default_factory=dict)
    due: dict[str, Person] = field(default_factory=dict)
    due_devices: set[str] = field(default_factory=set)
    blocked: set[str] = field(default_factory=set)
    blocked_devices: int = 0
    silent_devices: int = 0

    def add(self, person: Person, device: Device, category: Category, due: bool) -> None:
        place = (device.platform, device.ownership)
        self.people_named = True
        self.devices[category, place] += 1
        self._strictest(person, category, place)
        if category is Category.HIT and not person.emails:
            self.silent_devices += 1
        if not due:
            return
        self.due[person.ref] = person
        self.due_devices.add(device.ref)
        if self.policy.consequence is Consequence.BLOCK and (self.policy.shared or not device.shared):
            self.blocked.add(person.ref)
            self.blocked_devices += 1

    def _strictest(self, person: Person, category: Category, place: Place) -> None:
        known = self.people.get(person.ref)
        if known is None:
            self.people[person.ref] = _Someone(person, category, (place,))
        elif category > known.category:
            known.category, known.places = category, (place,)
        elif category is known.category and place not in known.places:
            known.places += (place,)

    def impact(self) -> Impact:
        hit = {ref: one.person for ref, one in self.people.items() if one.category is Category.HIT}
        silent = sum(1 for person in hit.values() if not person.emails)
        by_category: Counter[Category] = Counter()
        for (category, _), count in self.devices.items():
            by_category[category] += count
        in_groups = Counter(group for person in self.concerned.values() for group in person.groups)
        return Impact(
            people=_counts(Counter(one.category for one in self.people.values()), len(self.blocked), silent),
            devices=_counts(by_category, self.blocked_devices, self.silent_devices),
            people_by=self._people_by(),
            devices_by=self._devices_by(),
            hit_people=frozenset(hit),
            due_people=frozenset(self.due),
            due_devices=frozenset(self.due_devices),
            due_in=Counter((person.time_zone, self.policy.ring(person.groups)) for person in self.due.values()),
            lived_in=frozenset((one.time_zone, self.policy.ring(one.groups)) for one in self.concerned.values()),
            locales=Counter(person.locale for person in self.concerned.values() if person.emails),
            few_in=frozenset(group for group, people in in_groups.items() if people < HIDDEN_UNDER),
            fleet=self.fleet,
            people_named=self.people_named,
        )

    def _people_by(self) -> Mapping[By, Breakdown]:
        counts: Counter[tuple[By, Category, str]] = Counter()
        for one in self.people.values():
            person, category = one.person, one.category
            counts[By.COUNTRY, category, person.country] += 1
            counts[By.KIND, category, person.kind.value] += 1
            for group in person.groups:
                counts[By.GROUP, category, group] += 1
            for platform in {platform for platform, _ in one.places}:
                counts[By.PLATFORM, category, platform.value] += 1
            for ownership in {ownership for _, ownership in one.places}:
                counts[By.OWNERSHIP, category, ownership.value] += 1
        return _broken_down(counts, tuple(By))

    def _devices_by(self) -> Mapping[By, Breakdown]:
        counts: Counter[tuple[By, Category, str]] = Counter()
        for (category, (platform, ownership)), count in self.devices.items():
            counts[By.PLATFORM, category, platform.value] += count
            counts[By.OWNERSHIP, category, ownership.value] += count
        return _broken_down(counts, (By.PLATFORM, By.OWNERSHIP))


def _broken_down(counts: Mapping[tuple[By, Category, str], int], keys: Iterable[By]) -> Mapping[By, Breakdown]:
    """Sorted by value, so that the same fleet always gives the same bytes whatever the order of its rows."""
    result: dict[By, dict[Category, dict[str, int]]] = {key: {category: {} for category in Category} for key in keys}
    for (key, category, value), count in sorted(counts.items()):
        result[key][category][value] = count
    return result


def _counts(by: Mapping[Category, int], would_block: int, cannot_be_told: int) -> Counts:
    return Counts(
        **{category.word: by.get(category, 0) for category in Category},
        would_block=would_block,
        cannot_be_told=cannot_be_told,
    )


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
