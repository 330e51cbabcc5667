"""Calling the API without a socket between, as people's programs do."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from starlette.types import ASGIApp

from gatepost.actions import tokens
from gatepost.core.instant import DAY
from gatepost.core.token import Scope
from gatepost.web import app as web
from tests.verbs.houses import House, good
from tests.web.asking import URL, send

API = "/api/v1"


class Called(NamedTuple):
    """`data`: the body, which is always JSON."""

    status: int
    headers: Mapping[str, str]
    data: Any


def api(house: House) -> ASGIApp:
    """The site's web application, without the site's own token."""
    return web.application(house.site, URL, "")


def token(house: House, person: str, *scopes: Scope) -> str:
    """A token of this person's, for everything unless it is said for what."""
    return good(tokens.add_token(house.site, person, "", scopes or list(Scope), house.now() + 30 * DAY)).secret


def call(app: ASGIApp, shown: str, path: str, body: object = None, query: str = "", **headers: str) -> Called:
    """A look, or with a body a verb."""
    verb = body is not None
    told = {"authorization": f"Bearer {shown}" if shown else "", "content-type": "application/json" if verb else ""}
    told |= {name.replace("_", "-"): value for name, value in headers.items()}
    status, answered, data = send(app, API + path, body if verb else b"", "POST" if verb else "GET", query, **told)
    return Called(status, answered, json.loads(data) if data else None)
