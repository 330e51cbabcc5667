"""Breaking the glass: whoever administers a door's machine opens the door by a file, with everything else down.

    TABLE.glass           beside the door's copy TABLE: while it is there all mail passes, whatever is in it
    TABLE.glass.INSTANT   what is to be told of an opening that ended, until the site has recorded it

A file of that name made by hand opens the door too. On a disk that takes nothing the file is kept in the machine's
memory; there it counts only if it belongs to root or to whoever runs the door, for anybody may write there. So its name
ends at random, and every file there counts whose name begins rightly: one that somebody else laid is in nobody's way.
"""

import contextlib
import hashlib
import json
import os
import pwd
import secrets
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from gatepost.core.instant import Instant
from gatepost.doors.report import Closed, Opened

MEMORY: Final = Path("/dev/shm")  # noqa: S108 (what is read there is looked at for its owner)
LONGEST: Final = 16_000
"""Bytes of a file that are read."""

_GONE: Final = (FileNotFoundError, NotADirectoryError)


class Broken(NamedTuple):
    """`opened`: how the door stands open, perhaps since an earlier time. `lasts`: past a restart of the machine."""

    opened: Opened
    lasts: bool


def break_glass(table: Path, at: Instant, by: str, reason: str) -> Broken:
    """Open the door that has this copy; one that stands open already stays as it was opened. OSError."""
    text = _text(at=at, by=by, reason=reason[:1000])
    try:
        lay(_glass(table), text)
    except FileExistsError:
        pass
    except OSError:
        if not any(_in_memory(table)):
            lay(MEMORY / f"{_begins(table)}.{secrets.token_hex(8)}.glass", text)
    opened = look(table)
    if opened is None:
        raise FileNotFoundError(None, "somebody closed the door at this moment", str(_glass(table)))
    return Broken(opened, _glass(table).exists())


def mend(table: Path, at: Instant, by: str) -> Closed | None:
    """Let the door go by its copy again. None if it did not stand open. OSError, and then it stands open still."""
    opened = look(table)
    if opened is None:
        return None
    with contextlib.suppress(FileExistsError):
        lay(_glass(table).with_suffix(f".glass.{at}"), _text(**opened._asdict(), closed_at=at, closed_by=by))
    for path in (_glass(table), *_in_memory(table)):
        path.unlink(missing_ok=True)
    return Closed(opened, at, by)


def look(table: Path) -> Opened | None:
    """How the door with this copy stands open; None if it does not. OSError: nobody can tell."""
    for path in (_glass(table), *_in_memory(table)):
        with contextlib.suppress(*_GONE):
            return _opened(read(path), path.lstat())
    return None


def endings(table: Path) -> tuple[Closed, ...]:
    """The openings that ended, oldest first, of which the site was not told yet."""
    return tuple(sorted((closed for _, closed in _endings(table)), key=lambda closed: closed.at))


def forget(table: Path, told: Iterable[Closed]) -> None:
    """The site knows of these. What the disk does not let go is told again; the site knows it by its instant."""
    known = set(told)
    for path, closed in _endings(table):
        if closed in known:
            with contextlib.suppress(OSError):
                path.unlink()


def somebody() -> str:
    """Who does this, as the machine knows them."""
    number = os.getuid()
    try:
        name = pwd.getpwuid(number).pw_name
    except KeyError:
        name = f"user {number}"
    before = os.environ.get("SUDO_USER", "")
    return f"{name} (sudo by {before})" if before else name


class Watch:
    """What a running door knows of its glass. `opened`: how it stands open."""

    def __init__(self, table: Path, show: Callable[[bool], None]) -> None:
        """`show` is told at each look whether the door stands open. The first look is now, so that a door that was
        opened never refuses anything after a restart."""
        self.opened: Opened | None = None
        self._table = table
        self._show = show
        self.look()

    def look(self) -> None:
        """To be called now and then, from any thread."""
        with contextlib.suppress(OSError):  # nobody can tell: it stands as it stood
            self.opened = look(self._table)
        self._show(self.opened is not None)


def _glass(table: Path) -> Path:
    return table.with_name(f"{table.name}.glass")


def _begins(table: Path) -> str:
    """How the names of this door's files in the memory begin."""
    return f"gatepost-{hashlib.sha256(str(table.resolve()).encode()).hexdigest()[:32]}"


def _in_memory(table: Path) -> Iterator[Path]:
    """The files in the machine's memory that open this door. OSError."""
    begins = _begins(table)
    with contextlib.suppress(*_GONE), os.scandir(MEMORY) as found:
        for entry in found:
            if entry.name.startswith(begins) and entry.name.endswith(".glass"):
                with contextlib.suppress(*_GONE):
                    about = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(about.st_mode) and about.st_uid in (0, os.geteuid()):
                        yield MEMORY / entry.name


def lay(path: Path, text: bytes) -> None:
    """Write a file that is not there yet, whole or not at all, and durably. FileExistsError, OSError."""
    try:
        descriptor, scratch = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".new", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                if os.geteuid() == 0 and path.parent != MEMORY:
                    about = path.parent.stat()
                    os.fchown(descriptor, about.st_uid, about.st_gid)  # who runs the door has to read why
                file.write(text)
                file.flush()
                os.fsync(descriptor)
            os.link(scratch, path)
        finally:
            os.unlink(scratch)
        _sync(path.parent)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None  # a full disk names no file


def _sync(folder: Path) -> None:
    """Make what stands in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(path: Path) -> bytes:
    """What the file holds, which may be anything; b"" if it cannot be read: it counts all the same."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(descriptor, LONGEST)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def _text(**facts: object) -> bytes:
    return json.dumps(facts).encode() + b"\n"


def _opened(data: bytes, about: os.stat_result) -> Opened:
    """What a glass file says; of one made by hand, its owner, time and text."""
    try:
        facts = json.loads(data)
        return Opened(int(facts["at"]), str(facts["by"]), str(facts["reason"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        said = data.decode("utf-8", "replace").strip()
        return Opened(about.st_mtime_ns // 1_000_000, f"user {about.st_uid}", said or "a file was laid there by hand")


def _endings(table: Path) -> Iterator[tuple[Path, Closed]]:
    # By the instant alone: a file that is still being written has more behind it, and must not be taken away.
    for path in table.parent.glob(f"{table.name}.glass.*[0-9]"):
        # A file that is not ours is no reason to tell nothing at all.
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
            facts = json.loads(data := read(path))
            yield path, Closed(_opened(data, path.stat()), int(facts["closed_at"]), str(facts["closed_by"]))
