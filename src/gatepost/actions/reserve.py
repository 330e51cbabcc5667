"""16 MiB kept on the disk, so that a retraction still has room when everything else has filled it (I-40)."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy.exc import OperationalError

from gatepost.storage.store import is_full

T = TypeVar("T")

RESERVE = 16 * 1024 * 1024
NAME = "reserve"
"""The file; one that is empty was given up."""


def keep_reserve(directory: Path) -> bool:
    """Make sure the reserve is there; false if there is no room for it now.

    One that was given up is taken back only where as much again stays free: else the worker would snatch away what a
    retraction has just freed for itself.
    """
    path = directory / NAME
    given_up = path.exists() and path.stat().st_size == 0
    if path.exists() and path.stat().st_size == RESERVE:
        return True
    if given_up and shutil.disk_usage(directory).free < 2 * RESERVE:
        return False
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
    if not path.exists() or not path.stat().st_size:
        return False
    os.truncate(path, 0)
    return True


def despite_full_disk(directory: Path, act: Callable[[], T]) -> T:
    """Do something that has to be done though the disk be full: then with the reserve given up."""
    try:
        return act()
    except OperationalError as error:
        if not is_full(error) or not free_reserve(directory):
            raise
        return act()
