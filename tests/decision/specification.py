"""The decision as the design tells it, slow and obvious, to hold the fast one against (I-1).

Every question is asked of one instant. There are no masks, and no instant is computed ahead: where the prose says
"from then on", the spec tries all the instants at which anything could change, one after another.
"""

from gatepost.core.fleet.app import ActiveApp
from gatepost.core.fleet.device import Device, Visibility
from gatepost.core.fleet.finding import Finding
from gatepost.core.fleet.person import Person
from gatepost.core.instant import NEVER, Instant
from gatepost.core.policy.policy import Consequence, Scope, Unseen
from gatepost.core.policy.verdict import Outcome, Reason
from tests.decision.worlds import Announced, World


def finding_of(world: World, app: ActiveApp, t: Instant) -> Finding | None:
    """What is known of one app on the device at t; None where the app takes no part."""
    newest = None
    seen_with = None
    for report in world.reports:
        if newest is not None and report.reported_at < newest.reported_at:
            continue  # a report older than the last says nothing
        newest = report
        if app.id in report.apps:
            seen_with = report.visibility
        elif report.visibility == Visibility.NONE:
            pass  # a source that sees nothing says nothing of what it does not show
        elif seen_with is not None and report.visibility >= seen_with:
            seen_with = None  # only a report that sees at least as much ends a present
    if seen_with is not None:
        return Finding.PRESENT
    if world.device.platform not in app.since:
        return None
    if newest is None:
        return Finding.NEVER
    if newest.matched_under < app.since[world.device.platform]:
        return Finding.NEVER
    if newest.visibility != Visibility.FULL:
        return Finding.HIDDEN
    if t - newest.reported_at >= world.stale_after:
        return Finding.STALE
    return Finding.ABSENT


def within(scope: Scope, person: Person, device: Device) -> bool:
    """Keys joined by and, values by or, an absent key means all."""
    if scope.forms and device.form not in scope.forms:
        return False
    if scope.platforms and device.platform not in scope.platforms:
        return False
    if scope.ownership and device.ownership not in scope.ownership:
        return False
    if scope.kinds and person.kind not in scope.kinds:
        return False
    if scope.countries and person.country not in scope.countries:
        return False
    return not scope.groups or any(group in scope.groups for group in person.groups)


def concerned(world: World, announced: Announced) -> bool:
    """In scope; an exception wins, and an empty exception is nobody's."""
    policy = announced.policy
    excepted = not policy.except_.is_empty() and within(policy.except_, world.person, world.device)
    return within(policy.scope, world.person, world.device) and not excepted


def app_due(world: World, announced: Announced, app: ActiveApp, t: Instant) -> bool:
    """Present, or hidden, stale or never where the policy says that this counts."""
    found = finding_of(world, app, t)
    if found is None or found is Finding.ABSENT:
        return False
    if found is Finding.PRESENT:
        return True
    if announced.policy.unseen is Unseen.BLOCK:
        return True
    if announced.policy.unseen is Unseen.ATTEST:
        return not any(attested == app.id and t < until for attested, until in world.attestations)
    return False


def due(world: World, announced: Announced, t: Instant) -> bool:
    return concerned(world, announced) and any(app_due(world, announced, app, t) for app in announced.apps)


def waived(announced: Announced, t: Instant) -> bool:
    return any(t < until for until in announced.waivers)


def became_due(world: World, announced: Announced, t: Instant) -> Instant:
    """Since when a device due at t has been due, waivers aside."""
    return next(x for x in boundaries(world) if due(world, announced, x) and x <= t)


def rings_of(world: World, announced: Announced) -> list[str]:
    """The groups by which the person is in a ring."""
    return [ring.group for ring in announced.policy.rollout if ring.group in world.person.groups]


def own_deadline(world: World, announced: Announced) -> Instant:
    """That of the first ring the person is in, else the policy's."""
    for ring, at in zip(announced.policy.rollout, announced.ring_at, strict=True):
        if ring.group in world.person.groups:
            return at
    return announced.deadline_at


def told_long_enough(announced: Announced, t: Instant) -> bool:
    policy = announced.policy
    if not policy.tell_first:
        return not policy.deadline.immediately or t >= announced.announced_at + policy.grace
    if announced.told_at is None or t < announced.told_at + announced.notice:
        return False
    return not policy.deadline.immediately or t >= announced.told_at + policy.grace


def at_a_door_long_enough(announced: Announced, t: Instant) -> bool:
    """Where doors could have seen it, grace is counted from its first contact after its person was told."""
    if not announced.at_doors or not announced.policy.tell_first or not announced.policy.grace:
        return True
    return announced.contact_at is not None and t >= announced.contact_at + announced.policy.grace


def grace_over(world: World, announced: Announced, t: Instant) -> bool:
    """Grace is for what became due only after the announcement, once per policy and person."""
    if announced.due_since is not None:
        return t >= announced.due_since + announced.policy.grace
    if due(world, announced, announced.announced_at):
        return True
    since = became_due(world, announced, t)
    if since <= announced.announced_at:
        return True
    return t >= since + announced.policy.grace


def blocks(world: World, announced: Announced, t: Instant) -> bool:
    """Does this policy block this device at t?"""
    if not announced.counts or announced.held or announced.policy.consequence is not Consequence.BLOCK:
        return False
    if waived(announced, t) or not due(world, announced, t):
        return False
    if world.device.shared and not announced.policy.shared:
        return False
    if not announced.foreseen and (announced.admitted_at is None or t < announced.admitted_at):
        return False
    if not told_long_enough(announced, t) or not at_a_door_long_enough(announced, t):
        return False
    return t >= own_deadline(world, announced) and grace_over(world, announced, t)


def reason(world: World, announced: Announced, t: Instant) -> Reason | None:
    """Why, if the policy counts for this device at t."""
    if not announced.counts or waived(announced, t) or not due(world, announced, t):
        return None
    if blocks(world, announced, t):
        outcome = Outcome.BLOCK
    elif announced.policy.consequence is Consequence.REPORT:
        outcome = Outcome.ALLOW
    else:
        outcome = Outcome.WARN
    app, found = strictest(world, announced, t)
    effect = next((x for x in boundaries(world) if blocks(world, announced, x)), NEVER)
    return Reason(announced.policy.id, announced.revision, app.id, found, outcome, effect)


def strictest(world: World, announced: Announced, t: Instant) -> tuple[ActiveApp, Finding]:
    """Present first; else the app that has been due longest, of several the strictest, of these the first named."""
    candidates = []
    for place, app in enumerate(announced.apps):
        if app_due(world, announced, app, t):
            found = finding_of(world, app, t)
            assert found is not None
            since = next(x for x in boundaries(world) if app_due(world, announced, app, x))
            candidates.append((found is not Finding.PRESENT, since, -found, place))
    place = min(candidates)[3]
    found = finding_of(world, announced.apps[place], t)
    assert found is not None
    return announced.apps[place], found


def decide(world: World, t: Instant) -> tuple[Outcome, frozenset[Reason]]:
    """The strictest outcome of the policies that count, and why."""
    reasons = [reason(world, announced, t) for announced in world.policies]
    counting = frozenset(one for one in reasons if one is not None)
    return max((one.outcome for one in counting), default=Outcome.ALLOW), counting


def boundaries(world: World) -> list[Instant]:
    """Every instant at which anything said above could change, in order, from the beginning of time."""
    found: set[Instant] = {0}
    changes = [report.reported_at + world.stale_after for report in world.reports]
    changes += [until for _, until in world.attestations]
    for one in world.policies:
        found.update(one.waivers)
        found.update(one.ring_at)
        found.update(at for at in (one.deadline_at, one.announced_at, one.admitted_at, one.due_since) if at is not None)
        grace = one.policy.grace
        found.update(at + grace for at in (*changes, one.announced_at))
        found.update(at + grace for at in (one.due_since, one.contact_at) if at is not None)
        if one.told_at is not None:
            found.update((one.told_at, one.told_at + one.notice, one.told_at + grace))
    return sorted(found | set(changes))
