"""The houses that the doctor looks at."""

from collections.abc import Iterator

import pytest

from tests.servers.mail_sink import MailSink
from tests.servers.ports import free_port
from tests.verbs.conftest import Build, build, builder
from tests.verbs.houses import House

__all__ = ["build", "builder"]


@pytest.fixture(scope="module")
def mails(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailSink]:
    with MailSink(tmp_path_factory.mktemp("mails")) as sink:
        yield sink


@pytest.fixture
def house(build: Build, mails: MailSink) -> House:
    """A site whose mail goes to a real SMTP server, and at whose door's address nothing listens."""
    return build(smtp__port=mails.port, doors__mail__listen=f"127.0.0.1:{free_port()}")
