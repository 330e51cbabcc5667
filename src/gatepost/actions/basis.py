"""What an assessment rests on, so that one that was made before a change can be used within it.

Going through a fleet takes seconds, and there is one writer: a retraction that comes then would have to wait. So it is
done before, over a snapshot, and the change only looks whether anything that it rests on is another by now.
"""

from collections.abc import Callable
from typing import Final, NamedTuple, TypeVar

from sqlalchemy import Connection

from gatepost.actions.change import Change, looking
from gatepost.actions.site import Site
from gatepost.storage import ledger, sitemeta

Found = TypeVar("Found")

_MAKES_NO_DIFFERENCE: Final = frozenset({"NoticesSettled", "NoticeBounced", "OutcomesChanged", "NamesLooked"})
"""Entries that come all the time, and say nothing of devices, people, exceptions, the catalogue or roles."""


class Basis(NamedTuple):
    """`inventory`: how often people or devices were written. `entries`: of the ledger."""

    inventory: int
    entries: int


def basis(conn: Connection) -> Basis:
    """What a snapshot is made of."""
    return Basis(sitemeta.number(conn, sitemeta.INVENTORY), ledger.head(conn)[0])


def holds(conn: Connection, before: Basis) -> bool:
    """Whether all that an assessment over that snapshot rests on is still as it was."""
    if sitemeta.number(conn, sitemeta.INVENTORY) != before.inventory:
        return False
    return all(row.event in _MAKES_NO_DIFFERENCE for row in ledger.rows(conn, before.entries))


def ahead(site: Site, compute: Callable[[Connection], Found]) -> Callable[[Change], Found]:
    """Compute something over a snapshot now. What is returned gives it within a change: anew if it does not hold."""
    with looking(site) as conn:
        before, found = basis(conn), compute(conn)
    return lambda change: found if holds(change.conn, before) else compute(change.conn)
