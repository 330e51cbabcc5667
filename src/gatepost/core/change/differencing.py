"""What two previews together would give away of single people, and how that is found before the second is answered.

A preview answers with counts over its *audience*: the devices that its policy names and does not except. Where the
audiences of two answers differ by the devices of one to four people, subtracting one answer from the other says what is
on those people's phones. So earlier scopes are remembered, not whom they named: each is applied anew to the fleet as it
stands, so that the same file over a fleet that changed meanwhile is the same audience, whoever asks.

A breakdown's cell (those of a country, a group, ...) is an answer over a smaller audience. Not covered: what three or
more answers say together, and what is known of people from elsewhere.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from gatepost.core.change.impact import HIDDEN_UNDER, By, Row
from gatepost.core.fleet.device import Device, Ownership, Platform
from gatepost.core.fleet.person import Kind, Person
from gatepost.core.instant import Instant
from gatepost.core.policy.compiled import Compiled, Rule
from gatepost.core.policy.policy import Policy, Scope

Cell = tuple[By, str]


class Scoped(NamedTuple):
    """What decides a preview's audience. `policy`: its id, since waivers are for one policy."""

    policy: str
    scope: Scope
    except_: Scope
    shared: bool


def scoped(policy: Policy) -> Scoped:
    return Scoped(policy.id, policy.scope, policy.except_, policy.shared)


class _Like(NamedTuple):
    """What devices have in common that no answer can tell apart. `audiences`, `blockable`: masks, bit n for the n-th
    scope: in its audience, and where it could be blocked."""

    audiences: int
    blockable: int
    kind: Kind
    country: str
    groups: frozenset[str]
    platform: Platform
    ownership: Ownership


@dataclass(slots=True, weakref_slot=True)
class Watch:
    """Looks at the rows that a preview of `policy` counts, and then knows what it may answer.

    `before`: the scopes that were answered earlier. `at`: the instant of the preview, for waivers.
    """

    policy: Policy
    before: Sequence[Scoped]
    at: Instant
    waived: Mapping[str, Mapping[str, Instant]] = field(default_factory=dict)
    _owners: dict[_Like, set[str]] = field(default_factory=dict)

    def over(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows, unchanged. `waived`: by policy id, the end of the waivers of people and devices."""
        scopes = [scoped(self.policy), *self.before]
        compiled = Compiled(
            Rule(number, replace(self.policy, scope=one.scope, except_=one.except_), ())
            for number, one in enumerate(scopes)
        )
        shared = sum(1 << number for number, one in enumerate(scopes) if one.shared)
        exempt = self._exempt([one.policy for one in scopes])
        masks: dict[tuple[object, ...], int] = {}
        for row in rows:
            person, device = row.person, row.device
            if person.working:
                mask = _mask(compiled, masks, person, device)
                if exempt:
                    mask &= ~(exempt.get(person.ref, 0) | exempt.get(device.ref, 0))
                if mask:
                    self._add(person, device, mask, mask & shared if device.shared else mask)
            yield row

    def _exempt(self, policies: Sequence[str]) -> dict[str, int]:
        """For each person or device with a waiver, the scopes for whose policy it is."""
        found: dict[str, int] = {}
        for number, policy in enumerate(policies):
            for ref, until in self.waived.get(policy, {}).items():
                if until > self.at:
                    found[ref] = found.get(ref, 0) | 1 << number
        return found

    def _add(self, person: Person, device: Device, audiences: int, blockable: int) -> None:
        like = _Like(
            audiences, blockable, person.kind, person.country, person.groups, device.platform, device.ownership
        )
        owners = self._owners.setdefault(like, set())
        if len(owners) < HIDDEN_UNDER:  # more tell nothing more
            owners.add(person.ref)

    def answer(self) -> "Allowed":
        """What may be answered, once all rows have passed."""
        return Allowed(list(self._owners.items()), len(self.before))


def _mask(compiled: Compiled, known: dict[tuple[object, ...], int], person: Person, device: Device) -> int:
    """The scopes that name a device and do not except it; most devices are like another."""
    key = (person.kind, person.country, person.groups, device.form, device.platform, device.ownership)
    mask = known.get(key)
    if mask is None:
        mask = known[key] = compiled.in_scope(person, device) & ~compiled.exempted(person, device)
    return mask


class Allowed:
    """What of a preview may be answered. Sets of devices are masks, bit n for the n-th sort of like devices."""

    def __init__(self, likes: Sequence[tuple[_Like, set[str]]], earlier: int) -> None:
        self._likes, self._earlier = likes, earlier
        self._many = sum(1 << bit for bit, (_, owners) in enumerate(likes) if len(owners) >= HIDDEN_UNDER)

    @cached_property
    def too_few(self) -> bool:
        """The audience is one to four people: any count would speak of them."""
        return self._few(self._audience(0))

    @cached_property
    def too_near(self) -> bool:
        """It differs from something that was answered by one to four people."""
        mine, mine_blocked = self._audience(0), self._blockable(0)
        return any(self._few(mine ^ answered) for answered in self._answered) or any(
            self._few(mine_blocked ^ self._blockable(number)) for number in range(1, self._earlier + 1)
        )

    @cached_property
    def hidden(self) -> Mapping[By, frozenset[str]]:
        """The cells that cannot be shown: by what they are broken down, their values."""
        shown = [self._audience(0), *self._answered]
        hidden: dict[By, set[str]] = {}
        for (by, value), devices in sorted(self._cells(0).items()):
            if self._few(devices) or any(self._few(devices ^ other) for other in shown):
                hidden.setdefault(by, set()).add(value)
            else:
                shown.append(devices)
        return {by: frozenset(values) for by, values in hidden.items()}

    @cached_property
    def _answered(self) -> list[int]:
        """Every audience that an earlier answer counted, its cells' too: whether these were shown is not remembered."""
        numbers = range(1, self._earlier + 1)
        totals = {self._audience(number) for number in numbers}
        return sorted(totals.union(*(self._cells(number).values() for number in numbers)))

    def _audience(self, number: int) -> int:
        return sum(1 << bit for bit, (like, _) in enumerate(self._likes) if like.audiences >> number & 1)

    def _blockable(self, number: int) -> int:
        return sum(1 << bit for bit, (like, _) in enumerate(self._likes) if like.blockable >> number & 1)

    def _cells(self, number: int) -> dict[Cell, int]:
        found: dict[Cell, int] = {}
        for bit, (like, _) in enumerate(self._likes):
            if like.audiences >> number & 1:
                for cell in _cells_of(like):
                    found[cell] = found.get(cell, 0) | 1 << bit
        return found

    def _few(self, devices: int) -> bool:
        """Whether these are the devices of one to four people."""
        if not devices or devices & self._many:
            return False
        owners: set[str] = set()
        while devices and len(owners) < HIDDEN_UNDER:
            lowest = devices & -devices
            owners |= self._likes[lowest.bit_length() - 1][1]
            devices ^= lowest
        return len(owners) < HIDDEN_UNDER


def _cells_of(like: _Like) -> Iterator[Cell]:
    yield By.COUNTRY, like.country
    yield By.KIND, like.kind.value
    yield By.PLATFORM, like.platform.value
    yield By.OWNERSHIP, like.ownership.value
    for group in like.groups:
        yield By.GROUP, group
