"""Writing a door's copy anew after an erasure: LMDB's free pages keep the bytes of what was deleted.

A new file is written beside the old one, some records at a time, between which the door goes on taking changes in; when
it is whole it takes the old one's place. So no retraction waits for it, and whatever is killed when, one of the two
files is there and sound.
"""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import lmdb

from gatepost import clock
from gatepost.core.instant import Duration

SLICE: Final[Duration] = 40
LOOK_EVERY: Final = 256
"""Records written between two looks at the time."""

NAME: Final = "anew"
DATA: Final = "data.mdb"


def put_all(txn: lmdb.Transaction, records: Iterable[tuple[bytes, bytes | None]]) -> None:
    """Write these records; None takes one away."""
    for key, record in records:
        if record is None:
            txn.delete(key)
        else:
            txn.put(key, record)


class Anew:
    """The new file. `go_on` until it says that all is written, `also` what changes meanwhile, then `take_place`."""

    def __init__(self, path: Path, keys: Iterable[bytes], map_size: int) -> None:
        """`path`: of the copy; `keys`: of its records now. OSError, lmdb.Error."""
        self._path = path
        self._scratch = path / NAME
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir(mode=0o700)
        self._env = lmdb.open(str(self._scratch), map_size=map_size, mode=0o600, sync=False)
        self._keys: Iterator[bytes] = iter(sorted(keys))

    def go_on(self, records: Mapping[bytes, bytes]) -> bool:
        """A slice of it. Whether everything is written."""
        until = clock.boot_elapsed() + SLICE
        with self._env.begin(write=True) as txn:
            for count, key in enumerate(self._keys, 1):
                if (record := records.get(key)) is not None:
                    txn.put(key, record)
                if count % LOOK_EVERY == 0 and clock.boot_elapsed() >= until:
                    return False
        return True

    def also(self, records: Iterable[tuple[bytes, bytes | None]]) -> None:
        """What was written to the copy meanwhile."""
        with self._env.begin(write=True) as txn:
            put_all(txn, records)

    def take_place(self) -> None:
        """Durably. Nobody may have the old file open."""
        self._env.sync(True)
        self._env.close()
        (self._scratch / DATA).replace(self._path / DATA)
        shutil.rmtree(self._scratch, ignore_errors=True)
        descriptor = os.open(self._path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def abandon(self) -> None:
        self._env.close()
        shutil.rmtree(self._scratch, ignore_errors=True)
