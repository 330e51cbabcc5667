"""How much is held: rows of tables, counted."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Connection, Select, func, select, true

from gatepost.storage.door_schema import doors, sightings
from gatepost.storage.schema import audience, devices, metadata, people
from gatepost.storage.webhook_schema import ON_DEVICE, webhook_messages

_NAMING: Final[Mapping[str, ColumnElement[bool]]] = {
    doors.name: doors.c.opened_at.is_not(None),
    webhook_messages.name: ON_DEVICE,
}
"""Which rows of a table name somebody, where not all do."""


def rows_of(conn: Connection, tables: Iterable[str]) -> dict[str, int]:
    """How many rows each of these tables has, or how many that name somebody."""
    return {name: int(conn.execute(_rows(name)).scalar_one()) for name in tables}


def _rows(name: str) -> Select[Any]:
    return select(func.count()).select_from(metadata.tables[name]).where(_NAMING.get(name, true()))


def people_by_working(conn: Connection) -> tuple[int, int]:
    """How many people work here, and how many have left and are still held."""
    found = {bool(working): count for working, count in conn.execute(_counted(people.c.working))}
    return found.get(True, 0), found.get(False, 0)


def devices_by_managed(conn: Connection) -> tuple[int, int]:
    """How many devices in use a device manager has, and how many none has."""
    in_use = _counted(devices.c.managed).where(~devices.c.retired)
    found = {bool(managed): count for managed, count in conn.execute(in_use)}
    return found.get(True, 0), found.get(False, 0)


def audience_of(conn: Connection, rule: int) -> int:
    """How many people are in the audience of a rule."""
    return int(conn.execute(select(func.count()).select_from(audience).where(audience.c.rule == rule)).scalar_one())


def strangers(conn: Connection) -> int:
    """How many logins doors saw that nobody here has."""
    logins = func.count(sightings.c.login.distinct())
    return int(conn.execute(select(logins).where(sightings.c.stranger)).scalar_one())


def _counted(column: Column[Any]) -> Select[Any]:
    return select(column, func.count()).group_by(column)
