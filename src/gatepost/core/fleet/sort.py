"""Of people and devices what decides whether a policy concerns them: most are of a sort with many others."""

from collections.abc import Sequence
from typing import NamedTuple

from gatepost.core.fleet.device import Device, Form, Ownership, Platform
from gatepost.core.fleet.person import Kind, Person
from gatepost.core.instant import Instant


class Sort(NamedTuple):
    """What devices of one sort have in common. `sighted`: in no inventory, a door saw it with its person's login;
    counted, never due, and no part of the fleet, since whoever knows a login can invent such devices."""

    form: Form
    platform: Platform
    ownership: Ownership
    shared: bool
    managed: bool
    sighted: bool = False

    def device(self) -> Device:
        """One of them, of nobody."""
        return Device("", "", "", self.form, self.platform, self.ownership, self.shared, self.managed)


class Character(NamedTuple):
    """What scopes and breakdowns ask of a person."""

    kind: Kind
    country: str
    groups: frozenset[str]

    def person(self) -> Person:
        """One of them, nobody in particular."""
        return Person("", "", "", self.kind, self.country, "", "", (), (), self.groups)


class Devices(NamedTuple):
    """Some devices column by column: their refs and their owners' (the keeper's of one that is shared), their sorts,
    and of the evidence all but what is present: the last report's instant (None: there was none), what its source could
    see (the number of a Visibility), and under which revision of the catalogue it was matched."""

    refs: Sequence[str]
    owners: Sequence[str]
    sorts: Sequence[Sort]
    reported_at: Sequence[Instant | None]
    visibility: Sequence[int]
    matched_under: Sequence[int]


class People(NamedTuple):
    """Some people column by column. `has_mail`: there is an address to write to."""

    refs: Sequence[str]
    characters: Sequence[Character]
    zones: Sequence[str]
    locales: Sequence[str]
    has_mail: Sequence[bool]
