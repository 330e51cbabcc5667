"""Retract and end: one act that opens every door of a policy, then tells everybody who had heard of it.

In this order (I-25): the doors' rule goes and what is still queued is withdrawn, in one commit that writes a number of
keys that does not depend on how many devices there are; then corrections, not sent before every door has confirmed that
commit, or 5 s have passed.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from gatepost.actions.await_doors import await_doors
from gatepost.actions.change import Change, changing, looking
from gatepost.actions.corrections import DOORS_MAY_TAKE, beyond_mail, write_corrections
from gatepost.actions.live import proposal_of
from gatepost.actions.lookup import revision_in
from gatepost.actions.reserve import despite_full_disk
from gatepost.actions.site import Site
from gatepost.actions.who import MAY_RETRACT, acting
from gatepost.clock import boot_elapsed, pause
from gatepost.core.ledger.events import Event, PolicyEnded, PolicyRetracted
from gatepost.core.notice.notice import NoticeKind
from gatepost.core.refusal import Code, Refusal
from gatepost.doors.entry import rule_key
from gatepost.storage import audience, claims, closing, notices, policies
from gatepost.storage.closing import Closing
from gatepost.storage.policies import Revision
from gatepost.storage.store import BROKEN


@dataclass(frozen=True, slots=True)
class DoorAnswer:
    """How long after the commit a door confirmed, in milliseconds; None if it did not. `open`: its glass is broken."""

    name: str
    confirmed_ms: int | None
    open: bool = False


@dataclass(frozen=True, slots=True)
class Retracted:
    """`withdrawn`: notices never sent. `in_flight`: being sent at that moment. `corrections`: mails queued so far.

    There may be more to come, where the database could not take them. `tell_again`: people who were told otherwise than
    by mail, so that none is sent to them.
    """

    policy: str
    revision: int
    doors: tuple[DoorAnswer, ...]
    withdrawn: int
    in_flight: int
    corrections: int
    tell_again: int


@dataclass(frozen=True, slots=True)
class Begun:
    """What the commit did that opens the doors: they are open for this policy at `position` of the change stream."""

    policy: str
    revision: int
    kind: NoticeKind
    position: int
    withdrawn: int
    in_flight: int


def retract(
    site: Site,
    by: str | None,
    policy: str,
    reason: str,
    because: str = "error",
    wait: Callable[[float], None] = pause,
    refers_to: str = "",
) -> Retracted | Refusal:
    """Withdraw an announced policy. Never capped, never waits behind anything, needs no second person (I-18).

    `because`: "error" (it was sent in error) or "withdrawn" (we changed our mind); ValueError for another.
    `refers_to`: the question to the owner of one of its apps that it goes back to, if any.
    """
    begun = begin_retraction(site, by, policy, reason, because, refers_to)
    return begun if isinstance(begun, Refusal) else finish(site, begun, wait)


def begin_retraction(
    site: Site, by: str | None, policy: str, reason: str, because: str = "error", refers_to: str = ""
) -> Begun | Refusal:
    """The same as far as it is one commit: `finish` comes next, and where it does not, the worker does its part."""
    if because not in ("error", "withdrawn"):
        raise ValueError(f"{because!r} is no reason to retract a policy")
    kind = NoticeKind.CORRECTION if because == "error" else NoticeKind.WITHDRAWAL

    def event(change: Change, revision: Revision) -> Event | Refusal:
        if refusal := _no_inquiry(change, revision, refers_to):
            return refusal
        return PolicyRetracted(policy, revision.revision, because, change.words(reason), refers_to)

    return _begin(site, by, policy, "retract", kind, event)


def end(
    site: Site, by: str | None, policy: str, reason: str = "", wait: Callable[[float], None] = pause
) -> Retracted | Refusal:
    """The policy no longer applies: doors open, queued mail is withdrawn, the audience is told."""

    def event(change: Change, revision: Revision) -> Event:
        return PolicyEnded(policy, revision.revision, change.words(reason))

    begun = _begin(site, by, policy, "end", NoticeKind.ENDED, event)
    return begun if isinstance(begun, Refusal) else finish(site, begun, wait)


def _begin(
    site: Site,
    by: str | None,
    policy: str,
    verb: str,
    kind: NoticeKind,
    event: Callable[[Change, Revision], Event | Refusal],
) -> Begun | Refusal:
    return despite_full_disk(site.directory, lambda: _commit(site, by, policy, verb, kind, event))


def finish(site: Site, begun: Begun, wait: Callable[[float], None] = pause) -> Retracted:
    """Hear what the doors say, let the worker finish the mails in hand, and write the corrections."""
    doors = confirmations(site, begun.position, wait)
    if begun.in_flight:
        _await_outbox(site, begun.policy, wait)
    with suppress(*BROKEN):  # the doors are open, and that was done: what is owed of the rest, the worker writes
        write_corrections(site)
    with looking(site) as conn:
        corrections = notices.count(conn, begun.policy, begun.revision, begun.kind)
        revision = policies.revision(conn, begun.policy, begun.revision)
        again = len(beyond_mail(conn, revision)) if revision else 0
    return Retracted(
        policy=begun.policy,
        revision=begun.revision,
        doors=doors,
        withdrawn=begun.withdrawn,
        in_flight=begun.in_flight,
        corrections=corrections,
        tell_again=again,
    )


def _no_inquiry(change: Change, revision: Revision, inquiry: str) -> Refusal | None:
    """Why a retraction cannot refer to this question."""
    if not inquiry:
        return None
    apps = [app.id for app in proposal_of(change.conn, revision).apps]
    if inquiry in {one.inquiry for one in claims.asked(change.conn, apps)}:
        return None
    return Refusal(
        Code.NO_SUCH_INQUIRY,
        f"No question {inquiry} to the owner of an app of {revision.policy} is recorded; `vendor list` shows all. "
        "Nothing was retracted: without --refers-to it is, at once.",
    )


def _commit(
    site: Site,
    by: str | None,
    policy: str,
    verb: str,
    kind: NoticeKind,
    event: Callable[[Change, Revision], Event | Refusal],
) -> Begun | Refusal:
    with changing(site) as change:
        actor = acting(change, by, *MAY_RETRACT, restored=True)
        if isinstance(actor, Refusal):
            return actor
        revision = revision_in(change.conn, policy, verb)
        if isinstance(revision, Refusal):
            return revision
        if revision.rule is None:
            raise ValueError("an announced revision has a rule")
        found = event(change, revision)
        if isinstance(found, Refusal):
            return found
        change.record(found)
        change.publish({rule_key(revision.rule): None})
        audience.settle(change.conn, revision.rule)
        unqueued = audience.count_owed(change.conn, revision.rule)
        withdrawn = notices.stop(change.conn, policy, change.now) + unqueued
        in_flight = len(notices.overtaken(change.conn, policy))
        closing.owe(change.conn, Closing(policy, revision.revision, kind.value, change.position(), change.now))
        return Begun(policy, revision.revision, kind, change.position(), withdrawn, in_flight)


def _await_outbox(site: Site, policy: str, wait: Callable[[float], None]) -> None:
    """Let the worker finish the mails it has in hand, at most 5 s: acknowledged means that no more are handed over."""
    started = boot_elapsed()
    while boot_elapsed() - started < DOORS_MAY_TAKE:
        with looking(site) as conn:
            if not notices.overtaken(conn, policy):
                return
        wait(0.02)


def confirmations(site: Site, position: int, wait: Callable[[float], None]) -> tuple[DoorAnswer, ...]:
    """Wait until every door goes by the rules of a position, at most 5 s; who does not is named without a time."""
    doors = await_doors(site, lambda door: door.rules >= position, wait, DOORS_MAY_TAKE)
    return tuple(DoorAnswer(door.name, after, door.opened_at is not None) for door, after in doors)
