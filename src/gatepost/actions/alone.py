"""On whom a quorum rests: whether one administrator alone could have made everybody whose yes it asks for."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from gatepost.actions.site import Site
from gatepost.actions.who import APPROVER
from gatepost.core.change.two_administrators import alone, rests_on
from gatepost.core.change.warning import RESTS_ON_ONE, Warned, WarningCode
from gatepost.core.ledger.leaf import SYSTEM
from gatepost.storage import access, people


def alone_behind(conn: Connection, site: Site, asked: Mapping[str, int]) -> tuple[str, ...]:
    """Ids of those administrators. In an exercise one person plays them all, so it is not asked."""
    if site.exercise:
        return ()
    by_key: dict[str, frozenset[str]] = {}
    for key in access.keys_of(conn):
        by_key[key.person] = by_key.get(key.person, frozenset()) | rests_on(key.line, key.confirmed_by)
    seats: dict[str, list[frozenset[str]]] = {}
    for grant in access.grants(conn):
        rests = rests_on(grant.line, grant.confirmed_by) & by_key.get(grant.person, frozenset())
        seats.setdefault(grant.role.removeprefix(APPROVER), []).append(rests - {SYSTEM})
    found = alone(asked, seats)
    known = people.load(conn, found)
    return tuple(known[ref].id if ref in known else ref for ref in found)


def naming(warnings: Sequence[Warned], who: Sequence[str]) -> tuple[Warned, ...]:
    """The warnings as they are shown: they say whose it is."""
    return tuple(
        warned._replace(text=named(who)) if warned.code is WarningCode.RESTS_ON_ONE else warned for warned in warnings
    )


def named(who: Sequence[str]) -> str:
    return f"{RESTS_ON_ONE} It rests on {' or '.join(who)}."
