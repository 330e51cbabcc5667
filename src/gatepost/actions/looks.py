"""Looks at named people: each for a stated purpose, an entry of the ledger, and shown to whoever was looked at (I-34).

A look is being shown what a policy or a phone says of somebody by name. Running the inventory (imports, roles, keys,
device passwords) is none: it says nothing of anybody's apps.
"""

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple, TypeAlias

from sqlalchemy import Connection

from gatepost.actions.change import Change, changing
from gatepost.actions.site import Site
from gatepost.actions.who import AUDITOR, HELPDESK, acting, lacks_role
from gatepost.core.instant import Instant
from gatepost.core.ledger.events import NamesLooked
from gatepost.core.ledger.leaf import SYSTEM, parse
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.deadline import instant_text
from gatepost.storage import ledger, people

What: TypeAlias = Literal[
    "names", "mails", "phone", "looks", "waivers", "search", "export", "people", "person", "statements"
]
"""What somebody was shown; the digest has words for each."""


class Look(NamedTuple):
    """One look as the ledger has it. `by`: a pseudonym, or "system" for a program. `people`: pseudonyms."""

    entry: int
    at: Instant
    by: str
    what: str
    about: str
    people: tuple[str, ...]
    purpose_hash: str


def without_purpose(purpose: str) -> Refusal | None:
    """Why nobody is named: for nothing."""
    if purpose.strip():
        return None
    return Refusal(Code.PURPOSE_MISSING, "People are named for a stated purpose only: add --purpose TEXT.")


def record_look(change: Change, what: What, about: str, refs: Iterable[str], purpose: str) -> None:
    """Write who looked, at whom and what for. Looking at nobody is no look."""
    if named := tuple(sorted(set(refs))):
        change.record(NamesLooked(what, about, named, change.words(purpose)))


def looks(conn: Connection, since: Instant = 0, of: str = "") -> Iterator[Look]:
    """Every look from an instant on, oldest first; `of`: at this person (by pseudonym).

    A look at all whom a policy hits is megabytes long: those that do not name the person are not taken apart.
    """
    for row in ledger.rows(conn, 0, (NamesLooked.__name__,), naming=of):
        event = parse(row.leaf).event
        if isinstance(event, NamesLooked) and row.at >= since and (not of or of in event.people):
            yield Look(row.idx, row.at, row.by, event.what, event.about, event.people, event.purpose_hash)


class Seen(NamedTuple):
    """A look as whoever was looked at is told of it. `by`: an id, SYSTEM for a program, "" once nobody knows whose it
    was. `purpose`: "" once it was erased."""

    look: Look
    by: str
    purpose: str


def seen(conn: Connection, ref: str) -> list[Seen]:
    """Every look at one person (by pseudonym), oldest first."""
    found = list(looks(conn, of=ref))
    ids = {known.ref: known.id for known in people.load(conn, {look.by for look in found}).values()} | {SYSTEM: SYSTEM}
    return [Seen(look, ids.get(look.by, ""), ledger.words_of(conn, look.purpose_hash)) for look in found]


def looks_at(conn: Connection, ref: str) -> list[dict[str, object]]:
    """The same as data: when, by whom (a pseudonym once nobody knows whose), at what, and what for."""
    return [
        {
            "entry": one.look.entry,
            "at": instant_text(one.look.at),
            "by": one.by or one.look.by,
            "what": one.look.what,
            "about": one.look.about,
            "purpose": one.purpose,
        }
        for one in seen(conn, ref)
    ]


def show_looks(site: Site, by: str | None, person: str = "", purpose: str = "") -> list[dict[str, object]] | Refusal:
    """The looks at oneself; or, by the help desk or an auditor for a purpose, those at somebody else: a look as well,
    since it says under which policies somebody was named."""
    with changing(site) as change:
        actor = acting(change, by)
        if isinstance(actor, Refusal):
            return actor
        subject = people.find(change.conn, person) if person else actor.person
        if subject is None:
            return Refusal(Code.NO_SUCH_PERSON, f"Nobody is known as {person}.")
        found = looks_at(change.conn, subject.ref)
        if subject.ref != actor.ref:
            if refusal := lacks_role(actor, HELPDESK, AUDITOR) or without_purpose(purpose):
                return refusal
            record_look(change, "looks", "", [subject.ref], purpose)
        return found
