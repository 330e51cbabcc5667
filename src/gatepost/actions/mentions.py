"""Entries of the ledger that name somebody, by pseudonym."""

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any, NamedTuple

from sqlalchemy import Connection

from gatepost.core.instant import Instant
from gatepost.core.ledger.ask_events import WaiverAsked, WaiverDeclined
from gatepost.core.ledger.codec import to_data
from gatepost.core.ledger.door_events import DevicePasswordIssued
from gatepost.core.ledger.events import CheckedOut, Event, NamesLooked, PersonTold, WaiverGranted, WaiverRevoked
from gatepost.core.ledger.leaf import parse
from gatepost.storage import ledger


class Mention(NamedTuple):
    """`data`: the event's fields. `named`: those of the pseudonyms that stand in it."""

    entry: int
    at: Instant
    by: str
    event: Event
    data: Mapping[str, Any]
    named: Set[str]


_PSEUDONYM = re.compile(rb'"([a-z]+_[0-9a-z]+)"')


def mentions(conn: Connection, pseudonyms: Set[str], start: int = 0) -> Iterator[Mention]:
    """The entries from one on in which one of these stands, as who acted or as whom it is about, oldest first. More may
    be added meanwhile."""
    for row in ledger.rows(conn, start):
        if named := pseudonyms & {name.decode("ascii") for name in _PSEUDONYM.findall(row.leaf)}:
            leaf = parse(row.leaf)
            yield Mention(leaf.index, leaf.at, leaf.by, leaf.event, to_data(leaf.event), named)


class Words:
    """The salted hashes of what was written about people: why they were exempted or asked to be, how they were told,
    why they got a device password, why somebody looked at them alone. `about`: by person."""

    def __init__(self, owned: Mapping[str, Iterable[str]]) -> None:
        """`owned`: the pseudonyms of people, each with those of their devices."""
        self._refs = {person: frozenset((person, *devices)) for person, devices in owned.items()}
        self._owner = {ref: person for person, refs in self._refs.items() for ref in refs}
        self._next = 0
        self.about: dict[str, set[str]] = {person: set() for person in owned}

    def read_on(self, conn: Connection) -> None:
        """What the ledger holds since it was read last."""
        if not self._owner:
            return
        start, self._next = self._next, ledger.head(conn)[0]
        for found in mentions(conn, self._owner.keys(), start):
            for person in {self._owner[ref] for ref in found.named}:
                if words := self._words(person, found.event):
                    self.about[person].add(words)

    def _words(self, person: str, event: Event) -> str:
        if isinstance(event, WaiverGranted) and event.subject in self._refs[person]:
            self._owner[event.waiver] = person
        elif isinstance(event, WaiverRevoked) and self._owner.get(event.waiver) == person:
            return event.reason_hash
        return about_in(event, self._refs[person])


def about_in(event: Event, refs: Set[str]) -> str:
    """The salted hash of what an event says in words about one person, by their pseudonym or a device's; "" if none."""
    match event:
        case WaiverGranted(subject=ref, reason_hash=words) if ref in refs:
            return words
        case WaiverAsked(device=ref, reason_hash=words) | WaiverDeclined(device=ref, reason_hash=words) if ref in refs:
            return words
        case PersonTold(person=ref, how_hash=words) if ref in refs:
            return words
        case CheckedOut(device=ref, reason_hash=words) | DevicePasswordIssued(device=ref, reason_hash=words):
            return words if ref in refs else ""
        case NamesLooked(people=(ref,), purpose_hash=words) if ref in refs:
            return words
    return ""
