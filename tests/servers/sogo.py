"""SOGo on loopback with all that it needs: PostgreSQL for its tables, memcached, Dovecot for the mailboxes.

Each runs as its own user, who cannot enter a test's directory: the stack has one of its own, which is removed when it
stops. All settings are arguments, so a SOGo that this machine has otherwise is not touched.
"""

import contextlib
import imaplib
import shlex
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers.daemon import Daemon, found
from tests.servers.ports import free_port

PACKAGES = ("sogo", "sogo-activesync", "postgresql", "memcached", "dovecot-imapd")
BACKEND_PATH = "/SOGo/Microsoft-Server-ActiveSync"
WAITS_AT_MOST = 60
"""Seconds that SOGo holds a Ping or a Sync."""

_KEEPER = "mail"
"""The user who owns the mailboxes."""


class Sogo:
    """`people`: mail address to password; both are free of quotes. `workers`: requests that it can hold at once.

    `home`: its directory; `mailboxes`: a maildir for each login.
    """

    def __init__(self, people: Mapping[str, str], workers: int = 4) -> None:
        self.port, self.imap_port = free_port(), free_port()
        self._people, self._workers = people, workers
        self._ends = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with self._ends:
            self.home = Path(tempfile.mkdtemp(prefix="gatepost-sogo-"))
            self._ends.callback(shutil.rmtree, self.home, ignore_errors=True)
            self.home.chmod(0o711)
            self.mailboxes = self._own("mail", _KEEPER)
            self._ends.enter_context(self._dovecot())
            tables = self._postgres()
            self._ends.enter_context(self._sogo(tables, self._memcached()))
            self._ends = self._ends.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ends.close()

    def deliver(self, login: str, subject: str) -> None:
        """Put a mail into somebody's inbox."""
        deliver(self.mailboxes, login, subject)

    # --- the servers, each with its part of the directory

    def _own(self, name: str, user: str) -> Path:
        path = self.home / name
        path.mkdir(mode=0o700)
        shutil.chown(path, user)
        return path

    def _dovecot(self) -> Daemon:
        state = self.home / "dovecot"
        state.mkdir()
        users = self.home / "users"
        users.write_text("".join(f"{login}:{{PLAIN}}{password}\n" for login, password in self._people.items()))
        config = self.home / "dovecot.conf"
        config.write_text(
            _DOVECOT.format(state=state, mail=self.mailboxes, users=users, port=self.imap_port, keeper=_KEEPER)
        )
        return Daemon(["dovecot", "-F", "-c", str(config)], self.home / "dovecot.log", self.imap_port)

    def _postgres(self) -> str:
        """Starts it; the URL of its database."""
        data, port = self._own("postgres", "postgres"), free_port()
        programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
        make = [str(programs / "initdb"), "-D", str(data), "-A", "trust", "-U", "sogo", "-E", "UTF8"]
        _run([*make, "--no-locale", "--no-sync"], user="postgres")
        command = [str(programs / "postgres"), "-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", "", "-F"]
        log = self.home / "postgres.log"
        self._ends.enter_context(Daemon(command, log, port, user="postgres", stop_by=signal.SIGINT))
        rows = ", ".join(
            f"('{login}', '{login}', '{key}', '{login}', '{login}')" for login, key in self._people.items()
        )
        statements = [
            "CREATE DATABASE sogo",
            r"\connect sogo",
            "CREATE TABLE account (c_uid text PRIMARY KEY, c_name text, c_password text, c_cn text, mail text)",
            f"INSERT INTO account VALUES {rows}",
            "CREATE VIEW people AS SELECT * FROM account",
        ]
        psql = ["psql", "-q", "-h", "127.0.0.1", "-p", str(port), "-U", "sogo", "-v", "ON_ERROR_STOP=1", "postgres"]
        _run(psql, stdin="\n".join(line if line.startswith("\\") else f"{line};" for line in statements))
        return f"postgresql://sogo@127.0.0.1:{port}/sogo"

    def _memcached(self) -> int:
        port = free_port()
        command = ["memcached", "-l", "127.0.0.1", "-p", str(port), "-m", "16"]
        self._ends.enter_context(Daemon(command, self.home / "memcached.log", port, user="nobody"))
        return port

    def _sogo(self, tables: str, memcached: int) -> Daemon:
        for login, password in self._people.items():
            _enable_condstore(self.imap_port, login, password)
        home = self._own("sogo", "sogo")
        settings = {
            "WONoDetach": "YES",
            "WOWorkersCount": str(self._workers),
            "WOPort": f"127.0.0.1:{self.port}",
            "WOPidFile": f"{home}/pid",
            "WOLogFile": "-",
            "SOGoProfileURL": f"{tables}/profile",
            "OCSFolderInfoURL": f"{tables}/folder_info",
            "OCSSessionsFolderURL": f"{tables}/sessions",
            "OCSEMailAlarmsFolderURL": f"{tables}/alarms",
            "OCSStoreURL": f"{tables}/store",
            "OCSAclURL": f"{tables}/acl",
            "OCSCacheFolderURL": f"{tables}/cache",
            "SOGoUserSources": f'({{type=sql; id=people; viewURL="{tables}/people"; canAuthenticate=YES;'
            " isAddressBook=NO; userPasswordAlgorithm=plain;})",
            "SOGoIMAPServer": f"imap://127.0.0.1:{self.imap_port}",
            "SOGoMemcachedHost": f"127.0.0.1:{memcached}",
            "SOGoForceExternalLoginWithEmail": "YES",
            "SOGoMaximumPingInterval": str(WAITS_AT_MOST),
            "SOGoMaximumSyncInterval": str(WAITS_AT_MOST),
            "SOGoInternalSyncInterval": "1",
        }
        words = shlex.join(["sogod", *(word for name, value in settings.items() for word in (f"-{name}", value))])
        environment = {"HOME": str(home), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        command = ["sh", "-c", f". /usr/share/GNUstep/Makefiles/GNUstep.sh; cd {home}; exec {words}"]
        return Daemon(command, self.home / "sogo.log", self.port, user="sogo", env=environment, stop_by=signal.SIGKILL)


def deliver(mailboxes: Path, login: str, subject: str) -> None:
    """Put a mail into the inbox of a login (maildir: whoever reads sees whole mails only)."""
    name = f"{uuid.uuid4().hex}.test"
    head = {"From": "boss@example.com", "To": login, "Subject": subject, "Message-ID": f"<{name}@example.com>"}
    path = mailboxes / login / "tmp" / name
    path.write_text("".join(f"{field}: {value}\r\n" for field, value in head.items()) + "\r\nHello.\r\n", newline="")
    shutil.chown(path, _KEEPER, _KEEPER)
    path.rename(mailboxes / login / "new" / name)


def _run(command: list[str], *, user: str | None = None, stdin: str = "") -> None:
    """AssertionError, with what it said, if it fails."""
    done = subprocess.run(
        [found(command[0]), *command[1:]],
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        user=user,
        cwd="/",
    )
    assert done.returncode == 0, f"{command[0]}: {done.stdout}"


def _enable_condstore(port: int, login: str, password: str) -> None:
    """Without this once for each mailbox, SOGo looks alive and gives phones no mail."""
    with imaplib.IMAP4("127.0.0.1", port) as mailbox:
        mailbox.login(login, password)
        mailbox.enable("CONDSTORE")
        assert mailbox.select()[0] == "OK"


_DOVECOT = """\
protocols = imap
listen = 127.0.0.1
base_dir = {state}/run
state_dir = {state}/state
log_path = /dev/stderr
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = maildir:{mail}/%u
first_valid_uid = 1
mail_max_userip_connections = 100
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
passdb {{
  driver = passwd-file
  args = scheme=plain username_format=%u {users}
}}
userdb {{
  driver = static
  args = uid={keeper} gid={keeper} home={mail}/%u
}}
namespace inbox {{
  inbox = yes
  mailbox Drafts {{
    auto = create
    special_use = \\Drafts
  }}
  mailbox Sent {{
    auto = create
    special_use = \\Sent
  }}
  mailbox Trash {{
    auto = create
    special_use = \\Trash
  }}
}}
"""
