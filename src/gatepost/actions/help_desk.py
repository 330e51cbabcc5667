"""The help desk: one phone, why it gets mail or not, and what to do; for a purpose, and recorded (I-34)."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from sqlalchemy import Connection

from gatepost.actions import check
from gatepost.actions.change import Change, changing
from gatepost.actions.decide import Decided, looked_up, may_not_look_up
from gatepost.actions.doors import list_doors
from gatepost.actions.live import live_rules
from gatepost.actions.looks import record_look
from gatepost.actions.site import Site
from gatepost.actions.who import acting
from gatepost.core.fleet.device import Device
from gatepost.core.fleet.finding import Finding
from gatepost.core.fleet.person import Person
from gatepost.core.instant import Instant
from gatepost.core.policy.policy import Unseen
from gatepost.core.policy.verdict import Outcome, Reason
from gatepost.core.refusal import Code, Refusal
from gatepost.storage import catalogue, devices, people

Do = Literal["remove", "state", "report", "enrol", "compare", "import", "elsewhere"]
"""What helps; a page has words for each."""


class Step(NamedTuple):
    """`app`, `title`: by name, of what it is about; "" where it is about none."""

    do: Do
    app: str = ""
    title: str = ""
    app_id: str = ""


class Phone(NamedTuple):
    """The answer for one device. `device`: None where no inventory knows it, or where it is somebody else's.
    `owner`: whose it is. `letting`: doors that let everybody through whatever the answer says. `checkable`: its device
    manager can be asked for a fresh report; `asked_at`: since when one is awaited, or why nobody is asked now."""

    decided: Decided
    device: Device | None
    owner: Person | None
    steps: tuple[Step, ...]
    letting: tuple[str, ...] = ()
    checkable: bool = False
    asked_at: Instant | Refusal | None = None


class Phones(NamedTuple):
    """Whose devices are in use, to choose one of."""

    person: Person
    devices: tuple[Device, ...]


def look(
    site: Site, by: str | None, user: str, device: str, purpose: str, *, ask: bool = False
) -> Phone | Phones | Refusal:
    """Why one device gets mail or not. `user`: a login or an address; `device`: its id in the inventory, or its
    ActiveSync id; "" for the person's only one, or to choose. `ask`: a fresh report is asked for too, if one can be."""
    with changing(site) as change:
        actor = acting(change, by)
        if isinstance(actor, Refusal):
            return actor
        person = people.find(change.conn, user)
        own = person is not None and person.ref == actor.ref
        if not own and (refusal := may_not_look_up(actor, purpose)):
            return refusal
        if person is None:
            text = f"Nobody is known by the login or address {user}. Compare it with the person's own mail settings."
            return Refusal(Code.NO_SUCH_PERSON, text)
        if not device:
            owned = _in_use(change.conn, person)
            if len(owned) != 1:
                if not own:
                    record_look(change, "phone", "", [person.ref], purpose)
                return Phones(person, owned)
            device = owned[0].id
        decided = looked_up(change, actor, user, device, None, purpose)
        if isinstance(decided, Refusal):
            return decided
        found = _phone(change, decided, ask=ask)
    return found._replace(letting=_letting(site)) if decided.verdict.outcome is Outcome.BLOCK else found


def _in_use(conn: Connection, person: Person) -> tuple[Device, ...]:
    found = devices.members(conn, devices.refs_of(conn, [person.ref]))
    return tuple(sorted((member.device for member in found), key=lambda device: device.id))


def _letting(site: Site) -> tuple[str, ...]:
    return tuple(str(door["name"]) for door in list_doors(site) if door["stance"] in ("observe", "open"))


def _phone(change: Change, decided: Decided, *, ask: bool) -> Phone:
    conn = change.conn
    device = devices.find(conn, decided.device) if decided.recognised == "known" else None
    owner = people.load(conn, [device.owner]).get(device.owner) if device else None
    phone = Phone(decided, device, owner, tuple(_steps(conn, decided, device)))
    findings = [reason.finding for reason in _asking(decided)]
    if device is None or not any(check.checkable(change.site, device, found) for found in findings):
        return phone
    asked = check.ask(change, device.ref) if ask else check.asked_at(conn, device.ref, change.now)
    return phone._replace(checkable=True, asked_at=asked)


def _asking(decided: Decided) -> list[Reason]:
    """What warns or blocks."""
    return [reason for reason in decided.verdict.reasons if reason.outcome is not Outcome.ALLOW]


def _steps(conn: Connection, decided: Decided, device: Device | None) -> Iterator[Step]:
    if decided.recognised == "unknown":
        yield from (Step("compare"), Step("import"))
        return
    if device is None:
        yield Step("compare")
        return
    named = catalogue.apps(conn)
    policies = {known.revision.policy: known.proposal.policy for known in live_rules(conn).values()}
    for reason in _asking(decided):
        policy = policies[reason.policy]
        yield Step(_do(reason, policy.unseen, device), named[reason.app].name, policy.title, reason.app)
    if decided.verdict.outcome is not Outcome.BLOCK:
        yield Step("elsewhere")


def _do(reason: Reason, unseen: Unseen, device: Device) -> Do:
    if reason.finding is Finding.PRESENT:
        return "remove"
    if unseen is Unseen.ATTEST:
        return "state"
    return "report" if device.managed else "enrol"
