"""Device passwords: to whose device each belongs, and what is kept to recognise it."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, insert, select, update

from gatepost.core.instant import Instant
from gatepost.storage.among import among
from gatepost.storage.door_schema import device_passwords
from gatepost.storage.schema import devices, people


class Issued(NamedTuple):
    """A device password without its secret. `device`: its ref."""

    selector: str
    device: str
    label: str
    issued_at: Instant
    issued_by: str
    revoked_at: Instant | None
    used_at: Instant | None


class Listed(NamedTuple):
    """A device password with the ids of its device and that device's owner."""

    issued: Issued
    device: str
    person: str


_ISSUED = tuple(
    device_passwords.c[name]
    for name in ("selector", "device", "label", "issued_at", "issued_by", "revoked_at", "used_at")
)


def add(conn: Connection, issued: Issued, salt: bytes, digest: bytes) -> None:
    conn.execute(insert(device_passwords).values(issued._asdict() | {"salt": salt, "digest": digest}))


def find(conn: Connection, selector: str) -> Issued | None:
    """Also one that was revoked."""
    row = conn.execute(select(*_ISSUED).where(device_passwords.c.selector == selector)).first()
    return Issued(*row) if row else None


def in_force(conn: Connection, refs: Iterable[str]) -> list[Issued]:
    """Those of these devices that open something."""
    query = select(*_ISSUED).where(among(device_passwords.c.device, refs), device_passwords.c.revoked_at.is_(None))
    return [Issued(*row) for row in conn.execute(query)]


def kept(conn: Connection) -> list[tuple[str, bytes, bytes, str]]:
    """Of all in force: selector, salt, digest, label."""
    columns = (device_passwords.c[name] for name in ("selector", "salt", "digest", "label"))
    rows = conn.execute(select(*columns).where(device_passwords.c.revoked_at.is_(None)))
    return [tuple(row) for row in rows]


def revoke(conn: Connection, selector: str, at: Instant) -> None:
    """From now on it opens nothing, and nothing is kept to recognise it by."""
    gone = {"revoked_at": at, "salt": b"", "digest": b""}
    conn.execute(update(device_passwords).where(device_passwords.c.selector == selector).values(gone))


def mark_used(conn: Connection, used: Sequence[tuple[str, Instant]]) -> None:
    """These selectors were used at these instants, as a door told; an earlier instant than is known changes nothing."""
    if not used:
        return
    later = device_passwords.c.used_at.is_(None) | (device_passwords.c.used_at < bindparam("at"))
    statement = update(device_passwords).where(device_passwords.c.selector == bindparam("used"), later)
    rows = [{"used": selector, "at": at} for selector, at in used]
    conn.execute(statement.values(used_at=bindparam("at")), rows)


def listed(conn: Connection, owner: str | None = None, device: str | None = None) -> list[Listed]:
    """All, those of a person's devices, or those of one device (by ref), revoked ones too; oldest first."""
    joined = device_passwords.join(devices, devices.c.ref == device_passwords.c.device)
    query = select(*_ISSUED, devices.c.id, people.c.id).select_from(
        joined.join(people, people.c.ref == devices.c.owner)
    )
    if owner is not None:
        query = query.where(devices.c.owner == owner)
    if device is not None:
        query = query.where(device_passwords.c.device == device)
    rows = conn.execute(query.order_by(device_passwords.c.issued_at, device_passwords.c.selector))
    return [Listed(Issued(*row[:-2]), row[-2], row[-1]) for row in rows]
