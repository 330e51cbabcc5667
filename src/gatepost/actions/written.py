"""Files outside the database that name people: remembered where they were written, removed when their time is over."""

from collections.abc import Iterable
from pathlib import Path

from gatepost.actions.change import looking
from gatepost.actions.site import Site
from gatepost.storage import written_files
from gatepost.storage.written_files import Sort, Written


def remember(site: Site, kind: Sort, path: Path, person: str = "") -> None:
    """A file was just written."""
    path = path.resolve()
    about = path.stat()
    with site.store.writing() as conn:
        row = Written(str(path), kind, site.clock.now(), about.st_size, about.st_mtime_ns, person)
        written_files.add(conn, row)


def there(files: Iterable[Written]) -> list[str]:
    """The paths at which that very file is still."""
    return [one.path for one in files if _is(one)]


def remove(site: Site, files: Iterable[Written]) -> tuple[str, ...]:
    """Remove these, if that very file is still there, and forget them. What was removed.

    What the disk does not let go is tried again at the next time.
    """
    removed = []
    for one in files:
        try:
            if _is(one):
                Path(one.path).unlink()
                removed.append(one.path)
        except OSError:
            continue
        with site.store.writing() as conn:
            written_files.forget(conn, one.path)
    return tuple(removed)


def _is(one: Written) -> bool:
    """Whether the file is the one that we wrote: what somebody put in its place is theirs."""
    try:
        about = Path(one.path).lstat()
    except OSError:
        return False
    return (about.st_size, about.st_mtime_ns) == (one.size, one.modified_ns)


def backups(site: Site) -> list[str]:
    """Where backups are still, as far as the site knows."""
    with looking(site) as conn:
        return there(written_files.everything(conn, "backup"))
