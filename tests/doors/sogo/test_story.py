"""A policy's life as phones with SOGo mail see it: let in, warned, refused, let in again."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.doors.sogo.conftest import PASSWORD
from tests.journeys.conftest import Serve
from tests.journeys.program import configure, eventually
from tests.journeys.story import Story
from tests.servers.certificates import Certificate
from tests.servers.nginx import Nginx
from tests.servers.phone import Phone, Refused
from tests.servers.ports import free_port
from tests.servers.sogo import BACKEND_PATH, PACKAGES, Sogo

pytestmark = [pytest.mark.needs(package) for package in (*PACKAGES, "nginx-light")]

HANNA, ELLIS, CLEO = "hanna@example.com", "ellis@example.com", "cleo@example.com"


@pytest.fixture
def front(ready: Story, sogo: Sogo, certificate: Certificate, tmp_path: Path) -> Iterator[int]:
    """The port of an nginx as `gatepost door config` writes it, before SOGo."""
    port = free_port()
    configure(
        ready.site,
        doors__mail__front=f"127.0.0.1:{port}",
        doors__mail__backend=f"127.0.0.1:{sogo.port}",
        doors__mail__backend_path=BACKEND_PATH,
        doors__mail__tls_certificate=str(certificate.file),
        doors__mail__tls_key=str(certificate.key),
    )
    ready.say("door config nginx --out", tmp_path / "nginx")
    with Nginx(tmp_path / "nginx", port):
        yield port


def test_a_phone_is_let_in_warned_refused_and_let_in_again(
    ready: Story, front: int, sogo: Sogo, serve: Serve, trusted: Path
) -> None:
    """I-8, I-27: mail until the deadline, none after, again once the app is gone, and for all after a retraction."""
    serve(ready.site)
    with contextlib.ExitStack() as ends:

        def phone(login: str, device: str) -> Phone:
            return ends.enter_context(Phone(front, trusted, login, PASSWORD, device))

        hanna, ellis, cleo = phone(HANNA, "HANNAPHONE1"), phone(ELLIS, "ELLISPHONE1"), phone(CLEO, "CLEOPHONE1")

        def deliver(subject: str) -> list[str]:
            for login in (HANNA, ELLIS, CLEO):
                sogo.deliver(login, subject)
            return [subject]

        sent = deliver("Before")
        assert hanna.sync() == ellis.sync() == cleo.sync() == sent

        ready.announce()
        ready.accepted("announcement", HANNA, "E2")
        assert ready.verdict(HANNA, "hanna-phone") == "warn"
        sent = deliver("Warned")
        assert hanna.sync() == ellis.sync() == cleo.sync() == sent

        ready.say("clock set 2020-07-12")
        ready.waits_for(403, HANNA, "HANNAPHONE1")
        missed = deliver("Refused")
        assert cleo.sync() == missed
        assert how(hanna.sync) == how(ellis.sync) == "Status 129"

        ready.report("hanna-phone", HANNA, "2020-07-11T20:00:00Z", platform="ios")
        eventually(lambda: how(hanna.sync) == missed, "mail flows again", 5)
        assert how(ellis.sync) == "Status 129"

        ready.say("policy retract no-tiktok --reason", "sent in error")
        assert ellis.sync() == missed
        sent = deliver("After")
        assert hanna.sync() == ellis.sync() == cleo.sync() == sent
    ready.holds()


def how(sync: Callable[[], list[str]]) -> list[str] | str:
    """The new subjects, or how the phone was refused."""
    try:
        return sync()
    except Refused as refused:
        return refused.how
