"""What only an exercise may do."""

from gatepost.actions import site_time
from gatepost.actions.change import changing
from gatepost.actions.site import Site
from gatepost.actions.who import ADMIN, acting
from gatepost.clock import system_now
from gatepost.core.instant import Instant
from gatepost.core.ledger.events import ClockSet
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.deadline import instant_text
from gatepost.storage import sitemeta


def set_clock(site: Site, by: str | None, at: Instant) -> dict[str, object] | Refusal:
    """Move the exercise's clock; it runs on from there, in every process of the site."""
    if not site.exercise:
        return Refusal(Code.NOT_AN_EXERCISE, "A live site's clock cannot be set; `init --exercise` makes an exercise.")
    with changing(site) as change:
        actor = acting(change, by, ADMIN)
        if isinstance(actor, Refusal):
            return actor
        offset = at - system_now()
        change.record(ClockSet(offset))
        sitemeta.put(change.conn, sitemeta.CLOCK_OFFSET, str(offset))
        site_time.tell(change.conn, at)
        site.clock.offset = offset
        return {"now": instant_text(at), "offset": offset}
