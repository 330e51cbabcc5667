"""What stands in the maps says what the door's decision says."""

import re
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from gatepost.core.fleet.finding import Finding
from gatepost.core.instant import ALWAYS, DAY, NEVER
from gatepost.core.policy.policy import Consequence
from gatepost.core.policy.verdict import DueRule, RuleState, Standing
from gatepost.doors.entry import effects_of, encode_standing, fast_outcome, identity_key
from gatepost.doors.haproxy.rows import (
    CLEAR,
    answers,
    class_name,
    class_named,
    class_outcome,
    device,
    device_key,
    escaped,
)
from gatepost.doors.judge import REASON, REASONS, DoorRules
from tests.doors.site import device as a_device

SEAL = b"seal"
INSTANTS = st.sampled_from([ALWAYS, 10, 20, 30, 40, NEVER])
DUE = st.builds(DueRule, st.integers(1, 4), st.integers(0, 1), st.just(0), st.just(Finding.PRESENT), INSTANTS, INSTANTS)
STATES = st.builds(
    RuleState,
    st.just("p"),
    st.just(1),
    st.booleans(),
    st.booleans(),
    st.sampled_from(Consequence),
    st.just(("tiktok",)),
    st.tuples(INSTANTS, INSTANTS),
)


def test_a_class_is_answered_as_its_devices_are() -> None:
    """I-1: at every instant, a device's class gives the outcome that the door's own decision gives, and each stands
    until it says."""
    seen: Counter[str] = Counter()

    @given(st.lists(DUE, max_size=4), st.dictionaries(st.integers(1, 4), STATES), st.integers(0, 50))
    def each(due: list[DueRule], states: dict[int, RuleState], now: int) -> None:
        record = encode_standing(Standing("d", ("alice",), 0, tuple(due))) + SEAL
        effects = effects_of(states)
        known = device(record, now)
        outcome, _ = class_outcome(known.parts, effects, now)
        assert outcome is fast_outcome(record, effects, now)[0]
        seen[outcome.word] += 1
        for later in range(now, 51):
            if later < known.until:
                assert device(record, later).name == known.name
                held = class_outcome(known.parts, effects, later)[0] is fast_outcome(record, effects, later)[0]
                assert held
                seen["held"] += 1
        assert class_named(known.name) == known.parts
        assert known.row == known.name + b"|alice"

    each()
    assert {"allow", "warn", "block", "held"} <= seen.keys()


def test_answers_change_when_they_say() -> None:
    """I-1, I-9: the rows of all classes hold up to the instant that comes with them, and there one changes."""
    changed = 0

    @given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 1), st.booleans()), max_size=6), st.data())
    def each(parts: list[tuple[int, int, bool]], data: st.DataObject) -> None:
        nonlocal changed
        effects = effects_of(data.draw(st.dictionaries(st.integers(1, 4), STATES)))
        classes = {class_name((part,)): (part,) for part in parts} | {CLEAR: ()}
        rules = DoorRules("allow", "block")
        rows, until = answers(classes, effects, rules, "enforce", 15)
        assert all(answers(classes, effects, rules, "enforce", at)[0] == rows for at in range(15, min(until, 51)))
        if until < NEVER:
            changed += answers(classes, effects, rules, "enforce", until)[0] != rows

    each()
    assert changed


def test_the_rows_of_reasons() -> None:
    """I-29: each reason has its row, by the site's own choice and the door's stance."""
    rules = DoorRules("allow", "block", "undecided", DAY)
    enforced, until = answers({}, {}, rules, "enforce", 0)
    assert until == NEVER
    assert enforced.keys() == {reason.encode() for reason in REASONS}
    assert enforced[b"unknown"] == b"allow|unknown|0"
    assert enforced[b"unidentified"] == b"block|unidentified|3"
    assert enforced[b"error"] == b"undecided|error|2"
    for stance in ("observe", "open"):
        rows = answers({}, {}, rules, stance, 0)[0]
        assert {row.partition(b"|")[0] for row in rows.values()} == {b"allow", b"warn"}
    assert set(REASON.values()) <= set(REASONS)


@given(st.text(), st.text())
def test_no_text_gets_out_of_its_row(one: str, other: str) -> None:
    """I-36: an id or a login becomes signs that no command, line or field ends at, and two never become one."""
    first, second = (escaped(text.casefold().encode("utf-8", "surrogatepass")) for text in (one, other))
    assert re.fullmatch(rb"[a-z0-9._@+X-]*", first)
    assert (first == second) == (one.casefold() == other.casefold())
    assert re.fullmatch(rb"[a-z0-9._@+X-]*", device_key(identity_key(one * 100)))


def test_logins() -> None:
    """A device names its logins; a shared one nobody, and one with too many leaves the last out, as a whole."""
    assert device(a_device("A", "alice", "al|ice")[1] or b"", 0).row == b"0|alice|alX7cice"
    assert device(a_device("A")[1] or b"", 0).row == b"0|ANY"
    assert device(a_device("A", "\0")[1] or b"", 0).row == b"0|X00"
    logins = [f"login-{number:04}" for number in range(1000)]
    row = device(a_device("A", *logins)[1] or b"", 0).row
    kept = row.split(b"|")[1:]
    assert 300 < len(kept) < 1000
    assert [login.decode() for login in kept] == logins[: len(kept)]
