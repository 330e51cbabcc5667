"""The bytes of the two levels, and the decision taken from them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.core.fleet.finding import Finding
from gatepost.core.instant import NEVER
from gatepost.core.policy.policy import Consequence
from gatepost.core.policy.verdict import DueRule, Outcome, RuleState, Standing, outcome_at, verdict
from gatepost.doors.entry import (
    binds,
    decode_standing,
    decode_state,
    effects_of,
    encode_standing,
    encode_state,
    fast_outcome,
    has_rules,
    identity_key,
    rule_key,
)

CELLS = 3
NEAR = st.sampled_from([0, 3, 5, 10, 15, 20, NEVER])
DUE = st.builds(
    DueRule,
    rule=st.integers(0, 4),
    cell=st.integers(0, CELLS - 1),
    app=st.integers(0, 60),
    finding=st.sampled_from(Finding),
    counts_from=NEAR,
    not_before=NEAR,
)
STANDING = st.builds(
    Standing,
    device=st.text(max_size=20),
    logins=st.lists(st.text(max_size=12), max_size=4).map(tuple),
    reported_at=st.one_of(st.none(), st.integers(0, NEVER)),
    rules=st.lists(DUE, max_size=4).map(tuple),
)
STATE = st.builds(
    RuleState,
    policy=st.text(max_size=20),
    revision=st.integers(1, 2**32 - 1),
    counts=st.booleans(),
    held=st.booleans(),
    consequence=st.sampled_from(Consequence),
    apps=st.lists(st.text(max_size=10), max_size=4).map(tuple),
    effects=st.lists(NEAR, min_size=CELLS, max_size=CELLS).map(tuple),
)
FIXED_TEXTS = {"policy": st.just("p"), "revision": st.just(1), "apps": st.just(("tiktok",) * 61)}
COUNTING = st.builds(
    RuleState,
    **FIXED_TEXTS,
    counts=st.sampled_from([True, True, True, False]),
    held=st.sampled_from([False, False, False, True]),
    consequence=st.sampled_from([Consequence.BLOCK, Consequence.BLOCK, Consequence.NOTIFY, Consequence.REPORT]),
    effects=st.lists(NEAR, min_size=CELLS, max_size=CELLS).map(tuple),
)
STATES = st.dictionaries(st.integers(0, 4), COUNTING, min_size=3)
DECIDED = st.lists(DUE, max_size=4).map(lambda rules: Standing("ref", ("alice",), None, tuple(rules)))


@given(STANDING)
def test_a_standing_survives_its_bytes(standing: Standing) -> None:
    """Whatever its texts hold, a standing decodes to what was encoded."""
    assert decode_standing(encode_standing(standing)) == standing


@given(STATE)
def test_a_state_survives_its_bytes(state: RuleState) -> None:
    """Whatever its texts hold, a rule's state decodes to what was encoded."""
    assert decode_state(encode_state(state)) == state


def test_the_decision_from_bytes_is_the_core_s() -> None:
    """I-1: the outcome and its end from the bytes, a checksum behind them, are those of outcome_at and of verdict."""
    seen: set[tuple[Outcome, bool]] = set()

    @settings(max_examples=250)
    @given(DECIDED, STATES, st.integers(0, 21), st.binary(min_size=4, max_size=4))
    def compare(standing: Standing, states: dict[int, RuleState], at: int, checksum: bytes) -> None:
        expected = outcome_at(standing.rules, states, at)
        assert fast_outcome(encode_standing(standing) + checksum, effects_of(states), at) == expected
        whole = verdict(standing, states, at, position=1)
        assert (whole.outcome, whole.valid_until) == expected
        seen.add((expected[0], expected[1] == NEVER))

    compare()
    assert seen >= {
        (Outcome.ALLOW, True),
        (Outcome.ALLOW, False),
        (Outcome.WARN, True),
        (Outcome.WARN, False),
        (Outcome.BLOCK, True),
    }


@given(STANDING, st.text(max_size=12), st.binary(min_size=4, max_size=4))
def test_a_login_is_bound_exactly(standing: Standing, other: str, checksum: bytes) -> None:
    """The binding in the bytes is membership in the logins; a shared device is bound to nobody."""
    value = encode_standing(standing) + checksum
    for login in (*standing.logins, other, standing.device):
        assert binds(value, login.encode()) == (login in standing.logins or not standing.logins)
    assert has_rules(value) == bool(standing.rules)


def test_no_login_imitates_a_part_of_another() -> None:
    """A login that begins, ends or contains another is not the other; nor is the device's own ref a login."""
    value = encode_standing(Standing("ref", ("alice@example.com", "bob"), None, ())) + b"\xffbob"
    assert binds(value, b"bob")
    assert not any(binds(value, login) for login in (b"alice", b"example.com", b"bo", b"ob", b"ref", b""))


@given(st.binary(max_size=80))
def test_foreign_bytes_are_a_value_error(value: bytes) -> None:
    """Undecodable bytes raise ValueError and nothing else, so that a door can refuse a batch (I-26)."""
    for decode in (decode_standing, decode_state):
        try:
            decode(value)
        except ValueError:
            continue


@given(STANDING, STATE)
def test_a_cut_value_is_refused(standing: Standing, state: RuleState) -> None:
    """A standing cut inside its rules or logins, and a state cut or lengthened anywhere, is a ValueError."""
    value = encode_standing(standing)
    fixed = len(value) - len(standing.device.encode())
    for end in range(fixed):
        with pytest.raises(ValueError):  # noqa: PT011 # several texts
            decode_standing(value[:end])
    value = encode_state(state)
    for wrong in (value[:-1], value + b"\0", value[:5]):
        with pytest.raises(ValueError):  # noqa: PT011 # several texts
            decode_state(wrong)


def test_another_version_is_refused_with_what_to_do() -> None:
    """A value of a later release is not guessed at."""
    value = encode_standing(Standing("ref", (), None, ()))
    with pytest.raises(ValueError, match="install the site's release"):
        decode_standing(b"\x02" + value[1:])


@given(st.text(max_size=600))
def test_an_identity_key_fits_and_ignores_case(eas_id: str) -> None:
    """Ids that differ in case only are one device; every id, also one of 600 characters, fits a key of 511 bytes."""
    key = identity_key(eas_id)
    assert key == identity_key(eas_id.casefold())
    assert key.startswith(b"e:")
    assert len(key) <= 511


def test_long_ids_differ_and_rules_have_keys() -> None:
    """A hashed id is its own; the keys of rules are decimal."""
    assert identity_key("a" * 401) != identity_key("a" * 402)
    assert identity_key("a" * 400) == b"e:" + b"a" * 400
    assert rule_key(17) == b"r:17"
