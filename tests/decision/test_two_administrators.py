"""Two administrators: what waits for a second one, whose yes counts, and what it rests on, as a pure rule."""

from collections import Counter
from collections.abc import Sequence
from random import Random

import pytest

from gatepost.core.change.two_administrators import (
    LEFT_AFTER,
    NEEDED,
    Act,
    Administrator,
    Asked,
    Yes,
    alone,
    confirmed,
    counting,
    fault,
    in_office,
    rests_on,
    waits,
)
from gatepost.core.refusal import Code

ANN = Administrator("ann", 1, {"a": 2})
BEN = Administrator("ben", 3, {"b": 4})
CAL = Administrator("cal", 5, {"c": 6})
KEYLESS = Administrator("kim", 1, {})
BOTH = (ANN, BEN)
LONG_AGO = 10 * LEFT_AFTER

PUPPET = Asked(9, Act.ROLE_GRANTED, "puppet", "approver:legal")


# --- what waits

# what the row shows, the act, whose, the role or key, who administers, whether it waits
WAITING: list[tuple[str, Act, str, str, Sequence[Administrator], bool]] = [
    ("an approver", Act.ROLE_GRANTED, "p", "approver:legal", BOTH, True),
    ("an administrator", Act.ROLE_GRANTED, "p", "admin", BOTH, True),
    ("a role by which nobody approves", Act.ROLE_GRANTED, "p", "author", BOTH, False),
    ("one that an administrator has in any case", Act.ROLE_GRANTED, "p", "operator", BOTH, False),
    ("a key", Act.KEY_ADDED, "p", "k", BOTH, True),
    ("a second key for the other administrator", Act.KEY_ADDED, "ben", "b2", BOTH, True),
    ("an administrator's end", Act.ROLE_REVOKED, "ben", "admin", BOTH, True),
    ("that of one without a key", Act.ROLE_REVOKED, "kim", "admin", (*BOTH, KEYLESS), True),
    ("an approver's end: it opens doors and shuts none", Act.ROLE_REVOKED, "p", "approver:legal", BOTH, False),
    ("an administrator as approver no more", Act.ROLE_REVOKED, "ben", "approver:legal", BOTH, False),
    ("the end of an administrator's key", Act.KEY_REVOKED, "ben", "b", BOTH, True),
    ("the end of one's own: there would be one left", Act.KEY_REVOKED, "ann", "a", BOTH, True),
    ("the end of an approver's key", Act.KEY_REVOKED, "p", "k", BOTH, False),
    ("one administrator", Act.ROLE_GRANTED, "p", "admin", (ANN,), False),
    ("one with a key, one without", Act.ROLE_GRANTED, "p", "admin", (ANN, KEYLESS), False),
    ("none with a key", Act.KEY_ADDED, "kim", "k", (KEYLESS,), False),
]


@pytest.mark.parametrize(("act", "whose", "name", "administrators", "expected"), [row[1:] for row in WAITING],
                         ids=[row[0] for row in WAITING])  # fmt: skip
def test_what_waits(act: Act, whose: str, name: str, administrators: Sequence[Administrator], expected: bool) -> None:
    """I-12: with two administrators who have a key, whatever a quorum can rest on waits, and nothing else does."""
    assert waits(act, whose, name, administrators, 0) is expected


def test_who_has_left_counts_for_a_fortnight() -> None:
    """Whoever imports people without the other administrator is alone no sooner than after 14 days."""
    gone = Administrator("ben", 3, {"b": 4}, left_at=1000)
    assert in_office((ANN, gone), 1000 + LEFT_AFTER - 1) == {"ann", "ben"}
    assert in_office((ANN, gone), 1000 + LEFT_AFTER) == {"ann"}
    assert in_office((ANN, gone), 0) == {"ann", "ben"}, "a clock that was put back makes nobody alone"


# --- whose yes counts


def test_an_administrators_yes_with_a_key_of_theirs_counts() -> None:
    """Either of two, whoever asked it: who that was, a command line cannot prove."""
    for yes in (Yes("ann", "a"), Yes("ben", "b"), Yes("ann", "")):
        assert fault(yes, PUPPET, BOTH, waiting=True) is None


FAULTY: list[tuple[str, Yes, Asked, Code]] = [
    ("who is no administrator", Yes("puppet", "x"), PUPPET, Code.ROLE_MISSING),
    ("who would get the role", Yes("ben", "b"), Asked(9, Act.ROLE_GRANTED, "ben", "approver:x"), Code.SELF_GRANT),
    ("a key of somebody else's", Yes("ben", "a"), PUPPET, Code.KEY_UNKNOWN),
    ("a key that is revoked, or waits", Yes("ben", "b2"), PUPPET, Code.KEY_UNKNOWN),
    ("an administrator since later", Yes("cal", ""), Asked(4, Act.KEY_ADDED, "p", "k"), Code.GRANTED_TOO_LATE),
    ("a key since later", Yes("ben", "b"), Asked(3, Act.KEY_ADDED, "p", "k"), Code.GRANTED_TOO_LATE),
]


@pytest.mark.parametrize(("yes", "asked", "code"), [row[1:] for row in FAULTY], ids=[row[0] for row in FAULTY])
def test_whose_yes_does_not_count(yes: Yes, asked: Asked, code: Code) -> None:
    """I-12: nobody confirms their own role, nor by what they got meanwhile."""
    refusal = fault(yes, asked, (*BOTH, CAL), waiting=True)
    assert refusal is not None
    assert refusal.code is code


def test_what_counts_already_can_be_confirmed_by_whoever_came_later() -> None:
    """An older site's roles come to rest on two, once it has a second administrator."""
    early = Asked(1, Act.ROLE_GRANTED, "p", "approver:legal")
    assert fault(Yes("cal", "c"), early, (*BOTH, CAL), waiting=False) is None


def test_a_key_of_ones_own_and_ones_own_end_can_be_confirmed() -> None:
    """With another's yes besides: no third administrator is needed to change a key, or to leave."""
    for act, name in ((Act.KEY_ADDED, "b2"), (Act.KEY_REVOKED, "b"), (Act.ROLE_REVOKED, "admin")):
        assert fault(Yes("ben", "b"), Asked(9, act, "ben", name), BOTH, waiting=True) is None


def test_two_different_ones_are_needed() -> None:
    """One person counts once, however often and with whatever keys they sign."""
    twice = [Yes("ann", "a"), Yes("ann", "a2")]
    administrators = (Administrator("ann", 1, {"a": 2, "a2": 3}), BEN)
    assert not confirmed(twice, administrators)
    assert confirmed([*twice, Yes("ben", "b")], administrators)


def test_a_yes_goes_with_its_role_and_its_key() -> None:
    """Who administers no more, or whose key was taken away, stands behind nothing that still waits."""
    given = [Yes("ann", "a"), Yes("ben", "b")]
    assert counting(given, BOTH) == ("ann", "ben")
    assert counting(given, (ANN,)) == ("ann",)
    assert counting(given, (ANN, Administrator("ben", 3, {"b2": 9}))) == ("ann",)


# --- properties


def _random_administrators(random: Random) -> list[Administrator]:
    people = random.sample(["ann", "ben", "cal", "kim"], random.randint(0, 4))
    return [
        Administrator(
            one,
            random.randrange(8),
            {f"{one}{number}": random.randrange(8) for number in range(random.randint(0, 2))},
            random.choice([None, None, 0, LEFT_AFTER]),
        )
        for one in people
    ]


def test_nobody_alone() -> None:
    """I-12: as long as two administrators have keys, no number of yeses that one person can give, under every name but
    the others' keys, brings a role or a key to count; two that are good do, and taking one away never helps."""
    random, seen = Random(12), Counter[str]()
    for _ in range(4000):
        administrators = _random_administrators(random)
        now = random.choice([0, LEFT_AFTER, LONG_AGO])
        asked = Asked(random.randrange(10), random.choice([*Act]), random.choice(["ann", "ben", "p"]), "admin")
        theirs = {one.person: [*one.keys] for one in administrators}
        evil = random.choice([*theirs, "p"])
        names = [*theirs, "p"]
        # They hold their own keys only, and say what they like of whose yes it is and by which key it was made.
        forged = [Yes(random.choice(names), random.choice([*theirs.get(evil, []), "made-up"])) for _ in range(6)]
        good = [yes for yes in forged if fault(yes, asked, administrators, waiting=True) is None]
        assert not confirmed(good, administrators)
        guarded = len(in_office(administrators, now)) >= NEEDED
        seen["guarded"] += guarded
        seen["one good"] += bool(good)
        everybody = [Yes(one.person, key) for one in administrators for key in one.keys]
        all_good = [yes for yes in everybody if fault(yes, asked, administrators, waiting=True) is None]
        enough = confirmed(all_good, administrators)
        assert enough is (len({yes.person for yes in all_good}) >= NEEDED)
        seen["two good"] += enough
        if all_good:
            assert enough or not confirmed(all_good[1:], administrators)
        assert guarded or not waits(asked.act, asked.person, asked.name, administrators, now)
    assert min(seen[what] for what in ("guarded", "one good", "two good")) > 300, seen


# --- on whom a quorum rests


def test_one_administrator_behind_a_whole_quorum_is_found() -> None:
    """Warned of if in every role asked enough holders rest on the same one, whoever else holds the role besides."""
    ann, ben, both = frozenset({"ann"}), frozenset({"ben"}), frozenset({"ann", "ben"})
    asked = {"legal": 1, "security": 2}
    assert alone(asked, {"legal": [ann, ben], "security": [ann, both]}) == ("ann",)
    assert alone(asked, {"legal": [ann], "security": [ann, ben]}) == ()
    assert alone(asked, {"legal": [frozenset()], "security": [ann, ann]}) == ()
    assert alone(asked, {"security": [ann, ann]}) == ()
    assert alone({"legal": 1}, {"legal": [both]}) == ("ann", "ben")


def test_what_two_have_signed_rests_on_nobody_alone() -> None:
    """Before, on whoever gave it and on whom they owe their own role to."""
    assert rests_on(("ben", "ann"), ()) == {"ann", "ben"}
    assert rests_on(("ben", "ann"), ("ann",)) == {"ann", "ben"}
    assert rests_on(("ben", "ann"), ("ann", "ben")) == frozenset()
