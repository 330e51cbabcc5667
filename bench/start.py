"""What somebody at a terminal waits for before anything happens, in wall time."""

import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final

from bench.figures import Figure

GATEPOST: Final = Path(sys.executable).with_name("gatepost")


def run(scratch: Path, quick: bool) -> list[Figure]:
    """The figure."""
    turns = 2 if quick else 20
    _timed([str(GATEPOST), "--help"], scratch)  # once before, so that the files are in memory
    taken = [_timed([str(GATEPOST), "--help"], scratch) for _ in range(turns)]
    bare = [_timed([sys.executable, "-I", "-c", "pass"], scratch) for _ in range(turns)]
    parts = (f"n = {turns}, worst {max(taken):.0f} ms", f"a bare interpreter {median(bare):.0f} ms")
    return [Figure("gatepost --help, median", median(taken), "ms", at_most=150, parts=parts)]


def _timed(command: list[str], directory: Path) -> float:
    """Milliseconds of wall time."""
    begin = perf_counter()
    said = subprocess.run(command, cwd=directory, check=True, capture_output=True).stdout
    taken = (perf_counter() - begin) * 1000
    if "--help" in command and b"policy" not in said:
        raise AssertionError("the help does not name the commands")
    return taken
