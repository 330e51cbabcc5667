"""The catalogue: entries come from files. Which of them are looked for is said by actions/activation.py."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from gatepost.actions.change import Change, changing, looking
from gatepost.actions.naming import Concerned, drifts
from gatepost.actions.site import Site
from gatepost.actions.who import ADMIN, acting
from gatepost.core.fleet.app import App
from gatepost.core.ledger.events import CatalogueChanged
from gatepost.core.problem import Problem
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.canonical import digest
from gatepost.documents.catalogue_file import Catalogue, read_catalogue
from gatepost.documents.deadline import instant_text
from gatepost.storage import catalogue, sitemeta


@dataclass(frozen=True, slots=True)
class CatalogueTaken:
    """`policies`: those whose apps would be others now; the change comes into none of them. `not_looked_for`: active
    apps that have identifiers by which nobody agreed to look for them."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    warnings: tuple[str, ...]
    policies: tuple[Concerned, ...]
    not_looked_for: tuple[str, ...]


def add_entries(site: Site, by: str | None, data: bytes, name: str) -> CatalogueTaken | Refusal | tuple[Problem, ...]:
    """Add a site's own apps and lists from a file; entries of the same id are replaced."""
    entries = read_catalogue(data, name)
    if not isinstance(entries, Catalogue):
        return entries
    with changing(site) as change:
        actor = acting(change, by, ADMIN)
        if isinstance(actor, Refusal):
            return actor
        return take_entries(change, entries, digest(data))


def take_entries(change: Change, entries: Catalogue, source: str) -> CatalogueTaken | Refusal:
    known, lists = catalogue.apps(change.conn), catalogue.lists(change.conn)
    before = drifts(change.conn, known, lists)
    merged = known | dict(entries.apps)
    unknown = sorted({app for entry in entries.lists.values() for app in entry.apps} - merged.keys())
    if unknown:
        return Refusal(Code.NO_SUCH_APP, f"A list names apps that no entry describes: {', '.join(unknown)}.")
    if clash := _shared_identifier(merged.values()):
        return Refusal(Code.DOCUMENT_INVALID, clash)
    added = tuple(sorted(entries.apps.keys() - known.keys()))
    changed = tuple(sorted(name for name, app in entries.apps.items() if name in known and known[name] != app))
    revision = sitemeta.advance(change.conn, sitemeta.CATALOGUE_REVISION)
    catalogue.save(change.conn, entries.apps, entries.lists, revision)
    change.record(CatalogueChanged(revision, added, changed, source))
    return CatalogueTaken(
        added=added,
        changed=changed,
        warnings=tuple(entries.warnings),
        policies=tuple(
            concerned
            for key, concerned in drifts(change.conn, merged, lists | dict(entries.lists)).items()
            if concerned != before.get(key)
        ),
        not_looked_for=_not_looked_for(change.conn, merged, changed),
    )


def _not_looked_for(conn: Connection, apps: Mapping[str, App], changed: Iterable[str]) -> tuple[str, ...]:
    """Of these the active apps that have identifiers by which nobody agreed to look for them."""
    active = catalogue.active(conn)
    return tuple(name for name in changed if name in active and apps[name].spellings - active[name].since.keys())


def _shared_identifier(apps: Iterable[App]) -> str:
    owner: dict[tuple[str, str], str] = {}
    for app in apps:
        for platform, names in app.identifiers.items():
            for name in names:
                first = owner.setdefault((platform, name.casefold()), app.id)
                if first != app.id:
                    return (
                        f"{first} and {app.id} both claim the {platform} identifier {name}; an identifier has one app."
                    )
    return ""


def list_apps(site: Site) -> list[dict[str, object]]:
    """Every app: whether it can be matched, and until when it is looked for."""
    with looking(site) as conn:
        active = catalogue.active(conn)
        return [
            catalogue.app_data(app)
            | {
                "id": app.id,
                "matched": any(app.identifiers.values()),
                "active_until": instant_text(active[app.id].until) if app.id in active else None,
            }
            for app in catalogue.apps(conn).values()
        ]


def list_lists(site: Site) -> list[dict[str, object]]:
    with looking(site) as conn:
        return [catalogue.list_data(entry) | {"id": entry.id} for entry in catalogue.lists(conn).values()]


def check_entries(data: bytes, name: str) -> Catalogue | tuple[Problem, ...]:
    """Whether a catalogue file of one's own is well formed; touches no site."""
    return read_catalogue(data, name)
