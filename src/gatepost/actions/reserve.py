"""16 MiB kept on the disk, so that a retraction still has room when everything else has filled it (I-40)."""

import os
from pathlib import Path

RESERVE = 16 * 1024 * 1024
NAME = "reserve"


def keep_reserve(directory: Path) -> bool:
    """Make sure the reserve is there; false if there is no room for it now."""
    path = directory / NAME
    if path.exists() and path.stat().st_size == RESERVE:
        return True
    try:
        with path.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, RESERVE)
    except OSError:
        path.unlink(missing_ok=True)
        return False
    return True


def free_reserve(directory: Path) -> bool:
    """Give the reserve up; false if it was given up already."""
    path = directory / NAME
    if not path.exists():
        return False
    path.unlink()
    return True
