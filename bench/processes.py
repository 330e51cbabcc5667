"""Processes that a benchmark starts: they say when they are ready, and are gone when it ends."""

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

ROOT: Final = Path(__file__).parents[1]
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class Missing(Exception):
    """A program that a benchmark needs is not installed; the text names its Debian package."""


def program(name: str, package: str) -> str:
    """Where a program is. Servers live where only root's PATH looks. Raises Missing."""
    for folder in (*os.environ.get("PATH", os.defpath).split(os.pathsep), "/usr/sbin", "/usr/local/sbin"):
        path = Path(folder) / name
        if os.access(path, os.X_OK):
            return str(path)
    raise Missing(f"{name} is not here; it is in the Debian package {package}: apt-get install {package}")


def free_port() -> int:
    """A port on loopback that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """A module of ours as a process that writes the line `ready` when it is."""

    def __init__(self, module: str, arguments: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments], stdout=subprocess.PIPE, cwd=ROOT, text=True
        )

    def __enter__(self) -> "Process":
        self.line("ready")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(20)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def line(self, wanted: str) -> None:
        """Wait for a line. RuntimeError if the process ends before it."""
        for line in self._process.stdout or ():
            if line.strip() == wanted:
                return
        raise RuntimeError(f"a process ended before it said {wanted!r}")

    def cpu_seconds(self) -> float:
        """What it has used of a processor so far, in user and system mode (proc(5), stat)."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS
