"""Configuration of mail servers and their proxies, written from a site's settings. One module a program.

Each module has `files(front)`: the file's name to its content, the one that the program is started with first. What a
program does without the door stands in these files (I-29), so they are written anew whenever a setting changes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final, Literal

from gatepost.config.kinds import Address
from gatepost.doors.judge import DoorRules

Files = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Front:
    """What a mail server's configuration has to know of a site and of one of its doors.

    `check`: where the door answers. `front`: where phones come in. `backend`, `backend_path`: the mail server's
    ActiveSync. `web_path`: of a web application there, "" if none is let through. Paths of files are
    absolute, None where the site has none.
    """

    site: str
    door: str
    check: Address
    front: Address
    backend: Address
    backend_path: str
    web_path: str
    rules: DoorRules
    users: tuple[str, ...]
    user_header: str
    certificates: bool
    plain_refusal_types: tuple[str, ...]
    tls_certificate: Path | None
    tls_key: Path | None
    client_ca: Path | None
    haproxy_socket: Path | None
    haproxy_files: Path | None
    doveadm: str
    doveadm_key_file: Path | None
    dovecot_script: Path
    sasl: Address
    submission: Address
    shared_types: tuple[str, ...] = ()
    bearer_claim: str = "preferred_username"


class FrontUnfit(Exception):
    """The settings lack what this program's configuration needs. The text names the setting and what to write."""


Kind = Literal["nginx", "haproxy", "caddy", "dovecot", "postfix"]
CHECKED_BY: Final[Mapping[Kind, str]] = {
    "nginx": "nginx -t -p . -c {file}",
    "haproxy": "haproxy -c -f {file}",
    "caddy": "caddy validate --adapter caddyfile --config {file}",
    "dovecot": "doveconf -n -c {file}",
    "postfix": "cat {file} >> /etc/postfix/master.cf && postfix check",
}
"""The server's own check, from within the directory of the files."""


_NEEDED: Final[Mapping[Kind, tuple[str, ...]]] = {"haproxy": ("haproxy_socket", "haproxy_files")}


def files(kind: Kind, front: Front) -> Files:
    """The files for one program, by name. FrontUnfit."""
    if lacking := [name for name in _NEEDED.get(kind, ()) if not getattr(front, name)]:
        raise FrontUnfit(f"{kind} needs {lacking[0]} in [doors.{front.door}]: write it there")
    render: Callable[[Front], Files] = import_module(f"{__name__}.{kind}").files
    return render(front)
