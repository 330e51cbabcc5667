"""Retention: what names a person is erased when its time is over, some at a time, once an hour.

Each pass is one change with one entry of the ledger: how many rows of which kind, never whose.
"""

from collections.abc import Mapping

from sqlalchemy import Connection

from gatepost.actions import written
from gatepost.actions.change import Change, changing, looking
from gatepost.actions.erase import erase_all, keeps_shared, note_erased
from gatepost.actions.live import live_rules
from gatepost.actions.sign_in import forget_over
from gatepost.actions.site import Site
from gatepost.core.instant import HOUR, Instant
from gatepost.core.ledger.privacy_events import RecordsErased
from gatepost.storage import access, belongings, devices, feed, retention, sitemeta, written_files
from gatepost.storage.retention import Bound, Keys

EVERY = HOUR

PART = 2000
"""Rows of a kind erased in one change."""

PEOPLE = 5
"""People erased in one change: each costs a look through the ledger while nobody else writes (I-18)."""

BECAUSE = "The time for which people who left are kept is over."

Found = dict[str, Keys]
"""Rows whose time is over, by table."""


def keep_retention(site: Site) -> bool:
    """A step of time. Whether anything was erased, so that more may be waiting."""
    with looking(site) as conn:
        now = site.clock.now()
        if 0 <= now - sitemeta.number(conn, sitemeta.RETENTION_AT) < EVERY:
            return False
        people = _people_over(site, conn, now)
        files = _files_over(site, conn, now)
        waiting = bool(people or any(_over(site, conn, now).values()))
    gone = written.remove(site, files)
    if waiting:
        _erase(site)
        return True
    with site.store.writing() as conn:
        feed.forget_heard(conn)
        forget_over(site, conn, now)
        sitemeta.put(conn, sitemeta.RETENTION_AT, str(now))
    return bool(gone)


def _before(site: Site, setting: str, now: Instant) -> Instant | None:
    """What ended before this instant is over; None: never."""
    kept: int = getattr(site.settings.retention, setting)
    return now - kept if kept else None


def _over(site: Site, conn: Connection, now: Instant) -> Found:
    asked = frozenset(app.id for known in live_rules(conn).values() for app in known.proposal.apps)
    found: Found = {}
    for setting, kinds in retention.KINDS.items():
        before = _before(site, setting, now)
        for table, kind in kinds.items() if before is not None else ():
            found[table] = kind.over(conn, Bound(before or 0, asked, PART))
    before = _before(site, "devices_retired", now)
    found["devices"] = retention.devices_over(conn, before or 0, PART)
    return found


def _people_over(site: Site, conn: Connection, now: Instant) -> list[str]:
    """Who left long enough ago and whom nothing holds: a policy that may owe them a word, a role, a shared device."""
    gone = retention.people_over(conn, _before(site, "people_left", now) or 0)
    if not gone:
        return []
    held = {grant.person for grant in access.grants(conn)} | {key.person for key in access.keys_of(conn)}
    held |= retention.concerned(conn, gone)
    free = [ref for ref in gone if ref not in held][:PEOPLE]
    return [ref for ref in free if not keeps_shared(conn, belongings.whose(conn, ref))]


def _files_over(site: Site, conn: Connection, now: Instant) -> list[written_files.Written]:
    backups = written_files.everything(conn, "backup", before=_before(site, "backups", now))
    return backups + written_files.everything(conn, "export", before=_before(site, "exports", now))


def _erase(site: Site) -> None:
    with changing(site) as change:
        people = _people_over(site, change.conn, change.now)
        for ref in people:
            erase_all(change, belongings.whose(change.conn, ref), BECAUSE)
        found = {table: keys for table, keys in _over(site, change.conn, change.now).items() if keys}
        if found:
            change.record(_erased(change, found))
    note_erased(site.directory, people)


def _erased(change: Change, found: Mapping[str, Keys]) -> RecordsErased:
    rows = {}
    for kinds in retention.KINDS.values():
        for table, kind in kinds.items():
            if table in found:
                rows[table] = kind.erase(change.conn, found[table])
    if "devices" in found:
        rows["devices"] = devices.forget(change.conn, found["devices"])
    return RecordsErased(rows, tuple(found.get("waivers", ())), tuple(found.get("attestations", ())))
