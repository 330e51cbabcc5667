"""Waiting for doors to say that they have heard something; one that does not is named, and no longer waited for."""

from collections.abc import Callable
from typing import NamedTuple

from gatepost.actions.change import looking
from gatepost.actions.site import Site
from gatepost.clock import boot_elapsed
from gatepost.core.instant import Duration
from gatepost.storage import feed
from gatepost.storage.feed import KnownDoor

LOOK_EVERY = 0.005
"""Seconds."""


class Waited(NamedTuple):
    """`after`: how long it took until the door had heard, in milliseconds; None if it has not."""

    door: KnownDoor
    after: Duration | None


def await_doors(
    site: Site, heard: Callable[[KnownDoor], bool], wait: Callable[[float], None], at_most: Duration
) -> list[Waited]:
    """Wait until every door has `heard`; all doors, by name."""
    started = boot_elapsed()
    after: dict[str, Duration] = {}
    while True:
        with looking(site) as conn:
            doors = feed.known_doors(conn)
        waited = boot_elapsed() - started
        for name, door in doors.items():
            if heard(door):
                after.setdefault(name, waited)
        if len(after) >= len(doors) or waited >= at_most:
            return [Waited(door, after.get(name)) for name, door in doors.items()]
        wait(LOOK_EVERY)
