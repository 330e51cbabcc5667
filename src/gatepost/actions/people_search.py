"""People by name, for whoever runs the site: a search, and one person's page; for a purpose, and recorded (I-34)."""

from typing import Final, NamedTuple

from gatepost.actions.change import Change, changing
from gatepost.actions.decide import Decided, Decider
from gatepost.actions.looks import looks_at, record_look, without_purpose
from gatepost.actions.site import Site
from gatepost.actions.who import OPERATOR, acting
from gatepost.core.fleet.device import Device
from gatepost.core.fleet.person import Person
from gatepost.core.instant import Instant
from gatepost.core.refusal import Code, Refusal
from gatepost.storage import access, devices, exceptions, notices, people
from gatepost.storage.exceptions import Attestation, Waiver
from gatepost.storage.notices import Notice

MOST: Final = 20
"""People whom one search names: who is looked for is known, and a list of everybody is nobody's need."""

SHORTEST: Final = 3
"""Letters of a search that is nobody's whole name: fewer would name whoever comes first."""


class Found(NamedTuple):
    """Those whose id, name or address has the words in it. `more`: there are others."""

    people: tuple[Person, ...]
    more: bool


class OwnDevice(NamedTuple):
    """A device in use, and what its door answers now."""

    device: Device
    reported_at: Instant | None
    decided: Decided


class OnePerson(NamedTuple):
    """What holds for one person now. `looks`: at them, oldest first, this one among them."""

    person: Person
    roles: tuple[str, ...]
    devices: tuple[OwnDevice, ...]
    waivers: tuple[Waiver, ...]
    statements: tuple[Attestation, ...]
    notices: tuple[Notice, ...]
    looks: tuple[dict[str, object], ...]


def find_people(site: Site, by: str | None, words: str, purpose: str) -> OnePerson | Found | Refusal:
    """Somebody by their whole id, address or login; else everybody, at most MOST, in whose name or address the words
    stand."""
    if refusal := without_purpose(purpose):
        return refusal
    with changing(site) as change:
        actor = acting(change, by, OPERATOR)
        if isinstance(actor, Refusal):
            return actor
        person = people.find(change.conn, words)
        if person is not None:
            record_look(change, "person", "", [person.ref], purpose)
            return _whole(change, person)
        found = people.named_like(change.conn, words, MOST + 1) if len(words) >= SHORTEST else []
        if not found:
            text = f"Nobody is known by {words}. Try another part of the name, or the whole address."
            return Refusal(Code.NO_SUCH_PERSON, text)
        record_look(change, "people", "", [each.ref for each in found[:MOST]], purpose)
        return Found(tuple(found[:MOST]), len(found) > MOST)


def _whole(change: Change, person: Person) -> OnePerson:
    conn = change.conn
    own = _devices(change, person)
    refs = [each.device.ref for each in own]
    return OnePerson(
        person=person,
        roles=tuple(sorted(access.roles_of(conn, change.now, person.ref))),
        devices=own,
        waivers=tuple(exceptions.waivers_of(conn, [person.ref, *refs])),
        statements=tuple(exceptions.attestations_of(conn, refs)),
        notices=tuple(notices.of_person(conn, person.ref)),
        looks=tuple(looks_at(conn, person.ref)),
    )


def _devices(change: Change, person: Person) -> tuple[OwnDevice, ...]:
    decider = Decider(change.site, change.conn)
    found = []
    for member in devices.members(change.conn, devices.refs_of(change.conn, [person.ref])):
        decided = decider.known(decider.standing(member.device), member.device.id, "")
        found.append(OwnDevice(member.device, member.evidence.reported_at, decided))
    return tuple(sorted(found, key=lambda each: each.device.id))
