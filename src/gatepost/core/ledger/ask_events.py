"""What is written in the ledger when somebody asks: to be exempted, or for a fresh report."""

from dataclasses import dataclass

from gatepost.core.ledger.events import Event


@dataclass(frozen=True, slots=True)
class WaiverAsked(Event):
    """The owner of a device asks, on their own page, that it be exempted from a policy. A waiver for the device or its
    owner answers; or a decline; or that the policy is over."""

    ask: str
    policy: str
    device: str
    reason_hash: str


@dataclass(frozen=True, slots=True)
class WaiverDeclined(Event):
    """Whoever could have granted it said no; `reason_hash`: why, which the owner reads."""

    ask: str
    policy: str
    device: str
    reason_hash: str


@dataclass(frozen=True, slots=True)
class CheckAsked(Event):
    """The owner of a device, or the help desk, asks for a fresh report of it. Whoever is told by webhook asks its
    device manager for one."""

    device: str
