"""A real Postfix with the submission service that the door writes for it, put at the end of what a site has already.

Its own users cannot enter a test's directory: it has one of its own, which is removed when it stops.
"""

import contextlib
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from gatepost.config.kinds import Address
from gatepost.doors.fronts import files
from tests.servers.daemon import Daemon, found
from tests.servers.front import a_front
from tests.servers.ports import free_port

PACKAGE: Final = "postfix"

_MAIN: Final = """\
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file = /dev/stdout
myhostname = mail.example.com
mydestination =
alias_maps =
relayhost = [127.0.0.1]:{relay}
smtpd_sender_login_maps = texthash:{home}/owners
"""

_MASTER: Final = """\
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """`sasl`: the port where Dovecot answers. `relay`: of the server that all mail goes to. `people`: who own the
    address that is their login. `front`: other fields of the Front. `port`: submission."""

    def __init__(self, sasl: int, relay: int, people: tuple[str, ...], **front: Any) -> None:
        self.port = free_port()
        self._sasl, self._relay, self._people, self._front = sasl, relay, people, front
        self._ends = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with self._ends:
            self.home = Path(tempfile.mkdtemp(prefix="gatepost-postfix-"))
            self._ends.callback(shutil.rmtree, self.home, ignore_errors=True)
            self.home.chmod(0o711)
            self._write()
            command = ["postfix", "-c", str(self.home / "config"), "start-fg"]
            daemon = Daemon(command, self.home / "log", self.port, stop_by=signal.SIGKILL)
            self._ends.enter_context(daemon)
            self._ends = self._ends.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ends.close()

    @property
    def log(self) -> str:
        return (self.home / "log").read_text()

    def check(self) -> str:
        """What Postfix's own check complains of."""
        command = [found("postfix"), "-c", str(self.home / "config"), "check"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stderr

    def _write(self) -> None:
        config = self.home / "config"
        for folder in ("config", "queue", "data"):
            (self.home / folder).mkdir()
        shutil.chown(self.home / "data", "postfix")
        (self.home / "owners").write_text("".join(f"{person} {person}\n" for person in self._people))
        (config / "main.cf").write_text(_MAIN.format(home=self.home, relay=self._relay))
        places = {"sasl": Address("127.0.0.1", self._sasl), "submission": Address("127.0.0.1", self.port)}
        (service,) = files("postfix", a_front(0, 0, 0, **(places | self._front))).values()
        (config / "master.cf").write_bytes(_MASTER.encode() + service)
