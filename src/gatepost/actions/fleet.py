"""The fleet as it stands, in columns."""

from collections.abc import Iterator

from sqlalchemy import Connection

from gatepost.core.fleet.device import Ownership
from gatepost.core.fleet.guess import guess
from gatepost.core.fleet.sort import Line, Sort
from gatepost.fleet_index.fleet import Building, Fleet
from gatepost.storage import devices, exceptions, people, sightings


def read_fleet(conn: Connection) -> Fleet:
    """Every device in use of everybody who works here, and what doors saw that is in no inventory."""
    building = Building()
    building.people(people.at_work(conn))
    building.devices(devices.lines(conn))
    building.devices(_sighted(conn))
    attested = ((one.device, one.app, one.until) for one in exceptions.all_attestations(conn))
    return building.fleet(devices.all_present(conn), attested)


def _sighted(conn: Connection) -> Iterator[Line]:
    """As the unmanaged devices that it may be."""
    for person, kind, identity, device_type, user_agent in sightings.of_no_device(conn):
        form, platform = guess(device_type, user_agent)
        sort = Sort(form, platform, Ownership.PERSONAL, shared=False, managed=False, sighted=True)
        yield Line(f"{kind}:{identity}", person.ref, sort)
