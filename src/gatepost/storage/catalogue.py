"""The apps and lists that can be spoken of, and which of them are looked for."""

import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert as upsert

from gatepost.core.change.proposal import NamedApp
from gatepost.core.fleet.app import ActiveApp, App, AppList, looked_for
from gatepost.core.fleet.device import Platform
from gatepost.storage.schema import active_apps, catalogue


class Active(NamedTuple):
    """An app that is looked for: since which catalogue revision, for each identifier with its platform; until when; and
    the hash of the activation that was approved."""

    since: Mapping[str, int]
    until: int
    proposal: str


def apps(conn: Connection) -> dict[str, App]:
    rows = conn.execute(select(catalogue).where(catalogue.c.kind == "app").order_by(catalogue.c.id))
    return {row.id: _app(row.id, json.loads(row.data)) for row in rows}


def lists(conn: Connection) -> dict[str, AppList]:
    rows = conn.execute(select(catalogue).where(catalogue.c.kind == "list").order_by(catalogue.c.id))
    return {row.id: _list(row.id, json.loads(row.data)) for row in rows}


def save(conn: Connection, new_apps: Mapping[str, App], new_lists: Mapping[str, AppList], revision: int) -> None:
    rows = [
        {"kind": "app", "id": a.id, "data": json.dumps(app_data(a)), "revision": revision} for a in new_apps.values()
    ]
    rows += [
        {"kind": "list", "id": entry.id, "data": json.dumps(list_data(entry)), "revision": revision}
        for entry in new_lists.values()
    ]
    if rows:
        statement = upsert(catalogue)
        changed = {"data": statement.excluded.data, "revision": statement.excluded.revision}
        conn.execute(
            statement.on_conflict_do_update(index_elements=[catalogue.c.kind, catalogue.c.id], set_=changed), rows
        )


def app_data(app: App) -> dict[str, object]:
    """An app as plain JSON data."""
    return {
        "name": app.name,
        "publisher": app.publisher,
        "publisher_country": app.publisher_country,
        "identifiers": {platform.value: list(names) for platform, names in sorted(app.identifiers.items())},
        "successors": list(app.successors),
        "sources": list(app.sources),
        "touches": list(app.touches),
    }


def list_data(entry: AppList) -> dict[str, object]:
    return {"title": entry.title, "apps": list(entry.apps), "source": entry.source}


def _app(app_id: str, data: dict[str, object]) -> App:
    raw: dict[str, list[str]] = data["identifiers"]  # type: ignore[assignment] # written by app_data
    return App(
        id=app_id,
        name=str(data["name"]),
        publisher=str(data["publisher"]),
        publisher_country=str(data["publisher_country"]),
        identifiers={Platform(platform): tuple(names) for platform, names in raw.items()},
        successors=tuple(data["successors"]),  # type: ignore[arg-type] # written by app_data
        sources=tuple(data["sources"]),  # type: ignore[arg-type] # written by app_data
        touches=tuple(data.get("touches", ())),  # type: ignore[arg-type] # written by app_data
    )


def _list(list_id: str, data: dict[str, object]) -> AppList:
    return AppList(list_id, str(data["title"]), tuple(data["apps"]), str(data["source"]))  # type: ignore[arg-type]


def active(conn: Connection) -> dict[str, Active]:
    """The apps that are looked for."""
    rows = conn.execute(select(active_apps).order_by(active_apps.c.app))
    return {row.app: Active(json.loads(row.since), row.until, row.proposal) for row in rows}


def as_named(apps: Iterable[App | NamedApp], known: Mapping[str, Active]) -> tuple[ActiveApp, ...]:
    """These apps as far as they are looked for by the identifiers that they name."""
    return tuple(
        looked_for(app.id, app.spellings, known[app.id].since) if app.id in known else ActiveApp(app.id, {})
        for app in apps
    )
