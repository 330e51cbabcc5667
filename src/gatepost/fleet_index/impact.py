"""Counting: from what a policy means for every device to its impact on people (core/change/impact.py)."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from gatepost.core.change.impact import HIDDEN_UNDER, Breakdown, By, Category, Counts, Impact
from gatepost.core.fleet.sort import Character
from gatepost.core.policy.policy import Consequence, Policy, Scope
from gatepost.fleet_index.fleet import Flags, Fleet, Ids
from gatepost.fleet_index.hits import OUTSIDE, Hits


def impact(fleet: Fleet, policy: Policy, found: Hits) -> Impact:
    """What was found, counted by people and by devices."""
    strictest = np.full(len(fleet.people), OUTSIDE, np.int64)
    np.maximum.at(strictest, fleet.owner, found.category)
    hit, due = strictest == Category.HIT, _owners(fleet, found.due)
    blocked = found.due & fleet.by_sort(_can_block(policy, sort.shared) for sort in fleet.sorts)
    silent = (found.category == Category.HIT) & ~fleet.has_mail[fleet.owner]
    concerned = _owners(fleet, (found.category > OUTSIDE) & (found.category != Category.EXEMPT) & ~fleet.sighted)
    return Impact(
        people=_counts(strictest, _owners(fleet, blocked), hit & ~fleet.has_mail),
        devices=_counts(found.category, blocked, silent),
        people_by=_people_by(fleet, strictest, found.category),
        devices_by=_devices_by(fleet, found.category),
        hit_people=_refs(fleet.people, hit),
        due_people=_refs(fleet.people, due),
        due_devices=frozenset(fleet.named(found.due)),
        due_in=_cells(fleet, policy, due),
        lived_in=frozenset(_cells(fleet, policy, concerned)),
        locales=_tally(fleet.locales, fleet.locale[concerned & fleet.has_mail]),
        few_in=frozenset(group for group, people in _in_groups(fleet, concerned).items() if people < HIDDEN_UNDER),
        fleet=int(np.count_nonzero(~fleet.sighted)),
        people_named=bool((found.category > OUTSIDE).any()) or _anybody(fleet, policy.scope),
    )


def _can_block(policy: Policy, shared: bool) -> bool:
    return policy.consequence is Consequence.BLOCK and (policy.shared or not shared)


def _owners(fleet: Fleet, devices: Flags) -> Flags:
    """A column of people: who has one of these devices."""
    owners = np.zeros(len(fleet.people), bool)
    owners[fleet.owner[devices]] = True
    return owners


def _refs(refs: Sequence[str], flags: Flags) -> frozenset[str]:
    return frozenset(refs[place] for place in np.flatnonzero(flags).tolist())


def _tally(values: Sequence[str], places: Ids) -> dict[str, int]:
    """How often each of the values is meant; those that are not are absent."""
    counts = np.bincount(places, minlength=len(values))
    return {values[place]: int(counts[place]) for place in np.flatnonzero(counts).tolist()}


def _counts(categories: Ids, blocked: Flags, silent: Flags) -> Counts:
    by = np.bincount(categories[categories > OUTSIDE], minlength=len(Category))
    return Counts(
        **{category.word: int(by[category]) for category in Category},
        would_block=int(np.count_nonzero(blocked)),
        cannot_be_told=int(np.count_nonzero(silent)),
    )


def _in_groups(fleet: Fleet, people: Flags) -> Mapping[str, int]:
    """How many of these are in each group that one of them is in."""
    return _summed((group, count) for character, count in _alike(fleet, people) for group in character.groups)


def _alike(fleet: Fleet, people: Flags) -> list[tuple[Character, int]]:
    """How many of these have each character that one of them has."""
    counts = np.bincount(fleet.character[people], minlength=len(fleet.characters)).tolist()
    return [(character, count) for character, count in zip(fleet.characters, counts, strict=True) if count]


def _cells(fleet: Fleet, policy: Policy, people: Flags) -> dict[tuple[str, int], int]:
    """How many of these are in each cell: time zone and ring."""
    rings = np.array([policy.ring(character.groups) for character in fleet.characters] or [0], np.int64)
    number = 1 + len(policy.rollout)
    counts = np.bincount((fleet.zone * number + rings[fleet.character])[people], minlength=0).tolist()
    return {(fleet.zones[cell // number], cell % number): count for cell, count in enumerate(counts) if count}


def _anybody(fleet: Fleet, scope: Scope) -> bool:
    """Whether somebody with a device is among the people of a scope, whatever the device."""
    with_one = np.unique(fleet.character[np.unique(fleet.owner)]).tolist()
    return any(_names(scope, fleet.characters[place]) for place in with_one)


def _names(scope: Scope, person: Character) -> bool:
    return (
        (not scope.kinds or person.kind in scope.kinds)
        and (not scope.countries or person.country in scope.countries)
        and (not scope.groups or not scope.groups.isdisjoint(person.groups))
    )


def _people_by(fleet: Fleet, strictest: Ids, category: Ids) -> Mapping[By, Breakdown]:
    """People on each platform and ownership where a device has the person's own category."""
    own = category == strictest[fleet.owner]
    platforms, ownership = [sort.platform for sort in fleet.sorts], [sort.ownership for sort in fleet.sorts]
    found: dict[By, dict[Category, dict[str, int]]] = {by: {} for by in By}
    for one in Category:
        people = _alike(fleet, strictest == one)
        found[By.COUNTRY][one] = _summed((character.country, count) for character, count in people)
        found[By.GROUP][one] = _summed((group, count) for character, count in people for group in character.groups)
        found[By.PLATFORM][one] = _people_on(fleet, own & (category == one), platforms)
        found[By.OWNERSHIP][one] = _people_on(fleet, own & (category == one), ownership)
        found[By.KIND][one] = _summed((character.kind.value, count) for character, count in people)
    return found


def _summed(counts: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Sorted by value, so that the same fleet always gives the same bytes whatever the order of its rows."""
    found: dict[str, int] = {}
    for value, count in counts:
        found[value] = found.get(value, 0) + count
    return dict(sorted(found.items()))


def _people_on(fleet: Fleet, devices: Flags, words: Sequence[str]) -> dict[str, int]:
    """How many people have one of these devices, by what `words` says of its sort."""
    counts = {word: _owners(fleet, devices & fleet.by_sort(own == word for own in words)) for word in set(words)}
    return _summed((word, int(np.count_nonzero(people))) for word, people in counts.items() if people.any())


def _devices_by(fleet: Fleet, category: Ids) -> Mapping[By, Breakdown]:
    found: dict[By, dict[Category, dict[str, int]]] = {By.PLATFORM: {}, By.OWNERSHIP: {}}
    for one in Category:
        counts = np.bincount(fleet.sort[category == one], minlength=len(fleet.sorts)).tolist()
        sorts = [(sort, count) for sort, count in zip(fleet.sorts, counts, strict=True) if count]
        found[By.PLATFORM][one] = _summed((sort.platform.value, count) for sort, count in sorts)
        found[By.OWNERSHIP][one] = _summed((sort.ownership.value, count) for sort, count in sorts)
    return found
