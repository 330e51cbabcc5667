"""The whole way: a site, its door, HAProxy and Dovecot as `door config` writes them, and phones that wait for mail."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from gatepost.actions.device_passwords import issue
from gatepost.actions.doors import list_doors
from gatepost.wiring import front_of
from tests.doors.sessions.a_dovecot import Idler
from tests.journeys.program import eventually, start
from tests.servers.dovecot import PACKAGES, Dovecot
from tests.servers.haproxy import haproxy
from tests.servers.long_polls import LongPolls, Phone, ended
from tests.servers.ports import free_port
from tests.verbs.conftest import Build
from tests.verbs.houses import OPERATOR, TIKTOK, House, good

pytestmark = [pytest.mark.needs(package) for package in (*PACKAGES, "haproxy")]

HANNA, CLEO = "hanna@corp.example", "cleo@corp.example"
WITHIN = 5
"""Seconds from the instant of effect to the end of a session, as promised."""


class Mail(NamedTuple):
    """A site whose door stands before HAProxy, at that port, and Dovecot; `passwords`: of each login's phone."""

    house: House
    haproxy: int
    backend: LongPolls
    dovecot: Dovecot
    passwords: dict[str, str]

    def wait(self, login: str) -> list[Phone | Idler]:
        """What a phone opens to wait for mail: a Ping, a Sync, and an IDLE."""
        eas_id = f"EASphone-{login.partition('@')[0]}"
        asked = [Phone(self.haproxy, eas_id, login, command) for command in ("Ping", "Sync")]
        return [*asked, Idler(self.dovecot.port, login, self.passwords[login])]

    def problem(self) -> object:
        """What the door tells of itself; "unheard" before it has told anything."""
        return next((door["problem"] for door in list_doors(self.house.site)), "unheard")


@pytest.fixture
def mail(build: Build, tmp_path: Path) -> Iterator[Mail]:
    port, check = free_port(), free_port()
    with LongPolls() as backend, Dovecot(check, (HANNA, CLEO)) as dovecot:
        house = build(
            doors__mail__listen=f"127.0.0.1:{check}",
            doors__mail__front=f"127.0.0.1:{port}",
            doors__mail__backend=f"127.0.0.1:{backend.port}",
            doors__mail__haproxy_socket=str(tmp_path / "haproxy.sock"),
            doors__mail__haproxy_files=str(tmp_path / "maps"),
            doors__mail__doveadm=dovecot.doveadm,
            doors__mail__doveadm_key_file=str(dovecot.key_file),
        )
        house.people("hanna", "cleo")
        house.phone("hanna", [TIKTOK])
        house.phone("cleo")
        passwords = {
            login: good(issue(house.site, OPERATOR, f"phone-{login.partition('@')[0]}", reason="for a test")).password
            for login in (HANNA, CLEO)
        }
        with haproxy(front_of(house.site, "mail"), tmp_path):
            door = start(house.site.directory, tmp_path / "door.log", "door", "run")
            yield Mail(house, port, backend, dovecot, passwords)
            assert door.stop() == 0, door.log
            door.close()


def test_what_is_open_ends_at_the_deadline_and_can_be_opened_after_a_retraction(mail: Mail) -> None:
    """I-27, I-28: at its deadline all that a phone with the app has open ends, in HAProxy and in Dovecot; others go on;
    after a retraction it waits for mail again. The door has nothing to complain of."""
    mail.house.announce()
    mail.house.deliver()
    eventually(lambda: mail.problem() == "", "HAProxy has its maps")
    hanna, cleo = mail.wait(HANNA), mail.wait(CLEO)
    mail.backend.wait(4)
    assert not ended([*hanna, *cleo], 1, 1.1)

    mail.house.clock("2020-07-12T00:00:00Z")
    assert set(ended([*hanna, *cleo], 3, WITHIN)) == set(hanna)
    mail.backend.wait(2)
    assert not ended(cleo, 1, 0.3)

    mail.house.retract()
    eventually(lambda: list_doors(mail.house.site)[0]["behind"] == 0, "the door has heard of the retraction")
    again = mail.wait(HANNA)
    mail.backend.wait(4)
    assert not ended([*again, *cleo], 1, 1.1)
    assert mail.problem() == ""
    for client in (*hanna, *cleo, *again):
        client.close()


def test_a_door_that_cannot_end_sessions_says_so(mail: Mail) -> None:
    """What keeps sessions from being ended stands in the list of doors, while a retraction does not wait for it."""
    eventually(lambda: mail.problem() == "", "HAProxy has its maps")
    mail.dovecot.key_file.write_text("another")
    eventually(lambda: "does not take the key" in str(mail.problem()), "the door tells of the key")
    mail.house.announce()
    mail.house.retract()
    eventually(lambda: list_doors(mail.house.site)[0]["behind"] == 0, "the door has confirmed all the same")
    assert "does not take the key" in str(mail.problem())
