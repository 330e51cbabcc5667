"""nginx's configuration as `gatepost door config` writes it: what reaches the door, the mail server and the phone."""

import contextlib
import http.client
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from gatepost.doors.fronts import FrontUnfit, files
from gatepost.doors.judge import DoorRules
from tests.servers.certificates import Authority
from tests.servers.front import a_front
from tests.servers.nginx import SEARCH, Nginx
from tests.servers.ports import free_port

pytestmark = pytest.mark.needs("nginx-light")

PATH = "/Microsoft-Server-ActiveSync"
Headers = dict[str, str]


class Listener(ThreadingHTTPServer):
    """Answers as it is told to. `asked`: the target, the headers with their names in lower case, the body."""

    daemon_threads = True

    def __init__(self, status: int = 204, **headers: str) -> None:
        super().__init__(("127.0.0.1", 0), _Answerer)
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.asked: list[tuple[str, Headers, bytes]] = []
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Answerer(BaseHTTPRequestHandler):
    server: Listener
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.server.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()

    do_GET = do_POST

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@pytest.fixture
def door() -> Iterator[Listener]:
    """Lets everybody in."""
    with contextlib.closing(Listener(X_Gatepost_Verdict="allow")) as listener:
        yield listener


@pytest.fixture
def mail() -> Iterator[Listener]:
    with contextlib.closing(Listener()) as listener:
        yield listener


def post(
    port: int, query: str = "Cmd=Sync", headers: Headers | None = None, tls: ssl.SSLContext | None = None
) -> tuple[int, http.client.HTTPMessage, bytes]:
    if tls:
        connection: http.client.HTTPConnection = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=tls)
    else:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection):
        connection.request("POST", f"{PATH}?{query}", b"body", headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


def nginx(home: Path, door: int, mail: int, **changes: Any) -> tuple[int, Nginx]:
    """Its port, and an nginx that is not started yet."""
    port = free_port()
    return port, Nginx(home / "nginx", port, files("nginx", a_front(port, door, mail, **changes)))


SPOOFED = {
    "Authorization": "Basic YTpi",
    "MS-ASProtocolVersion": "14.1",
    "User-Agent": "Apple-iPhone",
    "X-Gatepost-Certificate": "mine",
    "X-Gatepost-Verdict": "allow",
    "X-Original-URI": f"{PATH}?DeviceId=CLEAN1",
    "X-Original-Method": "OPTIONS",
    "X-Remote-User": "alice",
    "Cookie": "secret",
}


def test_the_door_hears_what_nginx_says_and_nothing_a_phone_made_up(
    tmp_path: Path, door: Listener, mail: Listener
) -> None:
    """I-30: the target as it was sent, the method, the credentials, the version and the agent; no body, and no header
    of ours that a phone wrote."""
    port, server = nginx(tmp_path, door.server_port, mail.server_port)
    with server:
        assert post(port, "Cmd=Sync&DeviceId=%41&x=a/../b", SPOOFED)[0] == 204
    ((target, heard, body),) = door.asked
    assert (target, body) == ("/check", b"")
    assert heard.pop("host")
    assert heard == {
        "x-original-uri": f"{PATH}?Cmd=Sync&DeviceId=%41&x=a/../b",
        "x-original-method": "POST",
        "authorization": "Basic YTpi",
        "ms-asprotocolversion": "14.1",
        "user-agent": "Apple-iPhone",
    }


def test_the_mail_server_gets_the_request_and_none_of_our_headers(
    tmp_path: Path, door: Listener, mail: Listener
) -> None:
    """Its own path, the query byte by byte, the body, the phone's headers; what only we may say is dropped."""
    path = "/SOGo/Microsoft-Server-ActiveSync"
    port, server = nginx(tmp_path, door.server_port, mail.server_port, backend_path=path)
    with server:
        post(port, "Cmd=Sync&DeviceId=%41&x=a/../b", SPOOFED)
    ((target, heard, body),) = mail.asked
    assert (target, body) == (f"{path}?Cmd=Sync&DeviceId=%41&x=a/../b", b"body")
    assert heard["authorization"] == "Basic YTpi"
    assert heard["cookie"] == "secret"
    assert not [name for name in heard if name.startswith("x-gatepost-")]


def test_a_user_header_goes_to_the_door_where_the_site_says_so(tmp_path: Path, door: Listener, mail: Listener) -> None:
    """With `header` among the users, the header that is named, and no other, is handed on."""
    port, server = nginx(tmp_path, door.server_port, mail.server_port, users=("header", "basic"))
    with server:
        post(port, headers=SPOOFED)
    assert door.asked[0][1]["x-remote-user"] == "alice"


def test_a_verified_certificate_goes_to_the_door(tmp_path: Path, door: Listener, mail: Listener) -> None:
    """A phone with a certificate of the site's authority is passed with it; one without, or with its own words for one,
    is passed without; one with a certificate of somebody else's is refused by nginx."""
    authority, other = Authority(tmp_path / "tls"), Authority(tmp_path / "other")
    ours, phone, strange = authority.certificate("mail"), authority.certificate("phone"), other.certificate("strange")
    tls = {"tls_certificate": ours.file, "tls_key": ours.key, "certificates": True, "client_ca": authority.file}
    port, server = nginx(tmp_path, door.server_port, mail.server_port, **tls)

    def trusting() -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(authority.file))

    with server:
        assert post(port, headers=SPOOFED, tls=trusting())[0] == 204
        assert "x-gatepost-certificate" not in door.asked[-1][1]
        known = trusting()
        known.load_cert_chain(phone.file, phone.key)
        assert post(port, headers=SPOOFED, tls=known)[0] == 204
        assert door.asked[-1][1]["x-gatepost-certificate"].startswith("-----BEGIN%20CERTIFICATE-----%0A")
        unknown = trusting()
        unknown.load_cert_chain(strange.file, strange.key)
        assert post(port, headers=SPOOFED, tls=unknown)[0] == 400
    assert len(door.asked) == 2


@pytest.mark.parametrize(
    ("choice", "status", "wait"), [("undecided", 503, "180"), ("allow", 204, None), ("block", 403, None)]
)
def test_without_its_door_nginx_does_what_the_site_says(
    tmp_path: Path, mail: Listener, choice: Any, status: int, wait: str | None
) -> None:
    """I-29: `door.on_no_copy` stands in the configuration: wait, mail, or none; never 500, and at once."""
    rules = DoorRules("allow", "block", choice)
    port, server = nginx(tmp_path, free_port(), mail.server_port, rules=rules)
    with server:
        begin = time.monotonic()
        answer, headers, _ = post(port)
        assert time.monotonic() - begin < 2
    assert (answer, headers["Retry-After"], len(mail.asked)) == (status, wait, int(choice == "allow"))


@pytest.mark.parametrize("choice", ["undecided", "allow", "block"])
def test_what_answers_in_the_door_s_place_decides_nothing(
    tmp_path: Path, door: Listener, mail: Listener, choice: Any
) -> None:
    """I-29: an answer that is no door's, of whatever status, is as good as none: a 200 lets nobody in, a 403 refuses
    nobody, a 401 asks nobody for a password."""
    door.headers = {"X-Gatepost-Verdict": "undecided"}
    port, server = nginx(tmp_path, door.server_port, mail.server_port, rules=DoorRules("allow", "block", choice))
    expected = {"undecided": (503, "180"), "allow": (204, None), "block": (403, None)}[choice]
    with server:
        for status in (200, 204, 302, 401, 403, 404, 429, 500, 502, 503):
            door.status = status
            answer, headers, _ = post(port, "Cmd=Sync&DeviceId=X")
            assert (answer, headers["Retry-After"]) == expected, status
            door.headers = {"X-Powered-By": "something else"}
    assert {(target, body) for target, _, body in mail.asked} == (
        {(f"{PATH}?Cmd=Sync&DeviceId=X", b"body")} if choice == "allow" else set()
    )


def test_the_mail_server_s_own_answers_pass(tmp_path: Path, door: Listener, mail: Listener) -> None:
    """A 403 or a 500 of the mail server is its own, and is not taken for ours."""
    port, server = nginx(tmp_path, door.server_port, mail.server_port)
    with server:
        for status in (401, 403, 449, 500, 503):
            mail.status = status
            answer, headers, body = post(port)
            assert (answer, headers["Retry-After"], body) == (status, None, b"")


def test_nginx_takes_every_configuration_that_is_written(tmp_path: Path) -> None:
    """`nginx -t`, which `door config` names, accepts each choice."""
    ours = Authority(tmp_path / "tls").certificate("mail")
    tls = {"tls_certificate": ours.file, "tls_key": ours.key}
    choices: list[dict[str, Any]] = [
        {},
        tls,
        tls | {"certificates": True, "client_ca": ours.file, "users": ("certificate", "header")},
        {"rules": DoorRules("allow", "allow", "allow")},
        {"rules": DoorRules("block", "block", "block"), "backend_path": "/SOGo/Microsoft-Server-ActiveSync"},
    ]
    for number, changes in enumerate(choices):
        home = tmp_path / str(number)
        for name, content in files("nginx", a_front(8443, 8181, 20000, **changes)).items():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_bytes(content)
        command = ["nginx", "-t", "-p", ".", "-c", "nginx.conf", "-e", "error.log"]
        tried = subprocess.run(command, cwd=home, env={"PATH": SEARCH}, capture_output=True, text=True)
        assert tried.returncode == 0, tried.stderr
        assert "warn" not in tried.stderr


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"tls_certificate": Path("/x.pem")}, "tls_key"),
        ({"certificates": True}, "client_ca"),
        ({"certificates": True, "tls_certificate": Path("/x.pem"), "tls_key": Path("/k.pem")}, "client_ca"),
        ({"backend_path": "/x; return 200"}, "backend_path"),
        ({"users": ("header",), "user_header": "X-A; return"}, "user_header"),
        ({"tls_certificate": Path('/x".pem'), "tls_key": Path("/k")}, "tls_certificate"),
        ({"tls_certificate": Path("/x.pem"), "tls_key": Path("/$host")}, "tls_key"),
    ],
)
def test_settings_that_nginx_cannot_be_told_are_refused(changes: dict[str, Any], named: str) -> None:
    """I-36: what is missing, or would change the file's structure, is refused with the setting's name."""
    with pytest.raises(FrontUnfit, match=named):
        files("nginx", a_front(8443, 8181, 20000, **changes))
