"""Entries of the ledger that name somebody, by pseudonym."""

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any, NamedTuple

from sqlalchemy import Connection

from gatepost.core.instant import Instant
from gatepost.core.ledger.codec import to_data
from gatepost.core.ledger.door_events import DevicePasswordIssued
from gatepost.core.ledger.events import CheckedOut, Event, NamesLooked, PersonTold, WaiverGranted, WaiverRevoked
from gatepost.core.ledger.leaf import parse
from gatepost.storage import ledger


class Mention(NamedTuple):
    """`data`: the event's fields."""

    entry: int
    at: Instant
    by: str
    event: Event
    data: Mapping[str, Any]


def mentions(conn: Connection, pseudonyms: Iterable[str]) -> Iterator[Mention]:
    """The entries in which one of these stands, as who acted or as whom it is about, oldest first."""
    wanted = [name.encode("ascii") for name in pseudonyms]
    pattern = re.compile(b'"(?:' + b"|".join(map(re.escape, wanted)) + b')"')
    for row in ledger.rows(conn):
        if pattern.search(row.leaf):
            leaf = parse(row.leaf)
            yield Mention(leaf.index, leaf.at, leaf.by, leaf.event, to_data(leaf.event))


def words_about(conn: Connection, person: str, devices: Iterable[str]) -> set[str]:
    """The salted hashes of what was written about one person: why they were exempted, how they were told, why they got
    a device password, why somebody looked at them alone."""
    refs = {person, *devices}
    about: set[str] = set()
    waivers: set[str] = set()
    for mention in mentions(conn, refs):
        about.add(about_in(mention.event, refs))
        if isinstance(mention.event, WaiverGranted) and mention.event.subject in refs:
            waivers.add(mention.event.waiver)
    for mention in mentions(conn, waivers) if waivers else ():
        if isinstance(mention.event, WaiverRevoked):
            about.add(mention.event.reason_hash)
    return about - {""}


def about_in(event: Event, refs: Set[str]) -> str:
    """The salted hash of what an event says in words about one person, by their pseudonym or a device's; "" if none."""
    match event:
        case WaiverGranted(subject=ref, reason_hash=words) if ref in refs:
            return words
        case PersonTold(person=ref, how_hash=words) if ref in refs:
            return words
        case CheckedOut(device=ref, reason_hash=words) | DevicePasswordIssued(device=ref, reason_hash=words):
            return words if ref in refs else ""
        case NamesLooked(people=(ref,), purpose_hash=words) if ref in refs:
            return words
    return ""
