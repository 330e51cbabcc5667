"""Every page there is, asked for with what nobody who means well would send; new pages are found by themselves."""

import re
from collections.abc import Iterator
from importlib.resources import files

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from tests.verbs.conftest import Build
from tests.verbs.houses import ADMIN, POLICY, TIKTOK, House
from tests.web.asking import URL, application
from tests.web.own import link_for
from tests.web.visiting import Browser, signed_in

VALUES = ("9" * 40, "-1", "x\x00y\r\nz: 1", "..%2f..", "<b>'\"{{7*7}}\u202e")
"""For every part of a path, every query and every field."""

_NAME = re.compile(r'(?:name=|query_params\.get\(|fields\.get\(|sent\.get\()"([a-z_]+)"')


@pytest.fixture
def house(build: Build) -> House:
    house = build(web__sign_in="mail", web__url=URL)
    house.owners(2, apps=(TIKTOK,))
    house.announce()
    house.deliver()
    return house


def names() -> frozenset[str]:
    """Of all fields and queries that the pages' sources speak of."""
    web = files("gatepost.web")
    sources = [one.read_text() for folder in ("pages", "templates") for one in web.joinpath(folder).iterdir()
               if one.name.endswith((".py", ".j2"))]  # fmt: skip
    found = {name for source in sources for name in _NAME.findall(source)}
    assert {"reason", "revision", "purpose", "address", "because", "code"} <= found
    return frozenset(found)


def pages(app: Starlette) -> Iterator[tuple[Route, str]]:
    for route in app.routes:
        # One ends the session; the other rightly says 503 once no worker was heard of for a while.
        if isinstance(route, Route) and route.path not in ("/sign-out", "/readyz"):
            yield from ((route, method) for method in sorted((route.methods or {"GET"}) & {"GET", "POST"}))


def test_nothing_that_is_sent_breaks_a_page(house: House) -> None:
    """I-36: no number is too long, no sign too odd, for a path, a query or a field: it is refused, or does nothing."""
    browser = signed_in(house, ADMIN)
    assert isinstance(browser.app, Starlette)
    fields, asked = names(), 0
    for value in VALUES:
        every = dict.fromkeys(fields, value)
        for route, method in pages(browser.app):
            for policy in (POLICY, value) if "{policy}" in route.path else (value,):
                path = _filled(route.path, value, policy, link_for(house, "u0"))
                visit = _sent(browser, method, path, every)
                assert visit < 500, (method, path, value)
                asked += 1
    assert asked > 100
    house.sound()


def _filled(path: str, value: str, policy: str, link: str) -> str:
    path = path.replace("/own/{token}", link).replace("{policy}", policy)
    return re.sub(r"\{\w+(:\w+)?\}", lambda _: value.replace("/", ""), path)


def _sent(browser: Browser, method: str, path: str, every: dict[str, str]) -> int:
    if method == "POST":
        return browser.post(path, **every).status
    query = "&".join(f"{name}={_quoted(value)}" for name, value in every.items())
    return browser.get(path, query).status


def _quoted(value: str) -> str:
    return "".join(f"%{byte:02x}" for byte in value.encode())


def test_the_application_is_what_is_asked(house: House) -> None:
    """The test above asks for all there is: at least these."""
    app = application(house)
    assert isinstance(app, Starlette)
    paths = {route.path for route, _ in pages(app)}
    assert {"/own/{token}/absent", "/policies/{policy}/retract", "/sign-in/{token}", "/ledger/{index}"} <= paths
