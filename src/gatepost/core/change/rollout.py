"""Rings as people are shown them: whose deadline is when, and how many they are."""

from collections.abc import Sequence
from typing import NamedTuple

from gatepost.core.change.impact import hide_small
from gatepost.core.policy.policy import Policy


class RingLine(NamedTuple):
    """`group`: "" for everybody in no ring. `people`: of those concerned; None where they are hidden: too few to be
    counted, or what would tell another number that is."""

    group: str
    deadline: str
    people: int | None


def ring_lines(policy: Policy, people: Sequence[int]) -> tuple[RingLine, ...]:
    """The rings in their order, and last everybody else; nothing for a policy without rings.

    `people`: how many of those concerned are in each, by its number.
    """
    if not policy.rollout:
        return ()
    shown = hide_small({str(ring): count for ring, count in enumerate(people)})
    rings = [
        RingLine(ring.group, ring.deadline.written, shown[str(number)]) for number, ring in enumerate(policy.rollout, 1)
    ]
    return (*rings, RingLine("", policy.deadline.written, shown["0"]))
