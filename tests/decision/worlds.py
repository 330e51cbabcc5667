"""One device of one person, and everything the decision rests on, as plain facts; and the fast path over them.

The specification reads these facts as they stand. The fast path gets them prepared, as the server would prepare them.
"""

from dataclasses import dataclass, fields, replace
from typing import Any

from gatepost.core.fleet.app import ActiveApp
from gatepost.core.fleet.device import Device, Form, Ownership, Platform, Visibility
from gatepost.core.fleet.finding import NOTHING, Evidence, after_report
from gatepost.core.fleet.person import Kind, Person
from gatepost.core.instant import ALWAYS, HOUR, Duration, Instant
from gatepost.core.policy.compiled import Compiled, Rule
from gatepost.core.policy.due import Terms, standing
from gatepost.core.policy.policy import Consequence, Deadline, Policy, Scope, Text, Unseen
from gatepost.core.policy.verdict import RuleState, Standing, Verdict, verdict

TEXT = {"en": Text("Action needed", "Please remove it.")}
MOBILE = dict.fromkeys((Platform.IOS, Platform.IPADOS, Platform.ANDROID), 1)
TIKTOK = ActiveApp("tiktok", MOBILE)
WECHAT = ActiveApp("wechat", MOBILE)
NOWHERE = ActiveApp("nowhere", {})
"""An app without any identifier."""


@dataclass(frozen=True)
class Report:
    """`apps`: the ids of the active apps that it shows; `matched_under`: the catalogue revision."""

    reported_at: Instant
    visibility: Visibility = Visibility.FULL
    apps: frozenset[str] = frozenset()
    matched_under: int = 1


@dataclass(frozen=True)
class Announced:
    """One announced policy revision, and what happened about it for this person and device.

    `deadline_at`: the policy's, where the person lives; `ring_at`: those of its rings. `waivers`: their ends. The rest
    is named as in Terms and RuleState.
    """

    policy: Policy
    apps: tuple[ActiveApp, ...] = (TIKTOK,)
    number: int = 1
    revision: int = 1
    counts: bool = True
    held: bool = False
    deadline_at: Instant = 100 * HOUR
    ring_at: tuple[Instant, ...] = ()
    announced_at: Instant = 10 * HOUR
    told_at: Instant | None = 10 * HOUR
    foreseen: bool = True
    admitted_at: Instant | None = None
    at_doors: bool = False
    contact_at: Instant | None = None
    due_since: Instant | None = None
    notice: Duration = 24 * HOUR
    waivers: tuple[Instant, ...] = ()


@dataclass(frozen=True)
class World:
    """`reports`: in the order in which they arrived. `attestations`: (app, end)."""

    person: Person
    device: Device
    policies: tuple[Announced, ...]
    reports: tuple[Report, ...] = ()
    attestations: tuple[tuple[str, Instant], ...] = ()
    stale_after: Duration = 500 * HOUR


PERSON = Person(
    "person", "ada", "Ada", Kind.EMPLOYEE, "US", "UTC", "en", ("ada@example.org",), ("ada",), frozenset({"sales"})
)
PHONE = Device("device", "phone-1", "person", Form.PHONE, Platform.IOS, Ownership.PERSONAL)
POLICY = Policy(
    id="no-tiktok",
    title="No TikTok",
    apps=("tiktok",),
    lists=(),
    scope=Scope(forms=frozenset({Form.PHONE, Form.TABLET})),
    except_=Scope(),
    shared=False,
    unseen=Unseen.ATTEST,
    deadline=Deadline("2020-07-10"),
    consequence=Consequence.BLOCK,
    announcement=TEXT,
    correction=TEXT,
    grace=24 * HOUR,
)
HAS_IT = Report(9 * HOUR, apps=frozenset({"tiktok"}))
CLEAN = Report(9 * HOUR)
UNSEEING = Report(9 * HOUR, visibility=Visibility.MANAGED_ONLY)


def world(**changes: Any) -> World:
    """The usual world but for the changes named, each a field of the policy, what happened, the person, the device or
    the world itself. Usual: an employee's iPhone with TikTok on it, and one announced policy that blocks from hour 100,
    told at hour 10, unseen: attest. `shared` is the policy's word; `own_shared` makes the device a shared one.
    """
    taken = {"own_shared"}

    def changed(thing: Any, *but: str) -> Any:
        own = {field.name for field in fields(thing)} & changes.keys() - set(but)
        taken.update(own)
        return replace(thing, **{name: changes[name] for name in own})

    device = replace(changed(PHONE, "shared"), shared=changes.get("own_shared", False))
    announced = changed(Announced(changed(POLICY, "apps")))
    result: World = changed(World(changed(PERSON), device, (announced,), reports=(HAS_IT,)))
    assert changes.keys() <= taken, f"no such field: {changes.keys() - taken}"
    return result


def evidence(facts: World) -> Evidence:
    """The reports folded one after another, as they are when they arrive."""
    known = NOTHING
    for report in facts.reports:
        known = after_report(known, report.reported_at, report.visibility, report.matched_under, report.apps)
    return known


def rule(announced: Announced) -> Rule:
    return Rule(announced.number, announced.policy, announced.apps)


def terms(facts: World, announced: Announced) -> Terms:
    attested: dict[str, Instant] = {}
    for app, until in facts.attestations:
        attested[app] = max(until, attested.get(app, ALWAYS))
    return Terms(
        announced_at=announced.announced_at,
        cell=1 + announced.policy.ring(facts.person.groups),
        notice=announced.notice,
        foreseen=announced.foreseen,
        admitted_at=announced.admitted_at,
        told_at=announced.told_at,
        at_doors=announced.at_doors,
        contact_at=announced.contact_at,
        due_since=announced.due_since,
        waived_until=max(announced.waivers, default=ALWAYS),
        attested_until=attested,
    )


def level_1(facts: World) -> Standing:
    """The standing of the device, through the masks."""
    by_number = {announced.number: announced for announced in facts.policies}
    return standing(
        Compiled(map(rule, facts.policies)),
        facts.person,
        facts.device,
        evidence(facts),
        lambda rule: terms(facts, by_number[rule.number]),
        facts.stale_after,
    )


def level_2(facts: World) -> dict[int, RuleState]:
    """The states of the policies. Cell 0 is somebody else's and already past, so that a wrong cell shows."""
    return {
        one.number: RuleState(
            one.policy.id,
            one.revision,
            one.counts,
            one.held,
            one.policy.consequence,
            tuple(app.id for app in one.apps),
            (ALWAYS, one.deadline_at, *one.ring_at),
        )
        for one in facts.policies
    }


def decide(facts: World, at: Instant) -> Verdict:
    """The fast path, whole."""
    return verdict(level_1(facts), level_2(facts), at, position=7)
