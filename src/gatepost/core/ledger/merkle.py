"""The Merkle tree of RFC 6962 section 2.1, over SHA-256. A hash here is 32 bytes.

A leaf and a node are hashed with different first bytes, so that neither can be passed off as the other.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

EMPTY_ROOT: Final = sha256(b"").digest()
_SIZE = 8
_HASH = 32


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf's bytes."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node from those of its two children."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """All of a tree that is needed to append to it: a hash for each bit set in its size, the largest subtree first."""

    __slots__ = ("_hashes", "size")

    def __init__(self) -> None:
        self.size = 0
        self._hashes: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Adds a leaf by its hash."""
        full = self.size
        while full & 1:
            leaf = sha256(b"\x01" + self._hashes.pop() + leaf).digest()
            full >>= 1
        self._hashes.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The root of the tree so far."""
        if not self._hashes:
            return EMPTY_ROOT
        root = self._hashes[-1]
        for left in reversed(self._hashes[:-1]):
            root = node_hash(left, root)
        return root

    def to_bytes(self) -> bytes:
        """The size (8 bytes, big-endian), then the hashes; of an empty tree, no bytes at all."""
        return self.size.to_bytes(_SIZE, "big") + b"".join(self._hashes) if self.size else b""

    @classmethod
    def from_bytes(cls, data: bytes) -> "Frontier":
        """The inverse of to_bytes. Raises ValueError where the hashes do not fit the size."""
        frontier = cls()
        frontier.size = int.from_bytes(data[:_SIZE], "big")
        if data and len(data) != _SIZE + frontier.size.bit_count() * _HASH:
            raise ValueError("a Merkle frontier whose hashes do not fit its size")
        frontier._hashes = [data[start : start + _HASH] for start in range(_SIZE, len(data), _HASH)]
        return frontier


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over these leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The audit path of leaf `index` in the tree over these leaf hashes, lowest first (RFC 6962 section 2.1.1)."""
    if not 0 <= index < len(leaves):
        raise ValueError(f"no leaf {index} in a tree of {len(leaves)}")
    low, high, path = 0, len(leaves), []
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(root_of(leaves[middle:high]))
            high = middle
        else:
            path.append(root_of(leaves[low:middle]))
            low = middle
    return path[::-1]


def consistency_proof(leaves: Sequence[bytes], size: int) -> list[bytes]:
    """That the first `size` leaves are a prefix of all of them (RFC 6962 section 2.1.2). Empty for none and for all."""
    if not 0 <= size <= len(leaves):
        raise ValueError(f"no tree of {size} within one of {len(leaves)}")
    if size in (0, len(leaves)):
        return []
    low, high, path = 0, len(leaves), []
    while size != high:
        middle = low + _split(high - low)
        if size <= middle:
            path.append(root_of(leaves[middle:high]))
            high = middle
        else:
            path.append(root_of(leaves[low:middle]))
            low = middle
    if low:  # else the old root is the subtree itself, which the verifier holds
        path.append(root_of(leaves[low:high]))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof shows the leaf hash at `index` of the tree of that size and root (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows the old tree to be a prefix of the new one (RFC 9162 section 2.1.4.2)."""
    if not 0 <= old_size <= new_size:
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    if old_size == 0:
        return not proof and old_root == EMPTY_ROOT
    path = list(proof) if old_size & (old_size - 1) else [old_root, *proof]
    if not path:
        return False
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and old == old_root and new == new_root


def _split(size: int) -> int:
    """The largest power of two below the size (2 or more): where a tree of that size divides."""
    return 1 << ((size - 1).bit_length() - 1)
