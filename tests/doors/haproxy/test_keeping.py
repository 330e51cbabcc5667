"""HAProxy's maps are where the copy is: loaded, changed, mended, kept in files; each on a real HAProxy."""

import random
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatepost import clock
from gatepost.core.fleet.finding import Finding
from gatepost.core.instant import ALWAYS, DAY, HOUR, NEVER, SECOND, Instant
from gatepost.core.policy.policy import Consequence
from gatepost.core.policy.verdict import DueRule, RuleState, Standing
from gatepost.doors.activesync import REFUSAL_129
from gatepost.doors.entry import Batch, encode_standing, encode_state, identity_key, mode_key, rule_key
from gatepost.doors.feed import DevicesBehind
from gatepost.doors.haproxy import maps
from gatepost.doors.haproxy.rows import ANSWERS, DEVICES, DOOR, RECENT, device_key
from tests.doors.haproxy.gate import ENFORCING, Gate, a_gate, a_mail_server
from tests.doors.site import SITE, Entry, device, rule
from tests.servers import haproxy

pytestmark = pytest.mark.needs("haproxy")

BLOCKED = (200, REFUSAL_129["Sync"])
AWAY = 503


@pytest.fixture(scope="module")
def backend() -> Iterator[int]:
    with a_mail_server() as port:
        yield port


def let_in(answer: tuple[int, bytes]) -> bool:
    return answer[0] == 200 and answer[1].startswith(b"mail ")


def test_a_copy_is_loaded_and_followed(tmp_path: Path, backend: int) -> None:
    """I-1: what the copy says, HAProxy says; a device that comes, changes or goes is there after one push."""
    with a_gate(tmp_path, backend=backend).running() as gate:
        assert let_in(gate.asks("CLEAN1"))
        assert gate.asks("TIKTOK1") == BLOCKED
        gate.push(device("CLEAN1", "alice@example.com", rule=1), device("NEW1", "alice@example.com", rule=1))
        assert gate.asks("CLEAN1") == gate.asks("NEW1") == BLOCKED
        gate.push(device("CLEAN1", "alice@example.com"), (identity_key("NEW1"), None))
        assert let_in(gate.asks("CLEAN1"))
        assert let_in(gate.asks("NEW1"))  # unknown, which this site allows


def test_before_a_copy_is_whole_nothing_is_decided(tmp_path: Path, backend: int) -> None:
    """I-29: an HAProxy that was never loaded answers as declared, not from half a copy, nor as if all were unknown."""
    gate = Gate(tmp_path, backend)
    with gate.running():
        assert gate.asks("CLEAN1")[0] == AWAY
        gate.position = 10
        gate.copy.apply(Batch(SITE, 10, clock.system_now(), 0, (device("CLEAN1", "alice@example.com"),)))
        with pytest.raises(OSError, match="not loaded yet"):
            gate.maps.push([identity_key("CLEAN1")])
        assert gate.asks("CLEAN1")[0] == AWAY
        gate.push(rule(1))
        assert let_in(gate.asks("CLEAN1"))


@pytest.mark.parametrize("size", [10, 10_000])
def test_what_people_decide_writes_as_much_for_ten_devices_as_for_many(tmp_path: Path, size: int, backend: int) -> None:
    """A retraction, a deadline and an opening are three commands each, however many devices they concern."""
    clean = [device(f"D{number}", "alice@example.com", rule=1) for number in range(size)]
    with a_gate(tmp_path, *clean, backend=backend).running() as gate:
        assert gate.asks("D7") == BLOCKED
        assert gate.push(rule(1, counts=False)) == 3
        assert let_in(gate.asks("D7"))
        assert gate.push(rule(1)) == 3
        assert gate.asks("D7") == BLOCKED
        gate.judge.open(True)
        assert gate.push() == 6  # how the door stands is written too
        assert let_in(gate.asks("D7"))


def test_a_deadline_passes_on_time(tmp_path: Path, backend: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """I-9: before the instant HAProxy lets in, at it HAProxy refuses, and nobody had to say so."""
    start = clock.system_now()
    now = [start]
    monkeypatch.setattr(clock, "system_now", lambda: now[0])
    gate = Gate(tmp_path, backend)
    own = device("OWN1", "alice@example.com", rule=2, not_before=start + 2000)
    gate.position = 10
    batch = (rule(1, start + 1000), rule(2), device("D1", "alice@example.com", rule=1), own)
    gate.copy.apply(Batch(SITE, 10, start + DAY, 0, batch))
    gate.copy.nothing_new()
    with gate.running():
        for at, blocked in ((0, ()), (999, ()), (1000, ("D1",)), (1999, ("D1",)), (2000, ("D1", "OWN1"))):
            now[0] = start + at
            gate.settle()
            assert {name for name in ("D1", "OWN1") if gate.asks(name) == BLOCKED} == set(blocked)


def test_the_mode_and_the_glass(tmp_path: Path, backend: int) -> None:
    """In observe nothing is refused; enforce is told by the site; and broken glass opens everything at once."""
    observing = Gate(tmp_path, backend, rules=ENFORCING.__class__("block", "block", mode="observe"))
    observing.hear(rule(1), device("TIKTOK1", "alice@example.com", rule=1))
    with observing.running() as gate:
        assert let_in(gate.asks("TIKTOK1"))
        assert let_in(gate.asks("UNKNOWN"))
        gate.push((mode_key("mail"), b"enforce"))
        assert gate.asks("TIKTOK1") == gate.asks("UNKNOWN") == BLOCKED
        gate.judge.open(True)
        gate.settle()
        assert let_in(gate.asks("TIKTOK1"))
        gate.judge.open(False)
        gate.settle()
        assert gate.asks("TIKTOK1") == BLOCKED


def test_maps_that_were_too_old_are_good_again(tmp_path: Path, backend: int) -> None:
    """I-29: an HAProxy that stopped answering from its maps, since nobody told it anything, goes on when it is told.
    (What it did meanwhile: test_away.)"""
    with a_gate(tmp_path, backend=backend, rules=ENFORCING).running() as gate:
        path = gate.maps._path(DOOR)
        said = gate.maps.stats.rows(path)
        gate.maps.stats.replace(path, (said | {b"until": b"%d" % (clock.system_now() // SECOND - 1)}).items())
        assert gate.asks("CLEAN1")[0] == AWAY
        gate.look()
        assert let_in(gate.asks("CLEAN1"))


def test_without_the_door_haproxy_starts_right_and_goes_on(tmp_path: Path, backend: int) -> None:
    """I-27, I-29: restarted while the door is away, HAProxy answers from its files as it did, changes included."""
    gate = a_gate(tmp_path, backend=backend)
    with gate.running():
        gate.push(device("CLEAN1", "alice@example.com", rule=1))
        gate.push(rule(1, counts=False), rule(2))
        gate.maps._kept_at = -2000  # a second later
        gate.settle()
        before = {name: gate.asks(name) for name in ("CLEAN1", "TIKTOK1", "WARNED1", "SHARED1")}
        assert before["WARNED1"] == BLOCKED
    with haproxy.haproxy(gate.front, tmp_path):
        assert {name: gate.asks(name) for name in before} == before


def test_an_haproxy_that_started_from_old_files_is_brought_up_to_date(tmp_path: Path, backend: int) -> None:
    """I-26, I-27: restarted with files of yesterday, HAProxy is found out at the next look and loaded anew."""
    gate = a_gate(tmp_path, backend=backend)
    with gate.running():
        old = {name: gate.maps._path(name).read_bytes() for name in (DEVICES, RECENT, ANSWERS, DOOR)}
        gate.push(device("CLEAN1", "alice@example.com", rule=1), rule(2, counts=False))
    for name, content in old.items():
        gate.maps._path(name).write_bytes(content)
    with haproxy.haproxy(gate.front, tmp_path):
        assert let_in(gate.asks("CLEAN1"))
        gate.look()
        assert gate.asks("CLEAN1") == BLOCKED


def test_without_haproxy_nothing_is_confirmed(tmp_path: Path, backend: int) -> None:
    """I-27: while HAProxy cannot be told, a push says so; when it is back, it has what it missed."""
    gate = a_gate(tmp_path, backend=backend)
    with gate.running():
        assert let_in(gate.asks("CLEAN1"))
    gate.hear(device("CLEAN1", "alice@example.com", rule=1))
    gate.maps._looked_at = -2000
    with pytest.raises(OSError, match="does HAProxy run"):
        gate.maps.push([identity_key("CLEAN1")])
    with gate.running():
        assert gate.asks("CLEAN1") == BLOCKED


@pytest.mark.parametrize(
    "command",
    [
        "del map {devices} tiktok1",
        "add map {devices} stranger 0|mallory",
        "set map {devices} tiktok1 0|alice@example.com",
        "set map {answers} 1.0+ allow|clear|0",
        "clear map {answers}",
        "clear map {recent}",
        "add map {recent} tiktok1 0|alice@example.com",
        "set map {door} stance open",
        "set map {door} until 99",
        "clear map {door}",
        "clear map {devices}",
    ],
)
def test_drift_is_found_and_mended(tmp_path: Path, backend: int, command: str) -> None:
    """I-26: whatever somebody else writes into the maps is gone a second later."""
    with a_gate(tmp_path, backend=backend).running() as gate:
        gate.push(device("NEW1", "alice@example.com", rule=1))
        right = contents(gate)
        gate.look()
        assert contents(gate) == right
        paths = {name.removesuffix(".map"): gate.maps._path(name) for name in (DEVICES, RECENT, ANSWERS, DOOR)}
        gate.maps.stats.ask(command.format(**paths).encode())
        assert contents(gate) != right
        gate.look()
        gate.look()
        assert effective(gate) == effective_of(right)


Contents = dict[str, dict[bytes, bytes]]


def contents(gate: Gate) -> Contents:
    return {name: gate.maps.stats.rows(gate.maps._path(name)) for name in (DEVICES, RECENT, ANSWERS, DOOR)}


def effective_of(found: Contents) -> Contents:
    """What HAProxy answers from, whichever of the two maps a device is in."""
    devices = {key: row for key, row in (found[DEVICES] | found[RECENT]).items() if row != b"-"}
    holds = int(found[DOOR].get(b"until", b"0")) > clock.system_now() // SECOND + HOUR // SECOND
    door = {b"stance": found[DOOR].get(b"stance", b""), b"holds": b"yes" if holds else b"no"}
    return {"devices": devices, "answers": found[ANSWERS], "door": door}


def effective(gate: Gate) -> Contents:
    return effective_of(contents(gate))


def test_many_changes_are_a_load(tmp_path: Path, backend: int) -> None:
    """More changes than recent.map takes are loaded as a whole, and confirmed when they are there; a retraction in the
    middle of it is answered at once."""
    many = [device(f"D{number}", "alice@example.com", rule=1) for number in range(20_000)]
    with a_gate(tmp_path, backend=backend).running() as gate:
        gate.hear(*many)
        with pytest.raises(OSError, match="not loaded yet"):
            gate.maps.push([key for key, _ in many])
        gate.hear(rule(1, counts=False), device("CLEAN1", "alice@example.com", rule=2))
        with pytest.raises(DevicesBehind, match="not loaded yet"):
            gate.maps.push([rule_key(1), identity_key("CLEAN1")])
        assert let_in(gate.asks("TIKTOK1"))
        gate.settle()
        gate.push(rule(1), rule(2))
        assert gate.asks("D19999") == gate.asks("CLEAN1") == BLOCKED
        assert gate.maps._path(DEVICES).read_bytes().count(b"\n") == len(gate.maps._keys())


def test_a_hostile_inventory_changes_no_command(tmp_path: Path, backend: int) -> None:
    """I-36: ids and logins that look like commands, lines, comments or fields stay ids and logins."""
    hostile = ["a;clear map", "b\nc 0|ANY", "# d", "e\\", "f|g", '"h"', "i\tj", "\u00e4\u4e2d", "k 0|ANY", "@1 l", "-"]
    entries = [device(name, name, "alice@example.com", rule=1) for name in hostile]
    gate = a_gate(tmp_path, *entries, backend=backend)
    with gate.running():
        gate.push(*[device(name, name, rule=2) for name in hostile[:5]])
        assert len(contents(gate)[DEVICES]) == len(gate.maps._keys())
        assert let_in(gate.asks("CLEAN1"))
        assert gate.asks("TIKTOK1") == BLOCKED
        gate.maps._kept_at = -2000
        gate.settle()
        right = effective(gate)
    with haproxy.haproxy(gate.front, tmp_path):
        assert effective(gate) == right


def test_the_files_are_for_their_owner(tmp_path: Path) -> None:
    """They name logins and who is refused: nobody else on the machine reads them."""
    gate = Gate(tmp_path)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "maps").iterdir()} == {0o600}
    assert (tmp_path / "maps").stat().st_mode & 0o066 == 0
    assert gate.maps._path(DOOR).read_bytes() == b"until 0\nload -\n"


# --- random histories


NAMES = [f"N{number}" for number in range(12)]


def test_random_histories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """I-1, I-8: whatever changes and however time goes, after each push HAProxy has for every device what the judge
    says of it then; also while a load is under way, and when a clock is set back."""
    monkeypatch.setattr(maps, "MOST_RECENT", 9)
    monkeypatch.setattr(maps, "COMPARED", 4)
    start = clock.system_now()
    now = [start]
    monkeypatch.setattr(clock, "system_now", lambda: now[0])
    dice = random.Random(3)
    gate = Gate(tmp_path)
    seen: dict[str, int] = {}
    gate.position = 1
    gate.copy.apply(Batch(SITE, 1, start + 10 * DAY, 0, (rule(1),)))
    gate.copy.nothing_new()
    with gate.running():
        for _ in range(150):
            keys: list[bytes] = []
            for _ in range(dice.choice((0, 1, 1, 3, 11))):
                key, value = random_entry(dice, now[0])
                gate.position += 1
                gate.copy.apply(Batch(SITE, gate.position, start + 10 * DAY, 0, ((key, value),)))
                keys.append(key)
            now[0] += dice.choice((0, 1, 500, HOUR, 5 * HOUR, -3 * HOUR))
            gate.settle(keys)
            found = effective(gate)
            for name in NAMES:
                said = found["devices"].get(device_key(identity_key(name)))
                answer = found["answers"][said.partition(b"|")[0] if said else b"unknown"]
                reason = gate.judge.reason([identity_key(name)], "alice")
                assert answer.split(b"|")[1].decode() == reason
                seen[reason] = seen.get(reason, 0) + 1
    assert {"clear", "warned", "blocked", "unknown"} <= seen.keys()


def random_entry(dice: random.Random, now: Instant) -> Entry:
    def instant() -> Instant:
        return dice.choice((ALWAYS, now, now + 1, now + HOUR, now + 3 * HOUR, now - HOUR, NEVER))

    if dice.random() < 0.3:
        number = dice.randint(1, 4)
        effects = (instant(), instant())
        consequence = dice.choice(list(Consequence))
        counts, held = dice.random() < 0.8, dice.random() < 0.1
        return rule_key(number), encode_state(RuleState("p", 1, counts, held, consequence, ("a",), effects))
    name = dice.choice(NAMES)
    if dice.random() < 0.1:
        return identity_key(name), None
    due = [
        DueRule(dice.randint(1, 4), dice.randint(0, 1), 0, Finding.PRESENT, instant(), instant())
        for _ in range(dice.choice((0, 1, 1, 2)))
    ]
    return identity_key(name), encode_standing(Standing(name, ("alice",), 0, tuple(due)))


def test_a_socket_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """I-26: an HAProxy that takes a command and says nothing keeps the door for two seconds at most."""
    monkeypatch.setattr("gatepost.doors.haproxy.stats.TIMEOUT", 0.1)
    gate = a_gate(tmp_path)
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(gate.front.haproxy_socket))
        deaf.listen()
        with pytest.raises(OSError, match="timed out"):
            gate.maps.push(())
