"""A door that is asked by AuthZEN."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gatepost.core.instant import DAY
from gatepost.doors import authzen
from gatepost.doors.authzen import AuthZen
from gatepost.doors.copy import Copy
from gatepost.doors.entry import Mode, certificate_key
from gatepost.doors.judge import DoorRules, Judge
from tests.doors.site import FLEET, SITE, batch, device

URL = "https://gate.example"
ALICE = "alice@example.com"
CERTIFICATE = "ab" * 32

Headers = dict[str, str]


@pytest.fixture(name="copy")
def copy_of_fleet(tmp_path: Path) -> Iterator[Copy]:
    opened = Copy(tmp_path / "door", SITE, DAY)
    known = device("TIKTOK2", ALICE, rule=1)[1]
    opened.apply(batch(10, *FLEET, (certificate_key(CERTIFICATE), known)))
    opened.nothing_new()
    yield opened
    opened.close()


def judge_of(copy: Copy, mode: Mode = "enforce", on_unknown: Any = "block") -> Judge:
    return Judge(copy, DoorRules(on_unknown=on_unknown, on_unidentified="block", mode=mode), "mail")


def send(
    app: AuthZen,
    path: str,
    body: bytes | object,
    headers: Headers | None = None,
    method: str = "POST",
    parts: int = 1,
) -> tuple[int, Headers, bytes]:
    """Status, headers and body of the answer. A body that is no bytes is sent as JSON; in so many parts."""
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    step = -(-len(sent) // parts) or 1
    pieces = [sent[at : at + step] for at in range(0, len(sent), step)] or [b""]
    queue = [
        {"type": "http.request", "body": piece, "more_body": at + 1 < len(pieces)} for at, piece in enumerate(pieces)
    ]
    events: list[Any] = []

    async def receive() -> Any:
        return queue.pop(0)

    async def take(event: Any) -> None:
        events.append(event)

    told = {"content-type": "application/json"} | (headers or {})
    pairs = [(name.encode(), value.encode()) for name, value in told.items()]
    asyncio.run(app({"type": "http", "method": method, "path": path, "headers": pairs}, receive, take))
    start, end = events
    return start["status"], {name.decode(): value.decode() for name, value in start["headers"]}, end["body"]


def ask(app: AuthZen, body: bytes | object, path: str = authzen.EVALUATION) -> Any:
    status, headers, answer = send(app, path, body)
    assert (status, headers["content-type"]) == (200, "application/json"), answer
    return json.loads(answer)


def by_device(eas_id: str, user: str = ALICE, **properties: str) -> dict[str, Any]:
    return {
        "subject": {"type": "device", "id": eas_id, "properties": {"user": user} | properties},
        "action": {"name": "open"},
        "resource": {"type": "mailbox", "id": user},
    }


def several(app: AuthZen, *each: Any, **around: Any) -> list[Any]:
    answers: list[Any] = ask(app, around | {"evaluations": list(each)}, authzen.EVALUATIONS)["evaluations"]
    return answers
