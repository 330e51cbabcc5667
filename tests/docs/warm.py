"""`gatepost`, imported once for the many commands of a page.

    python -m tests.docs.warm FIFO

reads requests from the FIFO and runs each in a fork: the program's own `main`, in the caller's directory, on the
caller's standard streams. `FUNCTION` is what a shell calls instead of the console script, which the journeys test.
"""

import importlib
import os
import signal
import sys
from collections.abc import Iterator
from typing import BinaryIO, NoReturn

FUNCTION = r"""
# The caller's streams as 7, 8, 9: its own 1 leads elsewhere for a moment while it writes the request.
gatepost() {
  local reply=$WARM.$BASHPID code
  mkfifo "$reply"
  {
    printf '%s\0' "$#" "$BASHPID" "$reply" "$PWD" "${GATEPOST_SITE-}" "$@" > "$WARM"
    read -r code < "$reply"
  } 7<&0 8>&1 9>&2
  rm "$reply"
  return "$code"
}
"""


def main(fifo: str) -> None:
    """Serve until the process is ended."""
    _import_everything()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait for the commands
    with open(fifo, "r+b", buffering=0) as requests:  # open for writing too, so that it never ends
        fields = _fields(requests)
        while True:
            count, caller, reply, directory, site = (next(fields) for _ in range(5))
            words = [next(fields) for _ in range(int(count))]
            if os.fork() == 0:
                _wait_for_one(caller, reply, directory, site, words)


def _import_everything() -> None:
    from gatepost.cli.main import COMMANDS

    for target, _ in COMMANDS.values():
        importlib.import_module(f"gatepost.cli.{target.partition(':')[0]}")
    importlib.import_module("gatepost.wiring")


def _fields(requests: BinaryIO) -> Iterator[str]:
    """What stands between zero bytes."""
    rest = b""
    while True:
        *whole, rest = (rest + requests.read(65536)).split(b"\0")
        yield from (field.decode() for field in whole)


def _wait_for_one(caller: str, reply: str, directory: str, site: str, words: list[str]) -> NoReturn:
    """Run a command in a fork and tell its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    worker = os.fork()
    if worker == 0:
        _run(caller, directory, site, words)
    _, status = os.waitpid(worker, 0)
    with open(reply, "w") as file:
        file.write(f"{os.waitstatus_to_exitcode(status)}\n")
    os._exit(0)


def _run(caller: str, directory: str, site: str, words: list[str]) -> NoReturn:
    from gatepost.cli.main import main

    os.chdir(directory)
    for number, mode in ((0, os.O_RDONLY), (1, os.O_WRONLY | os.O_APPEND), (2, os.O_WRONLY | os.O_APPEND)):
        os.dup2(os.open(f"/proc/{caller}/fd/{7 + number}", mode), number)
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
