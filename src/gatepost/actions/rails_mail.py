"""Everybody who holds a role is told that what binds every policy here is not what it was."""

from typing import TYPE_CHECKING

from gatepost.actions.outbox import compose, enqueue
from gatepost.core.ledger.events import RailsChanged
from gatepost.core.notice.notice import NoticeKind
from gatepost.storage import access, people

if TYPE_CHECKING:
    from gatepost.actions.change import Change


def tell_of_rails(change: "Change", entry: int, event: RailsChanged) -> None:
    """Once, with that entry. An exercise tells nobody: who holds a role there holds it in play."""
    if change.site.exercise:
        return
    holders = people.load(change.conn, {grant.person for grant in access.held(change.conn, change.now)})
    settings = [(key, event.before[key], now) for key, now in sorted(event.after.items())]
    facts = {"rails": {"at": change.now, "settings": settings}}
    enqueue(
        change,
        (
            compose(change, "", 0, NoticeKind.RAILS, one.ref, step=str(entry), facts=facts)
            for one in holders.values()
            if one.emails and one.working
        ),
    )
