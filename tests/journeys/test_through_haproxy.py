"""The block where a phone meets it: a real HAProxy that decides by itself, from maps that the door keeps."""

from pathlib import Path

import pytest

from tests.doors.haproxy.gate import a_mail_server, until
from tests.journeys.conftest import Serve
from tests.journeys.program import configure
from tests.journeys.story import Story
from tests.journeys.test_through_nginx import HANNAS_BASE64, REFUSED_SYNC, sync
from tests.servers.daemon import Daemon
from tests.servers.mail_sink import MailSink
from tests.servers.ports import free_port

PLAIN = "Cmd=Sync&User=x&DeviceId=HANNAPHONE1&DeviceType=P"


@pytest.mark.needs("haproxy")
def test_a_phone_meets_the_block_and_the_retraction_at_haproxy(
    ready: Story, mails: MailSink, serve: Serve, tmp_path: Path
) -> None:
    """I-27, I-30: Status 129 for the blocked phone in both forms of its query, mail for the others and, when the
    retraction was answered, for all."""
    port, out = free_port(), tmp_path / "ha"
    with a_mail_server() as backend:
        configure(
            ready.site,
            doors__mail__front=f"127.0.0.1:{port}",
            doors__mail__backend=f"127.0.0.1:{backend}",
            doors__mail__haproxy_socket=str(out / "socket"),
            doors__mail__haproxy_files=str(out / "maps"),
        )
        ready.say("door config haproxy --out", out)
        haproxy = Daemon(["haproxy", "-db", "-f", str(out / "haproxy.cfg")], out / "log", port)

        def hannas(query: str = PLAIN) -> tuple[int, bytes]:
            return sync(port, "hanna@example.com", query)

        def lets_in(query: str = PLAIN) -> bool:
            status, body = hannas(query)
            return status == 200 and body.startswith(b"mail")

        with haproxy:
            assert hannas()[0] == 503
            serve(ready.site)
            until(lets_in)
            ready.announce()
            ready.accepted("announcement", "hanna@example.com", "E2")
            assert lets_in(HANNAS_BASE64)
            ready.say("clock set 2020-07-12")
            until(lambda: hannas() == (200, REFUSED_SYNC))
            assert hannas(HANNAS_BASE64) == (200, REFUSED_SYNC)
            assert lets_in("Cmd=Sync&User=x&DeviceId=HANNALAPTOP1&DeviceType=P")
            assert sync(port, "cleo@example.com", "Cmd=Sync&DeviceId=CLEOPHONE1&DeviceType=P")[0] == 200
            ready.say("policy retract no-tiktok --reason", "sent in error")
            assert lets_in()
            assert lets_in(HANNAS_BASE64)
    ready.holds()
