"""Many policies compiled to bit masks: which of them speak of a device is a few look-ups, however many there are.

Bit n of every mask stands for the n-th rule by number.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from gatepost.core.fleet.app import ActiveApp
from gatepost.core.fleet.device import Device, Form, Ownership, Platform
from gatepost.core.fleet.person import Kind, Person
from gatepost.core.policy.policy import Policy, Scope, Unseen

Value = TypeVar("Value", bound=str)


@dataclass(frozen=True, slots=True)
class Rule:
    """A policy revision as it is evaluated. `number`: the one that doors know it by.

    `apps`: in the order of RuleState.apps; one that is not active has no platform in its `since`.
    Derived: `order`, for each mark of an app its place in `apps`; `part`, the places of the apps that have an
    identifier for a platform; `rises`, of these the ones active later than all before them, as (since, place).
    """

    number: int
    policy: Policy
    apps: tuple[ActiveApp, ...]
    order: Mapping[str, int] = field(init=False, repr=False, compare=False)
    part: Mapping[Platform, tuple[int, ...]] = field(init=False, repr=False, compare=False)
    rises: Mapping[Platform, tuple[tuple[int, int], ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        part = {
            platform: tuple(place for place, app in enumerate(self.apps) if platform in app.since)
            for platform in Platform
        }
        rises = {platform: _rises(self.apps, platform, places) for platform, places in part.items()}
        object.__setattr__(self, "order", {mark: place for place, app in enumerate(self.apps) for mark in app.seen_as})
        object.__setattr__(self, "part", part)
        object.__setattr__(self, "rises", rises)

    def least_known(self, platform: Platform, matched_under: int) -> int | None:
        """The place of the app that a report matched under this catalogue revision says least about.

        The first that became active only later, else the first that takes part; None if none takes part there.
        """
        rises = self.rises[platform]
        for since, place in rises:
            if since > matched_under:
                return place
        return rises[0][1] if rises else None


def _rises(apps: Sequence[ActiveApp], platform: Platform, places: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Whatever the revision, the first app that became active after it also did so later than all before it."""
    rises: list[tuple[int, int]] = []
    for place in places:
        since = apps[place].since[platform]
        if not rises or since > rises[-1][0]:
            rises.append((since, place))
    return tuple(rises)


class Compiled:
    """Rules in the order of their numbers, with the masks that find the few that speak of a device."""

    __slots__ = ("_except", "_excepting", "_naming", "_scope", "_unseen", "groups", "rules")

    groups: frozenset[str]
    """All that any rule names: whoever is in the same of these is the same to all rules."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules: tuple[Rule, ...] = tuple(sorted(rules, key=lambda rule: rule.number))
        policies = [rule.policy for rule in self.rules]
        self._scope = _Scopes([policy.scope for policy in policies])
        self._except = _Scopes([policy.except_ for policy in policies])
        self.groups = frozenset(group for one in policies for group in one.scope.groups | one.except_.groups)
        # An empty scope means everybody, an empty exception nobody.
        self._excepting = _mask(not policy.except_.is_empty() for policy in policies)
        marks = {mark for rule in self.rules for mark in rule.order}
        self._naming = {mark: _mask(mark in rule.order for rule in self.rules) for mark in marks}
        self._unseen = {
            platform: _mask(rule.policy.unseen is not Unseen.ALLOW and bool(rule.part[platform]) for rule in self.rules)
            for platform in Platform
        }

    def in_scope(self, person: Person, device: Device) -> int:
        """The rules whose scope names this device of this person, exceptions not yet looked at."""
        return self._scope.match(person, device)

    def exempted(self, person: Person, device: Device) -> int:
        """The rules that except this device of this person."""
        return self._excepting and self._excepting & self._except.match(person, device)

    def concerned(self, person: Person, device: Device, present: Mapping[str, object]) -> int:
        """The rules by which the device is due, or may become due merely because time passes.

        `present`: by mark, the apps seen on it. A rule that says `unseen: allow` concerns nobody without one of them.
        """
        mask = self._unseen[device.platform]
        for mark in self._naming.keys() & present.keys():
            mask |= self._naming[mark]
        if not mask:
            return 0
        mask &= self._scope.match(person, device)
        if mask & self._excepting:
            mask &= ~self.exempted(person, device)
        return mask

    def select(self, mask: int) -> Iterator[Rule]:
        """The rules of a mask, by number."""
        while mask:
            lowest = mask & -mask
            yield self.rules[lowest.bit_length() - 1]
            mask ^= lowest


class _Scopes:
    """Scopes side by side. One that is silent on a key has its bit in every mask of that key."""

    __slots__ = ("countries", "forms", "groups", "kinds", "other_country", "other_group", "ownership", "platforms")

    def __init__(self, scopes: Sequence[Scope]) -> None:
        self.forms, _ = _allowing([scope.forms for scope in scopes], Form)
        self.platforms, _ = _allowing([scope.platforms for scope in scopes], Platform)
        self.ownership, _ = _allowing([scope.ownership for scope in scopes], Ownership)
        self.kinds, _ = _allowing([scope.kinds for scope in scopes], Kind)
        self.countries, self.other_country = _allowing([scope.countries for scope in scopes])
        self.groups, self.other_group = _allowing([scope.groups for scope in scopes])

    def match(self, person: Person, device: Device) -> int:
        groups = self.other_group
        for group in self.groups.keys() & person.groups:
            groups |= self.groups[group]
        return (
            groups
            & self.forms[device.form]
            & self.platforms[device.platform]
            & self.ownership[device.ownership]
            & self.kinds[person.kind]
            & self.countries.get(person.country, self.other_country)
        )


def _allowing(named: Sequence[frozenset[Value]], values: Iterable[Value] = ()) -> tuple[dict[Value, int], int]:
    """Per value the scopes that allow it, and those that allow a value that none names (the silent ones)."""
    known = {*values, *(value for names in named for value in names)}
    return {value: _mask(not names or value in names for names in named) for value in known}, _mask(
        not names for names in named
    )


def _mask(flags: Iterable[bool]) -> int:
    return sum(1 << bit for bit, flag in enumerate(flags) if flag)
