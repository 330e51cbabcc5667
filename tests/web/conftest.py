"""Sites to ask, made as those of tests/verbs are."""

from collections.abc import Iterator

import pytest

from tests.verbs.conftest import build, builder, house
from tests.web.at_provider import Place, place

__all__ = ["build", "builder", "house"]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with place(tmp_path_factory.mktemp("provider")) as found:
        yield found
