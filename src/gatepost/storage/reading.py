"""Policy life is ledger-first: these tables are a reading of the ledger, written here and nowhere else.

`apply` writes what one event means. Folding every entry of the ledger through it into empty tables gives the tables as
they stand (I-33); `gatepost ledger rebuild --check` does just that.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from gatepost.core.ledger import door_events as d
from gatepost.core.ledger import events as e
from gatepost.core.ledger import pause_events as p
from gatepost.core.ledger.privacy_events import PersonErased, RecordsErased
from gatepost.storage import access_reading, activation_reading, app_reading, exceptions, retention
from gatepost.storage.among import among
from gatepost.storage.door_schema import door_asks, door_modes
from gatepost.storage.entry import Entry
from gatepost.storage.policies import RELAXED
from gatepost.storage.schema import (
    READINGS,
    approvals,
    attestations,
    revisions,
    waivers,
)


def apply(conn: Connection, entry: Entry, event: e.Event) -> None:
    """Write what this event means; events that only record leave the tables alone."""
    if handler := _HANDLERS.get(type(event)):
        handler(conn, entry, event)


Contents = Mapping[str, Sequence[tuple[Any, ...]]]
"""The rows of each reading, by its name."""


def contents(conn: Connection) -> Contents:
    """All rows of the readings, sorted: what two folds are compared by."""
    return {table.name: sorted(map(tuple, conn.execute(select(table))), key=repr) for table in READINGS}


def write(conn: Connection, rows: Contents) -> None:
    """The readings have exactly these rows."""
    for table in READINGS:
        conn.execute(delete(table))
        if found := rows[table.name]:
            names = table.columns.keys()
            conn.execute(insert(table), [dict(zip(names, row, strict=True)) for row in found])


def _proposed(conn: Connection, entry: Entry, event: e.PolicyProposed) -> None:
    conn.execute(
        insert(revisions).values(
            policy=event.policy,
            revision=event.revision,
            stage="proposed",
            author=entry.by,
            proposal=event.proposal,
            asked=json.dumps(dict(sorted(event.approvals.items()))),
            proposed_at=entry.at,
            proposed_index=entry.index,
            expires=event.expires,
        )
    )


def _set(conn: Connection, policy: str, revision: int, **values: object) -> None:
    where = (revisions.c.policy == policy, revisions.c.revision == revision)
    conn.execute(update(revisions).where(*where).values(**values))


def _withdrawn(conn: Connection, entry: Entry, event: e.PolicyWithdrawn) -> None:
    _set(conn, event.policy, event.revision, stage="draft", closed_at=entry.at)


def _judged(conn: Connection, entry: Entry, event: e.PolicyApproved | e.PolicyDeclined) -> None:
    approved = isinstance(event, e.PolicyApproved)
    row = {
        "policy": event.policy,
        "revision": event.revision,
        "person": entry.by,
        "role": event.role,
        "approved": approved,
        "at": entry.at,
        "fingerprint": event.fingerprint if isinstance(event, e.PolicyApproved) else "",
        "signature": event.signature if isinstance(event, e.PolicyApproved) else "",
    }
    key = [approvals.c.policy, approvals.c.revision, approvals.c.person]
    conn.execute(upsert(approvals).values(row).on_conflict_do_update(index_elements=key, set_=row))


def _quorum_reached(conn: Connection, _entry: Entry, event: e.QuorumReached) -> None:
    _set(conn, event.policy, event.revision, stage="approved")


def _announced(conn: Connection, entry: Entry, event: e.PolicyAnnounced) -> None:
    if event.retires:
        _set(conn, event.policy, event.retires, stage="ended", closed_at=entry.at, because="replaced")
    _set(
        conn, event.policy, event.revision, stage="announced", rule=event.rule, announced_at=entry.at, begun_at=entry.at
    )


_GOES_ON = ("begun_at", "held", "paused_at", "not_before", "paused_for", "paused_untold")
"""What a revision that relaxes another takes over from it."""


def _relaxed(conn: Connection, entry: Entry, event: e.PolicyRelaxed) -> None:
    about = (revisions.c.policy == event.policy, revisions.c.revision == event.relaxes)
    taken = conn.execute(select(*(revisions.c[name] for name in _GOES_ON)).where(*about)).mappings().one()
    _set(conn, event.policy, event.relaxes, stage="ended", closed_at=entry.at, because=RELAXED, rule=None)
    _set(conn, event.policy, event.revision, stage="announced", rule=event.rule, announced_at=entry.at, **taken)


def _in_force(conn: Connection, entry: Entry, event: e.PolicyInForce) -> None:
    _set(conn, event.policy, event.revision, stage="in_force", in_force_at=entry.at)


def _quorum_lost(conn: Connection, _entry: Entry, event: e.QuorumLost) -> None:
    _set(conn, event.policy, event.revision, held=True)


def _quorum_regained(conn: Connection, _entry: Entry, event: e.QuorumRegained) -> None:
    _set(conn, event.policy, event.revision, held=False)


def _paused(conn: Connection, entry: Entry, event: p.PolicyPaused) -> None:
    _set(conn, event.policy, event.revision, paused_at=entry.at)


def _resumed(conn: Connection, entry: Entry, event: p.PolicyResumed) -> None:
    lasted = entry.at - revisions.c.paused_at
    values = {
        "paused_at": None,
        "not_before": event.not_before,
        "paused_for": revisions.c.paused_for + lasted,
        "paused_untold": 0 if event.told else revisions.c.paused_untold + lasted,
    }
    _set(conn, event.policy, event.revision, **values)


def _retracted(conn: Connection, entry: Entry, event: e.PolicyRetracted) -> None:
    values = {"stage": "retracted", "closed_at": entry.at, "because": event.because, "refers_to": event.refers_to}
    _set(conn, event.policy, event.revision, **values)


def _ended(conn: Connection, entry: Entry, event: e.PolicyEnded) -> None:
    _set(conn, event.policy, event.revision, stage="ended", closed_at=entry.at, because="ended")


def _waiver_granted(conn: Connection, entry: Entry, event: e.WaiverGranted) -> None:
    conn.execute(
        insert(waivers).values(
            waiver=event.waiver,
            policy=event.policy,
            of=event.of,
            subject=event.subject,
            until=event.until,
            granted_by=entry.by,
            reason_hash=event.reason_hash,
            role=event.role,
            granted_at=entry.at,
        )
    )


def _end_waiver(conn: Connection, waiver: str, how: str, at: int) -> None:
    conn.execute(update(waivers).where(waivers.c.waiver == waiver).values(ended=how, ended_at=at))


def _waiver_revoked(conn: Connection, entry: Entry, event: e.WaiverRevoked) -> None:
    _end_waiver(conn, event.waiver, exceptions.REVOKING, entry.at)
    conn.execute(update(waivers).where(waivers.c.waiver == event.waiver).values(until=event.until))


def _waiver_ended(conn: Connection, entry: Entry, event: e.WaiverEnded) -> None:
    this = (waivers.c.waiver == event.waiver, waivers.c.ended == exceptions.REVOKING)
    if not conn.execute(update(waivers).where(*this).values(ended=exceptions.REVOKED)).rowcount:
        _end_waiver(conn, event.waiver, "ended", entry.at)


def _attested(conn: Connection, entry: Entry, event: e.AttestationGiven) -> None:
    conn.execute(
        insert(attestations).values(
            attestation=event.attestation, device=event.device, app=event.app, until=event.until, given_by=entry.by
        )
    )


def _attestation_voided(conn: Connection, _entry: Entry, event: e.AttestationVoided) -> None:
    this = attestations.c.attestation == event.attestation
    conn.execute(update(attestations).where(this).values(ended=event.because))


def _records_erased(conn: Connection, _entry: Entry, event: RecordsErased) -> None:
    retention.forget_exceptions(conn, event.waivers, event.attestations)


def _person_erased(conn: Connection, entry: Entry, event: PersonErased) -> None:
    access_reading.left(conn, entry, event)
    access_reading.forget_provider_roles(conn, event.person)
    conn.execute(delete(waivers).where(among(waivers.c.subject, (event.person, *event.devices))))
    conn.execute(delete(attestations).where(among(attestations.c.device, event.devices)))


def _door_asked(conn: Connection, entry: Entry, event: d.DoorEnforceAsked) -> None:
    row = {"asked_by": entry.by, "asked_at": entry.at, "asked_index": entry.index, "because_hash": event.because_hash}
    statement = upsert(door_asks).values(row | {"door": event.door})
    conn.execute(statement.on_conflict_do_update(index_elements=[door_asks.c.door], set_=row))


def _door_mode(conn: Connection, entry: Entry, event: d.DoorModeChanged) -> None:
    conn.execute(delete(door_asks).where(door_asks.c.door == event.door))
    row = {"door": event.door, "mode": event.mode, "at": entry.at}
    conn.execute(upsert(door_modes).values(row).on_conflict_do_update(index_elements=[door_modes.c.door], set_=row))


_HANDLERS: dict[type[e.Event], Callable[[Connection, Entry, Any], None]] = {
    e.PolicyProposed: _proposed,
    e.PolicyWithdrawn: _withdrawn,
    e.PolicyApproved: _judged,
    e.PolicyDeclined: _judged,
    e.QuorumReached: _quorum_reached,
    e.PolicyAnnounced: _announced,
    e.PolicyRelaxed: _relaxed,
    e.PolicyInForce: _in_force,
    e.QuorumLost: _quorum_lost,
    e.QuorumRegained: _quorum_regained,
    e.PolicyRetracted: _retracted,
    e.PolicyEnded: _ended,
    e.WaiverGranted: _waiver_granted,
    e.WaiverRevoked: _waiver_revoked,
    e.WaiverEnded: _waiver_ended,
    e.AttestationGiven: _attested,
    e.AttestationVoided: _attestation_voided,
    d.DoorEnforceAsked: _door_asked,
    d.DoorModeChanged: _door_mode,
    RecordsErased: _records_erased,
    PersonErased: _person_erased,
    p.PolicyPaused: _paused,
    p.PolicyResumed: _resumed,
    **access_reading.HANDLERS,
    **app_reading.HANDLERS,
    **activation_reading.HANDLERS,
}
