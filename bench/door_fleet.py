"""An invented fleet for the door, and a process that answers for it: `python -m bench.door_fleet APP PORT PATH COUNT`.

APP: `door`, the real one; `constant`, the same server answering 204 to everything; `headers`, with two headers more.
"""

import base64
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gatepost import clock
from gatepost.core.fleet.finding import Finding
from gatepost.core.instant import ALWAYS, DAY, NEVER
from gatepost.core.policy.policy import Consequence
from gatepost.core.policy.verdict import DueRule, RuleState, Standing
from gatepost.doors import run
from gatepost.doors.check import Event, Receive, Scope, Send
from gatepost.doors.entry import Batch, encode_standing, encode_state, identity_key, rule_key
from gatepost.doors.judge import DoorRules
from gatepost.doors.report import Report

SITE: Final = "bench"
PAGE: Final = 20_000
RULES: Final = DoorRules("block", "block", "undecided", DAY, "enforce")
BLOCKS, WARNS, NOTIFIES = 1, 2, 3
"""Rules by number: since always, never yet, only a notice."""


def rule_of(number: int) -> int | None:
    """Of a hundred requests 69 come from devices that no policy concerns, 2 from blocked ones, 29 from warned ones."""
    place = number % 100
    if place < 69:
        return None
    if place < 71:
        return BLOCKS
    return WARNS if place < 86 else NOTIFIES


def eas_id(number: int) -> str:
    return f"{number * 2654435761 % 2**32:08X}{number:08X}"


def login(number: int) -> str:
    return f"user{number // 2}@corp.example"


def target(number: int) -> str:
    """What a phone asks for: one of fifty writes the base64 form."""
    if number % 50 == 7:
        device, kind = eas_id(number).encode(), b"iPhone"
        parts = b"\x8d\x00\x09\x04" + bytes([len(device)]) + device + b"\x00" + bytes([len(kind)]) + kind
        return "/Microsoft-Server-ActiveSync?" + base64.b64encode(parts).decode()
    return f"/Microsoft-Server-ActiveSync?Cmd=Sync&User=u&DeviceId={eas_id(number)}&DeviceType=iPhone"


def headers(number: int) -> dict[str, str]:
    """What the proxy sends for a request of this device."""
    credentials = base64.b64encode(f"{login(number)}:secret".encode()).decode()
    return {
        "X-Original-URI": target(number),
        "X-Original-Method": "POST",
        "Authorization": f"Basic {credentials}",
        "MS-ASProtocolVersion": "14.1",
    }


def expected(number: int) -> tuple[int, str]:
    """Status and reason of the answer."""
    rule = rule_of(number)
    if rule == BLOCKS:
        return 403, "blocked"
    return 204, "clear" if rule is None else "warned"


def entries(count: int) -> Iterator[tuple[bytes, bytes | None]]:
    """The fleet as the change stream carries it."""
    states = {
        BLOCKS: (Consequence.BLOCK, ALWAYS),
        WARNS: (Consequence.BLOCK, NEVER - 1),
        NOTIFIES: (Consequence.NOTIFY, ALWAYS),
    }
    for number, (consequence, effect) in states.items():
        state = RuleState(f"policy-{number}", 1, True, False, consequence, ("tiktok",), (effect,))
        yield rule_key(number), encode_state(state)
    for number in range(count):
        rule = rule_of(number)
        due = () if rule is None else (DueRule(rule, 0, 0, Finding.PRESENT, ALWAYS, ALWAYS),)
        yield identity_key(eas_id(number)), encode_standing(Standing(f"d_{number:024x}", (login(number),), 0, due))


class _Constant:
    """In the door's place: knows nothing and always says yes."""

    def __init__(self, *_unused: object) -> None:
        self.start: Event = {"type": "http.response.start", "status": 204, "headers": self.told()}
        self.end: Event = {"type": "http.response.body", "body": b""}
        self.beside: dict[str, object] = {}
        self.counts: dict[str, int] = {}

    def told(self) -> list[tuple[bytes, bytes]]:
        return []

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send(self.start)
        await send(self.end)


class _WithHeaders(_Constant):
    def told(self) -> list[tuple[bytes, bytes]]:
        return [(b"x-gatepost-verdict", b"allow"), (b"x-gatepost-reason", b"clear")]


def main(app: str, port: int, path: Path, count: int) -> None:
    if app != "door":
        vars(run)["Check"] = _Constant if app == "constant" else _WithHeaders  # in its place
        count = 0
    stream = entries(count)

    def changes(after: int) -> Batch | None:
        page = tuple(entry for entry, _ in zip(stream, range(PAGE), strict=False))
        return Batch(SITE, after + 1, clock.system_now(), 0, page) if page else None

    def tell(_report: Report) -> None: ...

    def ready() -> None:
        print("ready", flush=True)

    door = run.Door("mail", ("127.0.0.1", port), path, SITE, RULES, changes, tell, ())
    run.run_door(door, ready)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
