"""The verdict on one device, as its door would give it, with everything that it rests on."""

from dataclasses import dataclass, replace

from sqlalchemy import Connection

from gatepost.actions import live
from gatepost.actions.change import Change, changing, looking
from gatepost.actions.let_in import LetIn, let_in
from gatepost.actions.looks import record_look, without_purpose
from gatepost.actions.site import Site
from gatepost.actions.standing import logins_of
from gatepost.actions.who import HELPDESK, OPERATOR, Actor, acting, lacks_role, looking_as, unacknowledged
from gatepost.core.fleet.device import Device
from gatepost.core.instant import NEVER, Instant
from gatepost.core.policy.due import waits_for_contact
from gatepost.core.policy.verdict import Outcome, Standing, Verdict, verdict
from gatepost.core.refusal import Code, Refusal
from gatepost.storage import audience, contacts, devices, feed, people, sitemeta


@dataclass(frozen=True, slots=True)
class Decided:
    """`recognised`: known, unknown, unidentified or foreign, as the door would call it. `waits_for_contact`: policies
    that do not block the device yet because it was at no door since its person was told. `let_in`: what keeps policies
    from counting that else would, whatever other policies say."""

    verdict: Verdict
    at: Instant
    recognised: str
    device: str
    user: str
    waits_for_contact: tuple[str, ...] = ()
    let_in: tuple[LetIn, ...] = ()


def decide(site: Site, by: str | None, user: str, device_name: str | None, at: Instant | None) -> Decided | Refusal:
    """What the door answers this login with this device at an instant (now, if none is named), by the facts of now."""
    with looking(site) as conn:
        actor = looking_as(conn, site.clock.now(), by)
        return actor if isinstance(actor, Refusal) else _decided(conn, site, user, device_name, at)


def look_up(
    site: Site, by: str | None, user: str, device_name: str | None, at: Instant | None, purpose: str = ""
) -> Decided | Refusal:
    """The same for a person who asks: about their own device; or as the help desk, for a purpose, about one device of
    somebody else, and that look is recorded (I-34)."""
    with changing(site) as change:
        actor = acting(change, by)
        return actor if isinstance(actor, Refusal) else looked_up(change, actor, user, device_name, at, purpose)


def looked_up(
    change: Change, actor: Actor, user: str, device_name: str | None, at: Instant | None, purpose: str
) -> Decided | Refusal:
    """The same within a change."""
    person = people.find(change.conn, user)
    device = devices.find(change.conn, device_name) if device_name else None
    own = person is not None and person.ref == actor.ref and (device is None or device.owner == actor.ref)
    if not own and (refusal := may_not_look_up(actor, purpose)):
        return refusal
    found = _decided(change.conn, change.site, user, device_name, at)
    if isinstance(found, Decided) and found.recognised == "known" and device is not None and not own:
        record_look(change, "phone", device.ref, [device.owner], purpose)
    return found


def may_not_look_up(actor: Actor, purpose: str) -> Refusal | None:
    """Why somebody is told nothing of others' devices."""
    return lacks_role(actor, HELPDESK, OPERATOR) or without_purpose(purpose)


def _decided(conn: Connection, site: Site, user: str, device_name: str | None, at: Instant | None) -> Decided | Refusal:
    decider = Decider(site, conn, at)
    person = people.find(conn, user)
    if person is None:
        return Refusal(Code.NO_SUCH_PERSON, f"Nobody is known by the login {user}; `people import` takes people in.")
    if device_name is None:
        return decider.by_rule("unidentified", "", user)
    device = devices.find(conn, device_name)
    if device is None:
        return decider.by_rule("unknown", device_name, user)
    if not device.shared and device.owner != person.ref:
        return decider.by_rule("foreign", device_name, user)
    answer = decider.known(decider.standing(device), device.id, user)
    waits = _waiting(conn, device.ref, answer.verdict)
    found = () if unacknowledged(conn) else let_in(conn, site, device, answer.at)
    return replace(answer, waits_for_contact=waits, let_in=found)


def _waiting(conn: Connection, device: str, answer: Verdict) -> tuple[str, ...]:
    """The policies that a first contact, perhaps among other things, keeps from blocking."""
    endless = {reason.policy for reason in answer.reasons if reason.effect_at == NEVER}
    since = sitemeta.number(conn, sitemeta.SIGHTED_SINCE)
    if not endless or not since:
        return ()
    awaited = {rule for rule, _, _ in contacts.awaited(conn, [device], since)}
    rules = [known for number, known in live.live_rules(conn).items() if number in awaited]
    waiting = {known.revision.policy for known in rules if waits_for_contact(known.proposal.policy)}
    return tuple(sorted(waiting & endless))


class Decider:
    """Decides any number of times by the facts of one moment. `at`: the instant asked about, now if none is named."""

    def __init__(self, site: Site, conn: Connection, at: Instant | None = None) -> None:
        self._conn, self._door = conn, site.settings.door
        self.at = site.clock.now() if at is None else at
        self.position = feed.position(conn)
        # A restored site blocks nobody, as its doors do not, until it was shown what the world has seen (I-8).
        self._states = {} if unacknowledged(conn) else live.states(live.live_rules(conn))

    def by_rule(self, recognised: str, device: str, user: str) -> Decided:
        """What the site says of clients that no inventory knows (`unknown`), or that are not who they say."""
        rule = self._door.on_unknown if recognised == "unknown" else self._door.on_unidentified
        outcome = Outcome.BLOCK if rule == "block" else Outcome.ALLOW
        from_rule = Verdict(outcome, (), NEVER, None, self.position)
        return Decided(from_rule, self.at, recognised, device, user)

    def known(self, standing: Standing, device: str, user: str) -> Decided:
        """The verdict on a device by its standing."""
        return Decided(verdict(standing, self._states, self.at, self.position), self.at, "known", device, user)

    def standing(self, device: Device) -> Standing:
        """The standing of a device in use, as doors are given it."""
        member = next(devices.members(self._conn, [device.ref]))
        owner = people.load(self._conn, [device.owner])[device.owner]
        due = tuple(audience.due_of(self._conn, [device.ref]).get(device.ref, ()))
        return Standing(device.ref, logins_of(device, owner), member.evidence.reported_at, due)
