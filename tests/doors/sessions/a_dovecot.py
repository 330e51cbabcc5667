"""A Dovecot that lets in everybody by one password, whatever the label; nothing of it decides."""

import contextlib
import imaplib
import pwd
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers.daemon import Daemon
from tests.servers.ports import free_port

KEY = "the-key-of-this-test"
_KEEPER = "mail"

_CONFIG = """
protocols = imap
listen = 127.0.0.1
base_dir = {home}/run
state_dir = {home}/state
log_path = /dev/stderr
ssl = no
disable_plaintext_auth = no
auth_username_chars = abcdefghijklmnopqrstuvwxyz0123456789.-_@+*
mail_location = maildir:{home}/mail/%u
first_valid_uid = 1
doveadm_api_key = {key}
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid={keeper} gid={keeper} home={home}/mail/%u
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
  process_min_avail = 1
  service_count = 0
}}
service imap {{
  process_limit = 1000
  {imap_service}
}}
service doveadm {{
  inet_listener http {{
    address = 127.0.0.1
    port = {http}
  }}
}}
"""


class Dovecot:
    """`imap_service`: lines for its service imap. Its users cannot enter a test's directory: it has one of its own."""

    def __init__(self, imap_service: str = "") -> None:
        self.imap, self.http = free_port(), free_port()
        self._imap_service = imap_service
        self._ends = contextlib.ExitStack()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http}"

    def __enter__(self) -> Self:
        with self._ends:
            self.home = Path(tempfile.mkdtemp(prefix="gatepost-dovecot-"))
            self._ends.callback(shutil.rmtree, self.home, ignore_errors=True)
            self.home.chmod(0o711)
            (self.home / "state").mkdir()
            (self.home / "mail").mkdir(mode=0o700)
            shutil.chown(self.home / "mail", pwd.getpwnam(_KEEPER).pw_uid)
            self.key_file = self.home / "doveadm.key"
            self.key_file.write_text(KEY + "\n")
            config = self.home / "dovecot.conf"
            config.write_text(
                _CONFIG.format(
                    home=self.home,
                    key=KEY,
                    keeper=_KEEPER,
                    imap=self.imap,
                    http=self.http,
                    imap_service=self._imap_service,
                )
            )
            self.server = Daemon(["dovecot", "-F", "-c", str(config)], self.home / "dovecot.log", self.imap)
            self._ends.enter_context(self.server)
            self._ends = self._ends.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ends.close()


class Idler:
    """A mail client that waits in IDLE (RFC 2177) for new mail. `last`: what the server said last."""

    def __init__(self, port: int, name: str, password: str = "secret") -> None:
        self.name = name
        self.last = b""
        self._client = imaplib.IMAP4("127.0.0.1", port, timeout=10)
        self._client.login(name, password)
        self._client.select()
        self._client.send(b"i1 IDLE\r\n")
        assert self._client.readline().startswith(b"+")

    def fileno(self) -> int:
        return self._client.sock.fileno()

    def over(self) -> bool:
        """Whether what the server said, or that it closed the connection, is more than a sign of life."""
        self.last = self._client.readline()
        return not self.last.startswith(b"* OK Still here")

    def done(self) -> bytes:
        """End the IDLE; the server's last line."""
        self._client.send(b"DONE\r\n")
        return self._client.readline()

    def close(self) -> None:
        self._client.shutdown()
