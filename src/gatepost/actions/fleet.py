"""The fleet in columns: as it stands, and a copy of it for whoever writes a policy."""

from threading import Lock, Thread
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import Connection

from gatepost.actions.basis import Basis, basis, holds
from gatepost.actions.change import looking
from gatepost.actions.site import Site
from gatepost.core.fleet.device import Ownership, Visibility
from gatepost.core.fleet.guess import guess
from gatepost.core.fleet.sort import Devices, Sort
from gatepost.core.instant import SECOND, Duration, Instant
from gatepost.storage import devices, exceptions, people, sightings

if TYPE_CHECKING:
    from gatepost.fleet_index.fleet import Fleet


def read_fleet(conn: Connection) -> "Fleet":
    """Every device in use of everybody who works here, and what doors saw that is in no inventory."""
    # Late: it imports numpy, which takes a while, and most commands, a retraction among them, go through no fleet.
    from gatepost.fleet_index.fleet import Building

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


class Copy(NamedTuple):
    """`at`: when it was found to be the fleet as it stands. `basis`: what it rests on."""

    fleet: "Fleet"
    at: Instant
    basis: Basis


class RecentFleet:
    """The fleet as it stood lately, for counts that are shown while somebody types. Nothing is proposed by them: that
    reads the fleet as it stands. The first who asks waits until it is read; later ones get the copy, and where it is
    old and something in the inventory or the ledger changed, have it read anew for whoever comes next."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._first, self._renewing = Lock(), Lock()
        self._known: Copy | None = None

    def get(self) -> Copy:
        with self._first:
            known = self._known = self._known or self._read()
        if self._site.clock.now() - known.at > RECENT and self._renewing.acquire(blocking=False):
            Thread(target=self._renew, args=[known], name="fleet").start()
        return known

    def begin(self) -> None:
        """Have it read beside the work, for whoever is about to ask."""
        if self._known is None:
            Thread(target=self.get, name="fleet").start()

    def _renew(self, known: Copy) -> None:
        try:
            with looking(self._site) as conn:
                stands = holds(conn, known.basis)
            self._known = known._replace(at=self._site.clock.now()) if stands else self._read()
        finally:
            self._renewing.release()

    def _read(self) -> Copy:
        with looking(self._site) as conn:
            before, now = basis(conn), self._site.clock.now()
            return Copy(read_fleet(conn), now, before)
