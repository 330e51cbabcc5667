"""The proxies before a mail server, loaded by wrk: each beside itself without a decision, in turns.

HAProxy runs from the files that `door config haproxy` writes, with the maps of 0, 100,000 and 1,000,000 devices;
without a decision it is the same file, less the lines that decide. nginx asks the door's check, as `door config nginx`
says. All lead to one backend that answers at once. Every request is let through: of a hundred, 30 come from phones that
a policy warns, and 2 are written in base64, which HAProxy reads in Lua; with the maps empty, all are unknown. Then what
people decide is brought into the maps of a million devices: a retraction, and a deadline that comes.
"""

import random
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from statistics import median
from threading import Event, Thread
from time import sleep, time
from typing import Final

from bench import door_fleet
from bench.figures import Figure, must_agree, seconds
from bench.processes import Process, free_port, program
from gatepost import clock
from gatepost.core.instant import DAY, Instant
from gatepost.core.policy.policy import Consequence
from gatepost.core.policy.verdict import RuleState
from gatepost.doors.activesync import REFUSAL_129
from gatepost.doors.copy import Copy
from gatepost.doors.entry import Batch, encode_state, rule_key
from gatepost.doors.fronts import Front, nginx
from gatepost.doors.haproxy.maps import Maps
from gatepost.doors.judge import DoorRules, Judge
from tests.doors.haproxy.gate import ask
from tests.servers.front import a_front
from tests.servers.haproxy import placed, running, write
from tests.servers.nginx import Nginx

RULES: Final = DoorRules("allow", "block", "undecided", DAY, "enforce")
CONNECTIONS: Final = 16
DIFFERENT_REQUESTS: Final = 20_000
POLL: Final = 0.015
"""Seconds between two pushes, as the door's process makes them."""

_DECIDES: Final = re.compile(r"^  (?:acl|http-request (?!set-path|set-header|return status 404)).*\n", re.MULTILINE)
_NGINX: Final = """
worker_processes auto;
pid nginx.pid;
events { worker_connections 8192; }
http {
  access_log off;
  server { listen 127.0.0.1:%d; location / { %s } }
}
"""
_FORWARDS: Final = """
    proxy_pass http://127.0.0.1:%d;
    proxy_http_version 1.0;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
"""
_SCRIPT: Final = """
local requests, at = {}, 0
for line in io.lines("%s") do
  local uri, authorization = line:match("^(%%S+) (.+)$")
  requests[#requests + 1] = "POST " .. uri .. " HTTP/1.1\\r\\nHost: gate\\r\\nAuthorization: " .. authorization
    .. "\\r\\nMS-ASProtocolVersion: 14.1\\r\\nUser-Agent: Phone/1.0\\r\\nContent-Length: 0\\r\\n\\r\\n"
end
function request()
  at = at %% #requests + 1
  return requests[at]
end
"""
_SHORT: Final = (
    "Each request runs a dozen rules of HAProxy's: look-ups in four maps, two regular expressions, two tables. To leave"
    " out the tables, the log or a map saved little each; HAProxy's threads also wait for one another, so that with one"
    " thread a decision took about half as much processor time as with two."
)


def run(scratch: Path, quick: bool) -> list[Figure]:
    """The figures."""
    for name, package in (("wrk", "wrk"), ("haproxy", "haproxy"), ("nginx", "nginx-light")):
        program(name, package)
    sizes, rounds, length = ((0, 100, 1_000), 1, 1) if quick else ((0, 100_000, 1_000_000), 9, 2)
    with ExitStack() as ends:
        backend = free_port()
        config = _NGINX % (backend, 'return 200 "mail";')
        ends.enter_context(Nginx(scratch / "backend", backend, {"nginx.conf": config.encode()}))
        ports, gates = {}, {}
        for size in sizes:
            gates[size] = ends.enter_context(_gate(scratch / f"h{size}", backend, size))
            ports[f"haproxy {size}"] = gates[size].port
        ports["haproxy"] = ends.enter_context(_plain_haproxy(scratch / "hp", backend))
        ports |= ends.enter_context(_nginx(scratch, backend, sizes[1]))
        scripts = {name: _script(scratch, int(name.split()[-1]) if name[-1].isdigit() else sizes[1]) for name in ports}
        rates: dict[str, list[float]] = {name: [] for name in ports}
        for _ in range(rounds):
            for name, port in ports.items():
                rates[name].append(_rate(scripts[name], port, length))
        figures = list(_loads(rates, sizes))
        times = 3 if quick else 30
        return figures + _changes(gates[sizes[-1]], sizes[-1], times)


def _loads(rates: Mapping[str, Sequence[float]], sizes: Sequence[int]) -> Iterator[Figure]:
    """Of each round by itself: the machine changes its pace between rounds more than within one."""

    def ratio(name: str, plain: str) -> float:
        return median(one / other for one, other in zip(rates[name], rates[plain], strict=True))

    def parts(name: str, plain: str) -> tuple[str]:
        return (f"{median(rates[name]):,.0f}/s, without {median(rates[plain]):,.0f}/s ({len(rates[name])} rounds)",)

    for size in sizes:
        name = f"haproxy {size}"
        value, behind, asked = ratio(name, "haproxy"), parts(name, "haproxy"), size == sizes[1]
        what = f"HAProxy with the maps of {size:,} devices, beside itself without a decision"
        yield Figure(what, value, "x", at_least=0.75 if asked else None, parts=behind, short=_SHORT)
        if asked:
            yield Figure("— the same, our own aim", value, "x", at_least=0.9, goal=True, short=_SHORT)
    what = f"nginx with the check, {sizes[1]:,} devices, beside itself without a decision"
    yield Figure(what, ratio("nginx check", "nginx"), "x", at_least=0.3, parts=parts("nginx check", "nginx"))


def _rate(script: Path, port: int, length: int) -> float:
    """Requests a second. AssertionError if one was not let through."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{length}s", "-s", str(script), f"http://127.0.0.1:{port}/"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if rate is None or "Socket errors" in said or "Non-2xx" in said:
        raise AssertionError(f"wrk could not load the server: {said}")
    return float(rate[1])


def _script(scratch: Path, devices: int) -> Path:
    """A wrk script whose requests come from random devices that are let through."""
    script = scratch / f"requests{devices}.lua"
    listed = scratch / f"requests{devices}"
    dice = random.Random(4)
    numbers = (number for number in iter(lambda: dice.randrange(devices or 100_000), -1) if not _blocked(number))
    with listed.open("w", encoding="ascii") as file:
        for number in islice(numbers, DIFFERENT_REQUESTS):
            headers = door_fleet.headers(number)
            file.write(f"{headers['X-Original-URI']} {headers['Authorization']}\n")
    script.write_text(_SCRIPT % listed, encoding="ascii")
    return script


def _blocked(number: int) -> bool:
    return door_fleet.rule_of(number) == door_fleet.BLOCKS


# --- what is loaded


class _Gate:
    """HAProxy with the maps of so many devices."""

    def __init__(self, directory: Path, backend: int, devices: int) -> None:
        directory.mkdir()
        self.port = free_port()
        self.front = placed(a_front(self.port, 9, backend, rules=RULES, shared_types=("Outlook",)), directory)
        self.copy = Copy(directory / "copy", door_fleet.SITE, DAY)
        self.position = 0
        fleet = iter(door_fleet.entries(devices))
        while page := tuple(islice(fleet, door_fleet.PAGE)):
            self.hear(*page)
        self.copy.nothing_new()
        if not self.front.haproxy_socket or not self.front.haproxy_files:
            raise AssertionError("a front that is placed has both")
        self.maps = Maps(Judge(self.copy, RULES, "mail"), self.front.haproxy_socket, self.front.haproxy_files)

    def hear(self, *entries: tuple[bytes, bytes | None]) -> None:
        self.position += 1
        self.copy.apply(Batch(door_fleet.SITE, self.position, clock.system_now(), 0, entries))

    def push(self, *keys: bytes) -> None:
        """Until HAProxy has it."""
        told: Sequence[bytes] = keys
        while True:
            try:
                return self.maps.push(told)
            except OSError as error:
                if "not loaded yet" not in str(error):
                    raise
            told = ()

    def lets_in(self, number: int) -> bool:
        headers = door_fleet.headers(number)
        sent = {"Authorization": headers["Authorization"], "MS-ASProtocolVersion": "14.1"}
        status, body, _ = ask(self.port, headers["X-Original-URI"], sent)
        must_agree(body, b"mail" if body == b"mail" else REFUSAL_129["Sync"], "HAProxy")
        return status == 200 and body == b"mail"


@contextmanager
def _gate(directory: Path, backend: int, devices: int) -> Iterator[_Gate]:
    gate = _Gate(directory, backend, devices)
    with _running(gate.front, directory):
        gate.push()
        for number in random.Random(5).sample(range(devices), min(300, devices)):
            must_agree(gate.lets_in(number), not _blocked(number), "HAProxy")
        yield gate
    gate.copy.close()


@contextmanager
def _running(front: Front, directory: Path, *, decides: bool = True) -> Iterator[None]:
    config = write(front, directory)
    if not decides:
        config.write_text(_DECIDES.sub("", config.read_text()))
    with running(config, front):
        yield


@contextmanager
def _plain_haproxy(directory: Path, backend: int) -> Iterator[int]:
    directory.mkdir()
    front = placed(a_front(free_port(), 9, backend, rules=RULES), directory)
    with _running(front, directory, decides=False):
        yield front.front.port


@contextmanager
def _nginx(scratch: Path, backend: int, devices: int) -> Iterator[dict[str, int]]:
    """With the door's check, and without."""
    check, asking, plain = free_port(), free_port(), free_port()
    door = Process("bench.door_fleet", ["door", str(check), str(scratch / "door"), str(devices)])
    config = (_NGINX % (plain, _FORWARDS % backend)).encode()
    written = nginx.files(a_front(asking, check, backend, rules=RULES))
    with door, Nginx(scratch / "nginx", asking, written), Nginx(scratch / "plain", plain, {"nginx.conf": config}):
        yield {"nginx check": asking, "nginx": plain}


# --- what people decide


def _changes(gate: _Gate, devices: int, times: int) -> list[Figure]:
    number = next(number for number in range(devices) if _blocked(number))
    retracted = [_retraction(gate, number) for _ in range(times)]
    late = [_deadline(gate, number) for _ in range(times)]
    many = f"{devices:,} devices in HAProxy's maps"
    return [
        Figure(
            f"A retraction, {many}: heard by the door, to confirmed and mail let in, worst",
            max(retracted) * 1000,
            "ms",
            at_most=1000,
            parts=(f"median {median(retracted) * 1000:.1f} ms", f"n = {times}"),
        ),
        Figure(
            f"A deadline, {many}: its instant, to the first refusal, worst",
            max(late) * 1000,
            "ms",
            at_most=250,
            parts=(f"median {median(late) * 1000:.1f} ms", f"earliest {min(late) * 1000:.1f} ms", f"n = {times}"),
        ),
    ]


def _rule(gate: _Gate, *, counts: bool, effect: Instant = 0) -> bytes:
    """The policy that blocks stands so from now on, in the copy."""
    state = RuleState("policy-1", 1, counts, False, Consequence.BLOCK, ("tiktok",), (effect,))
    gate.hear((rule_key(door_fleet.BLOCKS), encode_state(state)))
    return rule_key(door_fleet.BLOCKS)


def _retraction(gate: _Gate, number: int) -> float:
    """Seconds."""
    gate.push(_rule(gate, counts=True))
    must_agree(gate.lets_in(number), False, "HAProxy")

    def retract() -> bool:
        gate.push(_rule(gate, counts=False))
        return gate.lets_in(number)

    taken, let_in = seconds(retract)
    must_agree(let_in, True, "HAProxy")
    return taken


def _deadline(gate: _Gate, number: int) -> float:
    """Seconds from the instant to the first refusal, while the door goes on as it does."""
    instant = clock.system_now() + 200
    gate.push(_rule(gate, counts=True, effect=instant))
    over = Event()

    def follow() -> None:
        while not over.is_set():
            gate.push()
            sleep(POLL)

    thread = Thread(target=follow)
    thread.start()
    try:
        while gate.lets_in(number):
            pass
        late = time() - instant / 1000
    finally:
        over.set()
        thread.join()
    if late < 0:
        raise AssertionError("refused before its time")
    return late
