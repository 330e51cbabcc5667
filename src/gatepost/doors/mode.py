"""A door's mode beside its copy: a door whose copy is lost still knows whether it may refuse anything."""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from gatepost.doors.entry import Mode, decode_mode
from gatepost.doors.judge import Judge


class KeptMode:
    """TABLE.mode, beside the door's copy TABLE: observe or enforce, as the copy said last."""

    def __init__(self, table: Path, judge: Judge) -> None:
        """Tells the judge what is kept, if anything is. OSError."""
        self._path = table.with_name(f"{table.name}.mode")
        self._judge = judge
        self._written: Mode | None = None
        # A file that says neither is as good as none: then the door answers what the site declared.
        with contextlib.suppress(FileNotFoundError, ValueError):
            judge.kept = self._written = decode_mode(self._path.read_bytes().strip())

    def push(self, _keys: Sequence[bytes]) -> None:
        """Write down what the copy says now, where that is another than before. OSError."""
        mode = self._judge.mode()
        if mode is None or mode == self._written:
            return
        scratch = self._path.with_name(f"{self._path.name}.new")
        with scratch.open("wb") as file:
            file.write(mode.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(self._path)
        self._judge.kept = self._written = mode
