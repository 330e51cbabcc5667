"""The whole way through HTTP, loaded by wrk: the real door, beside the same server answering a constant.

Both are the same uvicorn on uvloop, and get the same questions; the constant one answers 204 without looking. Of a
hundred requests 29 come from phones that a policy warns, 2 from blocked ones, and 2 are written in base64.
"""

import random
import re
import subprocess
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from time import process_time
from typing import Final, NamedTuple

from bench import door_fleet
from bench.figures import Figure, must_agree, side_by_side
from bench.processes import Process, free_port, program
from gatepost.core.instant import DAY
from gatepost.doors.check import Check
from gatepost.doors.copy import Copy
from gatepost.doors.entry import Batch, fast_outcome, identity_key, names
from gatepost.doors.judge import Judge
from gatepost.doors.request import Headers

CONNECTIONS: Final = 16
APPS: Final = ("constant", "headers", "door")
DIFFERENT_REQUESTS: Final = 20_000

_SCRIPT: Final = """
local requests, at = {}, 0
for line in io.lines("%s") do
  local uri, authorization = line:match("^(%%S+) (.+)$")
  requests[#requests + 1] = "GET /check HTTP/1.1\\r\\nHost: gate\\r\\nX-Original-URI: " .. uri
    .. "\\r\\nX-Original-Method: POST\\r\\nAuthorization: " .. authorization
    .. "\\r\\nMS-ASProtocolVersion: 14.1\\r\\n\\r\\n"
end
function request()
  at = at %% #requests + 1
  return requests[at]
end
"""


_SHORT: Final = (
    "The parts say where it goes: reading the query and the credentials in Python, the look-up, and two headers more"
    " that uvicorn checks and writes one by one. A parser in C for the usual form, or answers written to the socket as"
    " whole bytes past uvicorn, would close it."
)


class Load(NamedTuple):
    """Requests a second, and microseconds of the server's processor time for each."""

    rate: float
    cpu: float


def run(scratch: Path, quick: bool) -> list[Figure]:
    """The figures."""
    wrk = program("wrk", "wrk")
    devices, rounds, seconds = (1_000, 1, 1) if quick else (200_000, 9, 2)
    script = _write_script(scratch, devices)
    loads: dict[str, list[Load]] = {app: [] for app in APPS}
    with ExitStack() as stack:
        ports = {app: free_port() for app in APPS}
        servers = {
            app: stack.enter_context(
                Process("bench.door_fleet", [app, str(ports[app]), str(scratch / app), str(devices)])
            )
            for app in APPS
        }
        _agree(ports["door"], devices)
        for _ in range(rounds):
            for app in APPS:
                loads[app].append(_load(wrk, script, ports[app], servers[app], seconds))
    # Of each round by itself: the machine changes its pace between rounds more than within one.
    ratio = median(door.rate / constant.rate for door, constant in zip(loads["door"], loads["constant"], strict=True))
    rate = {app: median(load.rate for load in loads[app]) for app in APPS}
    cpu = {app: median(load.cpu for load in loads[app]) for app in APPS}
    headers = median(
        told.cpu - constant.cpu for told, constant in zip(loads["headers"], loads["constant"], strict=True)
    )
    look_up, whole = _parts(scratch, 500 if quick else 20_000)
    return [
        Figure(
            "GET /check: requests a second, beside the same server answering a constant",
            ratio,
            "x",
            at_least=0.65,
            short=_SHORT,
            parts=(
                f"{rate['door']:,.0f}/s, constant {rate['constant']:,.0f}/s ({CONNECTIONS} connections, median of"
                f" {rounds} rounds of {seconds} s, {devices:,} devices)",
                f"processor time {cpu['door']:.1f} µs, constant {cpu['constant']:.1f} µs",
            ),
        ),
        Figure("— the same, our own aim", ratio, "x", at_least=0.85, goal=True, short=_SHORT),
        Figure("— part: the whole answer in process, of which", whole, "µs"),
        Figure("— part: parsing (fields, query, credentials)", whole - look_up, "µs"),
        Figure("— part: look-up, binding and decision", look_up, "µs"),
        Figure("— part: two headers in the answer (server's processor time)", headers, "µs"),
    ]


def _write_script(scratch: Path, devices: int) -> Path:
    """A wrk script whose requests come from random devices."""
    dice = random.Random(4)
    listed = scratch / "requests"
    with listed.open("w", encoding="ascii") as file:
        for number in dice.choices(range(devices), k=DIFFERENT_REQUESTS):
            headers = door_fleet.headers(number)
            file.write(f"{headers['X-Original-URI']} {headers['Authorization']}\n")
    script = scratch / "requests.lua"
    script.write_text(_SCRIPT % listed, encoding="ascii")
    return script


def _load(wrk: str, script: Path, port: int, server: Process, seconds: int) -> Load:
    begin = server.cpu_seconds()
    command = [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script), f"http://127.0.0.1:{port}/check"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    count = re.search(r"(\d+) requests in", said)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if count is None or rate is None or "Socket errors" in said:
        raise AssertionError(f"wrk could not load the server: {said}")
    return Load(float(rate[1]), (server.cpu_seconds() - begin) / int(count[1]) * 1e6)


def _agree(port: int, devices: int) -> None:
    """The door says over HTTP what it is to say."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    for number in random.Random(5).sample(range(devices), 300):
        connection.request("GET", "/check", headers=door_fleet.headers(number))
        answer = connection.getresponse()
        answer.read()
        must_agree((answer.status, answer.headers["X-Gatepost-Reason"]), door_fleet.expected(number), "GET /check")
    connection.close()


def _parts(scratch: Path, count: int) -> tuple[float, float]:
    """Microseconds for the look-up, and for the whole answer, without any server."""
    copy = Copy(scratch / "parts", door_fleet.SITE, DAY)
    copy.apply(Batch(door_fleet.SITE, 1, 0, 0, tuple(door_fleet.entries(count))))
    copy.nothing_new()
    numbers = random.Random(6).choices(range(count), k=count)
    asked = [_as_asgi(door_fleet.headers(number)) for number in numbers]
    check, reader = Check(Judge(copy, door_fleet.RULES, "mail")), copy.reader
    if reader is None:
        raise AssertionError("a copy that is whole has a reader")
    keys = [(identity_key(door_fleet.eas_id(number)), door_fleet.login(number).encode()) for number in numbers]
    get, effects, now = reader.get, reader.effects, copy.time.now()

    def look_up() -> None:
        for key, login in keys:
            record = get(key)
            if record is not None and names(record, login):
                fast_outcome(record, effects, now)

    def whole() -> None:
        for fields in asked:
            check.answer(fields)

    def timed(act: Callable[[], None]) -> float:
        begin = process_time()
        act()
        return process_time() - begin

    seconds = side_by_side(5, lambda: timed(look_up), lambda: timed(whole))
    copy.close()
    return seconds[0] / count * 1e6, seconds[1] / count * 1e6


def _as_asgi(headers: dict[str, str]) -> Headers:
    sent: Sequence[tuple[str, str]] = [("host", "gate"), *headers.items()]
    return [(name.lower().encode(), value.encode()) for name, value in sent]
