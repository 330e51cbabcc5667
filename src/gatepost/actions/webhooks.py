"""Telling webhooks: what is next, how it ended, and what became of everything so far.

At least once: whoever is told knows by the message's id what they had before. In no order: an entry's number has one.
"""

from typing import Final
from urllib.parse import urlsplit

from gatepost.actions import check
from gatepost.actions.change import changing, looking
from gatepost.actions.site import Site
from gatepost.core.instant import DAY, HOUR, SECOND, Duration
from gatepost.documents.deadline import instant_text
from gatepost.notify.webhook import Answered
from gatepost.storage import sitemeta, webhooks
from gatepost.storage.webhooks import Message

FIRST_WAIT: Final[Duration] = 5 * SECOND
LONGEST_WAIT: Final[Duration] = HOUR
"""Each attempt waits twice as long as the one before it."""

GIVE_UP_AFTER: Final[Duration] = 3 * DAY
"""A receiver that was down over a weekend still hears."""


def next_message(site: Site, webhook: str) -> Message | None:
    """What this webhook is to be told now. A restored site tells nothing: what waits in its backup was long told."""
    with looking(site) as conn:
        if sitemeta.get(conn, sitemeta.UNACKNOWLEDGED):
            return None
        return webhooks.due(conn, webhook, site.clock.now())


def settle_message(site: Site, message: Message, answered: Answered) -> Message:
    """Write how an attempt ended; the message as it is then."""
    with changing(site) as change:
        tried = message._replace(attempts=message.attempts + 1, said=answered.said)
        wait = min(FIRST_WAIT << min(message.attempts, 20), LONGEST_WAIT)
        worth = check.EVERY if message.device else GIVE_UP_AFTER
        over = answered.gone or change.now + wait > message.queued_at + worth
        if answered.delivered or over:
            tried = tried._replace(state="delivered" if answered.delivered else "given_up", settled_at=change.now)
            tried = tried._replace(body="") if message.device else tried  # whose device it was nobody needs any more
        else:
            tried = tried._replace(next_at=change.now + wait)
        webhooks.save(change.conn, tried)
        return tried


def list_webhooks(site: Site) -> list[dict[str, object]]:
    """Every webhook of the settings, and any other that something waits for. `to`: without the path, which may be a
    secret. `failing`, `given_up`: messages that were not taken yet, and those that will not be sent again."""
    with looking(site) as conn:
        counts = webhooks.counts(conn)
        waiting, given_up = webhooks.in_state(conn, "waiting"), webhooks.in_state(conn, "given_up")
    known = site.settings.webhooks
    found: list[dict[str, object]] = []
    for name in dict.fromkeys((*known, *(webhook for webhook, _ in counts))):
        webhook = known.get(name)
        url = urlsplit(webhook.url) if webhook else None
        found.append(
            {
                "name": name,
                "to": f"{url.scheme}://{url.netloc}" if url else "",
                "events": list(webhook.events) if webhook else [],
                "waiting": counts.get((name, "waiting"), 0),
                "delivered": counts.get((name, "delivered"), 0),
                "failing": [_told(one) for one in waiting if one.webhook == name and one.attempts],
                "given_up": [_told(one) for one in given_up if one.webhook == name],
            }
        )
    return found


def _told(message: Message) -> dict[str, object]:
    return {
        "entry": message.entry,
        "message": message.message,
        "type": message.type,
        "attempts": message.attempts,
        "said": message.said,
        "next_at": None if message.settled_at else instant_text(message.next_at),
        "given_up_at": instant_text(message.settled_at) if message.settled_at else None,
    }
