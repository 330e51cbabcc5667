"""A server in the foreground, in a process group of its own, which ends with whoever started it."""

import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers.ports import wait_for

SEARCH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"])
STARTS_WITHIN = 60
STOPS_WITHIN = 5
"""Seconds; after that it is killed with all its children."""

_SET_PARENT_DEATH_SIGNAL = 1


class Daemon:
    """`log`: where its output goes, shown when it does not listen on `port`. `user`: who runs it. `stop_by`: the signal
    that stops it, and all its children, without waiting for its clients. Starts on entering, stops on leaving."""

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        port: int,
        *,
        user: str | None = None,
        env: Mapping[str, str] | None = None,
        stop_by: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.log, self.port = log, port
        self._command, self._user, self._env, self._stop_by = command, user, env, stop_by
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        account = pwd.getpwnam(self._user) if self._user else None
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [found(self._command[0]), *self._command[1:]],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._env,
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
                extra_groups=[] if account else None,
                start_new_session=True,
                preexec_fn=_ending_with_parent(self._stop_by),
            )
        if not self._listens():
            self.stop()
            raise AssertionError(f"{self._command[0]} does not listen; it says:\n{self.log.read_text()}")

    def _listens(self) -> bool:
        """Whether it came to that; it did not if it ended."""
        until = time.monotonic() + STARTS_WITHIN
        while self._process is not None and self._process.poll() is None and time.monotonic() < until:
            with contextlib.suppress(TimeoutError):
                wait_for(self.port, 0.2)
                return True
        return False

    def stop(self) -> None:
        if self._process is None:
            return
        os.killpg(self._process.pid, self._stop_by)
        try:
            self._process.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(STOPS_WITHIN)
        self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def found(program: str) -> str:
    """Where a program is; servers live where only root's PATH looks."""
    path = shutil.which(program, path=SEARCH)
    assert path, f"{program} is not here: the test lacks its needs marker"
    return path


def _ending_with_parent(number: signal.Signals) -> Callable[[], None]:
    """Linux: that signal when the parent dies, even of SIGKILL. To be run after the change of user, which undoes it."""
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(_SET_PARENT_DEATH_SIGNAL, number)
