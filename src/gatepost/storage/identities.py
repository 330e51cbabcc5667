"""Mail identities besides the ActiveSync id: what else a door may know a device by."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert as upsert

from gatepost.storage.among import among
from gatepost.storage.door_schema import identities
from gatepost.storage.schema import devices

Kind = Literal["certificate", "password"]


class Identity(NamedTuple):
    """`key`: the lower-case hex of a certificate's SHA-256, or a device password's selector. `device`: its ref."""

    kind: Kind
    key: str
    device: str


def attach(conn: Connection, identity: Identity) -> None:
    """From now on this identity is that device's, whosever it was before."""
    statement = upsert(identities).values(identity._asdict())
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=[identities.c.kind, identities.c.key], set_={"device": identity.device}
        )
    )


def detach(conn: Connection, kind: Kind, key: str) -> bool:
    """Whether it was there."""
    return conn.execute(delete(identities).where(identities.c.kind == kind, identities.c.key == key)).rowcount > 0


def find(conn: Connection, kind: Kind, key: str) -> str | None:
    """The ref of the device in use that this identity stands for."""
    joined = identities.join(devices, devices.c.ref == identities.c.device)
    query = select(identities.c.device).select_from(joined)
    query = query.where(identities.c.kind == kind, identities.c.key == key, ~devices.c.retired)
    return conn.execute(query).scalar()


def behind(conn: Connection, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The ref of the device that each of these, by kind and key, stands for."""
    wanted = set(keys)
    if not wanted:
        return {}
    query = select(identities.c.kind, identities.c.key, identities.c.device)
    kinds = sorted({kind for kind, _ in wanted})
    about = (identities.c.kind.in_(kinds), among(identities.c.key, (key for _, key in wanted)))
    rows = conn.execute(query.where(*about))
    return {(kind, key): device for kind, key, device in rows if (kind, key) in wanted}


def certificates(conn: Connection, fingerprints: Iterable[str] | None = None, device: str = "") -> dict[str, str]:
    """Each certificate's fingerprint to the ref of the device in use that it stands for: all of them, or these and all
    of one device."""
    query = select(identities.c.key, identities.c.device)
    query = query.select_from(identities.join(devices, devices.c.ref == identities.c.device))
    query = query.where(identities.c.kind == "certificate", ~devices.c.retired)
    if fingerprints is not None:
        query = query.where(among(identities.c.key, fingerprints) | (identities.c.device == device))
    return {row.key: row.device for row in conn.execute(query)}


def of(conn: Connection, refs: Iterable[str]) -> list[Identity]:
    """All that these devices have."""
    query = select(identities.c.kind, identities.c.key, identities.c.device)
    return [Identity(*row) for row in conn.execute(query.where(among(identities.c.device, refs)))]
