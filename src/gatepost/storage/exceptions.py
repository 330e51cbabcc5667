"""Waivers and attestations, as the ledger says."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, select

from gatepost.core.instant import ALWAYS, Instant
from gatepost.storage.among import among
from gatepost.storage.schema import attestations, waivers

REVOKING, REVOKED = "revoking", "revoked"
"""A waiver that was taken back and lasts until its new end, and one of which that end has come."""


class Waiver(NamedTuple):
    """A person or a device (`of`) exempted from one policy until an instant. `ended`: "" while it may be in force, else
    ended (by time), revoking or revoked. `role`: the one in which it was granted, "" for any."""

    waiver: str
    policy: str
    of: str
    subject: str
    until: Instant
    granted_by: str
    reason_hash: str
    ended: str
    role: str
    granted_at: Instant
    ended_at: Instant | None


class Attestation(NamedTuple):
    """The owner's statement that an app is not on a device. `ended`: "" while it may be in force."""

    attestation: str
    device: str
    app: str
    until: Instant
    given_by: str
    ended: str


def waivers_of(conn: Connection, subjects: Iterable[str]) -> list[Waiver]:
    """Waivers of these people or devices, those that are over too (they are so by their own instant)."""
    query = select(waivers).where(among(waivers.c.subject, subjects))
    return [Waiver(*row) for row in conn.execute(query)]


def all_waivers(conn: Connection, policy: str | None = None) -> list[Waiver]:
    """Every waiver ever granted, newest end last."""
    query = select(waivers).order_by(waivers.c.until, waivers.c.waiver)
    if policy is not None:
        query = query.where(waivers.c.policy == policy)
    return [Waiver(*row) for row in conn.execute(query)]


def waived(conn: Connection, policy: str | None = None) -> dict[str, dict[str, Instant]]:
    """By policy, the latest end of the waivers of each person or device, of those that are not over: one that was taken
    back lasts until its new end."""
    found: dict[str, dict[str, Instant]] = {}
    for waiver in all_waivers(conn, policy):
        if waiver.ended in ("", REVOKING):
            found.setdefault(waiver.policy, {})[waiver.subject] = waiver.until  # the newest end comes last
    return found


def waived_until(conn: Connection, subjects: Iterable[str]) -> dict[str, dict[str, Instant]]:
    """By policy, the latest end of the waivers of each of these people or devices, also of those that are over."""
    found: dict[str, dict[str, Instant]] = {}
    for waiver in waivers_of(conn, subjects):
        ends = found.setdefault(waiver.policy, {})
        ends[waiver.subject] = max(ends.get(waiver.subject, ALWAYS), waiver.until)
    return found


def waiver(conn: Connection, waiver_id: str) -> Waiver | None:
    row = conn.execute(select(waivers).where(waivers.c.waiver == waiver_id)).first()
    return Waiver(*row) if row else None


def waivers_ending(conn: Connection, by: Instant) -> list[Waiver]:
    """Waivers not ended whose end has come by an instant."""
    query = select(waivers).where(waivers.c.ended.in_(["", REVOKING]), waivers.c.until <= by)
    return [Waiver(*row) for row in conn.execute(query.order_by(waivers.c.until))]


def attestations_of(conn: Connection, devices: Iterable[str]) -> list[Attestation]:
    """Attestations not ended, of these devices."""
    query = select(attestations).where(among(attestations.c.device, devices), attestations.c.ended == "")
    return [Attestation(*row) for row in conn.execute(query)]


def attested_until(conn: Connection, devices: Iterable[str]) -> dict[str, dict[str, Instant]]:
    """Per device and app the latest end of a statement, of those that time ended too: over by their own instant, they
    still say since when the app has been unattested, so that ending one in the tables changes no verdict."""
    found: dict[str, dict[str, Instant]] = {}
    query = select(attestations).where(among(attestations.c.device, devices), attestations.c.ended.in_(["", "ended"]))
    for row in conn.execute(query.order_by(attestations.c.until)):
        found.setdefault(row.device, {})[row.app] = row.until
    return found


def all_attestations(conn: Connection) -> list[Attestation]:
    """Every attestation not ended."""
    return [Attestation(*row) for row in conn.execute(select(attestations).where(attestations.c.ended == ""))]


def attestations_ending(conn: Connection, by: Instant, after: Instant = ALWAYS) -> list[Attestation]:
    """Those not ended whose end lies in (after, by]."""
    ends = (attestations.c.until > after, attestations.c.until <= by)
    query = select(attestations).where(attestations.c.ended == "", *ends).order_by(attestations.c.until)
    return [Attestation(*row) for row in conn.execute(query)]
