"""Can a session that is open already be ended when its device is blocked? (I-28)"""

import base64
import http.client
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from gatepost.actions.doctor.finding import Finding, fail, ok, warn
from gatepost.config.settings import DoorProcess

TIMEOUT: Final = 2.0
"""Seconds."""


def examine(name: str, process: DoorProcess) -> Iterator[Finding]:
    if process.haproxy_socket:
        yield _haproxy(name, process.haproxy_socket)
    if process.doveadm:
        yield _doveadm(name, process.doveadm, process.doveadm_key_file)
    if not process.haproxy_socket and not process.doveadm:
        todo = (
            "A request that is open (a Ping) may bring one more answer after a block, at the longest after the mail"
            " server's own limit (SOGo: SOGoMaximumPingInterval; set it to 60). nginx cannot end one device's request;"
            " HAProxy can, and Dovecot by doveadm."
        )
        yield warn("sessions", "nothing ends sessions that are open when their device is blocked", todo, door=name)


def _haproxy(name: str, path: Path) -> Finding:
    """`show info` (HAProxy's management.txt, 9.3)."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(TIMEOUT)
            connection.connect(str(path))
            connection.sendall(b"show info\n")
            said = connection.recv(4096)
    except OSError as error:
        todo = "Start HAProxy with the configuration that `gatepost door config haproxy` writes."
        return fail("sessions", f"HAProxy does not answer at {path}: {error.strerror or error}", todo, door=name)
    if not said.startswith(b"Name: HAProxy"):
        todo = "Name HAProxy's stats socket, with level admin, in haproxy_socket."
        return fail("sessions", f"what answers at {path} is not HAProxy", todo, door=name)
    return ok("sessions", f"HAProxy answers at {path}", door=name)


def _doveadm(name: str, url: str, key_file: Path | None) -> Finding:
    """Its list of commands asks nothing of anybody's session (doveadm HTTP API: GET /doveadm/v1)."""
    todo = "Start Dovecot with the configuration that `gatepost door config dovecot` writes."
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    try:
        key = key_file.read_text(encoding="utf-8").partition("\n")[0].strip() if key_file else ""
        token = base64.b64encode(key.encode()).decode("ascii")
        with closing(kind(parts.hostname or "", parts.port, timeout=TIMEOUT)) as connection:
            connection.request("GET", "/doveadm/v1", headers={"Authorization": f"X-Dovecot-API {token}"})
            status = connection.getresponse().status
    except (OSError, ValueError, http.client.HTTPException) as error:
        return fail("sessions", f"Dovecot's doveadm does not answer at {url}: {error}", todo, door=name)
    if status == http.client.UNAUTHORIZED:
        todo = f"Write Dovecot's doveadm_api_key on the first line of {key_file}."
        return fail("sessions", f"Dovecot's doveadm does not take the key in {key_file}", todo, door=name)
    if status != http.client.OK:
        return fail("sessions", f"what answers at {url} with {status} is not doveadm", todo, door=name)
    return ok("sessions", f"Dovecot's doveadm answers at {url}", door=name)
