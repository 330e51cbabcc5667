"""The cap: people whom no approval foresaw are blocked a few an hour, and none of them once too many wait (I-17).

An admission is given only when nothing else keeps somebody from being blocked, so that admissions are blocks: were it
given ahead, a thousand of them could come to their end in one instant.
"""

from sqlalchemy import Connection

from gatepost.actions.change import changing, looking
from gatepost.actions.live import LiveRule, live_rules
from gatepost.actions.site import Site
from gatepost.actions.standing import refresh
from gatepost.core.instant import HOUR, Instant
from gatepost.core.ledger.events import BlocksFrozen
from gatepost.core.policy.policy import Consequence
from gatepost.storage import admissions, audience, devices, sitemeta
from gatepost.storage.admissions import Waiting

FREEZE_FACTOR = 3
"""So many times the cap waiting are more than happens by itself: somebody has to look."""


def waiting_for_cap(conn: Connection, rules: dict[int, LiveRule], at: Instant) -> list[Waiting]:
    """The unforeseen people under these rules who are not admitted, oldest first."""
    policies = {number: known.proposal.policy for number, known in rules.items() if known.state.counts}
    blocking = [number for number, policy in policies.items() if policy.consequence is Consequence.BLOCK]
    return admissions.waiting(conn, blocking, [number for number in blocking if policies[number].shared], at)


def admit(site: Site) -> bool:
    """Let unforeseen people be blocked, at most the cap's number in a rolling hour; with too many waiting, stop."""
    cap = site.settings.rails.cap_people_per_hour
    with looking(site) as conn:
        if not _next(conn, site.clock.now(), cap):
            return False
    with changing(site) as change:
        conn, now = change.conn, change.now
        queue = waiting_for_cap(conn, live_rules(conn), now)
        if _too_many(conn, queue, now, cap):
            change.record(BlocksFrozen(len({one.person for one in queue})))
            sitemeta.put(conn, sitemeta.FROZEN, str(now))
            return True
        room = cap - admissions.admitted_since(conn, now - HOUR)
        chosen = list(dict.fromkeys(one.person for one in queue if one.ready))[: max(0, room)]
        for rule in {one.rule for one in queue}:
            ready = {one.person for one in queue if one.rule == rule and one.ready}
            audience.set_admitted(conn, rule, ready.intersection(chosen), now)
        admissions.admit(conn, chosen, now)
        refresh(change, devices.refs_of(conn, chosen))
        return bool(chosen)


def _next(conn: Connection, now: Instant, cap: int) -> bool:
    """Whether anything is to be done: somebody to be admitted, or too many waiting."""
    if sitemeta.get(conn, sitemeta.FROZEN):
        return False
    queue = waiting_for_cap(conn, live_rules(conn), now)
    room = cap > admissions.admitted_since(conn, now - HOUR)
    return (room and any(one.ready for one in queue)) or _too_many(conn, queue, now, cap)


def _too_many(conn: Connection, queue: list[Waiting], now: Instant, cap: int) -> bool:
    """Whether more wait than the cap ever lets happen: of those nobody released, who are ready or came within an hour.

    Others are in their notice period or their grace: many of them over days are no flood.
    """
    released = {rule: sitemeta.number(conn, sitemeta.released_at(rule)) for rule in {one.rule for one in queue}}
    unreleased = {
        one.person for one in queue if one.due_since > released[one.rule] and (one.ready or one.due_since > now - HOUR)
    }
    return len(unreleased) >= FREEZE_FACTOR * cap
