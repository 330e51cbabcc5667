"""The program from outside: commands, long-running servers, the settings file."""

import atexit
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import IO, Any

from tests.servers.warm import Warm

PROGRAM = Path(sys.executable).with_name("gatepost")
ADMIN = "root@example.com"


@dataclass(frozen=True)
class Completed:
    """What a command did."""

    exit: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """The one JSON document on standard output."""
        return json.loads(self.stdout)


def environment() -> dict[str, str]:
    """Nothing of the tester's own settings, nor of their Python's or terminal's."""
    return {
        key: value for key, value in os.environ.items() if not key.startswith(("GATEPOST", "PYTHON", "FORCE_COLOR"))
    }


def configure(site: Path, **settings: object) -> None:
    """Change settings in gatepost.toml, as a person with an editor would: `smtp__port=2525` is [smtp] port."""
    path = site / "gatepost.toml"
    text = path.read_text()
    for name, value in settings.items():
        section, _, key = name.rpartition("__")
        section = section.replace("__", ".")
        pattern = rf"(?ms)(^\[{section}\](?:(?!^\[).)*?^{key} = )[^\n]*"
        text, count = re.subn(pattern, partial(_with_value, json.dumps(value)), text)
        assert count == 1, f"[{section}] {key} stands {count} times in {path}"
    path.write_text(text)


def _with_value(value: str, found: re.Match[str]) -> str:
    return found[1] + value


class Server:
    """A long-running command that has said that it is ready."""

    def __init__(self, process: subprocess.Popen[bytes], ready: str, log: Path) -> None:
        self.process, self.ready, self._log = process, ready, log

    @property
    def log(self) -> str:
        return self._log.read_text()

    def kill(self) -> None:
        """As a power cut would end it."""
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> int:
        """SIGTERM; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def close(self) -> None:
        if self.process.stdout is not None:
            self.process.stdout.close()


def run(*arguments: object, site: Path | None = None, stdin: str | bytes = b"", exit: int | None = 0) -> Completed:
    """One command line. AssertionError if it does not end with `exit` (None: however it ends)."""
    words = [*map(str, arguments), *(() if site is None else ("--site", str(site)))]
    done = _warm().run(words, stdin.encode() if isinstance(stdin, str) else stdin)
    completed = Completed(done.code, done.stdout.decode(), done.stderr.decode())
    assert exit is None or completed.exit == exit, f"gatepost {' '.join(words)}: {completed}"
    return completed


@cache
def _warm() -> Warm:
    """Of this process of tests, until it ends."""
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    return Warm(Path(folder.name), environment())


def console(*words: str, exit: int = 0) -> Completed:
    """The same by the console script itself."""
    done = subprocess.run([str(PROGRAM), *words], capture_output=True, timeout=120, text=True, env=environment())
    assert done.returncode == exit, f"{' '.join(words)}: {done}"
    return Completed(done.returncode, done.stdout, done.stderr)


def start(site: Path, log: Path, *command: str) -> Server:
    """Start a long-running command and wait for its ready line. `log`: where its standard error goes."""
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [str(PROGRAM), *command, "--site", str(site)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=environment(),
        )
    assert process.stdout is not None
    server = Server(process, _first_line(process.stdout, 60), log)
    if not server.ready:
        server.kill()
        server.close()
        raise AssertionError(f"no ready line; its log says:\n{server.log}")
    return server


def _first_line(stream: IO[bytes], seconds: float) -> str:
    """The first line, "" if it does not come in time or the process ends before."""
    lines: list[bytes] = []
    reader = threading.Thread(target=lambda: lines.append(stream.readline()), daemon=True)
    reader.start()
    reader.join(seconds)
    return lines[0].decode().strip() if lines else ""


def eventually(holds: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Wait until something holds; AssertionError, saying what did not, if it does not in time."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, f"not after {seconds} s: {what}"
        time.sleep(0.02)
