"""The whole way: a site, its door, HAProxy and Dovecot as `door config` writes them, and phones that wait for mail."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.doors.sessions.a_dovecot import Idler
from tests.journeys.conftest import Serve
from tests.journeys.program import configure, eventually
from tests.journeys.story import Story
from tests.servers.daemon import Daemon
from tests.servers.dovecot import PACKAGES, Dovecot
from tests.servers.long_polls import LongPolls, Phone, ended
from tests.servers.ports import free_port

pytestmark = [pytest.mark.needs(package) for package in (*PACKAGES, "haproxy")]

HANNA, CLEO = "hanna@example.com", "cleo@example.com"
WITHIN = 5
"""Seconds from the instant of effect to the end of a session, as promised."""


class Servers(NamedTuple):
    haproxy: int
    backend: LongPolls
    dovecot: Dovecot

    def wait(self, login: str, device: str, password: str) -> list[Phone | Idler]:
        """What a phone opens to wait for mail: a Ping, a Sync, and an IDLE."""
        asked = [Phone(self.haproxy, device, login, command) for command in ("Ping", "Sync")]
        return [*asked, Idler(self.dovecot.port, login, password)]


@pytest.fixture
def servers(ready: Story, tmp_path: Path, serve: Serve) -> Iterator[Servers]:
    """HAProxy before a mail server that holds requests, Dovecot, and the site's door, which are told of each other."""
    port, check = free_port(), free_port()
    with LongPolls() as backend, Dovecot(check, (HANNA, CLEO)) as dovecot:
        configure(
            ready.site,
            doors__mail__listen=f"127.0.0.1:{check}",
            doors__mail__front=f"127.0.0.1:{port}",
            doors__mail__backend=f"127.0.0.1:{backend.port}",
            doors__mail__haproxy_socket=str(tmp_path / "haproxy.sock"),
            doors__mail__haproxy_files=str(tmp_path / "maps"),
            doors__mail__doveadm=dovecot.doveadm,
            doors__mail__doveadm_key_file=str(dovecot.key_file),
        )
        ready.say("door config haproxy mail --out", tmp_path)
        serve(ready.site)
        command = ["haproxy", "-db", "-f", str(tmp_path / "haproxy.cfg")]
        with Daemon(command, tmp_path / "haproxy.log", port):
            yield Servers(port, backend, dovecot)


def test_what_is_open_ends_at_the_deadline_and_can_be_opened_after_a_retraction(ready: Story, servers: Servers) -> None:
    """I-27, I-28: at its deadline all that a phone with the app has open ends, in HAProxy and in Dovecot; others go on;
    after a retraction it waits for mail again. The door has nothing to complain of."""
    issued = {
        login: ready.say(f"device-password issue --device {device}")["password"]
        for login, device in ((HANNA, "hanna-phone"), (CLEO, "cleo-phone"))
    }
    ready.announce()
    ready.accepted("announcement", HANNA, "E2")
    eventually(lambda: ready.say("door list")[0]["problem"] == "", "HAProxy has its maps")
    hanna = servers.wait(HANNA, "HANNAPHONE1", issued[HANNA])
    cleo = servers.wait(CLEO, "CLEOPHONE1", issued[CLEO])
    servers.backend.wait(4)
    assert not ended([*hanna, *cleo], 1, 1.1)

    ready.say("clock set 2020-07-12")
    assert set(ended([*hanna, *cleo], 3, WITHIN)) == set(hanna)
    servers.backend.wait(2)
    assert not ended(cleo, 1, 0.3)

    ready.say("policy retract no-tiktok --reason", "sent in error")
    again = servers.wait(HANNA, "HANNAPHONE1", issued[HANNA])
    servers.backend.wait(4)
    assert not ended([*again, *cleo], 1, 1.1)
    assert ready.say("door list")[0]["problem"] == ""
    for client in (*hanna, *cleo, *again):
        client.close()
