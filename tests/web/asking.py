"""Asking a site's API without a socket between."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from starlette.types import ASGIApp

from gatepost.web import app as web
from tests.verbs.houses import House

URL = "https://gatepost.example"
TOKEN = "a-token-of-this-test-0123456789-0123456789"
EVALUATION = "/access/v1/evaluation"
EVALUATIONS = "/access/v1/evaluations"
SEARCH = "/access/v1/search/"
WELL_KNOWN = "/.well-known/authzen-configuration"


def application(house: House, token: str = TOKEN) -> ASGIApp:
    return web.application(house.site, URL, token)


def send(
    app: ASGIApp, path: str, body: object = b"", method: str = "POST", query: str = "", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the answer. A body that is no bytes is sent as JSON; the token is shown."""
    status, pairs, answer = exchange(app, path, body, method, query, headers)
    return status, dict(pairs), answer


def exchange(
    app: ASGIApp, path: str, body: object, method: str, query: str, headers: Mapping[str, str]
) -> tuple[int, list[tuple[str, str]], bytes]:
    """The same with every header, also those that came twice."""
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    told = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"} | dict(headers)
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in told.items() if value]
    events: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": sent, "more_body": False}

    async def take(event: Any) -> None:
        events.append(event)

    scope = {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": pairs}

    async def call() -> None:
        await app(scope, receive, take)

    asyncio.run(call())
    start, *parts = events
    body = b"".join(part.get("body", b"") for part in parts)
    return start["status"], [(name.decode(), value.decode()) for name, value in start["headers"]], body


def ask(app: ASGIApp, path: str, body: object) -> Any:
    status, headers, answer = send(app, path, body)
    assert (status, headers["content-type"]) == (200, "application/json"), answer
    return json.loads(answer)


def opens(device: str, user: str, **properties: str) -> dict[str, Any]:
    """May this user open mail with this device?"""
    return {
        "subject": {"type": "device", "id": device, "properties": {"user": user} | properties},
        "action": {"name": "open"},
        "resource": {"type": "mailbox", "id": user},
    }
