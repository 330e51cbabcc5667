"""The catalogue: entries come from files, an app is looked for only while it is active."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from gatepost.actions.change import Change, changing, looking
from gatepost.actions.live import live_rules
from gatepost.actions.site import Site
from gatepost.actions.standing import refresh_many
from gatepost.actions.who import ADMIN, acting
from gatepost.core.fleet.app import App, Matcher
from gatepost.core.ledger.events import AppActivated, AppDeactivated, CatalogueChanged
from gatepost.core.problem import Problem
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.canonical import digest
from gatepost.documents.catalogue_file import Catalogue, read_catalogue
from gatepost.documents.deadline import instant_text
from gatepost.storage import catalogue, devices, sitemeta


@dataclass(frozen=True, slots=True)
class CatalogueTaken:
    added: tuple[str, ...]
    changed: tuple[str, ...]
    warnings: tuple[str, ...]


def matcher(conn: Connection) -> Matcher:
    """What tells active apps from everything else, which is forgotten."""
    apps = catalogue.apps(conn)
    return Matcher({name: apps[name].identifiers for name in catalogue.activations(conn)})


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
    known = catalogue.apps(change.conn)
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
    activations = catalogue.activations(change.conn)
    for name in changed:
        if name in activations:
            _look_again(change, known[name], merged[name], revision)
    return CatalogueTaken(added, changed, tuple(entries.warnings))


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


def _look_again(change: Change, was: App, now: App, revision: int) -> None:
    """Where an active app has other identifiers now, earlier reports say nothing about it."""
    known = catalogue.activations(change.conn)[now.id]
    since = {
        platform.value: known.active.since[platform] if was.identifiers.get(platform) == names else revision
        for platform, names in now.identifiers.items()
        if names
    }
    change.record(AppActivated(now.id, known.until, known.purpose_hash, since, revision))
    _concern(change, now.id)


def activate(site: Site, by: str | None, app_id: str, purpose: str, until: int) -> dict[str, object] | Refusal:
    """Begin to look for an app, or for every app of a list, for a purpose and until a date."""
    if not purpose.strip():
        return Refusal(Code.PURPOSE_MISSING, "An app is looked for only for a stated purpose: add --purpose TEXT.")
    with changing(site) as change:
        actor = acting(change, by, ADMIN)
        if isinstance(actor, Refusal):
            return actor
        named = catalogue.lists(change.conn).get(app_id)
        if named is None:
            return start_looking(change, app_id, purpose, until)
        return _start_list(change, app_id, named.apps, purpose, until)


def _start_list(
    change: Change, list_id: str, named: Sequence[str], purpose: str, until: int
) -> dict[str, object] | Refusal:
    """Every app of a list that has an identifier. What could be refused is refused at the first, so all or nothing."""
    known = catalogue.apps(change.conn)
    matched = [app for app in named if any(known[app].identifiers.values())]
    if not matched:
        return Refusal(Code.NOTHING_TO_MATCH, f"No identifier of any app of {list_id} is known.")
    for app in matched:
        started = start_looking(change, app, purpose, until)
        if isinstance(started, Refusal):
            return started
    unmatched = [app for app in named if app not in matched]
    return {"list": list_id, "apps": matched, "cannot_be_matched": unmatched, "until": instant_text(until)}


def start_looking(change: Change, app_id: str, purpose: str, until: int) -> dict[str, object] | Refusal:
    app = catalogue.apps(change.conn).get(app_id)
    if app is None:
        return Refusal(Code.NO_SUCH_APP, f"The catalogue has no {app_id}; `apps list` shows what there is.")
    platforms = [platform for platform, names in app.identifiers.items() if names]
    if not platforms:
        return Refusal(
            Code.NOTHING_TO_MATCH, f"No identifier of {app.name} is known; add one by file with `apps add` first."
        )
    if until <= change.now:
        return Refusal(Code.UNTIL_INVALID, f"The end {instant_text(until)} has passed; name a later date.")
    known = catalogue.activations(change.conn).get(app_id)
    if known is None:
        revision = sitemeta.advance(change.conn, sitemeta.CATALOGUE_REVISION)
        since = {platform.value: revision for platform in platforms}
    else:
        revision = sitemeta.number(change.conn, sitemeta.CATALOGUE_REVISION)
        since = {platform.value: at for platform, at in known.active.since.items()}
    change.record(AppActivated(app_id, until, change.words(purpose), since, revision))
    _concern(change, app_id)
    return {"app": app_id, "until": instant_text(until), "platforms": sorted(since)}


def deactivate(site: Site, by: str | None, app_id: str) -> dict[str, object] | Refusal:
    """Stop looking for an app; what was found of it is erased."""
    with changing(site) as change:
        actor = acting(change, by, ADMIN)
        return actor if isinstance(actor, Refusal) else stop_looking(change, app_id)


def stop_looking(change: Change, app_id: str) -> dict[str, object] | Refusal:
    if app_id not in catalogue.activations(change.conn):
        return Refusal(Code.APP_NOT_ACTIVE, f"{app_id} is not active.")
    using = [known.revision.policy for known in live_rules(change.conn).values() if app_id in known.rule.order]
    if using:
        return Refusal(Code.APP_IN_USE, f"{app_id} is asked about by {', '.join(using)}; retract or end that first.")
    revision = sitemeta.advance(change.conn, sitemeta.CATALOGUE_REVISION)
    change.record(AppDeactivated(app_id, revision))
    devices.forget_app(change.conn, app_id)
    return {"app": app_id, "active": False}


def _concern(change: Change, app_id: str) -> None:
    """Bring the fleet up to date where a live rule asks about this app."""
    if any(app_id in known.rule.order for known in live_rules(change.conn).values()):
        refresh_many(change, [member.device.ref for member in devices.members(change.conn)])


def list_apps(site: Site) -> list[dict[str, object]]:
    """Every app: whether it can be matched, and until when it is looked for."""
    with looking(site) as conn:
        activations = catalogue.activations(conn)
        return [
            catalogue.app_data(app)
            | {
                "id": app.id,
                "matched": any(app.identifiers.values()),
                "active_until": instant_text(activations[app.id].until) if app.id in activations else None,
            }
            for app in catalogue.apps(conn).values()
        ]


def list_lists(site: Site) -> list[dict[str, object]]:
    with looking(site) as conn:
        return [catalogue.list_data(entry) | {"id": entry.id} for entry in catalogue.lists(conn).values()]


def check_entries(data: bytes, name: str) -> Catalogue | tuple[Problem, ...]:
    """Whether a catalogue file of one's own is well formed; touches no site."""
    return read_catalogue(data, name)
