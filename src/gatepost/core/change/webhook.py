"""What other programs are told: a policy's life, and that a device manager is asked for a fresh report of a device.

Of a policy that its stage changed, or that it stands still, or goes on; never people: not who, not how many, not why in
words. Of a device which it is, and not why.
"""

from typing import Final, Literal, TypeAlias

from gatepost.core.change.stage import Stage
from gatepost.core.fleet.device import Device
from gatepost.core.ledger.ask_events import CheckAsked
from gatepost.core.ledger.events import (
    Event,
    PolicyAnnounced,
    PolicyEnded,
    PolicyInForce,
    PolicyProposed,
    PolicyRelaxed,
    PolicyRetracted,
    PolicyWithdrawn,
    QuorumLost,
    QuorumReached,
    QuorumRegained,
)
from gatepost.core.ledger.pause_events import PolicyPaused, PolicyResumed

Type: TypeAlias = Literal[
    "policy.proposed",
    "policy.withdrawn",
    "policy.approved",
    "policy.announced",
    "policy.relaxed",
    "policy.in_force",
    "policy.paused",
    "policy.resumed",
    "policy.held",
    "policy.regained",
    "policy.retracted",
    "policy.ended",
    "device.check_asked",
]

Told: TypeAlias = (
    PolicyProposed
    | PolicyWithdrawn
    | QuorumReached
    | PolicyAnnounced
    | PolicyRelaxed
    | PolicyInForce
    | PolicyPaused
    | PolicyResumed
    | QuorumLost
    | QuorumRegained
    | PolicyRetracted
    | PolicyEnded
)

TYPES: Final[dict[type[Event], Type]] = {
    PolicyProposed: "policy.proposed",
    PolicyWithdrawn: "policy.withdrawn",
    QuorumReached: "policy.approved",
    PolicyAnnounced: "policy.announced",
    PolicyRelaxed: "policy.relaxed",
    PolicyInForce: "policy.in_force",
    PolicyPaused: "policy.paused",
    PolicyResumed: "policy.resumed",
    QuorumLost: "policy.held",
    QuorumRegained: "policy.regained",
    PolicyRetracted: "policy.retracted",
    PolicyEnded: "policy.ended",
    CheckAsked: "device.check_asked",
}

NAMES_A_DEVICE: Final[frozenset[Type]] = frozenset({"device.check_asked"})
"""What is told to those only who ask for it by name: the others are about nobody."""


def data_of(event: Told, stage: Stage, entry: int) -> dict[str, object]:
    """What is said of the revision, which has this stage since this entry of the ledger."""
    data: dict[str, object] = {"policy": event.policy, "revision": event.revision, "stage": stage.value, "entry": entry}
    match event:
        case PolicyAnnounced(retires=replaced) if replaced:
            data["replaces"] = replaced
        case PolicyRelaxed(relaxes=replaced):
            data["replaces"] = replaced
        case PolicyRetracted(because=because):
            data["because"] = because
    return data


def check_data_of(device: Device, entry: int) -> dict[str, object]:
    """What is said of a device whose manager is asked for a fresh report: as the manager knows it, and no more."""
    return {"device": device.id, "platform": device.platform.value, "entry": entry}
