"""An OpenID provider of Authlib's provider side and Flask, in a process of its own (provider_app.py).

    GET /.well-known/openid-configuration, /jwks
    GET, POST /authorize   asks who it is; POST person=NAME signs them in
    POST /token            for a code, with the client's secret (basic) and a verifier (RFC 7636)
    PUT /people/NAME       the claims about somebody, as JSON
    PUT /lie               what its tokens say instead, as JSON: null leaves a claim out
    PUT /key               {"kid": NAME, "shown": BOOL}: it signs by another key from now on

Every ID token says when its person signed in (auth_time), unless it lies.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.servers.daemon import Daemon
from tests.servers.ports import free_port

CLIENT, SECRET = "gatepost", "a secret: of 100 %/+ kinds"


@dataclass
class Running:
    """One that listens."""

    port: int

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def person(self, name: str, **claims: object) -> None:
        self._put(f"/people/{name}", claims)

    def lie(self, **claims: object) -> None:
        self._put("/lie", claims)

    def key(self, kid: str, *, shown: bool = True) -> None:
        self._put("/key", {"kid": kid, "shown": shown})

    def sign_in(self, address: str, name: str) -> dict[str, str]:
        """What a browser does that was sent to this address: the fields with which it comes back."""
        parts = urlsplit(address)
        place = f"{parts.path}?{parts.query}"
        status, _, page = self._ask("GET", place)
        assert (status, page) == (200, b"Who is it?"), page
        form = urlencode({"person": name}).encode()
        status, location, page = self._ask("POST", place, form, "application/x-www-form-urlencoded")
        assert status == 302, page
        return dict(parse_qsl(urlsplit(location).query))

    def _put(self, path: str, value: object) -> None:
        status, _, answer = self._ask("PUT", path, json.dumps(value).encode(), "application/json")
        assert status == 204, answer

    def _ask(self, method: str, path: str, body: bytes = b"", kind: str = "text/plain") -> tuple[int, str, bytes]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, {"Content-Type": kind})
            answer = connection.getresponse()
            return answer.status, answer.getheader("location", ""), answer.read()
        finally:
            connection.close()


@contextmanager
def providing(folder: Path, back: str) -> Iterator[Running]:
    """One that sends browsers back to this address, and nowhere else."""
    port = free_port()
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "AUTHLIB_INSECURE_TRANSPORT": "1"}
    command = [sys.executable, "-m", "tests.servers.provider_app", str(port), back]
    with Daemon(command, folder / "provider.log", port, env=env):
        yield Running(port)
