"""I-32: whoever holds a checkpoint finds every edit, deletion, insertion, reorder, truncation and fork it covers.

The tampering here is careful: entries stay canonical and are numbered anew, so that nothing but the tree can tell.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gatepost.core.ledger.events import NoticesSettled, RoleGranted
from gatepost.documents.canonical import canonical
from tests.ledger.houses import ADMIN, House, announced, renumbered, staffed

Draw = Callable[[st.SearchStrategy[Any]], Any]
Tamper = Callable[[list[bytes], int, Draw], list[bytes]]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A site with thirty entries: a policy announced, and notices settled under it."""
    house = announced(tmp_path_factory.mktemp("house"))
    while len(house.leaves) < 30:
        house.say("system", NoticesSettled("no-tiktok", 1, "announcement", {f"n{len(house.leaves)}": "accepted"}))
    return house


def edit(leaves: list[bytes], place: int, draw: Draw) -> list[bytes]:
    """One entry says something else, in canonical bytes."""
    value = json.loads(leaves[place])
    value["at"] += draw(st.integers(-1000, 1000).filter(bool))
    return [*leaves[:place], canonical(value), *leaves[place + 1 :]]


def flip(leaves: list[bytes], place: int, draw: Draw) -> list[bytes]:
    """One bit of one entry is another."""
    spoilt = bytearray(leaves[place])
    spoilt[draw(st.integers(0, len(spoilt) - 1))] ^= 1 << draw(st.integers(0, 7))
    return [*leaves[:place], bytes(spoilt), *leaves[place + 1 :]]


def delete(leaves: list[bytes], place: int, draw: Draw) -> list[bytes]:
    """Some entries are gone."""
    count = draw(st.integers(1, len(leaves) - place))
    return renumbered(leaves[:place] + leaves[place + count :])


def delete_and_pad(leaves: list[bytes], place: int, draw: Draw) -> list[bytes]:
    """One entry is gone, and another stands at the end for it, so that the size is the same."""
    return renumbered([*leaves[:place], *leaves[place + 1 :], leaves[draw(st.integers(0, len(leaves) - 1))]])


def insert(leaves: list[bytes], place: int, draw: Draw) -> list[bytes]:
    """An entry that nobody made."""
    return renumbered([*leaves[:place], leaves[draw(st.integers(0, len(leaves) - 1))], *leaves[place:]])


def insert_at_the_front_and_cut(leaves: list[bytes], place: int, draw: Draw) -> list[bytes]:
    """An entry that nobody made, and one cut off at the end, so that the size is the same."""
    return insert(leaves, place, draw)[: len(leaves)]


def reorder(leaves: list[bytes], place: int, draw: Draw) -> list[bytes]:
    """Two entries have changed places."""
    other = draw(st.integers(0, len(leaves) - 1).filter(lambda number: number != place))
    swapped = list(leaves)
    swapped[place], swapped[other] = swapped[other], swapped[place]
    return renumbered(swapped)


def truncate(leaves: list[bytes], place: int, draw: Draw) -> list[bytes]:
    """The end is missing."""
    return leaves[:place]


def fork(leaves: list[bytes], place: int, draw: Draw) -> list[bytes]:
    """From one entry on, another history of any length, every entry of it well made."""
    length = draw(st.integers(1, 30))
    value = json.loads(leaves[-1])
    return [*leaves[:place], *(canonical(value | {"index": place + n, "at": n}) for n in range(length))]


TAMPERINGS = [
    edit,
    flip,
    delete,
    delete_and_pad,
    insert,
    insert_at_the_front_and_cut,
    reorder,
    truncate,
    fork,
]


@pytest.mark.parametrize("tamper", TAMPERINGS, ids=[tamper.__name__ for tamper in TAMPERINGS])
def test_every_tampering_is_found(house: House, tamper: Tamper) -> None:
    """I-32: at any place that a held checkpoint covers, the first and the last too; untouched, the ledger passes."""
    found_at: set[int] = set()
    edges: set[str] = set()

    @settings(max_examples=25, deadline=None)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        covered = data.draw(st.integers(1, len(house.leaves)))
        place = data.draw(st.sampled_from([0, covered - 1]) | st.integers(0, covered - 1))
        held = house.checkpoint(covered)
        tampered = tamper(house.leaves, place, data.draw)
        assume(tampered[:covered] != house.leaves[:covered])  # else it lies after what the checkpoint covers

        untouched = house.verify(held)
        assert untouched.problems == []
        assert untouched.checkpoints_checked == 1
        codes = {problem.code for problem in house.verify(held, leaves=tampered).problems}
        assert ("truncated" if len(tampered) < covered else "forked") in codes
        found_at.add(place)
        edges.update(word for word, edge in (("first", 0), ("last", covered - 1)) if place == edge)

    check()
    assert len(found_at) > 5
    assert edges == {"first", "last"}


def test_entries_after_the_checkpoint_are_not_covered(house: House) -> None:
    """What a checkpoint does not cover it cannot vouch for: a ledger that grew since passes."""
    held = house.checkpoint(20)
    assert house.verify(held, leaves=house.leaves[:20]).problems == []
    assert house.verify(held, leaves=house.leaves).problems == []


def test_two_checkpoints_of_two_histories(tmp_path: Path) -> None:
    """A site that shows one history to one and another to the next is found by whoever holds both checkpoints."""
    house = staffed(tmp_path)
    size = len(house.leaves)
    house.say(ADMIN, RoleGranted("p_one", "operator"))
    one = house.checkpoint()
    del house.leaves[size:]
    house.say(ADMIN, RoleGranted("p_two", "operator"))
    two = house.checkpoint()
    assert house.verify(one).problems
    assert not house.verify(two).problems
    assert [problem.code for problem in house.verify(one, two).problems] == ["forked"]


def test_a_history_signed_anew_with_another_key(tmp_path: Path) -> None:
    """Who replaces ledger, key and checkpoints together is found by whoever holds a checkpoint of the old key."""
    honest, forged = staffed(tmp_path), staffed(tmp_path)
    assert forged.verify(forged.checkpoint()).problems == []
    assert [problem.code for problem in forged.verify(honest.checkpoint()).problems] == ["checkpoint"]


def test_entries_that_are_not_numbered_anew_say_so_once(house: House) -> None:
    """A clumsy deletion shows even without a checkpoint, and as one problem, not as one for each entry after it."""
    found = house.verify(leaves=house.leaves[:12] + house.leaves[13:]).problems
    assert [(problem.index, problem.code) for problem in found] == [(12, "index")]
