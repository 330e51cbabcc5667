"""A real Caddy on loopback, with everything that it writes under a directory of the test."""

import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers.ports import wait_for

PROGRAM = Path(sys.executable).with_name("caddy")


class Caddy:
    """Runs the Caddyfile in a directory. Starts on entering, waits for `port`, stops on leaving."""

    def __init__(self, directory: Path, port: int) -> None:
        self._directory, self._port = directory, port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        return (self._directory / "caddy.log").read_text()

    def start(self) -> None:
        with (self._directory / "caddy.log").open("ab") as log:
            command = [str(PROGRAM), "run", "--config", "Caddyfile"]
            self._process = subprocess.Popen(command, cwd=self._directory, env=_home(self._directory), stderr=log)
        try:
            wait_for(self._port)
        except TimeoutError as error:
            self.stop()
            raise AssertionError(self.log) from error

    def stop(self) -> None:
        if self._process:
            self._process.kill()  # SIGTERM would wait for clients that hold a connection open
            self._process.wait(10)
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def validate(directory: Path) -> subprocess.CompletedProcess[str]:
    """What Caddy itself says of the Caddyfile in a directory."""
    command = [str(PROGRAM), "validate", "--adapter", "caddyfile", "--config", "Caddyfile"]
    return subprocess.run(command, cwd=directory, env=_home(directory), capture_output=True, text=True, timeout=30)


def _home(directory: Path) -> dict[str, str]:
    """Where Caddy keeps what it finds worth keeping."""
    return os.environ | {name: str(directory / "kept") for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "HOME")}
