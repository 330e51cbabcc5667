"""The database: whole, provable, backed up, and what it knows of the doors."""

from collections.abc import Iterator, Set
from typing import Final

from sqlalchemy import Connection

from gatepost.actions import ledger as ledger_actions
from gatepost.actions.change import looking
from gatepost.actions.doctor.finding import Finding, fail, ok, warn
from gatepost.actions.rails_changed import are_recorded
from gatepost.actions.site import Site
from gatepost.core.change.two_administrators import ADMIN, NEEDED, in_office
from gatepost.core.instant import DAY, MINUTE, Duration, duration_text
from gatepost.core.ledger.leaf import SYSTEM
from gatepost.core.refusal import Refusal
from gatepost.storage import access, feed, ledger, people, sitemeta
from gatepost.storage.store import VERSION, store_version

BACKUP_EVERY: Final[Duration] = 7 * DAY
SILENT: Final[Duration] = 2 * MINUTE
"""A door without news is heard of every half a minute."""


def examine(site: Site) -> Iterator[Finding]:
    if not site.store.path.exists():
        yield fail("database", f"{site.store.path} is missing", "Bring it back, or restore a backup; doors go on.")
        return
    sound = _database(site)
    yield sound
    if sound.result == "fail":
        return
    yield _ledger(site)
    yield _tables(site)
    yield _backup(site)
    yield _rails(site)
    if not site.exercise:  # there one person plays them all
        yield _administrators(site)


def _database(site: Site) -> Finding:
    with looking(site) as conn:
        if (version := store_version(conn)) != VERSION:
            todo = "Stop the site, back up its directory, then `gatepost upgrade`; or install the newer program."
            return fail("database", f"it is at version {version}, this program writes {VERSION}", todo)
        said = str(conn.exec_driver_sql("PRAGMA quick_check(1)").scalar())
    if said != "ok":
        return fail("database", f"it is damaged: {said}", "Check the disk, then restore a backup.")
    return ok("database", "it is whole")


def _ledger(site: Site) -> Finding:
    report = ledger_actions.verify(site)
    if report.problems:
        found = f"{len(report.problems)} problems, the first: {report.problems[0].text}"
        return fail("ledger", found, "`gatepost ledger verify` shows all. Keep everything as it is, and find out who.")
    return ok("ledger", f"its {report.size} entries hold")


def _tables(site: Site) -> Finding:
    rebuilt = ledger_actions.rebuild(site, None, check=True)
    if isinstance(rebuilt, Refusal):
        return fail("tables", rebuilt.text, "Put that right first.")
    if rebuilt.differing:
        found = f"{', '.join(rebuilt.differing)}: not what the ledger says"
        return fail("tables", found, "`gatepost ledger rebuild` writes them anew. Find out who changed them.")
    return ok("tables", "they say what the ledger says")


def _backup(site: Site) -> Finding:
    with looking(site) as conn:
        made = [row.at for row in ledger.rows(conn, events=("BackupMade",))]
    todo = "`gatepost backup FILE`, from a timer, to another machine."
    if not made:
        return warn("backup", "no backup was ever made", todo)
    age = site.clock.now() - made[-1]
    found = f"the last backup was made {_words(age)} ago"
    return ok("backup", found) if age <= BACKUP_EVERY else warn("backup", found, todo)


def _rails(site: Site) -> Finding:
    """What binds every policy; who edited it, the file does not say."""
    with looking(site) as conn:
        known, same = bool(sitemeta.get(conn, sitemeta.RAILS)), are_recorded(site, conn)
        changed = ledger.newest(conn, None, 1, "RailsChanged")
    if known and not same:
        found = "gatepost.toml says other things under [rails] than were recorded"
        return warn("rails", found, "The next change records it. Then start again what runs, so that it goes by them.")
    if not changed:
        return ok("rails", "nobody changed them since they are recorded")
    age = _words(site.clock.now() - changed[0].at)
    return ok("rails", f"they changed last {age} ago: `gatepost ledger show` has entry {changed[0].idx}")


def _administrators(site: Site) -> Finding:
    """One alone can make up everybody whom a quorum needs; of two, one cannot."""
    with looking(site) as conn:
        administrators = access.administrators(conn)
        waiting = len(access.waiting(conn))
        office = in_office(administrators, site.clock.now())
        trusted = _on_one_word(conn, office) if len(office) > NEEDED else []
    keyed = len(office)
    if keyed < NEEDED:
        found = f"{keyed} of {len(administrators)} administrators have a key: one alone gives roles and keys that count"
        return warn("administrators", found, "Have two, better three: `role grant EMAIL admin`, `key add EMAIL FILE`.")
    if waiting:
        todo = "`role list` and `key list` show it; an administrator says yes by `role confirm`, `key confirm`."
        return warn("administrators", f"{waiting} roles or keys wait for a second administrator", todo)
    if trusted:
        found = (
            f"{', '.join(trusted)}: administrators whose role or key is one administrator's word, so perhaps a puppet"
        )
        todo = (
            "Have others who have met them sign: `role confirm EMAIL admin --sign`, `key confirm FINGERPRINT --sign`."
        )
        return warn("administrators", found, todo)
    return ok("administrators", f"{keyed} have a key: none of them gives roles and keys alone")


def _on_one_word(conn: Connection, office: Set[str]) -> list[str]:
    """Ids of those whose role or key came before there were two, and whom two have not signed since. Among two there
    is nobody else to ask; a third can know better."""
    grants = [grant for grant in access.grants(conn) if grant.role == ADMIN]
    given = {grant.person for grant in grants if grant.granted_by != SYSTEM}
    signed = {grant.person for grant in grants if grant.confirmed_by}
    keys = {key.person for key in access.keys_of(conn) if not key.confirmed_by}
    known = people.load(conn, office & ((given - signed) | keys))
    return sorted(person.id for person in known.values())


def examine_doors(site: Site) -> Iterator[Finding]:
    """What doors have told, also those on other machines."""
    if not site.store.path.exists():
        return
    with looking(site) as conn:
        newest, known, modes = feed.position(conn), feed.known_doors(conn), feed.modes(conn)
    for name in site.settings.doors:
        if name not in known:
            yield fail("confirmed", "it never reported", f"Start it: `gatepost door run {name}`.", door=name)
    for door in known.values():
        yield _confirmed(site, door, newest)
        if door.opened_at is not None and door.name not in site.settings.doors:
            todo = f"`gatepost door close {door.name}` on its machine, when it may go by its copy again."
            yield warn("open", f"{door.opened_by} opened it: {door.opened_because}", todo, door=door.name)
        yield _observes(door.name, modes.get(door.name, ("enforce" if site.exercise else "observe", 0))[0])


def _confirmed(site: Site, door: feed.KnownDoor, newest: int) -> Finding:
    """A retraction waits 5 s for a door that does not confirm, and then can only name it."""
    silent, behind = site.clock.now() - door.contact_at, newest - door.position
    if silent > SILENT:
        todo = f"Start it; or, if it is out of use, `gatepost door forget {door.name}`."
        return fail("confirmed", f"nothing was heard of it for {_words(silent)}", todo, door=door.name)
    if door.problem:
        return fail("confirmed", door.problem, "Put that right: the text says how.", door=door.name)
    if behind > 0:
        todo = "Look again in a moment; if it stays, look into the door's log."
        return warn("confirmed", f"its copy is {behind} positions behind", todo, door=door.name)
    return ok("confirmed", "it has confirmed everything", door=door.name)


def _observes(name: str, mode: str) -> Finding:
    if mode == "enforce":
        return ok("observes", "it enforces", door=name)
    todo = f"When `gatepost door report` shows what you expect: `gatepost door enforce {name}`."
    return warn("observes", "it observes: it refuses nothing yet", todo, door=name)


def _words(duration: Duration) -> str:
    unit = MINUTE if duration >= MINUTE else 1000
    return duration_text(duration - duration % unit) if duration >= unit else "less than a second"
