"""SOGo, once for all modules that a process runs; what stands before it is each module's own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doors.sogo.fronts import PASSWORD
from tests.journeys.conftest import agreed, mails, ready, serve, settled
from tests.servers.certificates import Authority, Certificate
from tests.servers.sogo import Sogo

__all__ = ["agreed", "mails", "ready", "serve", "settled"]

PEOPLE = tuple(f"{name}@example.com" for name in ("alice", "penny", "hanna", "ellis", "cleo"))


@pytest.fixture(scope="session")
def sogo() -> Iterator[Sogo]:
    if os.geteuid() != 0:
        pytest.skip("SOGo and what it needs run under users of their own, which takes root")
    with Sogo(dict.fromkeys(PEOPLE, PASSWORD), workers=14) as started:
        yield started


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def certificate(authority: Authority) -> Certificate:
    """The fronts' own."""
    return authority.certificate("mail.example.com")


@pytest.fixture(scope="session")
def trusted(authority: Authority) -> Path:
    """What phones trust."""
    return authority.file
