"""Entries of the ledger that name somebody, by pseudonym."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection

from gatepost.core.instant import Instant
from gatepost.core.ledger.codec import to_data
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
    """The salted hashes of what was written about one person: why they were exempted, how they were told, why
    somebody looked at them alone."""
    refs = {person, *devices}
    about: set[str] = set()
    waivers: set[str] = set()
    for mention in mentions(conn, refs):
        match mention.event:
            case WaiverGranted(waiver=waiver, subject=subject, reason_hash=reason) if subject in refs:
                about.add(reason)
                waivers.add(waiver)
            case PersonTold(person=told, how_hash=how) if told == person:
                about.add(how)
            case CheckedOut(device=device, reason_hash=reason) if device in refs:
                about.add(reason)
            case NamesLooked(people=(alone,), purpose_hash=purpose) if alone == person:
                about.add(purpose)
    for mention in mentions(conn, waivers) if waivers else ():
        if isinstance(mention.event, WaiverRevoked):
            about.add(mention.event.reason_hash)
    return about - {""}
