"""Time passes: what the worker does between people's acts. Each function is one step and one transaction.

No deadline waits for any of this: doors compare instants by themselves. What is done here is what people are told, what
the ledger says of it, and whom the cap lets in.
"""

from collections.abc import Iterator

from sqlalchemy import Connection

from gatepost.actions import site_time
from gatepost.actions.activation import stop_looking
from gatepost.actions.cap import admit
from gatepost.actions.change import Change, changing, looking
from gatepost.actions.compliance import measure
from gatepost.actions.corrections import write_corrections
from gatepost.actions.erase import go_on_erasing
from gatepost.actions.hold import recheck_quorums
from gatepost.actions.live import LiveRule, live_rules
from gatepost.actions.looks_digest import digest_looks
from gatepost.actions.newly_due import tell_of_statements
from gatepost.actions.outbox import compose, enqueue
from gatepost.actions.reserve import keep_reserve
from gatepost.actions.retention import keep_retention
from gatepost.actions.site import Site
from gatepost.actions.standing import catch_up_some, refresh, refresh_many
from gatepost.actions.waive import about_device, beneficiary, tell
from gatepost.core.change.stage import Stage
from gatepost.core.instant import DAY, HOUR, Duration, Instant, duration_text
from gatepost.core.ledger.events import AttestationVoided, PolicyInForce, WaiverEnded
from gatepost.core.notice.notice import NoticeKind
from gatepost.core.policy.policy import Consequence
from gatepost.storage import audience, catalogue, closing, devices, exceptions, notices, people, sitemeta
from gatepost.storage.exceptions import Waiver

BATCH = 2000
"""Devices or people handled in one transaction, so that nobody waits long behind the worker."""

HEARTBEAT = 5_000

UPDATE_REMINDS = HOUR
"""For so long an update, which says the date, stands for every reminder."""


def pass_time(site: Site) -> bool:
    """Everything that time brings about now. Whether something was done, so that more may be waiting."""
    keep_reserve(site.directory)
    owed = write_corrections(site)
    if _waits_for_acknowledgement(site):
        beat(site)
        return owed
    steps = (
        catch_up_some,
        take_effect,
        end_exceptions,
        settle_outcomes,
        recheck,
        admit,
        remind,
        keep_retention,
        go_on_erasing,
        digest_looks,
        measure,
    )
    worked = [step(site) for step in steps]
    beat(site)
    return owed or any(worked)


def _waits_for_acknowledgement(site: Site) -> bool:
    """A restored site acts for nobody: what time brought about since its backup, the lost site may have done."""
    with looking(site) as conn:
        return bool(sitemeta.get(conn, sitemeta.UNACKNOWLEDGED))


def beat(site: Site) -> None:
    """Say what time it is here, for doors that will not believe their own clock alone."""
    with looking(site) as conn:
        last = site_time.told(conn)
    if last is None or not 0 <= site.clock.now() - last < HEARTBEAT:
        with changing(site) as change:
            site_time.tell(change.conn, change.now)


def take_effect(site: Site) -> bool:
    """Announced policies whose first effect has come are in force; the quorum is checked once more (I-14)."""
    with looking(site) as conn:
        now = site.clock.now()
        if not any(_begins(conn, known, now) for known in live_rules(conn).values()):
            return False
    with changing(site) as change:
        recheck_quorums(change)
        for known in live_rules(change.conn).values():
            if _begins(change.conn, known, change.now):
                change.record(PolicyInForce(known.revision.policy, known.revision.revision))
    return True


def _begins(conn: Connection, known: LiveRule, now: Instant) -> bool:
    """Whether an announced policy takes effect for anybody by now."""
    if known.revision.stage is not Stage.ANNOUNCED or known.revision.held or not known.state.counts:
        return False
    if now < known.revision.not_before:  # resumed, and not every device's effect is brought up to date yet
        return False
    return audience.first_effect(conn, known.number) <= now


def recheck(site: Site) -> bool:
    """Devices whose verdict time alone may have changed: recorded, told, and newly due people taken in."""
    with looking(site) as conn:
        waiting = audience.to_check(conn, site.clock.now(), BATCH)
    if not waiting:
        return False
    with changing(site) as change:
        refresh(change, audience.to_check(change.conn, change.now, BATCH))
    return True


def settle_outcomes(site: Site) -> bool:
    """After a rule changed for all at once, bring its devices' recorded outcomes up to date, some at a time."""
    with looking(site) as conn:
        if not audience.to_settle(conn):
            return False
    with changing(site) as change:
        rule = audience.to_settle(change.conn)[0]
        refresh_many(change, audience.due_devices(change.conn, rule))
        audience.settled(change.conn, rule)
    return True


def remind(site: Site) -> bool:
    """Reminders, so long before each person's own deadline as the policy says, to those who are still due; and a day
    before the end of a statement, to whoever gave it."""
    with looking(site) as conn:
        now = site.clock.now()
        until = sitemeta.number(conn, sitemeta.REMINDED_UNTIL)
        last = min(until, now)  # where the clock was put back, the time ahead is gone through again
        steps = [
            (known, before, cell) for known in live_rules(conn).values() for before, cell in _crossed(known, last, now)
        ]
    if not steps and 0 <= now - until < HEARTBEAT:
        return False
    for known, before, cells in steps:
        _remind(site, known, before, cells)
    told = tell_of_statements(site, last, now)
    with changing(site) as change:
        sitemeta.put(change.conn, sitemeta.REMINDED_UNTIL, str(now))
    return bool(steps) or told


def _crossed(known: LiveRule, last: Instant, now: Instant) -> Iterator[tuple[Duration, list[int]]]:
    """The reminders, with their cells, whose instant lies in (last, now] while the cell's own deadline is still ahead.

    Of several at once, after a time in which nobody was there to send them, the last one only.
    """
    proposal = known.proposal
    if (
        proposal.policy.deadline.immediately
        or proposal.policy.consequence is Consequence.REPORT
        or not known.state.counts
    ):
        return
    begun = max(last, known.announced_at)
    cells: dict[Duration, list[int]] = {}
    for cell, effect in enumerate(known.state.effects):
        crossed = [before for before in proposal.policy.reminders if begun < effect - before <= now < effect]
        if crossed:
            cells.setdefault(min(crossed), []).append(cell)
    yield from cells.items()


def _remind(site: Site, known: LiveRule, before: Duration, cells: list[int]) -> None:
    """One reminder to everybody still due, a part at a time; what is cut off is done again, and nobody has it twice."""
    with looking(site) as conn:
        concerned = audience.still_due(conn, known.number, cells, site.clock.now())
    for start in range(0, len(concerned), BATCH):
        with changing(site) as change:
            if known.number not in live_rules(change.conn):
                return  # retracted meanwhile: nothing of it is queued any more (I-23)
            _remind_some(change, known, before, concerned[start : start + BATCH])


def _remind_some(change: Change, known: LiveRule, before: Duration, concerned: list[str]) -> None:
    revision = known.revision
    if (revision.policy, NoticeKind.UPDATE) in {(one.policy, one.kind) for one in closing.owed(change.conn)}:
        return  # one is about to be written, which says the date
    updated = notices.updated(change.conn, revision.policy, concerned, change.now - UPDATE_REMINDS)
    named = people.load(change.conn, concerned)
    mails = notices.threads(change.conn, revision.policy, concerned)
    enqueue(
        change,
        (
            compose(
                change,
                revision.policy,
                revision.revision,
                NoticeKind.REMINDER,
                ref,
                step=duration_text(before),
                thread=mails[ref],
            )
            for ref in concerned
            if ref in mails and ref not in updated and named[ref].emails and named[ref].working
        ),
    )


def end_exceptions(site: Site) -> bool:
    """Waivers, attestations and activations whose end has come; whoever has a waiver hears of its end a day before."""
    with looking(site) as conn:
        now = site.clock.now()
        ended = exceptions.waivers_ending(conn, now) or exceptions.attestations_ending(conn, now)
        if not (ended or _asleep(conn, now) or _to_tell(conn, now)):
            return False
    with changing(site) as change:
        _tell_of_ends(change)
        _end_waivers(change)
        _end_attestations(change)
        for app in _asleep(change.conn, change.now):
            stop_looking(change, app)
    return True


def _asleep(conn: Connection, now: Instant) -> list[str]:
    """Apps whose time is over, whoever asks about them."""
    return [app for app, found in catalogue.active(conn).items() if found.until <= now]


def _to_tell(conn: Connection, now: Instant) -> list[tuple[Waiver, str]]:
    """The waivers of live policies that end within a day, each with the person who has not been told so."""
    live = {known.revision.policy for known in live_rules(conn).values()}
    soon = [waiver for waiver in exceptions.waivers_ending(conn, now + DAY) if now < waiver.until and not waiver.ended]
    return [
        (waiver, owner)
        for waiver in soon
        if waiver.policy in live and not notices.exists(conn, waiver.policy, NoticeKind.WAIVER_ENDS, waiver.waiver)
        for owner, person in people.load(conn, beneficiary(conn, waiver)).items()
        if person.emails and person.working
    ]


def _tell_of_ends(change: Change) -> None:
    for waiver, owner in _to_tell(change.conn, change.now):
        facts = {"until": waiver.until} | about_device(waiver.of, waiver.subject)
        tell(change, waiver.policy, NoticeKind.WAIVER_ENDS, owner, waiver.waiver, facts)


def _end_waivers(change: Change) -> None:
    ended = exceptions.waivers_ending(change.conn, change.now)
    for waiver in ended:
        change.record(WaiverEnded(waiver.waiver))
    owners = [waiver.subject for waiver in ended if waiver.of == "person"]
    single = [waiver.subject for waiver in ended if waiver.of == "device"]
    refresh_many(change, [*devices.refs_of(change.conn, owners), *single])


def _end_attestations(change: Change) -> None:
    ended = exceptions.attestations_ending(change.conn, change.now)
    for statement in ended:
        change.record(AttestationVoided(statement.attestation, "ended"))
    refresh(change, [statement.device for statement in ended])
