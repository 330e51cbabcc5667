"""New hits: of people who were told before, a device that is due only after their own deadline has a notice of its own.

Its grace runs, or will; whoever heard nothing of that would first hear that it is blocked. A statement that ends is
told of a day before, so that it can be made again in time. Where no grace is left, `blocked` is the first word: grace
and its notice are given once for a policy and a person.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from gatepost.actions.change import Change, changing, looking
from gatepost.actions.live import LiveRule, live_rules
from gatepost.actions.outbox import compose, enqueue
from gatepost.actions.site import Site
from gatepost.core.fleet.person import Person
from gatepost.core.instant import ALWAYS, DAY, NEVER, Instant
from gatepost.core.notice.notice import NoticeKind
from gatepost.core.policy.policy import Consequence
from gatepost.storage import audience, devices, exceptions, people
from gatepost.storage.audience import DueRow, Listener
from gatepost.storage.exceptions import Attestation
from gatepost.storage.notices import Notice, threads

BATCH = 2000


class NewHit(NamedTuple):
    """A device that is due under a rule `since` an instant after its person was told. `ends`: the end of the owner's
    statement, where it is that by which it will be due."""

    known: LiveRule
    person: Person
    row: DueRow
    since: Instant
    ends: Instant | None = None


def new_hit(
    known: LiveRule, person: Person, listener: Listener, row: DueRow, now: Instant, *, announced: bool
) -> NewHit | None:
    """What is to be told of one due device; None if nothing. `announced`: it was due when the policy was announced."""
    if row.due.counts_from > now or not now < row.ready_at < NEVER:
        return None
    later = row.due.counts_from if row.due.counts_from > known.announced_at else ALWAYS
    since = later or (ALWAYS if announced else listener.due_since or ALWAYS)
    return NewHit(known, person, row, since) if since and _told(known, person, listener, row, since, now) else None


def _told(known: LiveRule, person: Person, listener: Listener, row: DueRow, since: Instant, now: Instant) -> bool:
    """Whether what was told before `since` is over, so that it can be asked of this person by a notice alone."""
    blocks = known.state.counts and known.proposal.policy.consequence is Consequence.BLOCK
    told = listener.told_at is not None and listener.told_at < since
    over = known.state.effects[row.due.cell] <= max(now, since)
    return blocks and told and over and bool(person.emails) and person.working


def ask_anew(change: Change, hits: Iterable[NewHit]) -> None:
    """Put a reminder of each in the outbox, in the person's thread: one for a device and an instant."""
    by_policy: dict[str, list[NewHit]] = {}
    for hit in hits:
        by_policy.setdefault(hit.known.revision.policy, []).append(hit)
    for policy, found in by_policy.items():
        mails = threads(change.conn, policy, {hit.person.ref for hit in found})
        enqueue(change, (_notice(change, hit, mails) for hit in found))


def _notice(change: Change, hit: NewHit, mails: Mapping[str, list[Notice]]) -> Notice:
    revision, ref = hit.known.revision, hit.person.ref
    facts = {"device": hit.row.device, "until": hit.row.ready_at} | ({"ends": hit.ends} if hit.ends else {})
    step, thread = f"{hit.row.device}@{hit.since}", mails.get(ref, [])
    kind = NoticeKind.REMINDER
    return compose(change, revision.policy, revision.revision, kind, ref, step=step, facts=facts, thread=thread)


def tell_of_statements(site: Site, last: Instant, now: Instant) -> bool:
    """Whoever said that an app is not on a device hears a day before that the statement ends: of those of which that
    day began in (last, now]. Whether there was any."""
    with looking(site) as conn:
        ending = exceptions.attestations_ending(conn, now + DAY, after=max(last + DAY, now))
    for start in range(0, len(ending), BATCH):
        with changing(site) as change:
            ask_anew(change, _ending(change, ending[start : start + BATCH], now))
    return bool(ending)


def _ending(change: Change, statements: Iterable[Attestation], now: Instant) -> Iterator[NewHit]:
    """Those by whose end alone a device will be due under a live rule of which its owner was told."""
    ends = {(statement.device, statement.until) for statement in statements}
    rules = live_rules(change.conn)
    refs = {device for device, _ in ends}
    owners = {member.device.ref: member.person.ref for member in devices.members(change.conn, refs)}
    named = people.load(change.conn, set(owners.values()))
    listeners = audience.of_people(change.conn, named, rules)
    for row in audience.rows_of(change.conn, owners):
        known, owner = rules.get(row.due.rule), owners[row.device]
        listener = listeners.get((row.due.rule, owner))
        until = row.due.counts_from
        if known is None or listener is None or (row.device, until) not in ends or row.ready_at >= NEVER:
            continue
        if _told(known, named[owner], listener, row, until, now):
            yield NewHit(known, named[owner], row, until, until)
