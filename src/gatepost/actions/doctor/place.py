"""The site's machine: its files, its disk, its worker."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gatepost.actions.doctor.finding import Finding, fail, ok, skipped, warn
from gatepost.actions.reserve import NAME, RESERVE
from gatepost.actions.site import KEY_FILE, LINK_KEY_FILE, Site

WORKER_LOCK: Final = "worker.lock"
LITTLE: Final = 4 * RESERVE
"""Bytes free below which the next import may fail."""


def examine(site: Site) -> Iterator[Finding]:
    yield _files(site)
    yield from _disk(site)
    yield _reserve(site)
    yield _worker(site)


def _files(site: Site) -> Finding:
    """Whoever reads a key can sign checkpoints, or open people's own pages; the database and a door's copy name
    people."""
    settings = site.settings
    keys = [site.directory / KEY_FILE, site.directory / LINK_KEY_FILE]
    secret = [*keys, settings.database.path, settings.smtp.password_file, settings.sign_in.client_secret_file]
    secret += [path for door in settings.doors.values() for path in (door.table, door.doveadm_key_file, door.tls_key)]
    exposed = [str(path) for path in secret if path is not None and _others_read(path)]
    if exposed:
        todo = f"chmod go-rwx {' '.join(exposed)}"
        return fail("files", f"others on this machine can read {', '.join(exposed)}", todo)
    return ok("files", "nobody else on this machine can read keys, passwords, the database or a door's copy")


def _others_read(path: Path) -> bool:
    """By the file's own mode, within a folder that others can enter."""
    try:
        return bool(path.stat().st_mode & 0o077) and bool(path.parent.stat().st_mode & 0o011)
    except OSError:
        return False


def _disk(site: Site) -> Iterator[Finding]:
    places = {site.directory, site.settings.database.path.parent}
    places |= {door.table.parent for door in site.settings.doors.values()}
    devices = {place.stat().st_dev: place for place in sorted(places, reverse=True) if place.exists()}
    for place in devices.values():
        about = shutil.disk_usage(place)
        found = f"{about.free >> 20:,} MiB of {about.total >> 20:,} MiB are free at {place}"
        if about.free < LITTLE:
            yield fail("disk", found, "Make room: nothing but a retraction can be written on a full disk.")
        elif about.free * 20 < about.total:
            yield warn("disk", found, "Make room before it is full.")
        else:
            yield ok("disk", found)


def _reserve(site: Site) -> Finding:
    path = site.directory / NAME
    if path.exists() and path.stat().st_size == RESERVE:
        return ok("reserve", f"{RESERVE >> 20} MiB are kept for a retraction on a full disk")
    todo = "Make room, and let the worker run: it lays them up again."
    return warn("reserve", "nothing is kept for a retraction on a full disk", todo)


def _worker(site: Site) -> Finding:
    """It holds a lock while it runs; we take it for a moment as a reader would."""
    path = site.directory / WORKER_LOCK
    todo = "Start it: `gatepost serve` or `gatepost worker`. Without it nobody is told, and no deadline is recorded."
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return fail("worker", "no worker ever ran here", todo)
    except PermissionError:
        return skipped("worker", f"{path} cannot be opened", "Run the doctor as the user of the site.")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return ok("worker", "the worker runs")
    finally:
        os.close(descriptor)
    return fail("worker", "no worker runs", todo)
