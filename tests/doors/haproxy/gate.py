"""A door with an invented site's copy, and a real HAProxy that goes by its maps."""

import http.client
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from gatepost.core.instant import DAY
from gatepost.doors.copy import Copy
from gatepost.doors.fronts import Front
from gatepost.doors.haproxy.maps import Maps
from gatepost.doors.judge import DoorRules, Judge
from tests.doors.site import FLEET, SITE, Entry, basic, batch, plain
from tests.servers import haproxy
from tests.servers.front import a_front
from tests.servers.http_server import listening
from tests.servers.ports import free_port

ALICE = {"Authorization": basic("alice@example.com").decode(), "MS-ASProtocolVersion": "14.1"}
ENFORCING = DoorRules("allow", "block", "undecided", DAY, "enforce")


class Gate:
    """`maps` bring HAProxy to where the copy is. `front`: what HAProxy's configuration is written from."""

    def __init__(self, directory: Path, backend: int = 9, rules: DoorRules = ENFORCING, **changes: Any) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.port = free_port()
        front = a_front(self.port, 9, backend, rules=rules, shared_types=("Outlook",), **changes)
        self.front: Front = haproxy.placed(front, directory)
        self.position = 0
        self.copy = Copy(directory / "copy", SITE, rules.copy_expires_after)
        self.judge = Judge(self.copy, rules, "mail")
        assert self.front.haproxy_socket
        assert self.front.haproxy_files
        with_certificates = self.front.certificates
        socket, files = self.front.haproxy_socket, self.front.haproxy_files
        self.maps = Maps(self.judge, socket, files, certificates=with_certificates)

    def hear(self, *entries: Entry) -> None:
        """The site tells something."""
        self.position += 10
        self.copy.apply(batch(self.position, *entries))
        self.copy.nothing_new()

    def push(self, *entries: Entry) -> int:
        """The site tells something, and HAProxy has it; with how many commands."""
        if entries:
            self.hear(*entries)
        before = self.maps.stats.sent
        self.settle([key for key, _ in entries])
        return self.maps.stats.sent - before

    def settle(self, keys: list[bytes] | None = None) -> None:
        """Push until HAProxy has all of it. AssertionError if that takes long."""
        until = time.monotonic() + 20
        keys = keys or []
        while failure := self._failure(keys):
            assert time.monotonic() < until, failure
            keys = []
            time.sleep(0.01)

    def _failure(self, keys: list[bytes]) -> str:
        try:
            self.maps.push(keys)
        except OSError as error:
            return str(error)
        return ""

    def look(self) -> None:
        """Push as if a second had passed, so that HAProxy is looked at."""
        self.maps._looked_at = -2000
        self.settle()

    def ask(
        self, uri: str | bytes, headers: dict[str, str] = ALICE, method: str = "POST"
    ) -> tuple[int, bytes, http.client.HTTPMessage]:
        """Status, body and headers of the answer to a request."""
        return ask(self.port, uri if isinstance(uri, str) else uri.decode(), headers, method)

    def asks(self, device: str, command: str = "Sync") -> tuple[int, bytes]:
        """Status and body for alice's device."""
        return self.ask(plain(device, command))[:2]

    @contextmanager
    def running(self) -> Iterator["Gate"]:
        """With HAProxy, loaded if there is a copy."""
        with haproxy.haproxy(self.front, self.directory):
            if self.copy.reader:
                self.settle()
            yield self

    def with_rules(self, **changes: Any) -> DoorRules:
        return replace(self.judge.rules, **changes)


def a_gate(directory: Path, *entries: Entry, **changes: Any) -> Gate:
    """Its copy holds the usual fleet, and these."""
    gate = Gate(directory, **changes)
    gate.hear(*FLEET, *entries)
    return gate


def ask(
    port: int, uri: str, headers: dict[str, str], method: str = "POST"
) -> tuple[int, bytes, http.client.HTTPMessage]:
    """Status, body and headers of the answer to a request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, uri, b"", headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers
    finally:
        connection.close()


class _Mail(BaseHTTPRequestHandler):
    """Answers with the path that arrived."""

    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        body = f"mail {self.path}".encode()
        self.send_response(200 if self.headers["Authorization"] or self.command == "OPTIONS" else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET = do_OPTIONS = _answer

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@contextmanager
def a_mail_server() -> Iterator[int]:
    """Its port."""
    with listening(_Mail) as server:
        yield server.server_port


def raw(port: int, request: bytes) -> bytes:
    """What comes back for these bytes, up to the end."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while got := connection.recv(1 << 16):
            answer += got
        return answer


def until(true: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for something that is about to be true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it does not come true"
        time.sleep(0.01)
