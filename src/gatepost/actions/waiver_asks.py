"""Waivers that somebody asked for and nobody has answered, from the ledger; and a no.

A waiver for the device, or for its owner, answers; so does a decline, or that the policy is over. What nobody answered
within the longest time that a waiver lasts waits no longer.
"""

from typing import NamedTuple

from sqlalchemy import Connection

from gatepost.actions.change import changing, looking
from gatepost.actions.site import Site
from gatepost.actions.waive import granting_roles, tell
from gatepost.actions.who import Actor, acting
from gatepost.core.change.stage import LIVE
from gatepost.core.instant import DAY, Instant
from gatepost.core.ledger.ask_events import WaiverAsked, WaiverDeclined
from gatepost.core.ledger.events import WaiverGranted
from gatepost.core.ledger.leaf import parse
from gatepost.core.notice.notice import NoticeKind
from gatepost.core.refusal import Code, Refusal
from gatepost.storage import devices, ledger, people, policies

WAITS = 30 * DAY
"""So long an unanswered ask is shown."""

_EVENTS = (WaiverAsked.__name__, WaiverDeclined.__name__, WaiverGranted.__name__)


class Ask(NamedTuple):
    """By pseudonyms. `reason_hash`: what the app is needed for, in the owner's words."""

    ask: str
    policy: str
    device: str
    owner: str
    at: Instant
    reason_hash: str


class Asked(NamedTuple):
    """An ask as whoever decides reads it: who acted is named, as everywhere. `reason`: "" once it was erased."""

    ask: str
    policy: str
    device: str
    owner: str
    owner_id: str
    at: Instant
    reason: str


def asks(conn: Connection, now: Instant, policy: str = "") -> list[Ask]:
    """What waits, oldest first; of one policy or of all that are live."""
    waiting: dict[str, Ask] = {}
    for row in ledger.rows(conn, 0, _EVENTS):
        event = parse(row.leaf).event
        if isinstance(event, WaiverAsked) and row.at > now - WAITS:
            waiting[event.ask] = Ask(event.ask, event.policy, event.device, row.by, row.at, event.reason_hash)
        elif isinstance(event, WaiverDeclined):
            waiting.pop(event.ask, None)
        elif isinstance(event, WaiverGranted):
            granted = (event.policy, event.subject)
            waiting = {
                name: one
                for name, one in waiting.items()
                if granted not in ((one.policy, one.device), (one.policy, one.owner))
            }
    live = {revision.policy for revision in policies.in_stages(conn, *LIVE)}
    in_use = {member.device.ref for member in devices.members(conn, {one.device for one in waiting.values()})}
    return [
        one for one in waiting.values() if one.policy in live and one.device in in_use and policy in ("", one.policy)
    ]


def may_answer(site: Site, actor: Actor) -> bool:
    return any(actor.has(role) for role in granting_roles(site))


def list_asks(site: Site, actor: Actor) -> list[Asked]:
    """What waits for somebody who may grant waivers, but for what they asked themselves; nothing for anybody else."""
    if not may_answer(site, actor):
        return []
    with looking(site) as conn:
        found = [one for one in asks(conn, site.clock.now()) if one.owner != actor.ref]
        named = people.load(conn, {one.owner for one in found})
        ids = {member.device.ref: member.device.id for member in devices.members(conn, {one.device for one in found})}
        return [
            Asked(
                one.ask,
                one.policy,
                ids[one.device],
                named[one.owner].name if one.owner in named else one.owner,
                named[one.owner].id if one.owner in named else one.owner,
                one.at,
                ledger.words_of(conn, one.reason_hash),
            )
            for one in found
        ]


def decline_ask(site: Site, by: str | None, name: str, reason: str) -> str | Refusal:
    """Say no, with a reason that whoever asked reads; the policy."""
    if not reason.strip():
        return Refusal(Code.PURPOSE_MISSING, "Whoever asked is told why: add a reason.")
    with changing(site) as change:
        actor = acting(change, by, *granting_roles(site))
        if isinstance(actor, Refusal):
            return actor
        found = [one for one in asks(change.conn, change.now) if one.ask == name and one.owner != actor.ref]
        if not found:
            return Refusal(Code.NO_SUCH_WAIVER, f"No waiver {name} waits for your answer; the page of waivers has all.")
        (one,) = found
        change.record(WaiverDeclined(name, one.policy, one.device, change.words(reason.strip())))
        facts = {"declined": True, "note": reason.strip(), "device": one.device}
        tell(change, one.policy, NoticeKind.WAIVER_RESULT, one.owner, f"{name}/declined", facts)
        return one.policy
