"""Every page, as axe sees it: light and dark, on a phone, a tablet and a wide screen."""

import re
from collections.abc import Iterator
from itertools import product
from typing import Final

import pytest
from playwright.sync_api import Browser
from starlette.routing import BaseRoute, Match, Route

from gatepost.web.app import application
from tests.browser.every_page import EVERY, Place, furnished
from tests.browser.seeing import NARROWEST, THEMES, WIDTHS, faults, look, sideways
from tests.verbs.houses import Builder

pytestmark = pytest.mark.needs("chromium")

FOR_PROGRAMS: Final = re.compile(r"/healthz|/readyz|/sign-in/again|/.*\.(csv|json|tlog-proof)")
"""Routes that are no pages."""

_SEEN = {f"mail-{kind}" for kind in ("announcement", "blocked", "approval-asked", "access", "code")}
_ALIKE = {name for name in EVERY if name.startswith("mail-")} - _SEEN


@pytest.fixture(scope="module")
def place(builder: Builder, browser: Browser) -> Iterator[Place]:
    with furnished(builder, browser) as place:
        yield place


@pytest.mark.parametrize("name", [name for name in EVERY if name not in _ALIKE])
def test_axe_finds_nothing(place: Place, name: str) -> None:
    """Nor does a script fail, or anybody scroll sideways, at the width of the narrowest phone either. Theme and width
    are seen at both ends here; each with each, and mails that are built like others, with the full sizes."""
    page, is_mail = EVERY[name].open(place), EVERY[name].is_mail
    look(page, "light", WIDTHS[-1])
    assert faults(page, is_mail=is_mail) == []
    look(page, "dark", WIDTHS[0])
    assert faults(page, looks_only=True) == []
    look(page, "light", NARROWEST)
    assert sideways(page) == []
    place.eyes.saw_nothing()


@pytest.mark.long
@pytest.mark.parametrize("name", EVERY)
def test_axe_finds_nothing_in_any_theme_at_any_width(place: Place, name: str) -> None:
    """WCAG 2.2 AA as far as a program can tell, and axe's own advice."""
    page, is_mail = EVERY[name].open(place), EVERY[name].is_mail
    for theme, width in product(THEMES, WIDTHS):
        look(page, theme, width)
        assert faults(page, is_mail=is_mail) == [], (theme, width)
        assert sideways(page) == [], (theme, width)


def test_no_page_is_left_out(place: Place) -> None:
    """Whoever adds a page shows it here, or says that it is none."""
    routes = application(place.house.site, place.eyes.url, "").routes
    pages = {route.path for route in routes if isinstance(route, Route) and "GET" in (route.methods or ())}
    seen = {_route(routes, shown.path(place.house).removeprefix(place.eyes.url)) for shown in EVERY.values()}

    assert {path for path in pages - seen if not FOR_PROGRAMS.fullmatch(path)} == set()


def _route(routes: list[BaseRoute], path: str) -> str:
    scope = {"type": "http", "method": "GET", "path": path.partition("?")[0]}
    for route in routes:
        if isinstance(route, Route) and route.matches(scope)[0] is Match.FULL:
            return route.path
    return ""
