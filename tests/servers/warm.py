"""`gatepost`, imported once for many commands: its imports take four times as long as most of what it does.

    python -m tests.servers.warm FIFO|/dev/stdin

reads requests from there and runs each in a fork: the program's own `main`, in the caller's directory, on the
caller's standard streams. `FUNCTION` is what a shell calls instead of the console script, `Warm` what a test does.
tests/journeys/test_command_line.py, the demo and everything that goes on running have the console script itself.
"""

import importlib
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import BinaryIO, NamedTuple, NoReturn

ROOT = Path(__file__).parents[2]

STDIN = "/dev/stdin"

TAKES_AT_MOST = 120
"""Seconds for a command of a test's."""

FUNCTION = r"""
# The caller's streams as 7, 8, 9: its own 1 leads elsewhere for a moment while it writes the request.
gatepost() {
  local reply=$WARM.$BASHPID code
  mkfifo "$reply"
  {
    local mine=/proc/$BASHPID/fd
    printf '%s\0' "$#" "$reply" "$PWD" "${GATEPOST_SITE-}" "$mine/7" "$mine/8" "$mine/9" "$@" > "$WARM"
    read -r code < "$reply"
  } 7<&0 8>&1 9>&2
  rm "$reply"
  return "$code"
}
"""


class Ended(NamedTuple):
    code: int
    stdout: bytes
    stderr: bytes


class Warm:
    """A process that has imported everything, for the commands of a test. `folder`: an empty one, for itself. It ends
    with whoever made it."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self._folder, self._lock = folder, Lock()
        command = [sys.executable, "-m", "tests.servers.warm", STDIN]
        self._process = subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.PIPE)

    def run(self, words: Sequence[str], given: bytes = b"") -> Ended:
        """One command line, in this directory. AssertionError if it does not end in time."""
        with tempfile.TemporaryDirectory(dir=self._folder) as place:
            reply, *streams = (Path(place, name) for name in ("reply", "stdin", "stdout", "stderr"))
            os.mkfifo(reply)
            for stream, content in zip(streams, (given, b"", b""), strict=True):
                stream.write_bytes(content)
            fields = (str(len(words)), str(reply), os.getcwd(), "", *map(str, streams), *words)
            waiting = os.open(reply, os.O_RDWR)
            try:
                with self._lock:
                    assert self._process.stdin
                    self._process.stdin.write(b"".join(field.encode() + b"\0" for field in fields))
                    self._process.stdin.flush()
                ended, _, _ = select.select([waiting], [], [], TAKES_AT_MOST)
                assert ended, f"{words} has not ended after {TAKES_AT_MOST} s; it printed {streams[1].read_text()}"
                code = int(os.read(waiting, 64))
            finally:
                os.close(waiting)
            return Ended(code, streams[1].read_bytes(), streams[2].read_bytes())


def main(requests_from: str) -> None:
    """Serve until the process is ended, or nobody writes any more."""
    _import_everything()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait for the commands
    # A FIFO is open for writing too: writers come and go.
    with open(requests_from, "rb" if requests_from == STDIN else "r+b", buffering=0) as requests:
        fields = _fields(requests)
        for count in fields:
            reply, directory, site, *streams = (next(fields) for _ in range(6))
            words = [next(fields) for _ in range(int(count))]
            if os.fork() == 0:
                _wait_for_one(reply, directory, site, streams, words)


def _import_everything() -> None:
    from gatepost.cli.main import COMMANDS

    for target, _ in COMMANDS.values():
        importlib.import_module(f"gatepost.cli.{target.partition(':')[0]}")
    for late in ("gatepost.wiring", "gatepost.fleet_index.hits"):
        importlib.import_module(late)


def _fields(requests: BinaryIO) -> Iterator[str]:
    """What stands between zero bytes."""
    rest = b""
    while True:
        more = requests.read(65536)
        if not more:
            return
        *whole, rest = (rest + more).split(b"\0")
        yield from (field.decode() for field in whole)


def _wait_for_one(reply: str, directory: str, site: str, streams: list[str], words: list[str]) -> NoReturn:
    """Run a command in a fork and tell its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    worker = os.fork()
    if worker == 0:
        _run(directory, site, streams, words)
    _, status = os.waitpid(worker, 0)
    with open(reply, "w") as file:
        file.write(f"{os.waitstatus_to_exitcode(status)}\n")
    os._exit(0)


def _run(directory: str, site: str, streams: list[str], words: list[str]) -> NoReturn:
    from gatepost.cli.main import main

    os.chdir(directory)
    for number, stream in enumerate(streams):
        os.dup2(os.open(stream, os.O_WRONLY | os.O_APPEND if number else os.O_RDONLY), number)
    os.environ["GATEPOST_SITE"] = site
    sys.argv = ["gatepost", *words]
    code = 1
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1])
