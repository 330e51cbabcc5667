from hashlib import sha256

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from gatepost.core.ledger.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)

SIZES = st.one_of(st.integers(1, 20), st.sampled_from([31, 32, 33, 63, 64, 65]))


def leaves_of(size: int) -> list[bytes]:
    return [leaf_hash(b"leaf %d" % number) for number in range(size)]


def naive_root(leaves: list[bytes]) -> bytes:
    """The definition as RFC 6962 section 2.1 writes it, by recursion."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"").digest()
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    return sha256(b"\x01" + naive_root(leaves[:middle]) + naive_root(leaves[middle:])).digest()


def naive_path(leaves: list[bytes], index: int) -> list[bytes]:
    """PATH(m, D[n]) of RFC 6962 section 2.1.1, by recursion."""
    if len(leaves) == 1:
        return []
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    if index < middle:
        return [*naive_path(leaves[:middle], index), naive_root(leaves[middle:])]
    return [*naive_path(leaves[middle:], index - middle), naive_root(leaves[:middle])]


def naive_subproof(leaves: list[bytes], size: int, whole: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b) of RFC 6962 section 2.1.2, by recursion."""
    if size == len(leaves):
        return [] if whole else [naive_root(leaves)]
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    if size <= middle:
        return [*naive_subproof(leaves[:middle], size, whole), naive_root(leaves[middle:])]
    return [*naive_subproof(leaves[middle:], size - middle, False), naive_root(leaves[:middle])]


def test_published_roots() -> None:
    """The empty tree and the trees over the test leaves of Certificate Transparency have their published roots."""
    inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    leaves = [leaf_hash(bytes.fromhex(text)) for text in inputs]
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert root_of(leaves[:1]).hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert root_of(leaves[:2]).hex() == "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
    assert root_of(leaves).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def test_frontier_agrees_with_the_definition() -> None:
    """At every size to 130 the frontier's root is the recursive definition's, also after a trip through its bytes."""
    frontier = Frontier()
    leaves = leaves_of(130)
    for size, leaf in enumerate(leaves):
        assert frontier.root() == naive_root(leaves[:size]) == root_of(leaves[:size])
        frontier = Frontier.from_bytes(frontier.to_bytes())
        assert frontier.size == size
        frontier.append(leaf)


@pytest.mark.parametrize("data", [b"\x00", bytes(7) + b"\x01", bytes(7) + b"\x01" + bytes(31), bytes(8) + bytes(32)])
def test_a_frontier_of_wrong_length_is_refused(data: bytes) -> None:
    """Bytes whose hashes do not fit the size raise, rather than give a tree of another shape."""
    with pytest.raises(ValueError, match="do not fit"):
        Frontier.from_bytes(data)


def test_leaves_and_nodes_cannot_be_confused() -> None:
    """A leaf whose bytes are two hashes does not hash to the node over them."""
    left, right = leaves_of(2)
    assert leaf_hash(left + right) != node_hash(left, right)


@settings(deadline=None)
@given(SIZES, st.data())
def test_inclusion(size: int, data: st.DataObject) -> None:
    """A proof is the recursive definition's and verifies; for another place, leaf, size or root it does not."""
    leaves = leaves_of(size)
    index = data.draw(st.integers(0, size - 1))
    root = root_of(leaves)
    proof = inclusion_proof(leaves, index)
    assert proof == naive_path(leaves, index)
    assert verify_inclusion(leaves[index], index, size, proof, root)
    assert not verify_inclusion(leaf_hash(b"other"), index, size, proof, root)
    assert not verify_inclusion(leaves[index], size, size, proof, root)
    assert not verify_inclusion(leaves[index], index, size, [*proof, root], root)
    assert not verify_inclusion(leaves[index], index, size, proof, leaf_hash(b"other"))
    if proof:
        other = data.draw(st.integers(0, size - 1).filter(lambda number: number != index))
        assert not verify_inclusion(leaves[index], other, size, proof, root)
        assert not verify_inclusion(leaves[index], index, size, proof[:-1], root)
    event("with siblings" if proof else "alone")


@settings(deadline=None)
@given(SIZES, st.data())
def test_consistency(size: int, data: st.DataObject) -> None:
    """A proof is the recursive definition's and verifies; for another old tree, new tree or path it does not."""
    leaves = leaves_of(size)
    old = data.draw(st.integers(0, size))
    old_root, root = root_of(leaves[:old]), root_of(leaves)
    proof = consistency_proof(leaves, old)
    assert proof == ([] if old == 0 else naive_subproof(leaves, old, True))
    assert verify_consistency(old, size, old_root, root, proof)
    assert not verify_consistency(old, size, leaf_hash(b"other"), root, proof)
    assert not verify_consistency(old, size, old_root, root, [*proof, root])
    if old:
        assert not verify_consistency(old, size, old_root, leaf_hash(b"other"), proof)
    if proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        spoilt = [*proof[:place], leaf_hash(b"other"), *proof[place + 1 :]]
        assert not verify_consistency(old, size, old_root, root, spoilt)
        assert not verify_consistency(old, size, old_root, root, proof[:-1])
    event("a true prefix" if proof else "none or all")


def test_proofs_of_what_is_not_there() -> None:
    """Asking for a leaf or a prefix outside the tree raises; verifying one is no."""
    with pytest.raises(ValueError, match="no leaf 3"):
        inclusion_proof(leaves_of(3), 3)
    with pytest.raises(ValueError, match="no tree of 4"):
        consistency_proof(leaves_of(3), 4)
    assert not verify_consistency(4, 3, EMPTY_ROOT, EMPTY_ROOT, [])
    assert not verify_inclusion(EMPTY_ROOT, 0, 0, [], EMPTY_ROOT)
