"""The block where a phone meets it: a real nginx before a plain HTTP mail server."""

import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.conftest import Serve
from tests.journeys.program import configure
from tests.journeys.story import Story, basic
from tests.servers.http_server import SaysMail, listening
from tests.servers.mail_sink import MailSink
from tests.servers.nginx import Nginx
from tests.servers.ports import free_port

REFUSED_SYNC = bytes.fromhex("03016a00 454e 03313239 00 0101")
"""Status 129 under Sync, as WBXML."""

HANNAS_BASE64 = "jAAJBAtIQU5OQVBIT05FMQAFUGhvbmU="
"""The base64 form of a Sync by HANNAPHONE1 (MS-ASHTTP 2.2.1.1.1.1)."""


@pytest.fixture
def backend() -> Iterator[int]:
    with listening(SaysMail) as server:
        yield server.server_port


def sync(port: int, user: str, query: str) -> tuple[int, bytes]:
    """A phone asks for mail: status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Authorization": basic(user), "MS-ASProtocolVersion": "14.1"}
    connection.request("POST", f"/Microsoft-Server-ActiveSync?{query}", b"\x03\x01", headers)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, body


@pytest.mark.needs("nginx-light")
def test_a_phone_meets_the_block_and_the_retraction_at_nginx(
    ready: Story, mails: MailSink, serve: Serve, backend: int, tmp_path: Path
) -> None:
    """I-27, I-30: Status 129 for the blocked phone in both forms of its query, mail for the others and after."""
    port = free_port()
    configure(ready.site, doors__mail__front=f"127.0.0.1:{port}", doors__mail__backend=f"127.0.0.1:{backend}")
    ready.say("door config nginx --out", tmp_path / "nginx")
    serve(ready.site)
    ready.announce()
    ready.accepted("announcement", "hanna@example.com", "E2")

    def hannas(query: str = "Cmd=Sync&User=x&DeviceId=HANNAPHONE1&DeviceType=P") -> tuple[int, bytes]:
        return sync(port, "hanna@example.com", query)

    with Nginx(tmp_path / "nginx", port):
        assert hannas() == hannas(HANNAS_BASE64) == (200, b"mail")
        ready.say("clock set 2020-07-12")
        ready.waits_for(403, "hanna@example.com", "HANNAPHONE1")
        assert hannas() == hannas(HANNAS_BASE64) == (200, REFUSED_SYNC)
        assert hannas("Cmd=Sync&User=x&DeviceId=HANNALAPTOP1&DeviceType=P") == (200, b"mail")
        assert sync(port, "cleo@example.com", "Cmd=Sync&DeviceId=CLEOPHONE1&DeviceType=P") == (200, b"mail")
        ready.say("policy retract no-tiktok --reason", "sent in error")
        assert hannas() == hannas(HANNAS_BASE64) == (200, b"mail")
    ready.holds()
