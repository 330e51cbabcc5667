"""The verdict on one device, as its door would give it, with everything that it rests on."""

from dataclasses import dataclass

from gatepost.actions import live
from gatepost.actions.change import looking
from gatepost.actions.site import Site
from gatepost.actions.who import looking_as
from gatepost.core.instant import NEVER, Instant
from gatepost.core.policy.verdict import Outcome, Standing, Verdict, verdict
from gatepost.core.refusal import Code, Refusal
from gatepost.storage import audience, devices, feed, people


@dataclass(frozen=True, slots=True)
class Decided:
    """`recognised`: known, unknown, unidentified or foreign, as the door would call it."""

    verdict: Verdict
    at: Instant
    recognised: str
    device: str
    user: str


def decide(site: Site, by: str | None, user: str, device_name: str | None, at: Instant | None) -> Decided | Refusal:
    """What the door answers this login with this device at an instant (now, if none is named), by the facts of now."""
    with looking(site) as conn:
        actor = looking_as(conn, by)
        if isinstance(actor, Refusal):
            return actor
        moment = site.clock.now() if at is None else at
        position = feed.position(conn)
        person = people.find(conn, user)
        if person is None:
            return Refusal(
                Code.NO_SUCH_PERSON, f"Nobody is known by the login {user}; `people import` takes people in."
            )
        door = site.settings.door
        if device_name is None:
            return _by_rule(door.on_unidentified, "unidentified", moment, position, "", user)
        device = devices.find(conn, device_name)
        if device is None:
            return _by_rule(door.on_unknown, "unknown", moment, position, device_name, user)
        if not device.shared and device.owner != person.ref:
            return _by_rule(door.on_unidentified, "foreign", moment, position, device_name, user)
        member = next(devices.members(conn, [device.ref]))
        due = tuple(audience.due_of(conn, [device.ref]).get(device.ref, ()))
        standing = Standing(device.ref, person.logins, member.evidence.reported_at, due)
        answer = verdict(standing, live.states(live.live_rules(conn)), moment, position)
        return Decided(answer, moment, "known", device.id, user)


def _by_rule(rule: str, recognised: str, at: Instant, position: int, device: str, user: str) -> Decided:
    """What the site says of clients that no inventory knows."""
    outcome = Outcome.BLOCK if rule == "block" else Outcome.ALLOW
    from_rule = Verdict(outcome, (), NEVER, None, position)
    return Decided(from_rule, at, recognised, device, user)
