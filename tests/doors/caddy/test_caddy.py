"""A real Caddy before a mail server, from what `door config caddy` writes: the door's answers arrive as declared."""

import contextlib
import http.client
import shutil
import socket
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from gatepost.doors.activesync import REFUSAL_129
from gatepost.doors.fronts import FrontUnfit, files
from gatepost.doors.judge import DoorRules
from tests.doors.caddy.conftest import BLOCKED_SYNC, BROWSER, DESKTOP, HIDDEN, PHONE, Mail, mail_server
from tests.doors.site import basic
from tests.servers.caddy import Caddy, validate
from tests.servers.front import RULES, a_front, write
from tests.servers.ports import free_port

PATH = "/Microsoft-Server-ActiveSync"


def test_whom_the_door_lets_in(mail: Mail) -> None:
    """A clean phone and a warned one get the mail server's answer, body and query whole, at the mail server's path."""
    del mail.seen[:]
    assert mail.sync("CLEAN1") == (200, b"THE-MAIL")
    assert mail.sync("WARNED1", command="Ping") == (200, b"THE-MAIL")
    path, headers, body = mail.seen[0]
    assert path == "/SOGo/Microsoft-Server-ActiveSync?Cmd=Sync&User=x&DeviceId=CLEAN1&DeviceType=iPhone"
    assert body == b"\x03\x01"
    assert headers["Authorization"] == basic("ann@corp.example").decode()
    assert not any(name.lower().startswith("x-gatepost") for name in headers)


def test_whom_the_door_refuses(mail: Mail) -> None:
    """A blocked phone gets Status 129 under its command if it understands that, and 403 else; never the mail, and
    nothing of what the door says to its proxy."""
    del mail.seen[:]
    for command, body in REFUSAL_129.items():
        assert mail.sync("TIKTOK1", command=command) == (200, body)
    assert mail.sync("TIKTOK1", command="SendMail")[0] == 403
    headers = {"Authorization": basic("ann@corp.example").decode(), "MS-ASProtocolVersion": "12.1"}
    status, told, text = mail.ask("POST", f"{PATH}?Cmd=Sync&User=x&DeviceId=TIKTOK1&DeviceType=x", headers)
    assert (status, told["content-type"], b"cannot open company mail" in text) == (403, "text/html", True)
    status, told, _ = mail.ask("POST", f"{PATH}?Cmd=Sync&User=x&DeviceId=TIKTOK1&DeviceType=x", headers | RANGED)
    assert status == 403
    for command in REFUSAL_129:
        target = f"{PATH}?Cmd={command}&User=x&DeviceId=TIKTOK1&DeviceType=x"
        status, told, text = mail.ask("POST", target, headers | RANGED | {"MS-ASProtocolVersion": "16.1"})
        assert (status, told["content-type"], text) == (200, "application/vnd.ms-sync.wbxml", REFUSAL_129[command])
        assert not any(name.startswith("x-gatepost") for name in told)
    assert mail.sync("NOBODY")[0] == 200, "Status 129 for an unknown device, as the site says"
    assert mail.seen == []


RANGED = {"Range": "bytes=0-1", "If-None-Match": "*", "If-Modified-Since": "Sat, 11 Jul 2099 00:00:00 GMT"}


def test_what_opens_no_mail_passes(mail: Mail) -> None:
    """OPTIONS and requests without credentials get to the mail server."""
    assert mail.ask("OPTIONS", PATH)[0] == 200
    assert mail.sync("TIKTOK1", user="") == (200, b"THE-MAIL")


def test_nothing_else_of_the_mail_server_is_reachable(mail: Mail) -> None:
    """No other path leads to it, and its own path for ActiveSync is none of the web application's, however written."""
    del mail.seen[:]
    for path in HIDDEN:
        status, _, body = mail.ask("POST", f"{path}?{BLOCKED_SYNC}", BROWSER)
        assert (status, body) != (200, b"THE-MAIL"), path
    assert mail.seen == []


def test_a_client_s_own_headers_are_dropped(mail: Mail) -> None:
    """I-30: whatever a phone writes into the headers by which the proxy, the door and the mail server speak, its own
    request is judged, and none of it arrives."""
    clean = "/x?Cmd=Sync&User=x&DeviceId=CLEAN1&DeviceType=iPhone"
    forged = {
        "X_Original_URI": clean,
        "X_Original_Method": "OPTIONS",
        "X_Forwarded_Uri": clean,
        "X_Forwarded_Method": "OPTIONS",
        "X_Gatepost_Certificate": "0" * 64,
        "X_Gatepost_Verdict": "allow",
        "X_Remote_User": "bob@corp.example",
    }
    del mail.seen[:]
    for name, value in forged.items():
        assert mail.sync("TIKTOK1", **{name: value}) == (200, REFUSAL_129["Sync"]), name
    assert mail.sync("TIKTOK1", **forged) == (200, REFUSAL_129["Sync"])
    assert mail.seen == []
    assert mail.sync("CLEAN1", **forged) == (200, b"THE-MAIL")
    headers = {name.lower(): value for name, value in mail.seen[0][1].items()}
    assert not headers.keys() & {"x-gatepost-certificate", "x-gatepost-verdict", "x-original-uri", "x-remote-user"}
    assert clean not in headers.values()


def test_who_signed_in_at_the_proxy_is_the_user(mail: Mail) -> None:
    """The header that the proxy sets names the user; one that contradicts the credentials identifies nobody."""
    assert mail.sync("CLEAN1", user="", Cookie="session=ann") == (200, b"THE-MAIL")
    assert mail.sync("TIKTOK1", user="", Cookie="session=ann") == (200, REFUSAL_129["Sync"])
    assert mail.sync("BOB1", user="", Cookie="session=ann") == (200, REFUSAL_129["Sync"])
    assert mail.sync("BOB1", user="bob", Cookie="session=ann")[0] == 403
    assert mail.sync("BOB1", user="bob") == (200, b"THE-MAIL")


def test_a_client_certificate_recognises_the_device(mail: Mail) -> None:
    """Ahead of the id that is claimed: the blocked phone stays blocked under another id, the clean one is let in under
    an unknown one; another device's id, or another person, is a mismatch; a device without one goes by its id."""
    blocked = REFUSAL_129["Sync"]
    assert mail.sync("NOBODY", certificate="clean") == (200, b"THE-MAIL")
    assert mail.sync("CLEAN1", certificate="clean", user="") == (200, b"THE-MAIL")
    assert mail.sync("NEWID1", certificate="blocked") == (200, blocked)
    assert mail.sync("CLEAN1", certificate="blocked") == (200, blocked)
    assert mail.sync("BOB1", certificate="clean") == (200, blocked)
    assert mail.sync("CLEAN1", certificate="clean", user="bob") == (200, blocked)
    assert mail.sync("CLEAN1", certificate="stranger") == (200, blocked), "in no inventory"
    assert mail.sync("CLEAN1") == (200, b"THE-MAIL")


def test_webmail(mail: Mail) -> None:
    """A phone's browser is unidentified, a desktop's is let in; a certificate's device gets what it gets elsewhere."""

    def page(agent: str, certificate: str = "") -> int:
        return mail.ask("GET", "/SOGo/so/ann/Mail?x=1", {"User-Agent": agent, "Cookie": "session=x"}, certificate)[0]

    assert page(DESKTOP) == 200
    assert page(PHONE) == 403
    assert page(PHONE, "clean") == 200
    assert page(DESKTOP, "blocked") == 403
    assert page(DESKTOP, "stranger") == 403
    assert mail.ask("GET", "/SOGo", {"User-Agent": DESKTOP})[0] == 200
    assert mail.ask("GET", "/SOGoX", {"User-Agent": DESKTOP})[0] == 404


def test_the_door_stopped(mail: Mail) -> None:
    """I-29: with the door gone everybody gets 503 with Retry-After, on every path; mail again as soon as it is back."""
    mail.end_door()
    headers = {"Authorization": basic("ann@corp.example").decode(), "User-Agent": DESKTOP}
    for target in (f"{PATH}?Cmd=Sync&User=x&DeviceId=CLEAN1&DeviceType=iPhone", "/SOGo/so/ann/Mail"):
        status, told, _ = mail.ask("POST", target, headers)
        assert (status, told["retry-after"]) == (503, "180")
    mail.start_door()
    assert mail.sync("CLEAN1") == (200, b"THE-MAIL")


# --- without a site: doors that answer anything, or nothing


class Fake:
    """Stands for a door: takes a connection and sends these bytes back, or says nothing for ever."""

    def __init__(self) -> None:
        self.answer = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.recv(65536)
            self._open.append(connection)
            if self.answer:
                connection.sendall(self.answer)
                connection.close()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for connection in self._open:
            connection.close()


ANSWERS = {
    "silence": b"",
    "garbage": b"\x00\xff\x00 what is this\r\n\r\n",
    "a word of somebody else": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK",
    "a refusal of somebody else": b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nNo",
    "nothing there": b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    "an error": b"HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\nOops",
    "a question back": b"HTTP/1.1 401 Who?\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
    "elsewhere": b"HTTP/1.1 302 There\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n",
    "cannot decide": b"HTTP/1.1 503 Wait\r\nRetry-After: 1\r\nX-Gatepost-Verdict: allow\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("on_no_copy", ["undecided", "allow", "block"])
def test_without_an_answer_as_declared(tmp_path: Path, on_no_copy: Literal["undecided", "allow", "block"]) -> None:
    """I-29: a door that is silent, absent or answers garbage: what the site declared, within 2 s, for phones and
    browsers; never 500, never 401, never what stands in such an answer."""
    port, fake = free_port(), Fake()
    rules = DoorRules("allow", "block", on_no_copy, mode="enforce")
    with mail_server() as server:
        write(tmp_path, files("caddy", a_front(port, fake.port, server.server_port, rules=rules, web_path="/mail")))
        with Caddy(tmp_path, port):
            found = []
            for name, fake.answer in ANSWERS.items():
                found += [(name, *asked(port, target)) for target in TARGETS]
            fake.close()
            found += [("away", *asked(port, target)) for target in TARGETS]
    for name, status, retry_after, body, seconds in found:
        assert seconds < 2, name
        match on_no_copy:
            case "undecided":
                assert (status, retry_after, body) == (503, "180", b""), name
            case "allow":
                assert (status, body) == (200, b"THE-MAIL"), name
            case "block":
                assert (status, b"cannot open company mail" in body) == (403, True), name
    assert len(found) == 2 * (len(ANSWERS) + 1)


TARGETS = (f"{PATH}?Cmd=Sync&User=x&DeviceId=CLEAN1&DeviceType=iPhone", "/mail/inbox")


def asked(port: int, target: str) -> tuple[int, str | None, bytes, float]:
    """Status, Retry-After, body, and how many seconds it took."""
    started = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection):
        connection.request("POST", target, b"\x03\x01", {"Authorization": basic("ann").decode()})
        answer = connection.getresponse()
        return answer.status, answer.headers["Retry-After"], answer.read(), time.monotonic() - started


def test_a_mail_server_that_is_away_is_no_door_that_is(tmp_path: Path) -> None:
    """What the site says of an absent door does not hold for its mail server: that is a 502, and no loop."""
    port, fake = free_port(), Fake()
    fake.answer = b"HTTP/1.1 204 No Content\r\nX-Gatepost-Verdict: allow\r\n\r\n"
    rules = DoorRules("allow", "block", "allow", mode="enforce")
    write(tmp_path, files("caddy", a_front(port, fake.port, free_port(), rules=rules)))
    with Caddy(tmp_path, port):
        assert asked(port, TARGETS[0])[0] == 502
    fake.close()


def test_a_refusal_without_its_folder_is_a_refusal(tmp_path: Path) -> None:
    """Caddy started elsewhere does not find the bodies of Status 129: 403 then, whatever the site says of doors."""
    port, fake = free_port(), Fake()
    fake.answer = (
        b"HTTP/1.1 403 No\r\nX-Gatepost-Verdict: block\r\nX-Gatepost-Generation: 14\r\nX-Gatepost-Command: Sync\r\n"
        b"Content-Length: 0\r\n\r\n"
    )
    for on_no_copy in ("undecided", "allow"):
        rules = DoorRules("allow", "block", on_no_copy, mode="enforce")
        with mail_server() as server:
            write(tmp_path, files("caddy", a_front(port, fake.port, server.server_port, rules=rules)))
            shutil.rmtree(tmp_path / "gatepost")
            with Caddy(tmp_path, port):
                assert asked(port, TARGETS[0])[0] == 403
    fake.close()


def test_settings_that_caddy_cannot_be_told(tmp_path: Path) -> None:
    """Rather than a configuration that does not start, or says something else: what to write where."""
    pair = {"tls_certificate": tmp_path / "a.pem", "tls_key": tmp_path / "a.key"}
    for changes, wanted in (
        ({"certificates": True}, "client_ca"),
        ({"certificates": True, **pair}, "client_ca"),
        ({"tls_certificate": tmp_path / "a.pem"}, "tls_key"),
        (pair | {"tls_key": tmp_path / "{a}.pem"}, "tls_key"),
        ({"backend_path": "/a b"}, "backend_path"),
        ({"web_path": "/SOGo {"}, "web_path"),
    ):
        with pytest.raises(FrontUnfit, match=wanted):
            files("caddy", a_front(1, 2, 3, **changes))


@pytest.mark.parametrize("on_no_copy", ["undecided", "allow", "block"])
def test_caddy_itself_finds_the_configuration_sound(
    tmp_path: Path, on_no_copy: Literal["undecided", "allow", "block"]
) -> None:
    """Caddy's own check passes for each declared mode."""
    write(tmp_path, files("caddy", a_front(1, 2, 3, rules=replace(RULES, on_no_copy=on_no_copy), web_path="/mail/")))
    checked = validate(tmp_path)
    assert checked.returncode == 0, checked.stderr
