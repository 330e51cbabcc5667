"""A real nginx on loopback, with everything that it writes under a directory of the test."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers.ports import wait_for

SEARCH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"])


class Nginx:
    """Runs `files`, by name, or what stands in the directory `prefix` already: nginx.conf first.

    Starts on entering, waits for `port`, stops on leaving.
    """

    def __init__(self, prefix: Path, port: int, files: Mapping[str, bytes] = {}) -> None:
        self._prefix = prefix
        self._port = port
        self._files = files
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        for name, content in self._files.items():
            (self._prefix / name).parent.mkdir(parents=True, exist_ok=True)
            (self._prefix / name).write_bytes(content)
        program = shutil.which("nginx", path=SEARCH)
        assert program, "the test lacks its needs marker"
        # As root, nginx would give its workers to another user, who cannot enter the test's directory.
        here = "daemon off; user root;" if os.geteuid() == 0 else "daemon off;"
        place = ["-p", str(self._prefix), "-c", "nginx.conf", "-e", "error.log"]
        self._process = subprocess.Popen([program, *place, "-g", here])
        try:
            wait_for(self._port)
        except TimeoutError as error:
            self.stop()
            raise AssertionError((self._prefix / "error.log").read_text()) from error

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
