"""A blocked phone before a real nginx and a real Caddy, as the site configures them: raw requests, none of which may
open its mail."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from gatepost.doors.fronts import files
from tests.doors.site import V140, basic, plain
from tests.doors.test_run import Door
from tests.servers.caddy import Caddy
from tests.servers.front import a_front, write
from tests.servers.nginx import Nginx
from tests.servers.ports import free_port

pytestmark = pytest.mark.needs("nginx-light")

ALICE = b"Authorization: " + basic("alice@example.com")
BAD, GOOD = plain("TIKTOK1"), plain("CLEAN1")


class Backend(BaseHTTPRequestHandler):
    """A mail server that serves a command whatever the method is, as SOGo does."""

    protocol_version = "HTTP/1.1"

    def _mail(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.send_response(200 if self.headers["Authorization"] else 401)
        self.send_header("Content-Length", "8")
        self.end_headers()
        self.wfile.write(b"THE-MAIL")

    do_POST = do_GET = do_PUT = do_PROPFIND = do_REPORT = do_PATCH = _mail

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def mail(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a proxy that asks a door and has that mail server behind it."""
    home = tmp_path_factory.mktemp("front")
    door = Door(home)
    door.stream.write_text("")
    door.start()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Backend)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    port = free_port()
    with contextlib.ExitStack() as ends:
        ends.callback(thread.join)
        ends.callback(server.server_close)
        ends.callback(server.shutdown)
        ends.callback(door.stop)
        front = a_front(port, door.port, server.server_port)
        if request.param == "nginx":
            ends.enter_context(Nginx(home / "nginx", port, files("nginx", front)))
        else:
            write(home / "caddy", files("caddy", front))
            ends.enter_context(Caddy(home / "caddy", port))
        yield port


def raw(port: int, line: bytes, *headers: bytes, body: bytes = b"\x03\x01") -> bytes:
    """The whole answer to a request written byte by byte; b"" where the connection was closed without one."""
    head = [line, b"Host: mail.example.com", b"Connection: close", b"Content-Length: %d" % len(body), *headers]
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        # A server that refuses a long line closes before all of it was sent.
        with contextlib.suppress(ConnectionError):
            connection.sendall(b"\r\n".join([*head, b"", b""]) + body)
        answer = b""
        with contextlib.suppress(ConnectionError):
            while more := connection.recv(65536):
                answer += more
        return answer


def test_a_clean_phone_is_let_in(mail: int) -> None:
    """What follows proves something: the same request for a phone that is clean opens mail."""
    assert b"THE-MAIL" in raw(mail, b"POST " + GOOD + b" HTTP/1.1", ALICE)
    assert b"THE-MAIL" not in raw(mail, b"POST " + BAD + b" HTTP/1.1", ALICE)


FRONT = b"/Microsoft-Server-ActiveSync"
TARGETS = {
    "absolute": b"http://mail.example.com" + BAD,
    "absolute, other host": b"http://x" + BAD,
    "absolute, clean first": b"http://mail.example.com" + GOOD + b"?" + BAD,
    "encoded path": BAD.replace(b"-", b"%2D"),
    "path up": b"/x/.." + BAD,
    "path twice": b"/" + BAD,
    "path on": BAD.replace(b"?", b"/x?"),
    "encoded mark": BAD.replace(b"?", b"%3F", 1),
    "encoded mark, clean after": BAD.replace(b"?", b"%3F", 1) + b"?" + GOOD.partition(b"?")[2],
    "two marks": FRONT + b"?User=x?DeviceId=TIKTOK1&DeviceId=CLEAN1&DeviceType=p&Cmd=Sync",
    "two marks, base64": GOOD + b"?" + V140.encode(),
    "fragment": GOOD + b"#" + BAD,
    "fragment before": FRONT + b"#" + BAD,
    "twice": GOOD + b"&DeviceId=TIKTOK1",
    "twice, first": FRONT + b"?DeviceId=TIKTOK1&" + GOOD.partition(b"?")[2],
    "encoded name": GOOD + b"&Device%49d=TIKTOK1",
    "encoded value": BAD.replace(b"TIKTOK1", b"TIKTOK%31"),
    "case of the value": BAD.replace(b"TIKTOK1", b"TikTok1"),
    "case of the name": BAD.replace(b"DeviceId", b"dEVICEiD"),
    "semicolon": GOOD + b";DeviceId=TIKTOK1",
    "base64": FRONT + b"?" + V140.encode(),
    "base64, unpadded": FRONT + b"?" + V140.rstrip("=").encode(),
    "base64 and plain": FRONT + b"?" + V140.encode() + b"&" + GOOD.partition(b"?")[2],
    "hex of bytes": BAD.replace(b"TIKTOK1", b"76313430446576696365"),
    "NUL": BAD.replace(b"TIKTOK1", b"CLEAN1%00TIKTOK1"),
    "high bytes": BAD.replace(b"TIKTOK1", b"\xff\xfe"),
    "very long": BAD + b"&LongId=" + b"a" * 100_000,
    "long": BAD + b"&LongId=" + b"a" * 7_000,
    "semicolons": FRONT + b"?Cmd=Sync&User=" + b";" * 7_000 + b"&DeviceId=TIKTOK1&DeviceType=p",
    "no query": FRONT,
}


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("version", [b"HTTP/1.1", b"HTTP/1.0"])
def test_no_target_opens_the_mail_of_a_blocked_phone(mail: int, target: bytes, version: bytes) -> None:
    """I-30: however the target is written, the blocked phone's mail stays shut, and the answer is never a 500."""
    answer = raw(mail, b"POST " + target + b" " + version, ALICE)
    assert b"THE-MAIL" not in answer
    assert b" 500 " not in answer.partition(b"\r\n")[0]


@pytest.mark.parametrize("method", ["GET", "PUT", "PROPFIND", "REPORT", "PATCH", "post", "Post", "GET POST"])
def test_no_method_opens_the_mail_of_a_blocked_phone(mail: int, method: str) -> None:
    """I-30: servers that carry out a command whatever the method is are no way around the door."""
    assert b"THE-MAIL" not in raw(mail, method.encode() + b" " + BAD + b" HTTP/1.1", ALICE)


@pytest.mark.parametrize("header", [b"User-Agent: a\x01", b"MS-ASProtocolVersion: 14.1\x7f", b"User-Agent: \x1b[0m"])
def test_a_control_sign_is_no_way_to_keep_the_door_from_answering(mail: int, header: bytes) -> None:
    """I-29: what the door cannot be told is refused at once, and is not what is done without a door."""
    answer = raw(mail, b"POST " + BAD + b" HTTP/1.1", ALICE, header)
    assert b"THE-MAIL" not in answer
    assert answer.partition(b"\r\n")[0].startswith(b"HTTP/1.1 400")


CREDENTIALS = {
    "other scheme first": [b"Authorization: Bearer x", ALICE],
    "twice": [b"Authorization: " + basic("bob@example.com"), ALICE],
    "folded": [b"Authorization:\r\n " + basic("alice@example.com")],
    "blanks": [b"Authorization: Basic  " + basic("alice@example.com")[6:]],
    "tab": [b"Authorization: Basic\t" + basic("alice@example.com")[6:]],
    "case": [b"AUTHORIZATION: bAsIc " + basic("ALICE@example.com")[6:]],
    "domain before": [b"Authorization: " + basic("EXAMPLE\\alice@example.com")],
    "full width": [b"Authorization: " + basic("\uff41lice@example.com")],
    "of another": [b"Authorization: " + basic("bob@example.com\\alice@example.com")],
    "NUL": [b"Authorization: " + basic("alice@example.com\0bob@example.com")],
    "garbage": [b"Authorization: Basic !!!!" + basic("alice@example.com")[6:]],
    "negotiate": [b"Authorization: Negotiate TlRMTVNTUAAB"],
}


@pytest.mark.parametrize("headers", CREDENTIALS.values(), ids=CREDENTIALS)
def test_no_spelling_of_credentials_opens_the_mail_of_a_blocked_phone(mail: int, headers: list[bytes]) -> None:
    """I-30: credentials that some server may take for alice's do not open mail on her blocked phone."""
    assert b"THE-MAIL" not in raw(mail, b"POST " + BAD + b" HTTP/1.1", *headers)


FORGED = {
    "the door's own": [b"X-Original-URI: " + GOOD, b"X-Original-Method: OPTIONS"],
    "with underscores": [b"X_Original_URI: " + GOOD, b"X_Original_Method: OPTIONS"],
    "the door's answer": [b"X-Gatepost-Verdict: allow", b"X-Gatepost-Reason: clear"],
    "another URL": [b"X-Rewrite-URL: " + GOOD, b"X-Original-URL: " + GOOD, b"X-Forwarded-Uri: " + GOOD],
    "forwarded": [b"X-Forwarded-Uri: " + GOOD, b"X-Forwarded-Method: OPTIONS", b"X-Forwarded-Host: x"],
    "hop by hop": [b"Connection: X-Original-URI, X-Forwarded-Uri, X-Forwarded-Method, X-Gatepost-Verdict, User-Agent"],
    "a certificate": [b"X-Gatepost-Certificate: " + b"0" * 64, b"X-Gatepost-Certificate: garbage"],
    "a user": [b"X-Remote-User: bob@example.com"],
    "a web application": [b"User-Agent: Mozilla/5.0 (X11)", b"X-Gatepost-Kind: web", b"Sec-CH-UA-Mobile: ?0"],
    "another method": [b"X-HTTP-Method-Override: OPTIONS", b"X-HTTP-Method: OPTIONS"],
    "upgrade": [b"Connection: Upgrade", b"Upgrade: websocket"],
    "h2c": [b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk"],
    "versions": [b"MS-ASProtocolVersion: 14.1", b"MS-ASProtocolVersion: 2.5"],
    "expect": [b"Expect: 100-continue"],
    "range": [b"Range: bytes=0-1", b'If-None-Match: "x"', b"If-Modified-Since: Sat, 11 Jul 2020 00:00:00 GMT"],
    "many": [b"X-%d: a" % number for number in range(150)],
    "long": [b"X-Long: " + b"a" * 7_000],
}


@pytest.mark.parametrize("headers", FORGED.values(), ids=FORGED)
def test_no_header_opens_the_mail_of_a_blocked_phone(mail: int, headers: list[bytes]) -> None:
    """I-30: what a phone writes into the headers that the proxy and the door speak by is not believed."""
    answer = raw(mail, b"POST " + BAD + b" HTTP/1.1", ALICE, *headers)
    assert b"THE-MAIL" not in answer
    assert b" 500 " not in answer.partition(b"\r\n")[0]


def test_no_second_request_hides_behind_the_first(mail: int) -> None:
    """Two lengths, or a length and chunks: a request for a blocked phone does not ride in a clean phone's body."""
    hidden = b"POST " + BAD + b" HTTP/1.1\r\nHost: mail\r\n" + ALICE + b"\r\nContent-Length: 0\r\n\r\n"
    chunked = raw(
        mail, b"POST " + GOOD + b" HTTP/1.1", ALICE, b"Transfer-Encoding: chunked", body=b"0\r\n\r\n" + hidden
    )
    twice = raw(mail, b"POST " + GOOD + b" HTTP/1.1", ALICE, b"Content-Length: 0", body=hidden)
    for answer in (chunked, twice):
        assert answer.count(b"THE-MAIL") <= 1
