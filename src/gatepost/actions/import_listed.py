"""Import of the phones that a mail server lists: they become unmanaged devices of the people known (decisions/0014)."""

import hashlib
from collections.abc import Mapping

from sqlalchemy import Connection

from gatepost.actions.change import Change, changing, new_ref
from gatepost.actions.import_devices import LISTED
from gatepost.actions.import_people import Imported
from gatepost.actions.site import Site
from gatepost.actions.standing import catch_up, refresh_many
from gatepost.actions.who import ADMIN, OPERATOR, acting
from gatepost.core.fleet.device import Device, Ownership
from gatepost.core.fleet.finding import NOTHING
from gatepost.core.fleet.guess import guess
from gatepost.core.ledger.events import DevicesImported
from gatepost.core.problem import Problem
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.canonical import digest
from gatepost.documents.listed_devices import ListedDevice, ListFormat, read_listed
from gatepost.storage import devices, people, sightings
from gatepost.storage.devices import Known


def listed_id(eas_id: str) -> str:
    """The inventory id of a device that only mail servers know: the same for the same ActiveSync id, and no name."""
    return f"{LISTED}{hashlib.sha256(eas_id.casefold().encode('utf-8', 'surrogatepass')).hexdigest()[:20]}"


class Called:
    """People who work here, by id, address and login; and by name, where only one is called so."""

    def __init__(self, conn: Connection) -> None:
        self._sure: dict[str, str] = {}
        self._named: dict[str, set[str]] = {}
        for person in people.everybody(conn):
            if person.working:
                for sure in (person.id, *person.logins, *person.emails):
                    self._sure.setdefault(sure.casefold(), person.ref)
                self._named.setdefault(" ".join(person.name.casefold().split()), set()).add(person.ref)

    def find(self, row: ListedDevice) -> str | Refusal:
        if row.owner:
            found = self._sure.get(row.owner.casefold())
            return found or Refusal(Code.NO_SUCH_PERSON, "nobody is known by this owner; import people first")
        several = False
        for name in row.names:
            folded = " ".join(name.casefold().split())
            if found := self._sure.get(folded):
                return found
            called = self._named.get(folded, set())
            if len(called) == 1:
                return next(iter(called))
            several = several or bool(called)
        if several:
            return Refusal(Code.NO_SUCH_PERSON, "several people are called so; add a column PrimarySmtpAddress")
        return Refusal(Code.NO_SUCH_PERSON, "nobody is known by this owner's name; import people first")


def import_listed(
    site: Site, by: str | None, data: bytes, name: str, format: ListFormat, owner: str = ""
) -> Imported | Refusal:
    """Take in a mail server's list. A phone that is known already stays as it is; `owner`: whose a SOGo list is."""
    rows = list(read_listed(data, name, format, owner))  # before the change: there is one writer
    with changing(site) as change:
        actor = acting(change, by, ADMIN, OPERATOR)
        if isinstance(actor, Refusal):
            return actor
        result, new = _taken(change, rows, name)
        done = DevicesImported(digest(data), result.added, 0, result.unchanged, 0, len(result.rejected))
        change.record(done)
        devices.save(change.conn, new)
        refresh_many(change, (item.device.ref for item in new))
    catch_up(site)
    return result


def _taken(change: Change, rows: list[ListedDevice | Problem], name: str) -> tuple[Imported, list[Known]]:
    """What the rows come to, and the devices that nobody knew."""
    result, new = Imported(), dict[str, Known]()
    listed = [row for row in rows if isinstance(row, ListedDevice)]
    keys = {row.eas_id.casefold() for row in listed}
    inventory = devices.with_eas_keys(change.conn, keys)
    out_of_use = {known.device.id for known in inventory if known.retired}
    owners = {known.device.eas_id.casefold(): known.device for known in inventory if not known.retired}
    called, said = Called(change.conn), sightings.said_by(change.conn, keys)
    for row in rows:
        if isinstance(row, Problem):
            result.rejected.append(row)
            continue
        found = _device(change, row, called, owners, said.get(row.eas_id.casefold(), ()))
        if isinstance(found, Refusal):
            result.rejected.append(Problem(name, row.line, 0, "", found.text))
        elif row.eas_id.casefold() in owners or found.id in out_of_use:
            result.unchanged += 1
        else:
            owners[row.eas_id.casefold()] = found
            new[found.id] = Known(found, NOTHING, retired=False)
            result.added += 1
    return result, list(new.values())


def _device(
    change: Change, row: ListedDevice, called: Called, owners: Mapping[str, Device], said: tuple[str, ...]
) -> Device | Refusal:
    """The device that a row stands for, as nobody manages it. `said`: what it called itself at a door."""
    shared_types = {kind.casefold() for kind in change.site.settings.door.shared_types}
    if row.device_type.casefold() in shared_types:
        return Refusal(Code.NO_SUCH_DEVICE, "is a cloud cache's id, which stands for many phones; see shared_types")
    owner = called.find(row)
    if isinstance(owner, Refusal):
        return owner
    there = owners.get(row.eas_id.casefold())
    if there is not None and there.owner != owner and not there.shared:
        return Refusal(Code.TWO_OWNERS, "this phone belongs to somebody else already; check that device out first")
    form, platform = guess(*row.words, *said)
    return Device(
        ref=new_ref("d"),
        id=listed_id(row.eas_id),
        owner=owner,
        form=form,
        platform=platform,
        ownership=Ownership.PERSONAL,
        managed=False,
        eas_id=row.eas_id,
    )
