"""One Chromium for each file of tests: Playwright's loop would be in the way of those of other tests."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import chromium
from tests.verbs.conftest import build, builder

__all__ = ["browser", "build", "builder"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser
