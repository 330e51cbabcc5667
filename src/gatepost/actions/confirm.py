"""Confirm: an administrator's signed yes to a role or a key that another gave or took away.

Two are needed where there are two administrators with a key, whoever asked among them: at the command line anybody can
ask in anybody's name, and only a signature says who it was. What counts already can be confirmed too, so that it rests
on two as well.
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from gatepost.actions.access_mail import tell_holders
from gatepost.actions.change import Change, changing, looking
from gatepost.actions.hold import recheck_quorums
from gatepost.actions.signed import signing_key
from gatepost.actions.site import Site
from gatepost.actions.who import ADMIN, Actor, acting
from gatepost.core.change.two_administrators import Act, Asked, Yes, confirmed, counting, fault
from gatepost.core.ledger.access_events import AccessConfirmed
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.canonical import digest
from gatepost.storage import access, ledger, people


@dataclass(frozen=True, slots=True)
class Confirmed:
    """`act`: what was asked (Act) about somebody's role or key `name`. `by`: who has signed it. `counts`: it is done.
    `held`: policies that this took the quorum from."""

    person: str
    act: str
    name: str
    by: tuple[str, ...]
    counts: bool
    held: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Open:
    """What can be confirmed. `waiting`: it does not count yet."""

    asked: Asked
    waiting: bool


def to_sign(site: Site, name: str, person: str = "") -> str | Refusal:
    """The hash that an administrator signs, in lower-case hex: that of the entry which asks. `name`: a role, with whose
    it is, or a key's fingerprint."""
    with looking(site) as conn:
        found = _open(conn, name, person)
        return found if isinstance(found, Refusal) else _hash(conn, found.asked.entry)


def confirm(
    site: Site, by: str | None, name: str, person: str = "", signature: str = "", signed: str = ""
) -> Confirmed | Refusal:
    """Record a yes. `signature`: an armoured SSH signature over the hash `signed` (an exercise needs none)."""
    with changing(site) as change:
        actor = acting(change, by, ADMIN)
        if isinstance(actor, Refusal):
            return actor
        found = _open(change.conn, name, person)
        if isinstance(found, Refusal):
            return found
        fingerprint = signing_key(change, actor, _hash(change.conn, found.asked.entry), signature, signed)
        if isinstance(fingerprint, Refusal):
            return fingerprint
        if refusal := _unfit(change.conn, actor, found, Yes(actor.ref, fingerprint)):
            return refusal
        return _confirm(change, found, AccessConfirmed(found.asked.entry, fingerprint, signature))


def _open(conn: Connection, name: str, person: str) -> _Open | Refusal:
    """What waits about this role or key; else, unless two stand behind it already, how it was given."""
    whose = people.find(conn, person) if person else None
    if person and whose is None:
        return Refusal(Code.NO_SUCH_PERSON, f"Nobody here is known as {person}.")
    for one in access.waiting(conn):
        if one.asked.name == name and (whose is None or one.asked.person == whose.ref):
            return _Open(one.asked, waiting=True)
    if whose is None:
        key = access.key(conn, name)
        given = Asked(key.entry, Act.KEY_ADDED, key.person, name) if key and not key.confirmed_by else None
    else:
        held = {grant.role: grant for grant in access.grants(conn, whose.ref) if not grant.confirmed_by}
        given = Asked(held[name].entry, Act.ROLE_GRANTED, whose.ref, name) if name in held else None
    if given is None:
        return Refusal(
            Code.NOTHING_TO_CONFIRM,
            f"Nothing about {name} is to be confirmed; `role list` and `key list` show what waits, and who signed.",
        )
    return _Open(given, waiting=False)


def _hash(conn: Connection, entry: int) -> str:
    return digest(next(ledger.rows(conn, entry)).leaf)


def _unfit(conn: Connection, actor: Actor, found: _Open, yes: Yes) -> Refusal | None:
    administrators = access.administrators(conn)
    if actor.ref in counting(access.yeses(conn, found.asked.entry), administrators):
        return Refusal(Code.ALREADY_APPROVED, "You confirmed this already; another administrator has to as well.")
    return fault(yes, found.asked, administrators, waiting=found.waiting)


def _confirm(change: Change, found: _Open, event: AccessConfirmed) -> Confirmed:
    conn, asked = change.conn, found.asked
    given = [*access.yeses(conn, asked.entry), Yes(change.by, event.fingerprint)]
    administrators = access.administrators(conn)
    enough, by = confirmed(given, administrators), counting(given, administrators)
    entry = change.record(event)
    if enough and found.waiting:
        tell_holders(change, entry, asked, waits=False, confirmed_by=by)
    taken = enough and asked.act in (Act.ROLE_REVOKED, Act.KEY_REVOKED)
    known = people.load(conn, {asked.person, *by})
    ids = {ref: person.id for ref, person in known.items()}
    return Confirmed(
        person=ids.get(asked.person, asked.person),
        act=asked.act.value,
        name=asked.name,
        by=tuple(ids.get(ref, ref) for ref in by),
        counts=enough or not found.waiting,
        held=recheck_quorums(change) if taken else (),
    )
