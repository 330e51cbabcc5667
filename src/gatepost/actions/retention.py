"""Retention: what names a person is erased when its time is over, some at a time, once an hour.

Each pass is one change with one entry of the ledger: how many rows of which kind, never whose.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice

from sqlalchemy import Connection

from gatepost.actions import check, written
from gatepost.actions.change import Change, changing, looking
from gatepost.actions.erase import erase_all, keeps_shared, note_erased
from gatepost.actions.live import live_rules
from gatepost.actions.search import Search
from gatepost.actions.sign_in import forget_over
from gatepost.actions.site import Site
from gatepost.core.instant import HOUR, Instant
from gatepost.core.ledger.privacy_events import RecordsErased
from gatepost.storage import (
    access,
    answers,
    belongings,
    devices,
    feed,
    people,
    retention,
    sitemeta,
    tokens,
    written_files,
)
from gatepost.storage.belongings import Whose
from gatepost.storage.retention import Bound, Keys

EVERY = HOUR

PART = 2000
"""Rows of a kind erased in one change."""

PEOPLE = 100
"""People searched for at once: a look through every mail and entry, which nobody waits for."""

LEAVERS = 10
"""People erased in one change."""

BECAUSE = "The time for which people who left are kept is over."

TABLES = frozenset({"devices", *(table for kinds in retention.KINDS.values() for table in kinds)})

Found = dict[str, Keys]
"""Rows whose time is over, by table."""


def keep_retention(site: Site) -> bool:
    """A step of time. Whether anything was erased, so that more may be waiting."""
    with looking(site) as conn:
        now = site.clock.now()
        if 0 <= now - sitemeta.number(conn, sitemeta.RETENTION_AT) < EVERY:
            return False
        leavers = _people_over(site, conn, now)
        search = Search(conn, leavers, now)
        files = _files_over(site, conn, now)
        waiting = [table for table, keys in _over(site, conn, now).items() if keys]
    gone = written.remove(site, files)
    for start in range(0, len(leavers), LEAVERS):
        _erase_people(site, leavers[start : start + LEAVERS], search)
    if waiting:
        _erase_rows(site, waiting)
    if leavers or waiting:
        return True
    with site.store.writing() as conn:
        feed.forget_heard(conn)
        forget_over(site, conn, now)
        tokens.forget(conn, now)
        answers.forget(conn, now)
        check.forget(conn, now)
        sitemeta.put(conn, sitemeta.RETENTION_AT, str(now))
    return bool(gone)


def _before(site: Site, setting: str, now: Instant) -> Instant | None:
    """What ended before this instant is over; None: never."""
    kept: int = getattr(site.settings.retention, setting)
    return now - kept if kept else None


def _over(site: Site, conn: Connection, now: Instant, tables: Collection[str] = TABLES) -> Found:
    asked = frozenset(app.id for known in live_rules(conn).values() for app in known.proposal.apps)
    found: Found = {}
    for setting, kinds in retention.KINDS.items():
        before = _before(site, setting, now)
        for table in (kinds.keys() & tables) if before is not None else ():
            found[table] = kinds[table].over(conn, Bound(before or 0, asked, PART))
    before = _before(site, "devices_retired", now)
    if "devices" in tables:
        found["devices"] = retention.devices_over(conn, before or 0, PART)
    return found


def _people_over(site: Site, conn: Connection, now: Instant) -> list[Whose]:
    """Who left long enough ago and whom nothing holds: a policy that may owe them a word, a role, a shared device."""
    return list(islice(_free(conn, retention.people_over(conn, _before(site, "people_left", now) or 0)), PEOPLE))


def _free(conn: Connection, refs: Sequence[str]) -> Iterator[Whose]:
    """Those of these people whom nothing holds."""
    if not refs:
        return
    held = {grant.person for grant in access.grants(conn)} | {key.person for key in access.keys_of(conn)}
    held |= retention.concerned(conn, refs)
    for ref in refs:
        if ref not in held and not keeps_shared(conn, whose := belongings.whose(conn, ref)):
            yield whose


def _files_over(site: Site, conn: Connection, now: Instant) -> list[written_files.Written]:
    backups = written_files.everything(conn, "backup", before=_before(site, "backups", now))
    return backups + written_files.everything(conn, "export", before=_before(site, "exports", now))


def _erase_people(site: Site, leavers: Sequence[Whose], search: Search) -> None:
    """Those of them who are still free to go: somebody may have been hired again meanwhile."""
    refs = [whose.ref for whose in leavers]
    with changing(site) as change:
        gone = [ref for ref, person in people.load(change.conn, refs).items() if not person.working]
        still = list(_free(change.conn, gone))
        if still:
            erase_all(change, still, BECAUSE, search)
    note_erased(site.directory, [whose.ref for whose in still])


def _erase_rows(site: Site, tables: Collection[str]) -> None:
    with changing(site) as change:
        found = {table: keys for table, keys in _over(site, change.conn, change.now, tables).items() if keys}
        if found:
            change.record(_erased(change, found))


def _erased(change: Change, found: Mapping[str, Keys]) -> RecordsErased:
    rows = {}
    for kinds in retention.KINDS.values():
        for table, kind in kinds.items():
            if table in found:
                rows[table] = kind.erase(change.conn, found[table])
    if "devices" in found:
        rows["devices"] = devices.forget(change.conn, found["devices"])
    return RecordsErased(rows, tuple(found.get("waivers", ())), tuple(found.get("attestations", ())))
