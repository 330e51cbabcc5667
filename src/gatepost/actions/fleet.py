"""The fleet in columns: as it stands, and a copy of it for whoever writes a policy."""

from threading import Lock, Thread
from typing import Final

from sqlalchemy import Connection

from gatepost.actions.basis import Basis, basis, holds
from gatepost.actions.change import looking
from gatepost.actions.site import Site
from gatepost.core.fleet.device import Ownership, Visibility
from gatepost.core.fleet.guess import guess
from gatepost.core.fleet.sort import Devices, Sort
from gatepost.core.instant import SECOND, Duration, Instant
from gatepost.fleet_index.fleet import Building, Fleet
from gatepost.storage import devices, exceptions, people, sightings


def read_fleet(conn: Connection) -> Fleet:
    """Every device in use of everybody who works here, and what doors saw that is in no inventory."""
    building = Building()
    for part in people.at_work(conn):
        building.people(part)
    for some in devices.in_columns(conn):
        building.devices(some)
    building.devices(_sighted(conn))
    attested = ((one.device, one.app, one.until) for one in exceptions.all_attestations(conn))
    return building.fleet(devices.all_present(conn), attested)


def _sighted(conn: Connection) -> Devices:
    """As the unmanaged devices that it may be."""
    seen = list(sightings.of_no_device(conn))
    guesses = [guess(one.device_type, one.user_agent) for one in seen]
    return Devices(
        refs=[f"{one.kind}:{one.identity}" for one in seen],
        owners=[one.person.ref for one in seen],
        sorts=[Sort(*found, Ownership.PERSONAL, shared=False, managed=False, sighted=True) for found in guesses],
        reported_at=[None] * len(seen),
        visibility=[Visibility.NONE.value] * len(seen),
        matched_under=[0] * len(seen),
    )


RECENT: Final[Duration] = 30 * SECOND
"""How old a copy may be before it is read anew beside the work."""


class RecentFleet:
    """The fleet as it stood lately, for counts that are shown while somebody types. Nothing is proposed by them: that
    reads the fleet as it stands. The first who asks waits until it is read; later ones get the copy, and where it is
    old and something in the inventory or the ledger changed, have it read anew for whoever comes next."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._first, self._reading = Lock(), Lock()
        self._known: tuple[Fleet, Instant] | None = None
        self._basis: Basis | None = None

    def get(self) -> tuple[Fleet, Instant]:
        """The copy, and when it was read."""
        with self._first:
            known = self._known or self._read()
        if self._site.clock.now() - known[1] > RECENT and self._reading.acquire(blocking=False):
            Thread(target=self._again, name="fleet").start()
        return known

    def begin(self) -> None:
        """Have it read beside the work, for whoever is about to ask."""
        if self._known is None:
            Thread(target=self.get, name="fleet").start()

    def _again(self) -> None:
        try:
            with looking(self._site) as conn:
                same = self._basis is not None and holds(conn, self._basis)
            if same and self._known is not None:
                self._known = self._known[0], self._site.clock.now()
            else:
                self._read()
        finally:
            self._reading.release()

    def _read(self) -> tuple[Fleet, Instant]:
        with looking(self._site) as conn:
            self._basis, now = basis(conn), self._site.clock.now()
            self._known = found = read_fleet(conn), now
        return found
