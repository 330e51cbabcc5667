"""The door's question, asked of its own table, about random keys that nobody asked for before.

With the same few keys again and again all would live in the processor's cache, and the benchmark would measure that.
The dict beside it holds nothing but key and answer; the table holds of each device its people, its rules and its
evidence, as bytes that are on disk too. Processor time, since nothing waits.
"""

import gc
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import process_time
from typing import Final

from bench.figures import Figure, must_agree, side_by_side
from gatepost.core.fleet.finding import Finding
from gatepost.core.instant import ALWAYS, DAY, NEVER, Instant
from gatepost.core.policy.policy import Consequence
from gatepost.core.policy.verdict import DueRule, Outcome, RuleState, Standing, verdict
from gatepost.doors.entry import (
    Batch,
    decode_standing,
    encode_standing,
    encode_state,
    fast_outcome,
    identity_key,
    rule_key,
)
from gatepost.doors.table import Reader, Table
from gatepost.doors.time import DoorTime

SITE: Final = "bench"
AT: Final[Instant] = 1_594_353_600_000
POLICIES: Final = 100
SHARE_WITH_RULES: Final = 0.31
PAGE: Final = 250_000

Answer = tuple[Outcome, Instant]

_SHORT: Final = (
    "Above the look-up it is the reading of one record's bytes in Python, which the dict does not have to do. Decoding"
    " in C would close it."
)
_SHORT_WHOLE: Final = (
    "It goes into building the answer's objects in Python (a standing, its rules, the verdict, its reasons), four"
    " allocations and more for each device. The door's request path builds none of them. Decoding in C would close it."
)


def run(scratch: Path, quick: bool) -> list[Figure]:
    """The figures; `scratch`: an empty directory."""
    devices, lookups, rounds = (2_000, 500, 2) if quick else (2_000_000, 200_000, 7)
    table = Table.open(scratch / "copy", SITE)
    try:
        answers = _fill(table, devices)
        reader = table.reader()
        return _measure(reader, answers, devices, lookups, rounds)
    finally:
        gc.unfreeze()
        table.close()


def _measure(reader: Reader, answers: dict[bytes, Answer], devices: int, lookups: int, rounds: int) -> list[Figure]:
    get, states, effects, position = reader.get, reader.states, reader.effects, reader.position
    dice = random.Random(1)

    def fresh() -> list[bytes]:
        return [_key(number) for number in dice.choices(range(devices), k=lookups)]

    def bare(keys: Sequence[bytes]) -> None:
        look = answers.get
        for key in keys:
            look(key)

    def look_up(keys: Sequence[bytes]) -> None:
        for key in keys:
            get(key)

    def outcome(keys: Sequence[bytes]) -> None:
        for key in keys:
            fast_outcome(get(key), effects, AT)  # type: ignore[arg-type] # every key is there

    def full(keys: Sequence[bytes]) -> None:
        for key in keys:
            verdict(decode_standing(get(key)[:-4]), states, AT, position)  # type: ignore[index]

    gc.freeze()  # the collector would go through the two million answers again and again, which no door holds
    _agree(fresh(), answers, reader)
    base, look, fast, whole = side_by_side(rounds, *(_timed(act, fresh) for act in (bare, look_up, outcome, full)))
    each = 1e9 / lookups
    parts = (
        f"the table's look-up alone {look * each:.0f} ns, dict {base * each:.0f} ns",
        f"{devices:,} keys, {lookups:,} random ones a round, {rounds} rounds",
    )
    return [
        Figure(
            "Point decision, outcome and instant, beside a bare dict",
            fast / base,
            "x",
            at_most=2,
            parts=(f"{fast * each:.0f} ns", *parts),
            short=_SHORT,
        ),
        Figure(
            "Point decision, full verdict with reasons, beside a bare dict",
            whole / base,
            "x",
            at_most=5,
            parts=(f"{whole * each:.0f} ns", *parts),
            short=_SHORT_WHOLE,
        ),
    ]


def _timed(act: Callable[[Sequence[bytes]], None], fresh: Callable[[], Sequence[bytes]]) -> Callable[[], float]:
    """The keys are made anew for each turn: an old one would still hold its hash."""

    def turn() -> float:
        keys = fresh()
        begin = process_time()
        act(keys)
        return process_time() - begin

    return turn


def _agree(keys: Sequence[bytes], answers: dict[bytes, Answer], reader: Reader) -> None:
    for key in keys:
        record = reader.get(key)
        if record is None:
            raise AssertionError(f"{key!r} is missing from the table")
        must_agree(fast_outcome(record, reader.effects, AT), answers[key], "outcome and instant")
        whole = verdict(decode_standing(record[:-4]), reader.states, AT, reader.position)
        must_agree((whole.outcome, whole.valid_until), answers[key], "full verdict")


def _key(number: int) -> bytes:
    return identity_key(f"{number * 2654435761 % 2**32:08X}{number:08X}")


def _states() -> dict[int, RuleState]:
    """A hundred policies: some block by now, some later, some only notify."""
    return {
        number: RuleState(
            policy=f"policy-{number}",
            revision=1,
            counts=number % 10 != 0,
            held=False,
            consequence=Consequence.NOTIFY if number % 4 == 0 else Consequence.BLOCK,
            apps=("tiktok", "douyin"),
            effects=tuple(AT + (number % 3 - 1) * DAY + cell for cell in range(40)),
        )
        for number in range(1, POLICIES + 1)
    }


def _due(dice: random.Random) -> tuple[DueRule, ...]:
    chosen = sorted(dice.sample(range(1, POLICIES + 1), dice.randint(1, 3)))
    return tuple(DueRule(rule, dice.randrange(40), 0, Finding.PRESENT, ALWAYS, ALWAYS) for rule in chosen)


def _standing(number: int, dice: random.Random, some: Sequence[tuple[DueRule, ...]]) -> Standing:
    rules = dice.choice(some) if dice.random() < SHARE_WITH_RULES else ()
    return Standing(f"d_{number:024x}", (f"u{number // 2}@corp.example",), AT - DAY, rules)


def _answer(standing: Standing, states: dict[int, RuleState]) -> Answer:
    """By hand, and not by what is measured."""
    counting = [(states[due.rule], due) for due in standing.rules if states[due.rule].counts]
    blocking = [state.effects[due.cell] for state, due in counting if state.consequence is Consequence.BLOCK]
    if any(effect <= AT for effect in blocking):
        return Outcome.BLOCK, NEVER
    return (Outcome.WARN if counting else Outcome.ALLOW), min(blocking, default=NEVER)


def _fill(table: Table, devices: int) -> dict[bytes, Answer]:
    """Put the fleet into the table as the change stream would, and the answers into a dict."""
    states, dice, time = _states(), random.Random(2), DoorTime(None)
    answers: dict[bytes, Answer] = {}
    gc.disable()  # it would go through all that is made here, again and again
    contact = time.contact(AT, 0)
    rules = tuple((rule_key(number), encode_state(state)) for number, state in states.items())
    table.apply(Batch(SITE, 1, AT, 0, rules), contact)
    for position, start in enumerate(range(0, devices, PAGE), 2):
        table.apply(Batch(SITE, position, AT, 0, tuple(_entries(start, devices, states, dice, answers))), contact)
    gc.enable()
    return answers


def _entries(
    start: int, devices: int, states: dict[int, RuleState], dice: random.Random, answers: dict[bytes, Answer]
) -> Iterator[tuple[bytes, bytes | None]]:
    some = [_due(dice) for _ in range(2_000)]
    for number in range(start, min(start + PAGE, devices)):
        standing = _standing(number, dice, some)
        key = _key(number)
        answers[key] = _answer(standing, states)
        yield key, encode_standing(standing)
