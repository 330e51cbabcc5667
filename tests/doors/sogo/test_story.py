"""A policy's life as phones with SOGo mail see it: let in, warned, refused, let in again."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.doors.sogo.fronts import PASSWORD
from tests.journeys.conftest import Serve
from tests.journeys.program import configure, eventually
from tests.journeys.story import Story
from tests.servers.certificates import Certificate
from tests.servers.daemon import Daemon
from tests.servers.nginx import Nginx
from tests.servers.phone import Line, Phone, Refused
from tests.servers.ports import free_port
from tests.servers.sogo import BACKEND_PATH, PACKAGES, Sogo

pytestmark = [pytest.mark.needs(package) for package in (*PACKAGES, "nginx-light", "haproxy")]

HANNA, ELLIS, CLEO = "hanna@example.com", "ellis@example.com", "cleo@example.com"
PROXY = """
[doors.proxy]
listen = "127.0.0.1:{check}"
table = "door-of-the-proxy"
front = "127.0.0.1:{front}"
backend = "127.0.0.1:{sogo.port}"
backend_path = "{path}"
tls_certificate = "{certificate.file}"
tls_key = "{certificate.key}"
haproxy_socket = "{home}/haproxy.sock"
haproxy_files = "{home}/maps"
"""


@pytest.fixture
def fronts(
    ready: Story, sogo: Sogo, certificate: Certificate, tmp_path: Path, serve: Serve
) -> Iterator[tuple[int, int]]:
    """The ports of nginx and HAProxy before SOGo, as `door config` writes them, each with a door of its own."""
    by_nginx, by_haproxy = free_port(), free_port()
    configure(
        ready.site,
        door__plain_refusal_types=["Old"],
        doors__mail__front=f"127.0.0.1:{by_nginx}",
        doors__mail__backend=f"127.0.0.1:{sogo.port}",
        doors__mail__backend_path=BACKEND_PATH,
        doors__mail__tls_certificate=str(certificate.file),
        doors__mail__tls_key=str(certificate.key),
    )
    places = {"check": free_port(), "front": by_haproxy, "home": tmp_path, "path": BACKEND_PATH}
    with (ready.site / "gatepost.toml").open("a") as settings:
        settings.write(PROXY.format(sogo=sogo, certificate=certificate, **places))
    ready.say("door config nginx mail --out", tmp_path / "nginx")
    ready.say("door config haproxy proxy --out", tmp_path)
    serve(ready.site)
    command = ["haproxy", "-db", "-f", str(tmp_path / "haproxy.cfg")]
    with Nginx(tmp_path / "nginx", by_nginx), Daemon(command, tmp_path / "haproxy.log", by_haproxy):
        yield by_nginx, by_haproxy


def test_a_phone_is_let_in_warned_refused_and_let_in_again(
    ready: Story, fronts: tuple[int, int], sogo: Sogo, trusted: Path
) -> None:
    """I-8, I-27: mail until the deadline, none after, again once the app is gone, and for all after a retraction; by
    nginx and by HAProxy alike."""
    with contextlib.ExitStack() as ends:

        def phone(login: str, device: str) -> Looks:
            opened = ends.enter_context(Phone(fronts[0], trusted, login, PASSWORD, device))
            return lambda: looks(opened, fronts)

        hanna, ellis, cleo = phone(HANNA, "HANNAPHONE1"), phone(ELLIS, "ELLISPHONE1"), phone(CLEO, "CLEOPHONE1")

        def deliver(subject: str) -> list[str]:
            for login in (HANNA, ELLIS, CLEO):
                sogo.deliver(login, subject)
            return [subject]

        eventually(lambda: cleo() == [], "both doors let phones in")
        sent = deliver("Before")
        assert hanna() == ellis() == cleo() == sent

        ready.announce()
        ready.accepted("announcement", HANNA, "E2")
        assert ready.verdict(HANNA, "hanna-phone") == "warn"
        sent = deliver("Warned")
        assert hanna() == ellis() == cleo() == sent

        ready.say("clock set 2020-07-12")
        eventually(lambda: hanna() == "Status 129", "the deadline has passed", 5)
        missed = deliver("Refused")
        assert cleo() == missed
        assert hanna() == ellis() == "Status 129"
        assert {asked(trusted, port, "Phone") for port in fronts} == {200}
        assert {asked(trusted, port, "Old") for port in fronts} == {403}

        ready.report("hanna-phone", HANNA, "2020-07-11T20:00:00Z", platform="ios")
        eventually(lambda: hanna() == missed, "mail flows again", 5)
        assert ellis() == "Status 129"

        ready.say("policy retract no-tiktok --reason", "sent in error")
        assert ellis() == missed
        sent = deliver("After")
        assert hanna() == ellis() == cleo() == sent
    ready.holds()


Looks = Callable[[], list[str] | str]


def looks(phone: Phone, fronts: tuple[int, ...]) -> list[str] | str:
    """The new subjects, or how the phone was refused; "by one front only" where they differ."""
    seen = [how(phone.through(port).sync) for port in fronts]
    if len({isinstance(one, str) for one in seen}) > 1 or (isinstance(seen[0], str) and seen[0] != seen[1]):
        return "by one front only"
    return seen[0]


def how(sync: Looks) -> list[str] | str:
    try:
        return sync()
    except Refused as refused:
        return refused.how


def asked(trusted: Path, port: int, kind: str) -> int:
    """The status of the answer to a phone of Hanna's of this type."""
    query = f"Cmd=Sync&User=x&DeviceId=HANNAPHONE1&DeviceType={kind}"
    return Line(port, trusted).ask(query, HANNA).status
