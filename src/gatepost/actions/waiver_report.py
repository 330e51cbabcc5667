"""Waivers as an auditor or a regulator asks for them: all of them, with their reasons, and how they ended."""

from collections.abc import Callable

from sqlalchemy import Connection

from gatepost.actions.change import changing, looking
from gatepost.actions.looks import record_look, without_purpose
from gatepost.actions.site import Site
from gatepost.actions.waive import beneficiary
from gatepost.actions.who import AUDITOR, OPERATOR, acting, looking_as
from gatepost.core.instant import Instant
from gatepost.core.refusal import Refusal
from gatepost.documents.deadline import instant_text
from gatepost.storage import devices, exceptions, ledger, people
from gatepost.storage.exceptions import Waiver

COLUMNS = ("waiver", "policy", "of", "subject", "granted_at", "granted_by", "role", "until", "state", "ended", "reason")


def report_waivers(
    site: Site, by: str | None, *, as_of: Instant | None = None, policy: str | None = None, purpose: str = ""
) -> list[dict[str, str]] | Refusal:
    """Every waiver granted by an instant (now, if none is named), as it stood then, in the order of granting.

    With a purpose, people and devices are named, and the look is recorded; else they are pseudonyms. Who grants acts
    for the organisation, and is always named. `state`: in force, over, or revoked; `ended`: when, if it was. A reason
    that was erased is "".
    """
    if not purpose:
        with looking(site) as conn:
            actor = looking_as(conn, site.clock.now(), by, AUDITOR, OPERATOR, "approver")
            if isinstance(actor, Refusal):
                return actor
            at = site.clock.now() if as_of is None else as_of
            return _rows(conn, at, _granted(conn, at, policy), lambda waiver: waiver.subject)
    if refusal := without_purpose(purpose):
        return refusal
    with changing(site) as change:
        actor = acting(change, by, AUDITOR, OPERATOR)
        if isinstance(actor, Refusal):
            return actor
        at = change.now if as_of is None else as_of
        found = _granted(change.conn, at, policy)
        owners = [ref for waiver in found for ref in beneficiary(change.conn, waiver)]
        record_look(change, "waivers", policy or "", owners, purpose)
        return _rows(change.conn, at, found, _namer(change.conn, found))


def _granted(conn: Connection, at: Instant, policy: str | None) -> list[Waiver]:
    found = [waiver for waiver in exceptions.all_waivers(conn, policy) if waiver.granted_at <= at]
    return sorted(found, key=lambda waiver: (waiver.granted_at, waiver.waiver))


def _namer(conn: Connection, found: list[Waiver]) -> Callable[[Waiver], str]:
    """People and devices by their ids; a pseudonym where nobody knows any more whose it is."""
    refs = {waiver.subject for waiver in found}
    ids = {ref: person.id for ref, person in people.load(conn, refs).items()}
    ids |= {member.device.ref: member.device.id for member in devices.members(conn, sorted(refs))}
    return lambda waiver: ids.get(waiver.subject, waiver.subject)


def _rows(conn: Connection, at: Instant, found: list[Waiver], name: Callable[[Waiver], str]) -> list[dict[str, str]]:
    granters = people.load(conn, {waiver.granted_by for waiver in found})
    rows = []
    for waiver in found:
        state, ended = _state(waiver, at)
        granter = granters.get(waiver.granted_by)
        cells = (
            waiver.waiver,
            waiver.policy,
            waiver.of,
            name(waiver),
            instant_text(waiver.granted_at),
            granter.id if granter else waiver.granted_by,
            waiver.role,
            instant_text(waiver.until),
            state,
            "" if ended is None else instant_text(ended),
            ledger.words_of(conn, waiver.reason_hash),
        )
        rows.append(dict(zip(COLUMNS, cells, strict=True)))
    return rows


def _state(waiver: Waiver, at: Instant) -> tuple[str, Instant | None]:
    """How a waiver stood at an instant, and since when it was over."""
    if (
        waiver.ended in (exceptions.REVOKING, exceptions.REVOKED)
        and waiver.ended_at is not None
        and waiver.ended_at <= at
    ):
        return "revoked", waiver.ended_at
    return ("over", waiver.until) if waiver.until <= at else ("in force", None)
