"""Devices, and what reports said of them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from gatepost.core.fleet.device import Device, Form, Ownership, Platform, Visibility
from gatepost.core.fleet.finding import Evidence
from gatepost.core.fleet.person import Person
from gatepost.storage.people import chunks, person_of
from gatepost.storage.schema import devices, people, present

_FORMS = {form.value: form for form in Form}
_PLATFORMS = {platform.value: platform for platform in Platform}
_OWNERSHIP = {ownership.value: ownership for ownership in Ownership}
_VISIBILITY = {visibility.value: visibility for visibility in Visibility}


class Known(NamedTuple):
    """A device with what is known of it."""

    device: Device
    evidence: Evidence
    retired: bool


class Member(NamedTuple):
    """One device of the fleet with its person, the unit that previews and level 1 are computed from."""

    person: Person
    device: Device
    evidence: Evidence


def _device_of(row: Row[tuple[object, ...]]) -> Device:
    return Device(
        ref=row.device_ref,
        id=row.device_id,
        owner=row.owner,
        form=_FORMS[row.form],
        platform=_PLATFORMS[row.platform],
        ownership=_OWNERSHIP[row.ownership],
        shared=bool(row.shared),
        managed=bool(row.managed),
        eas_id=row.eas_id,
    )


def _evidence_of(row: Row[tuple[object, ...]], seen: dict[str, Visibility]) -> Evidence:
    return Evidence(row.reported_at, _VISIBILITY[row.visibility], row.matched_under, seen)


_COLUMNS = (
    devices.c.ref.label("device_ref"),
    devices.c.id.label("device_id"),
    *(c for c in devices.c if c.name not in ("ref", "id")),
)


def save(conn: Connection, known: Sequence[Known]) -> None:
    """Insert or replace these devices with their evidence."""
    if not known:
        return
    rows = [_row(item) for item in known]
    statement = upsert(devices)
    changed = {name: statement.excluded[name] for name in rows[0] if name != "ref"}
    conn.execute(statement.on_conflict_do_update(index_elements=[devices.c.ref], set_=changed), rows)
    for refs in chunks([item.device.ref for item in known]):
        conn.execute(delete(present).where(present.c.device.in_(refs)))
    seen = [
        {"device": item.device.ref, "app": app, "visibility": int(visibility)}
        for item in known
        for app, visibility in item.evidence.present.items()
    ]
    if seen:
        conn.execute(insert(present), seen)


def _row(item: Known) -> dict[str, object]:
    device, evidence = item.device, item.evidence
    return {
        "ref": device.ref,
        "id": device.id,
        "owner": device.owner,
        "form": device.form.value,
        "platform": device.platform.value,
        "ownership": device.ownership.value,
        "shared": device.shared,
        "managed": device.managed,
        "eas_id": device.eas_id,
        "eas_key": device.eas_id.casefold(),
        "reported_at": evidence.reported_at,
        "visibility": int(evidence.visibility),
        "matched_under": evidence.matched_under,
        "retired": item.retired,
    }


def everything(conn: Connection) -> Iterator[Known]:
    """All devices, also retired ones."""
    seen = _present(conn)
    for row in conn.execute(select(*_COLUMNS).execution_options(yield_per=2000)):
        yield Known(_device_of(row), _evidence_of(row, seen.get(row.device_ref, {})), bool(row.retired))


def by_id(conn: Connection, ids: Iterable[str]) -> dict[str, Known]:
    """These devices, also retired ones, by inventory id."""
    found: dict[str, Known] = {}
    for part in chunks(list(ids)):
        rows = conn.execute(select(*_COLUMNS).where(devices.c.id.in_(part))).all()
        seen = _present(conn, [row.device_ref for row in rows])
        for row in rows:
            evidence = _evidence_of(row, seen.get(row.device_ref, {}))
            found[row.device_id] = Known(_device_of(row), evidence, bool(row.retired))
    return found


def find(conn: Connection, name: str) -> Device | None:
    """A device that is not retired, by inventory id or by ActiveSync id (the one reported last)."""
    for condition in (devices.c.id == name, devices.c.eas_key == name.casefold()):
        query = select(*_COLUMNS).where(condition, ~devices.c.retired, devices.c.id != "")
        if row := conn.execute(query.order_by(devices.c.reported_at.desc().nulls_last()).limit(1)).first():
            return _device_of(row)
    return None


def unenrol(conn: Connection, refs: Iterable[str]) -> None:
    """These are in no device manager any more; what is known of them stays, so that silence opens no door (I-4)."""
    for part in chunks(list(refs)):
        conn.execute(update(devices).where(devices.c.ref.in_(part)).values(managed=False))


def check_out(conn: Connection, ref: str) -> None:
    """A device is out of use: nothing is present on it, and no door knows it."""
    conn.execute(delete(present).where(present.c.device == ref))
    conn.execute(update(devices).where(devices.c.ref == ref).values(retired=True))


def forget_app(conn: Connection, app: str) -> None:
    """Erase every finding of an app that is not looked for any more."""
    conn.execute(delete(present).where(present.c.app == app))


def members(conn: Connection, refs: Iterable[str] | None = None) -> Iterator[Member]:
    """Devices in use, each with its person (without logins; perhaps somebody who left); all, or these.

    Streams: the whole fleet is never held in memory, except for one Person per owner and the sparse present set.
    """
    if refs is None:
        yield from _members(conn, True)
        return
    for part in chunks(list(refs)):
        yield from _members(conn, devices.c.ref.in_(part), part)


def _members(conn: Connection, condition: object, refs: list[str] | None = None) -> Iterator[Member]:
    seen = _present(conn, refs)
    persons: dict[str, Person] = {}
    joined = devices.join(people, people.c.ref == devices.c.owner)
    query = select(*_COLUMNS, *people.c).select_from(joined).where(~devices.c.retired).order_by(devices.c.owner)
    if refs is not None:
        query = query.where(condition)  # type: ignore[arg-type] # a column expression
    for row in conn.execute(query.execution_options(yield_per=2000)):
        person = persons.get(row.owner)
        if person is None:
            persons.clear()  # rows come by owner, so one person at a time is enough
            person = persons[row.owner] = person_of(row)
        yield Member(person, _device_of(row), _evidence_of(row, seen.get(row.device_ref, {})))


def _present(conn: Connection, refs: list[str] | None = None) -> dict[str, dict[str, Visibility]]:
    query = select(present)
    if refs is not None:
        query = query.where(present.c.device.in_(refs))
    found: dict[str, dict[str, Visibility]] = {}
    for row in conn.execute(query):
        found.setdefault(row.device, {})[row.app] = _VISIBILITY[row.visibility]
    return found


def refs_of(conn: Connection, owners: Iterable[str]) -> list[str]:
    """The devices in use of these people."""
    found: list[str] = []
    for part in chunks(list(owners)):
        query = select(devices.c.ref).where(devices.c.owner.in_(part), ~devices.c.retired)
        found.extend(row.ref for row in conn.execute(query))
    return found


def with_app(conn: Connection, app: str) -> list[str]:
    return [row.device for row in conn.execute(select(present.c.device).where(present.c.app == app))]


def behind(conn: Connection, eas_keys: Iterable[str]) -> dict[str, str]:
    """For each ActiveSync id (case-folded) the device in use that it stands for: the one reported last."""
    found: dict[str, tuple[int, str]] = {}
    for part in chunks(list(eas_keys)):
        query = select(devices.c.eas_key, devices.c.ref, devices.c.reported_at).where(
            devices.c.eas_key.in_(part), ~devices.c.retired
        )
        for row in conn.execute(query):
            candidate = (row.reported_at or 0, row.ref)
            found[row.eas_key] = max(found.get(row.eas_key, candidate), candidate)
    return {key: ref for key, (_at, ref) in found.items()}


def count(conn: Connection) -> int:
    return int(conn.execute(select(func.count()).select_from(devices).where(~devices.c.retired)).scalar_one())
