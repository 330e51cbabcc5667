"""What of a fleet decides whom a policy hits, one array a column."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress, count
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from gatepost.core.fleet.device import Visibility
from gatepost.core.fleet.finding import Evidence
from gatepost.core.fleet.sort import Character, Devices, People, Sort
from gatepost.core.instant import Instant

Ids = NDArray[np.int64]
Flags = NDArray[np.bool_]
Key = TypeVar("Key", bound=Hashable)

NOBODY: Final = -1
NOT_REPORTED: Final = -1


class Known(NamedTuple):
    """Evidence but for its instant and what is present. `reported`: there was a report."""

    reported: bool
    visibility: Visibility
    matched_under: int

    def evidence(self, reported_at: Instant) -> Evidence:
        return Evidence(reported_at if self.reported else None, self.visibility, self.matched_under)


class Numbers(dict[Key, int]):
    """Numbers for values, from 0 on, in the order in which they were first asked for."""

    __slots__ = ()

    def __missing__(self, value: Key) -> int:
        number = self[value] = len(self)
        return number


@dataclass(frozen=True, slots=True)
class Fleet:
    """The devices in use of everybody who works here, in the order of their owners.

    A column of people has an element a person, one of devices an element a device. `owner`: the person's place.
    `sort`, `known`, `character`, `zone`, `locale`: places in `sorts`, `knowns`, `characters`, `zones`, `locales`.
    `reported_at`: milliseconds, 0 where nothing was reported. `present`: for each mark (core/fleet/app.py) of an app
    the places of the devices it is on. `attested`: by the place of a device, what its owner stated: until when each
    app is not there.
    """

    people: Sequence[str]
    character: Ids
    zone: Ids
    locale: Ids
    has_mail: Flags
    devices: Sequence[str]
    owner: Ids
    sort: Ids
    known: Ids
    reported_at: Ids
    present: Mapping[str, Ids]
    attested: Mapping[int, Mapping[str, Instant]]
    sorts: Sequence[Sort]
    knowns: Sequence[Known]
    characters: Sequence[Character]
    zones: Sequence[str]
    locales: Sequence[str]

    def by_sort(self, flags: Iterable[bool]) -> Flags:
        """One flag for each of `sorts`, as a column of devices."""
        return np.fromiter(flags, bool, len(self.sorts))[self.sort]

    @property
    def sighted(self) -> Flags:
        return self.by_sort(sort.sighted for sort in self.sorts)

    def named(self, devices: Flags) -> list[str]:
        """The refs of these devices."""
        return [self.devices[place] for place in np.flatnonzero(devices).tolist()]

    def in_groups(self, groups: Iterable[str]) -> set[str]:
        """Who is in any of these groups."""
        wanted = frozenset(groups)
        within = np.fromiter((not wanted.isdisjoint(one.groups) for one in self.characters), bool, len(self.characters))
        return {self.people[place] for place in np.flatnonzero(within[self.character]).tolist()}

    def places(self, refs: Iterable[str]) -> Ids:
        """Where these devices, or all of these people, are among the devices; of refs that are neither, nothing."""
        wanted = set(refs)
        if not wanted:
            return np.empty(0, np.int64)
        own = [place for place, ref in enumerate(self.devices) if ref in wanted]
        persons = [place for place, ref in enumerate(self.people) if ref in wanted]
        return np.union1d(np.array(own, np.int64), np.flatnonzero(np.isin(self.owner, persons)))


@dataclass(slots=True)
class Building:
    """A fleet as it is read: first everybody, then the devices, then what is present and what was attested. A step for
    each of a million devices would take longer than all else; so there is none here that is not a library's."""

    _people: list[str] = field(default_factory=list)
    _place: dict[str, int] = field(default_factory=dict)
    _of_people: list[Ids] = field(default_factory=list)
    _devices: list[str] = field(default_factory=list)
    _of_devices: list[Ids] = field(default_factory=list)
    _characters: Numbers[Character] = field(default_factory=Numbers)
    _zones: Numbers[str] = field(default_factory=Numbers)
    _locales: Numbers[str] = field(default_factory=Numbers)
    _sorts: Numbers[Sort] = field(default_factory=Numbers)
    _knowns: Numbers[Known] = field(default_factory=Numbers)

    def people(self, people: People) -> None:
        """Some of those who work here."""
        self._place.update(zip(people.refs, count(len(self._people)), strict=False))
        self._people += people.refs
        numbered = [
            _numbered(self._characters, people.characters),
            _numbered(self._zones, people.zones),
            _numbered(self._locales, people.locales),
        ]
        self._of_people.append(np.array([*numbered, np.array(people.has_mail, np.int64)]))

    def devices(self, devices: Devices) -> None:
        """Some devices, in any order; those of nobody who works here are passed over."""
        owners = np.array([self._place.get(owner, NOBODY) for owner in devices.owners], np.int64)
        mine = owners != NOBODY
        self._devices += compress(devices.refs, mine.tolist())
        reported_at = np.array([NOT_REPORTED if at is None else at for at in devices.reported_at], np.int64)
        reported = (reported_at != NOT_REPORTED).tolist()
        known = list(zip(reported, devices.visibility, devices.matched_under, strict=True))
        numbers = {one: self._knowns[Known(one[0], Visibility(one[1]), one[2])] for one in set(known)}
        columns = np.array(
            [
                owners,
                _numbered(self._sorts, devices.sorts),
                _numbered(numbers, known),
                np.maximum(reported_at, 0),
            ]
        )
        self._of_devices.append(columns[:, mine])

    def fleet(
        self, present: Iterable[tuple[str, str]] = (), attested: Iterable[tuple[str, str, Instant]] = ()
    ) -> Fleet:
        """`present`: device and mark. `attested`: device, app, until when."""
        columns = _joined(self._of_devices)
        order = np.argsort(columns[0], kind="stable")
        owner, sort, known, reported_at = columns[:, order]
        devices = [self._devices[place] for place in order.tolist()]
        seen, said = _placed(devices, present, attested)
        character, zone, locale, has_mail = _joined(self._of_people)
        return Fleet(
            people=self._people,
            character=character,
            zone=zone,
            locale=locale,
            has_mail=has_mail.astype(bool),
            devices=devices,
            owner=owner,
            sort=sort,
            known=known,
            reported_at=reported_at,
            present=seen,
            attested=said,
            sorts=list(self._sorts),
            knowns=list(self._knowns),
            characters=list(self._characters),
            zones=list(self._zones),
            locales=list(self._locales),
        )


def _numbered(numbers: Mapping[Any, int], values: Iterable[Hashable]) -> Ids:
    return np.fromiter(map(numbers.__getitem__, values), np.int64)


def _joined(parts: Sequence[Ids]) -> Ids:
    """Four columns of several parts."""
    return np.concatenate(parts, axis=1) if parts else np.empty((4, 0), np.int64)


def _placed(
    devices: Sequence[str], present: Iterable[tuple[str, str]], attested: Iterable[tuple[str, str, Instant]]
) -> tuple[dict[str, Ids], dict[int, dict[str, Instant]]]:
    """Of Fleet, `present` and `attested`."""
    place = {ref: number for number, ref in enumerate(devices)}
    seen: dict[str, list[int]] = {}
    for ref, mark in present:
        if ref in place:
            seen.setdefault(mark, []).append(place[ref])
    said: dict[int, dict[str, Instant]] = {}
    for ref, app, until in attested:
        if ref in place:
            said.setdefault(place[ref], {})[app] = until
    return {mark: np.array(places, np.int64) for mark, places in seen.items()}, said
