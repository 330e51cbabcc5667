"""A door's process with device passwords in its copy."""

import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers.ports import free_port

_PROCESS = """
import sys
from pathlib import Path
from gatepost.core.instant import DAY
from gatepost.doors.entry import mode_key
from gatepost.doors.judge import DoorRules
from gatepost.doors.run import Door, run_door
from tests.doors.imap.passwords import PASSWORDS, TABLET, entries
from tests.doors.site import FLEET, SITE, batch, rule

port, path, told = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
NEWS = {
    "revoked": [(key, None) for key, _ in entries(TABLET, "tablet1")],
    "blocked": entries(TABLET, "tablet1", "alice@example.com", by=1),
    "retracted": [rule(1, counts=False)],
    "observed": [(mode_key("mail"), b"observe")],
}

def changes(after):
    if after < 10:
        return batch(10, *FLEET, *PASSWORDS)
    news = told.read_text().split()
    return batch(after + 1, *NEWS[news[after - 10]]) if after - 10 < len(news) else None

def tell(report):
    print("confirmed", report.position, *(seen[1:3] for seen in report.sightings), flush=True)

rules = DoorRules("allow", "block", "undecided", DAY, "enforce")
door = Door("mail", ("127.0.0.1", port), path, SITE, rules, changes, tell, (OSError,))
run_door(door, lambda: print("ready", flush=True))
"""


class Door:
    """Enforces from the start. Starts on entering, stops on leaving."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self._directory = directory
        self._told = directory / "told"
        self._news = 0
        self._process: subprocess.Popen[str] | None = None

    def tell(self, news: str) -> None:
        """The site has news (a key of NEWS); returns when the door goes by them."""
        self._news += 1
        with self._told.open("a") as told:
            told.write(news + "\n")
        self._wait_for(f"confirmed {10 + self._news}")

    def start(self) -> None:
        self._told.touch()
        arguments = [str(self.port), str(self._directory / "door"), str(self._told)]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROCESS, *arguments], stdout=subprocess.PIPE, text=True
        )
        self._wait_for("ready")

    def stop(self) -> None:
        if self._process and self._process.stdout:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(10)
            self._process.stdout.close()
            self._process = None

    def seen(self, password: str) -> None:
        """Wait until the door has told that a password of this selector was used."""
        self._wait_for(f"'{password}'")

    def _wait_for(self, wanted: str) -> None:
        assert self._process
        assert self._process.stdout
        for line in self._process.stdout:
            if wanted in line:
                return
        raise AssertionError(f"the door ended before it said {wanted!r}")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
