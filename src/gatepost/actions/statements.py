"""Statements by owners that an app is not on a device of theirs: those that count, by pseudonym or by name."""

from typing import NamedTuple

from sqlalchemy import Connection

from gatepost.actions.change import changing, looking
from gatepost.actions.looks import record_look
from gatepost.actions.site import Site
from gatepost.actions.who import AUDITOR, OPERATOR, acting, looking_as
from gatepost.core.instant import Instant
from gatepost.core.refusal import Refusal
from gatepost.storage import devices, exceptions, people
from gatepost.storage.exceptions import Attestation


class Statement(NamedTuple):
    """`device`, `given_by`: an id, or a pseudonym where no purpose was stated or nobody knows any more whose it is."""

    attestation: str
    device: str
    app: str
    until: Instant
    given_by: str


def list_statements(site: Site, by: str | None, purpose: str = "") -> list[Statement] | Refusal:
    """Every statement that counts, the latest end first. With a purpose owners are named, and the look is recorded
    (I-34)."""
    if not purpose.strip():
        with looking(site) as conn:
            actor = looking_as(conn, site.clock.now(), by, AUDITOR, OPERATOR)
            return actor if isinstance(actor, Refusal) else _rows(_counting(conn, site.clock.now()), {})
    with changing(site) as change:
        actor = acting(change, by, AUDITOR, OPERATOR)
        if isinstance(actor, Refusal):
            return actor
        found = _counting(change.conn, change.now)
        members = list(devices.members(change.conn, sorted({one.device for one in found})))
        named = {member.device.ref: member.device.id for member in members}
        givers = people.load(change.conn, {one.given_by for one in found})
        named |= {ref: person.id for ref, person in givers.items()}
        owners = {member.device.owner for member in members}
        record_look(change, "statements", "", owners | givers.keys(), purpose)
        return _rows(found, named)


def _counting(conn: Connection, now: Instant) -> list[Attestation]:
    found = [one for one in exceptions.all_attestations(conn) if one.until > now]
    return sorted(found, key=lambda one: (-one.until, one.attestation))


def _rows(found: list[Attestation], named: dict[str, str]) -> list[Statement]:
    return [
        Statement(
            one.attestation,
            named.get(one.device, one.device),
            one.app,
            one.until,
            named.get(one.given_by, one.given_by),
        )
        for one in found
    ]
