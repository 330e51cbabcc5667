"""The real thing from outside: the console script in a process of its own, real mail, real HTTP.

Journeys import nothing of gatepost: what they use is what its users have.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.journeys.program import ADMIN, Server, configure, run, start
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
    configure(
        directory,
        smtp__port=mails.port,
        door__listen=f"127.0.0.1:{free_port()}",
        web__listen=f"127.0.0.1:{free_port()}",
    )
    return directory


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
