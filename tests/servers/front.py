"""What a site with one door on loopback says of itself to the writers of configuration."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from gatepost.config.kinds import Address
from gatepost.core.instant import DAY
from gatepost.doors.fronts import Files, Front
from gatepost.doors.judge import DoorRules

RULES = DoorRules("allow", "block", "undecided", DAY, "enforce")


def write(directory: Path, files: Files) -> None:
    """Lay what a writer of configuration gave into a directory."""
    for name, content in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(content)


def a_front(port: int, door: int, backend: int, **changes: Any) -> Front:
    """Phones come to `port`, the check is at `door`, the mail server at `backend`. `changes`: other fields."""
    front = Front(
        site="Corp",
        door="mail",
        check=Address("127.0.0.1", door),
        front=Address("127.0.0.1", port),
        backend=Address("127.0.0.1", backend),
        backend_path="/Microsoft-Server-ActiveSync",
        web_path="",
        rules=RULES,
        users=("basic",),
        user_header="X-Remote-User",
        certificates=False,
        plain_refusal_types=(),
        tls_certificate=None,
        tls_key=None,
        client_ca=None,
        haproxy_socket=None,
        haproxy_files=None,
        doveadm="",
        doveadm_key_file=None,
        dovecot_script=Path("/etc/dovecot/gatepost.lua"),
        sasl=Address("127.0.0.1", 12345),
        submission=Address("127.0.0.1", 587),
    )
    return replace(front, **changes)
