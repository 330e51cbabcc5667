"""Backup and restore of a site. A restored site may be behind what the world has seen, so it acts for nobody until the
newest checkpoint known outside was shown to it and its ledger holds that checkpoint."""

import shutil
import sqlite3
import tarfile
import tempfile
from pathlib import Path

from gatepost.actions.change import changing, looking
from gatepost.actions.checkpoint import issue_checkpoint
from gatepost.actions.door_mode import publish_modes
from gatepost.actions.erase import erase_again, finish_erasures, note_erased
from gatepost.actions.live import live_rules, rule_entries
from gatepost.actions.own_link import make_key
from gatepost.actions.site import KEY_FILE, Site
from gatepost.actions.stream import new_stream
from gatepost.actions.who import ADMIN, OPERATOR, acting
from gatepost.actions.written import remember
from gatepost.config import FILE, Settings, load_settings
from gatepost.core.ledger.checkpoint import parse
from gatepost.core.ledger.events import BackupMade, RestoreAcknowledged
from gatepost.core.ledger.merkle import leaf_hash, root_of
from gatepost.core.refusal import Code, Refusal
from gatepost.doors.entry import RULE
from gatepost.signatures import note
from gatepost.storage import ledger, sessions, sitemeta

DATABASE = "database.sqlite"
PARTS = (FILE, KEY_FILE, DATABASE)


def backup(site: Site, by: str | None, target: Path) -> dict[str, object] | Refusal:
    """Write settings, signing key and a consistent copy of the database to one file, readable by its owner only."""
    with changing(site) as change:
        actor = acting(change, by, ADMIN, OPERATOR)
        if isinstance(actor, Refusal):
            return actor
        size, root = change.root()
        change.record(BackupMade(size, root.hex()))
        checkpoint = issue_checkpoint(change)
    with tempfile.TemporaryDirectory(dir=target.resolve().parent) as scratch:
        copy = Path(scratch) / DATABASE
        _copy_database(site.settings.database.path, copy)
        packed = Path(scratch) / "packed"
        packed.touch(mode=0o600)
        with tarfile.open(packed, "w:gz") as archive:
            for name, path in ((FILE, site.directory / FILE), (KEY_FILE, site.directory / KEY_FILE), (DATABASE, copy)):
                archive.add(path, arcname=name)
        packed.replace(target)
    remember(site, "backup", target)
    return {"file": str(target), "entries": size + 1, "checkpoint": checkpoint}


def _copy_database(source: Path, target: Path) -> None:
    """A consistent copy while the site goes on (SQLite's online backup)."""
    with sqlite3.connect(source) as live, sqlite3.connect(target) as copy:
        live.backup(copy)
    copy.close()
    live.close()


def restore(archive_file: Path, directory: Path, erased: Path | None = None) -> Refusal | None:
    """Put a backup's parts into an empty directory and mark the site as not yet acknowledged.

    `erased`: the lost site's file of that name: who was erased since. Raises OSError if a file cannot be opened.
    """
    since = erased.read_text(encoding="ascii").split() if erased else []
    if directory.exists() and any(directory.iterdir()):
        return Refusal(Code.SITE_EXISTS, f"{directory} is not empty; restore into an empty directory.")
    archive_file.open("rb").close()  # a file that is not there is no bad backup
    try:
        with tarfile.open(archive_file, "r:gz") as archive:
            names = sorted(archive.getnames())
            if names != sorted(PARTS):
                return Refusal(
                    Code.BACKUP_INVALID, f"{archive_file} is not a backup of a site: it holds {', '.join(names)}."
                )
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)  # a backup holds the names of people
            archive.extractall(directory, filter="data")
    except (tarfile.TarError, EOFError, OSError) as error:
        shutil.rmtree(directory, ignore_errors=True)
        return Refusal(Code.BACKUP_INVALID, f"{archive_file} cannot be read as a backup: {error}.")
    settings = load_settings(directory)
    if not isinstance(settings, Settings):
        return Refusal(Code.BACKUP_INVALID, f"The backup's settings are wrong: {settings[0]}")
    database = settings.database.path
    if database.exists() and database != directory / DATABASE:
        return Refusal(Code.SITE_EXISTS, f"{database} exists already; it is not overwritten.")
    _mark_restored(directory)
    make_key(directory)
    note_erased(directory, since)
    # Last of all: until the database is in its place nothing can act, so a restore that is cut off leaves no site.
    shutil.move(directory / DATABASE, database)
    return None


def _mark_restored(directory: Path) -> None:
    """The unpacked database acts for nobody yet, its change stream has a new name, and only its owner reads it."""
    for secret in (directory / KEY_FILE, directory / DATABASE):
        secret.chmod(0o600)
    conn = sqlite3.connect(directory / DATABASE)
    with conn:
        rows = ((sitemeta.UNACKNOWLEDGED, "1"), (sitemeta.STREAM, new_stream(directory)))
        statement = "INSERT INTO site (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
        conn.executemany(statement, rows)
        # Until then no door learns a rule from it: one that was retracted after the backup must not block again (I-8).
        conn.execute("UPDATE entries SET value = NULL WHERE substr(key, 1, ?) = ?", (len(RULE), RULE))
    conn.close()


def acknowledge(site: Site, by: str | None, checkpoint: str) -> dict[str, object] | Refusal:
    """Show the newest checkpoint known outside: if the restored ledger holds it, the site may act again."""
    try:
        held = parse(note.verify(checkpoint, site.note_key.verifier))
    except ValueError as error:
        return Refusal(Code.CHECKPOINT_MISMATCH, f"That is not a checkpoint of this site: {error}.")
    with looking(site) as conn:
        leaves = [leaf_hash(row.leaf) for row in ledger.rows(conn)]
    if held.size > len(leaves):
        return Refusal(
            Code.CHECKPOINT_MISMATCH,
            f"The world has seen {held.size} entries, this ledger has {len(leaves)}: a newer backup must be restored.",
        )
    if root_of(leaves[: held.size]) != held.root:
        return Refusal(Code.CHECKPOINT_MISMATCH, "This ledger is not the one that the checkpoint was made of.")
    with changing(site) as change:
        actor = acting(change, by, ADMIN, restored=True)
        if isinstance(actor, Refusal):
            return actor
        sitemeta.put(change.conn, sitemeta.UNACKNOWLEDGED, "")
        sessions.forget_all(change.conn)  # somebody may have signed out since, or their cookie have been made anew
        change.publish(rule_entries(live_rules(change.conn)))
        publish_modes(change)
        change.record(RestoreAcknowledged(held.size, held.root.hex()))
        again = erase_again(change)
    if again:
        finish_erasures(site)
    return {"entries": len(leaves), "acknowledged": held.size, "erased_again": again}
