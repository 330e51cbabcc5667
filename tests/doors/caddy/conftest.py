"""A site whose door stands behind a real Caddy, from the configuration that the site itself writes."""

import contextlib
import hashlib
import http.client
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.doors.site import basic
from tests.journeys.program import Server, run, start
from tests.servers.caddy import Caddy, validate
from tests.servers.certificates import Authority, Certificate
from tests.servers.http_server import listening
from tests.servers.ports import free_port
from tests.verbs.houses import TIKTOK, Builder

DESKTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"

BROWSER = {"Authorization": basic("ann@corp.example").decode(), "User-Agent": DESKTOP}
BLOCKED_SYNC = "Cmd=Sync&User=x&DeviceId=TIKTOK1&DeviceType=iPhone"
_OWN = "/SOGo/Microsoft-Server-ActiveSync"
HIDDEN = (
    *("/", "/other", _OWN, _OWN.lower(), _OWN + "/", _OWN + "/x", _OWN + ";x", _OWN.replace("-", "%2D")),
    *("/SOGo//Microsoft-Server-ActiveSync", "/SOGo/x/../Microsoft-Server-ActiveSync", "/sogo" + _OWN[5:]),
    *("/SOGo/./Microsoft-Server-ActiveSync", "/SOGo/%4Dicrosoft-Server-ActiveSync", "//SOGo" + _OWN[5:]),
    *("/SOGo%2FMicrosoft-Server-ActiveSync", "/SOGo/..%2FSOGo%2FMicrosoft-Server-ActiveSync"),
)
"""What leads past the phone's path to the mail server's ActiveSync, if anything does, below the web application's."""

SIGNS_IN = """\
# Stands for what signs people in, and says who they are.
@anns header Cookie session=ann
request_header @anns X-Remote-User ann@corp.example
"""


class Backend(BaseHTTPRequestHandler):
    """A mail server that tells what got through to it."""

    protocol_version = "HTTP/1.1"

    def _mail(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.server.seen.append((self.path, dict(self.headers), body))  # type: ignore[attr-defined] # ours, below
        self.send_response(200)
        self.send_header("Content-Length", "8")
        self.end_headers()
        self.wfile.write(b"THE-MAIL")

    do_POST = do_GET = do_OPTIONS = _mail

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@contextlib.contextmanager
def mail_server() -> Iterator[ThreadingHTTPServer]:
    """`seen`: path, headers and body of each request that got through."""
    with listening(Backend) as server:
        server.seen = []  # type: ignore[attr-defined] # read above
        yield server


@dataclass
class Mail:
    """Caddy before the mail server, and who may have a certificate there. `check`: the door's port."""

    port: int
    check: int
    authority: Authority
    certificates: dict[str, Certificate]
    backend: ThreadingHTTPServer
    site: Path
    home: Path
    door: Server

    @property
    def seen(self) -> list[tuple[str, dict[str, str], bytes]]:
        seen: list[tuple[str, dict[str, str], bytes]] = self.backend.seen  # type: ignore[attr-defined] # ours
        return seen

    def end_door(self) -> None:
        self.door.kill()
        self.door.close()

    def start_door(self) -> None:
        self.door = start(self.site, self.home / "door.log", "door", "run")

    def ask(
        self, method: str, target: str, headers: dict[str, str] | None = None, certificate: str = ""
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers (names in lower case) and body of the answer to a client with that certificate."""
        context = ssl.create_default_context(cafile=self.authority.file)
        if certificate:
            own = self.certificates[certificate]
            context.load_cert_chain(own.file, own.key)
        connection = http.client.HTTPSConnection("localhost", self.port, timeout=10, context=context)
        with contextlib.closing(connection):
            connection.request(method, target, b"\x03\x01" if method == "POST" else None, headers or {})
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()

    def sync(
        self, device: str, user: str = "ann", command: str = "Sync", certificate: str = "", **more: str
    ) -> tuple[int, bytes]:
        """A phone asks for mail: status and body. `more`: headers, underscores for hyphens."""
        headers = {"MS-ASProtocolVersion": "14.1"} | {name.replace("_", "-"): value for name, value in more.items()}
        if user:
            headers["Authorization"] = basic(f"{user}@corp.example").decode()
        target = f"/Microsoft-Server-ActiveSync?Cmd={command}&User=x&DeviceId={device}&DeviceType=iPhone"
        status, _, body = self.ask("POST", target, headers, certificate)
        return status, body


def fingerprint(certificate: Certificate) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate.file.read_text())).hexdigest()


@pytest.fixture(scope="package")
def mail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mail]:
    """Ann has a clean phone, one that is blocked, and one that will be; bob has a clean one. Each has a certificate."""
    home = tmp_path_factory.mktemp("caddy")
    authority = Authority(home / "certificates")
    names = ("server", "clean", "blocked", "bobs", "stranger")
    certificates = {name: authority.certificate(name) for name in names}
    port, check = free_port(), free_port()
    with contextlib.ExitStack() as ends:
        backend = ends.enter_context(mail_server())
        site = _site(home, port, check, backend.server_port, authority, certificates)
        door = start(site, home / "door.log", "door", "run")
        front = home / "caddy"
        run("door", "config", "caddy", "--out", front, site=site)
        (front / "authenticate.caddy").write_text(SIGNS_IN)
        checked = validate(front)
        assert checked.returncode == 0, checked.stderr
        ends.enter_context(Caddy(front, port))
        mail = Mail(port, check, authority, certificates, backend, site, home, door)
        ends.callback(mail.end_door)
        yield mail


def _site(
    home: Path, port: int, check: int, backend: int, authority: Authority, certificates: dict[str, Certificate]
) -> Path:
    settings = {
        "listen": f"127.0.0.1:{check}",
        "front": f"127.0.0.1:{port}",
        "backend": f"127.0.0.1:{backend}",
        "backend_path": "/SOGo/Microsoft-Server-ActiveSync",
        "web_path": "/SOGo",
        "users": ("basic", "certificate", "header"),
        "certificates": True,
        "tls_certificate": certificates["server"].file,
        "tls_key": certificates["server"].key,
        "client_ca": authority.file,
    }
    mail: dict[str, Any] = {f"doors__mail__{name}": value for name, value in settings.items()}
    house = Builder(home / "houses").build(
        exercise=True, door__on_unknown="block", door__on_unidentified="block", **mail
    )
    house.people("ann", "bob")
    shown = {name: fingerprint(certificate) for name, certificate in certificates.items()}
    company: dict[str, Any] = {"ownership": "company"}
    house.devices(
        house.phone_row("ann", id="clean", eas_device_id="CLEAN1", certificate=shown["clean"]),
        house.phone_row(
            "ann", [TIKTOK], id="blocked", **company, eas_device_id="TIKTOK1", certificate=shown["blocked"]
        ),
        house.phone_row("ann", [TIKTOK], id="warned", eas_device_id="WARNED1"),
        house.phone_row("bob", id="bobs", eas_device_id="BOB1", certificate=shown["bobs"]),
    )
    house.announce(devices={"forms": ["phone"], "ownership": ["company"]})
    house.deliver()
    house.announce(policy="personal", deadline="2020-09-30")
    house.deliver()
    house.set("2020-07-12T00:00:00Z")
    assert (house.word("ann", "blocked"), house.word("ann", "warned"), house.word("ann", "clean")) == (
        "block",
        "warn",
        "allow",
    )
    house.close()
    return house.site.directory
