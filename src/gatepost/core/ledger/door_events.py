"""What people decide at doors, and by what devices are known there. See events.py."""

from dataclasses import dataclass

from gatepost.core.ledger.events import Event


@dataclass(frozen=True, slots=True)
class DoorForgotten(Event):
    """A door is out of use; nothing waits for it any more."""

    door: str


@dataclass(frozen=True, slots=True)
class DoorEnforceAsked(Event):
    """Somebody wants a door to enforce before its time; a second person has to say yes. `because_hash`: why."""

    door: str
    because_hash: str


@dataclass(frozen=True, slots=True)
class DoorModeChanged(Event):
    """`mode`: observe or enforce. `because_hash`: why a door enforces before its time, as was asked, or "" where
    nothing was in the way."""

    door: str
    mode: str
    because_hash: str


@dataclass(frozen=True, slots=True)
class DoorOpened(Event):
    """The glass was broken at a door at the instant `since`, perhaps long before the site heard of it."""

    door: str
    since: int
    who_hash: str
    reason_hash: str


@dataclass(frozen=True, slots=True)
class DoorClosed(Event):
    """The door goes by its copy again since that instant, perhaps long before the site heard of it."""

    door: str
    since: int
    who_hash: str


@dataclass(frozen=True, slots=True)
class DevicePasswordIssued(Event):
    """`selector`: the password's public part. The secret part is nowhere but with the person."""

    selector: str
    device: str
    reason_hash: str


@dataclass(frozen=True, slots=True)
class DevicePasswordRevoked(Event):
    selector: str
    device: str
