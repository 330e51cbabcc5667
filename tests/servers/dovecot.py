"""A real Dovecot with the configuration that the door writes for it, taken into what a site has already.

Its own users cannot enter a test's directory: it has one of its own, which is removed when it stops.
"""

import contextlib
import os
import pwd
import shutil
import signal
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from gatepost.config.kinds import Address
from gatepost.doors.fronts import files
from tests.servers.daemon import Daemon
from tests.servers.front import a_front
from tests.servers.ports import free_port

PACKAGES: Final = ("dovecot-imapd", "dovecot-auth-lua", "lua-cjson")
KEY: Final = "a key of doveadm"

_KEEPER: Final = "mail"
"""The user who owns the mailboxes."""

_SITE: Final = """\
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = maildir:~/Maildir
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
userdb {{
  driver = passwd-file
  args = username_format=%L{{orig_user}} {home}/users
}}
!include {written}/gatepost.conf
"""


class Dovecot:
    """`door`: the port of the check. `people`: the logins that have a mailbox. `front`: other fields of the Front.
    `written`: where a site's own files are, in the place of all these; Dovecot's users must be able to enter it.

    `port`: IMAP. `sasl`: where Postfix asks. `doveadm`: the URL of its API, whose key is in `key_file`.
    """

    def __init__(self, door: int, people: Iterable[str], written: Path | None = None, **front: Any) -> None:
        self.port, self.sasl, doveadm = free_port(), free_port(), free_port()
        self.doveadm = f"http://127.0.0.1:{doveadm}"
        self._door, self._people, self._written, self._front = door, tuple(people), written, front
        self._ends = contextlib.ExitStack()
        self._delivered = 0

    def __enter__(self) -> Self:
        with self._ends:
            self.home = Path(tempfile.mkdtemp(prefix="gatepost-dovecot-"))
            self._ends.callback(shutil.rmtree, self.home, ignore_errors=True)
            self.home.chmod(0o711)
            self.config = self._write()
            command = ["dovecot", "-F", "-c", str(self.config)]
            # Asked to stop it takes three seconds, and all its processes asked at once may wait for one another.
            daemon = Daemon(command, self.home / "output", self.port, stop_by=signal.SIGKILL)
            self._ends.enter_context(daemon)
            self._ends = self._ends.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ends.close()

    @property
    def key_file(self) -> Path:
        return self.home / "doveadm.key"

    @property
    def log(self) -> str:
        return (self.home / "log").read_text()

    def deliver(self, login: str, subject: str) -> None:
        """Put a mail into somebody's inbox."""
        self._delivered += 1
        new = self.home / "mail" / login / "Maildir" / "new"
        path = self.home / "mail" / str(self._delivered)
        path.write_text(f"From: boss@example.com\r\nTo: {login}\r\nSubject: {subject}\r\n\r\nHello\r\n", newline="")
        self._give(path)
        path.rename(new / f"{self._delivered}.test")  # a reader sees whole mails only

    def _write(self) -> Path:
        self.key_file.write_text(KEY)
        keeper = pwd.getpwnam(_KEEPER)
        for login in self._people:
            inbox = self.home / "mail" / login / "Maildir"
            for folder in ("tmp", "new", "cur"):
                (inbox / folder).mkdir(parents=True)
        for path in (self.home / "mail", *(self.home / "mail").rglob("*")):
            self._give(path)
        users = (f"{login}::{keeper.pw_uid}:{keeper.pw_gid}::{self.home}/mail/{login}::\n" for login in self._people)
        (self.home / "users").write_text("".join(users))
        if not self._written:
            for name, content in files("dovecot", self._a_front()).items():
                (self.home / name).write_bytes(content)
        config = self.home / "dovecot.conf"
        config.write_text(_SITE.format(home=self.home, port=self.port, written=self._written or self.home))
        return config

    def _a_front(self) -> Any:
        given = {
            "dovecot_script": self.home / "gatepost.lua",
            "sasl": Address("127.0.0.1", self.sasl),
            "doveadm": self.doveadm,
            "doveadm_key_file": self.key_file,
        }
        return a_front(0, self._door, 0, **(given | self._front))

    def _give(self, path: Path) -> None:
        keeper = pwd.getpwnam(_KEEPER)
        os.chown(path, keeper.pw_uid, keeper.pw_gid)
