"""The real thing from outside: each command in a process of its own, real mail, real HTTP.

Journeys import nothing of gatepost: what they use is what its users have.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.journeys.company import DEVICES, DOCUMENT, MONDAY, PEOPLE, ROLES
from tests.journeys.program import ADMIN, Server, configure, run, start
from tests.journeys.story import Story
from tests.servers.mail_sink import MailSink
from tests.servers.ports import free_port


@pytest.fixture
def mails(tmp_path: Path) -> Iterator[MailSink]:
    """A real SMTP server that keeps what it is given."""
    with MailSink(tmp_path / "mails") as sink:
        yield sink


@pytest.fixture
def site(tmp_path: Path, mails: MailSink) -> Path:
    """A fresh exercise, its mail going to the sink, its servers on free ports."""
    directory = tmp_path / "site"
    run("init", directory, "--exercise", "--admin", ADMIN)
    return on_free_ports(directory, mails)


def on_free_ports(directory: Path, mails: MailSink) -> Path:
    """A site with its servers where nobody else listens."""
    configure(
        directory,
        smtp__port=mails.port,
        doors__mail__listen=f"127.0.0.1:{free_port()}",
        web__listen=f"127.0.0.1:{free_port()}",
    )
    return directory


@pytest.fixture(scope="session")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An exercise with its people, devices and roles, on Monday: made once, copied for each story."""
    folder = tmp_path_factory.mktemp("settled")
    home = Story(folder / "site", folder)
    run("init", home.site, "--exercise", "--admin", ADMIN)
    home.say("clock set", MONDAY)
    home.say("people import", home.file("people.csv", PEOPLE))
    home.say("devices import", home.file("devices.csv", DEVICES))
    for email, role in ROLES.items():
        home.say(f"role grant {email} {role}")
    return home.site


@pytest.fixture(scope="session")
def agreed(settled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with the policy proposed and approved by all three."""
    folder = tmp_path_factory.mktemp("agreed")
    home = Story(copied(settled, folder), folder)
    home.propose(DOCUMENT)
    home.approve()
    return home.site


def copied(site: Path, folder: Path) -> Path:
    """A copy of a site that nobody uses; without its reserve, which the worker lays in anew."""
    return Path(shutil.copytree(site, folder / "site", ignore=shutil.ignore_patterns("reserve")))


@pytest.fixture
def story(settled: Path, tmp_path: Path, mails: MailSink) -> Story:
    """A company that has moved in, on a site of its own."""
    return Story(on_free_ports(copied(settled, tmp_path), mails), tmp_path)


@pytest.fixture
def ready(agreed: Path, tmp_path: Path, mails: MailSink) -> Story:
    """The same, ready to announce."""
    return Story(on_free_ports(copied(agreed, tmp_path), mails), tmp_path)


Serve = Callable[..., Server]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """`serve(site)` or `serve(site, "door", "run")`: runs until the test ends, and must end cleanly then."""
    running: list[Server] = []

    def begin(site: Path, *command: str) -> Server:
        server = start(site, tmp_path / f"{len(running)}.log", *(command or ("serve",)))
        running.append(server)
        return server

    yield begin
    for server in running:
        if server.process.poll() is None:
            assert server.stop() == 0, server.log
        server.close()
