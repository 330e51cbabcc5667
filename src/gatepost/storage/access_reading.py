"""What the ledger's entries about roles and keys mean to the tables. See reading.py.

What one of two administrators gives or takes away waits here until two have signed it
(core/change/two_administrators.py): the tables of roles and keys have only what counts.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from gatepost.core.change.two_administrators import ADMIN, Act, confirmed, counting, waits, weighs
from gatepost.core.ledger.access_events import (
    AccessConfirmed,
    AdministratorBack,
    AdministratorLeft,
    PasskeyRegistered,
    PasskeyRemoved,
    RolesByProvider,
)
from gatepost.core.ledger.events import Event, KeyAdded, KeyRevoked, RoleGranted, RoleRevoked
from gatepost.core.ledger.leaf import SYSTEM
from gatepost.core.ledger.privacy_events import PersonErased
from gatepost.storage import access, activation_reading
from gatepost.storage.access_schema import access_yes, keys, passkeys, provider_roles, roles, waiting_access
from gatepost.storage.entry import Entry
from gatepost.storage.schema import revisions


def _role_granted(conn: Connection, entry: Entry, event: RoleGranted) -> None:
    line = () if event.role == ADMIN and _founding(conn, entry.by) else _line(conn, entry.by)
    if not _waits(conn, entry, Act.ROLE_GRANTED, event.person, event.role, line=line):
        _hold_role(conn, entry.index, event.person, event.role, entry.by, json.dumps(line))


def _line(conn: Connection, by: str) -> tuple[str, ...]:
    """Who stands behind a grant of this person's now, themselves first (core/change/quorum.py)."""
    held = conn.execute(select(roles.c.line).where(roles.c.person == by, roles.c.role == ADMIN)).scalar()
    return (by, *json.loads(held or "[]"))


def _founding(conn: Connection, by: str) -> bool:
    """Whether whoever grants is the site's first administrator, and nothing was ever proposed."""
    proposed = conn.execute(select(revisions.c.policy).limit(1)).first() or activation_reading.asked_for(conn)
    return not proposed and _line(conn, by) == (by, SYSTEM)


def _role_revoked(conn: Connection, entry: Entry, event: RoleRevoked) -> None:
    """Of a role that waits to count, it ends the waiting. It ends what the provider gave, too."""
    given = (provider_roles.c.person == event.person, provider_roles.c.role == event.role)
    conn.execute(delete(provider_roles).where(*given))
    held = (roles.c.person == event.person, roles.c.role == event.role)
    if not conn.execute(select(roles.c.role).where(*held)).first():
        _forget(conn, event.person, event.role)
    elif not _waits(conn, entry, Act.ROLE_REVOKED, event.person, event.role):
        conn.execute(delete(roles).where(*held))


def _roles_by_provider(conn: Connection, entry: Entry, event: RolesByProvider) -> None:
    """In the place of what it gave before. What administrators granted stands in another table, and stays; what a
    quorum can rest on nobody else grants."""
    forget_provider_roles(conn, event.person)
    given = (role for role in event.roles if not weighs(Act.ROLE_GRANTED, role, of_administrator=False))
    rows = [{"person": event.person, "role": role, "until": event.until, "entry": entry.index} for role in given]
    if rows:
        conn.execute(insert(provider_roles), rows)


def forget_provider_roles(conn: Connection, person: str) -> None:
    conn.execute(delete(provider_roles).where(provider_roles.c.person == person))


def _key_added(conn: Connection, entry: Entry, event: KeyAdded) -> None:
    line, key = _line(conn, entry.by), event.fingerprint
    if not _waits(conn, entry, Act.KEY_ADDED, event.person, key, line=line, public_key=event.public_key):
        _hold_key(conn, entry.index, event.person, key, event.public_key, entry.by, json.dumps(line))


def _key_revoked(conn: Connection, entry: Entry, event: KeyRevoked) -> None:
    held = access.key(conn, event.fingerprint)
    if held is None:
        _forget(conn, event.person, event.fingerprint)
    elif not _waits(conn, entry, Act.KEY_REVOKED, held.person, event.fingerprint):
        conn.execute(delete(keys).where(keys.c.fingerprint == event.fingerprint))


def _waits(
    conn: Connection, entry: Entry, act: Act, person: str, name: str, line: tuple[str, ...] = (), public_key: str = ""
) -> bool:
    """Whether it waits, and is written down so. What was asked before about the same is over in any case."""
    _forget(conn, person, name)
    if not waits(act, person, name, access.administrators(conn), entry.at):
        return False
    row = {"entry": entry.index, "act": act.value, "person": person, "name": name, "asked_by": entry.by}
    conn.execute(insert(waiting_access).values(row | {"public_key": public_key, "line": json.dumps(line)}))
    return True


def _forget(conn: Connection, person: str, name: str) -> None:
    """Nothing waits about this role or key of somebody's any more."""
    about = (waiting_access.c.person == person, waiting_access.c.name == name)
    for (entry,) in conn.execute(select(waiting_access.c.entry).where(*about)).all():
        conn.execute(delete(access_yes).where(access_yes.c.entry == entry))
    conn.execute(delete(waiting_access).where(*about))


def _confirmed(conn: Connection, entry: Entry, event: AccessConfirmed) -> None:
    row = {"entry": event.entry, "person": entry.by, "fingerprint": event.fingerprint}
    key = [access_yes.c.entry, access_yes.c.person]
    conn.execute(upsert(access_yes).values(row).on_conflict_do_update(index_elements=key, set_=row))
    given, administrators = access.yeses(conn, event.entry), access.administrators(conn)
    if not confirmed(given, administrators):
        return
    names = json.dumps(counting(given, administrators))
    waiting = conn.execute(select(waiting_access).where(waiting_access.c.entry == event.entry)).first()
    if waiting is not None:
        _carry_out(conn, entry.index, waiting, names)
    for table, since in ((roles, roles.c.granted_index), (keys, keys.c.added_index)):
        conn.execute(update(table).where(since == event.entry).values(confirmed_by=names))


def _carry_out(conn: Connection, index: int, asked: Row[Any], names: str) -> None:
    """From here on it counts."""
    act = Act(asked.act)
    _forget(conn, asked.person, asked.name)
    if act is Act.ROLE_GRANTED:
        _hold_role(conn, index, asked.person, asked.name, asked.asked_by, asked.line, names)
    elif act is Act.KEY_ADDED:
        _hold_key(conn, index, asked.person, asked.name, asked.public_key, asked.asked_by, asked.line, names)
    elif act is Act.ROLE_REVOKED:
        conn.execute(delete(roles).where(roles.c.person == asked.person, roles.c.role == asked.name))
    else:
        conn.execute(delete(keys).where(keys.c.fingerprint == asked.name))


def _hold_role(conn: Connection, index: int, person: str, role: str, by: str, line: str, names: str = "[]") -> None:
    row = {"person": person, "role": role, "granted_by": by, "granted_index": index}
    conn.execute(upsert(roles).values(row | {"line": line, "confirmed_by": names}).on_conflict_do_nothing())


def _hold_key(
    conn: Connection, index: int, person: str, key: str, public_key: str, by: str, line: str, names: str = "[]"
) -> None:
    row = {"fingerprint": key, "person": person, "public_key": public_key, "added_by": by, "added_index": index}
    conn.execute(upsert(keys).values(row | {"line": line, "confirmed_by": names}).on_conflict_do_nothing())


def _passkey_registered(conn: Connection, entry: Entry, event: PasskeyRegistered) -> None:
    row = {"credential": event.credential, "person": entry.by, "fingerprint": event.fingerprint}
    conn.execute(insert(passkeys).values(row | {"public_key": event.public_key, "registered_at": entry.at}))


def _passkey_removed(conn: Connection, _entry: Entry, event: PasskeyRemoved) -> None:
    conn.execute(delete(passkeys).where(passkeys.c.fingerprint == event.fingerprint))


def left(conn: Connection, entry: Entry, event: AdministratorLeft | PersonErased) -> None:
    """Whoever is erased has left as well. Not earlier than anything else was recorded: else whoever puts the clock back
    for that moment is rid of the other at once."""
    who = (roles.c.person == event.person, roles.c.role == ADMIN, roles.c.left_at.is_(None))
    if conn.execute(select(roles.c.person).where(*who)).first():
        conn.execute(update(roles).where(*who).values(left_at=entry.latest()))


def _back(conn: Connection, _entry: Entry, event: AdministratorBack) -> None:
    conn.execute(update(roles).where(roles.c.person == event.person).values(left_at=None))


HANDLERS: Mapping[type[Event], Callable[[Connection, Entry, Any], None]] = {
    RoleGranted: _role_granted,
    RoleRevoked: _role_revoked,
    RolesByProvider: _roles_by_provider,
    KeyAdded: _key_added,
    KeyRevoked: _key_revoked,
    AccessConfirmed: _confirmed,
    AdministratorLeft: left,
    PasskeyRegistered: _passkey_registered,
    PasskeyRemoved: _passkey_removed,
    AdministratorBack: _back,
}
