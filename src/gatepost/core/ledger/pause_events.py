"""What is written in the ledger when a policy stands still for a while."""

from dataclasses import dataclass

from gatepost.core.ledger.events import Event


@dataclass(frozen=True, slots=True)
class PolicyPaused(Event):
    """Doors are open for this policy until it is resumed; nothing is claimed."""

    policy: str
    revision: int
    reason_hash: str


@dataclass(frozen=True, slots=True)
class PolicyResumed(Event):
    """`not_before`: the instant before which it blocks nobody, 0 where everything is as it was before the pause.
    `told`: whether people are told that it goes on."""

    policy: str
    revision: int
    not_before: int
    told: bool
