"""Of a device what decides whether a policy concerns it: most are of a sort with many others."""

from typing import NamedTuple

from gatepost.core.fleet.device import Device, Form, Ownership, Platform, Visibility
from gatepost.core.instant import Instant


class Sort(NamedTuple):
    """What devices of one sort have in common. `sighted`: in no inventory, a door saw it with its person's login;
    counted, never due, and no part of the fleet, since whoever knows a login can invent such devices."""

    form: Form
    platform: Platform
    ownership: Ownership
    shared: bool
    managed: bool
    sighted: bool = False

    def device(self) -> Device:
        """One of them, of nobody."""
        return Device("", "", "", self.form, self.platform, self.ownership, self.shared, self.managed)


class Line(NamedTuple):
    """A device: its ref, its owner's (the keeper's if it is shared), and of the evidence all but what is present."""

    ref: str
    owner: str
    sort: Sort
    reported_at: Instant | None = None
    visibility: Visibility = Visibility.NONE
    matched_under: int = 0
