"""What two previews together would give away of single people, and how that is found before the second is answered.

A preview answers with counts over its *audience*: the devices that its policy names and does not except. Where the
audiences of two answers differ by the devices of one to four people, subtracting one answer from the other says what is
on those people's phones. So earlier scopes are remembered, not whom they named: each is applied anew to the fleet as it
stands, so that the same file over a fleet that changed meanwhile is the same audience, whoever asks.

A breakdown's cell (those of a country, a group, ...) is an answer over a smaller audience. Not covered: what three or
more answers say together, and what is known of people from elsewhere.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from gatepost.core.change.impact import HIDDEN_UNDER, By
from gatepost.core.fleet.device import Ownership, Platform
from gatepost.core.fleet.person import Kind
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


class Like(NamedTuple):
    """What devices have in common that no answer can tell apart. `audiences`, `blockable`: masks, bit n for the n-th
    scope: in its audience, and where it could be blocked."""

    audiences: int
    blockable: int
    kind: Kind
    country: str
    groups: frozenset[str]
    platform: Platform
    ownership: Ownership


@dataclass(slots=True)
class Watch:
    """What a preview of `policy` is held against; whoever counted says by `looked` over what, and then it is known what
    may be answered.

    `before`: the scopes that were answered earlier. `at`: the instant of the preview. `waived`: by policy id, the end
    of the waivers of people and devices.
    """

    policy: Policy
    before: Sequence[Scoped]
    at: Instant
    waived: Mapping[str, Mapping[str, Instant]] = field(default_factory=dict)
    _allowed: "Allowed | None" = None

    @property
    def _scopes(self) -> list[Scoped]:
        return [scoped(self.policy), *self.before]

    @property
    def compiled(self) -> Compiled:
        """A rule for each scope."""
        return Compiled(
            Rule(number, replace(self.policy, scope=one.scope, except_=one.except_), ())
            for number, one in enumerate(self._scopes)
        )

    @property
    def shared(self) -> int:
        """The scopes by which a shared device could be blocked."""
        return sum(1 << number for number, one in enumerate(self._scopes) if one.shared)

    @property
    def exempt(self) -> Mapping[int, Set[str]]:
        """By scopes for whose policy they have a waiver: people and devices."""
        scopes: dict[str, int] = {}
        for number, one in enumerate(self._scopes):
            scopes[one.policy] = scopes.get(one.policy, 0) | 1 << number
        ends = {mask: self.waived.get(policy, {}) for policy, mask in scopes.items()}
        return {mask: {ref for ref, until in mine.items() if until > self.at} for mask, mine in ends.items()}

    def looked(self, likes: Mapping[Like, Set[int]]) -> None:
        """Of each sort of devices that a scope names some owners: all, or HIDDEN_UNDER of them at least."""
        self._allowed = Allowed(list(likes.items()), len(self.before))

    def answer(self) -> "Allowed":
        """What may be answered. Before anybody looked: anything, since nothing was counted."""
        return self._allowed or Allowed([], len(self.before))


class Allowed:
    """What of a preview may be answered. Sets of devices are masks, bit n for the n-th sort of like devices."""

    def __init__(self, likes: Sequence[tuple[Like, Set[int]]], earlier: int) -> None:
        self._likes, self._earlier = likes, earlier
        self._many = self._mask(bit for bit, (_, owners) in enumerate(likes) if len(owners) >= HIDDEN_UNDER)

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

    @property
    def withheld(self) -> bool:
        """No count of the impact may be answered."""
        return self.too_few or self.too_near

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
        return self._mask(bit for bit, (like, _) in enumerate(self._likes) if like.audiences >> number & 1)

    def _blockable(self, number: int) -> int:
        return self._mask(bit for bit, (like, _) in enumerate(self._likes) if like.blockable >> number & 1)

    def _cells(self, number: int) -> dict[Cell, int]:
        found: dict[Cell, list[int]] = {}
        for bit, (like, _) in enumerate(self._likes):
            if like.audiences >> number & 1:
                for cell in _cells_of(like):
                    found.setdefault(cell, []).append(bit)
        return {cell: self._mask(bits) for cell, bits in found.items()}

    def _mask(self, bits: Iterable[int]) -> int:
        """Set in place: summed as numbers, very many would take their square."""
        mask = bytearray(len(self._likes) // 8 + 1)
        for bit in bits:
            mask[bit >> 3] |= 1 << (bit & 7)
        return int.from_bytes(mask, "little")

    def _few(self, devices: int) -> bool:
        """Whether these are the devices of one to four people."""
        if not devices or devices & self._many:
            return False
        owners: set[int] = set()
        while devices and len(owners) < HIDDEN_UNDER:
            lowest = devices & -devices
            owners |= self._likes[lowest.bit_length() - 1][1]
            devices ^= lowest
        return len(owners) < HIDDEN_UNDER


def _cells_of(like: Like) -> Iterator[Cell]:
    yield By.COUNTRY, like.country
    yield By.KIND, like.kind.value
    yield By.PLATFORM, like.platform.value
    yield By.OWNERSHIP, like.ownership.value
    for group in like.groups:
        yield By.GROUP, group
