"""What a policy would do to the fleet as it stands: the shared part of preview, propose and announce."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from sqlalchemy import Connection

from gatepost.actions.lookup import unknown_apps
from gatepost.actions.site import Site
from gatepost.actions.who import ADMIN, APPROVER
from gatepost.core.change.impact import Impact, Row, preview
from gatepost.core.change.proposal import Proposal
from gatepost.core.change.rails import is_large
from gatepost.core.change.warning import Surroundings, Warned, warnings
from gatepost.core.fleet.app import ActiveApp, App
from gatepost.core.fleet.device import Device, Ownership, Platform
from gatepost.core.fleet.finding import NOTHING
from gatepost.core.fleet.guess import guess
from gatepost.core.instant import ALWAYS, Instant
from gatepost.core.policy.compiled import Rule
from gatepost.core.policy.policy import Cells, Policy
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.deadline import deadline_instants, known_zones
from gatepost.storage import access, catalogue, devices, exceptions, people, sightings


@dataclass(frozen=True, slots=True)
class Assessed:
    """`zones`: of the people concerned, else of all people. `earliest`: the first own deadline in them; None for
    `immediately`."""

    policy: Policy
    apps: tuple[App, ...]
    rule: Rule
    impact: Impact
    warnings: tuple[Warned, ...]
    cells: tuple[tuple[str, int], ...]
    effects: Cells
    zones: frozenset[str]
    earliest: Instant | None


def resolve(conn: Connection, policy: Policy) -> tuple[App, ...] | Refusal:
    """The policy's apps, its lists resolved, each once and in order."""
    apps, lists = catalogue.apps(conn), catalogue.lists(conn)
    named = list(policy.apps)
    for name in policy.lists:
        if name not in lists:
            return Refusal(
                Code.NO_SUCH_LIST, f"There is no list {name} in the catalogue; `apps list` shows what there is."
            )
        named.extend(lists[name].apps)
    if refusal := unknown_apps(named, apps):
        return refusal
    return tuple(apps[name] for name in dict.fromkeys(named))


def rule_of(conn: Connection, policy: Policy, apps: tuple[App, ...], number: int = 0) -> Rule:
    activations = catalogue.activations(conn)
    active = (activations[app.id].active if app.id in activations else ActiveApp(app.id, {}) for app in apps)
    return Rule(number, policy, tuple(active))


def fleet(conn: Connection, policy: str) -> Iterator[Row]:
    """Every device in use with what holds for it under a policy, streamed."""
    waived: dict[str, Instant] = {}
    for waiver in exceptions.all_waivers(conn, policy):
        if not waiver.ended:
            waived[waiver.subject] = max(waived.get(waiver.subject, ALWAYS), waiver.until)
    attested: dict[str, dict[str, Instant]] = {}
    for statement in exceptions.all_attestations(conn):
        attested.setdefault(statement.device, {})[statement.app] = statement.until
    nothing: dict[str, Instant] = {}
    for person, device, evidence in devices.members(conn):
        until = max(waived.get(person.ref, ALWAYS), waived.get(device.ref, ALWAYS)) if waived else ALWAYS
        yield Row(person, device, evidence, attested.get(device.ref, nothing), until)


def sighted(conn: Connection) -> Iterator[Row]:
    """What doors saw that is in no inventory, as the unmanaged devices that it may be: counted, never due."""
    for person, kind, identity, device_type, user_agent in sightings.of_no_device(conn):
        form, platform = guess(device_type, user_agent)
        ref = f"{kind}:{identity}"
        device = Device(ref, ref, person.ref, form, platform, Ownership.PERSONAL, managed=False)
        yield Row(person, device, NOTHING, {}, ALWAYS, sighted=True)


def resolve_frozen(conn: Connection, proposal: Proposal) -> tuple[App, ...] | Refusal:
    """The apps that were approved, whatever a list has in it by now; refused if they are matched otherwise (I-13)."""
    apps = catalogue.apps(conn)
    found, other = [], []
    for frozen in proposal.apps:
        app = apps.get(frozen.id)
        if app is None or _matched(app.identifiers) != _matched(frozen.identifiers):
            other.append(frozen.id)
        else:
            found.append(app)
    if other:
        return Refusal(
            Code.CATALOGUE_CHANGED,
            f"The identifiers of {', '.join(other)} are not those that were approved; "
            f"withdraw {proposal.policy.id} and propose it again, so that approvers see whom the new ones concern.",
        )
    return tuple(found)


def _matched(identifiers: Mapping[str, tuple[str, ...]] | Mapping[Platform, tuple[str, ...]]) -> set[tuple[str, str]]:
    """Platform and case-folded identifier: what reports are compared with."""
    return {(str(platform), name.casefold()) for platform, names in identifiers.items() for name in names}


def assess(conn: Connection, site: Site, policy: Policy, at: Instant) -> Assessed | Refusal:
    """Impact, warnings and the instants of effect of a policy file, over fleet and catalogue as they stand."""
    apps = resolve(conn, policy)
    return apps if isinstance(apps, Refusal) else assess_apps(conn, site, policy, apps, at)


def assess_apps(conn: Connection, site: Site, policy: Policy, apps: tuple[App, ...], at: Instant) -> Assessed:
    """As `assess`, for these apps."""
    rule = rule_of(conn, policy, apps)
    rows = chain(fleet(conn, policy.id), sighted(conn))
    impact = preview(rule, rows, site.settings.fleet.stale_after, at)
    zones = sorted(known_zones())
    instants = deadline_instants(policy.deadline, zones)
    # A zone that the time-zone data no longer know counts as the site's, as it does for the people in it.
    concerned = instants.keys() & (impact.zones or set(people.zones(conn))) or {site.settings.site.default_time_zone}
    immediately = policy.deadline.immediately
    earliest = None if immediately else min(instants[zone] for zone in concerned)
    grants = access.grants(conn)
    around = Surroundings(
        at=at,
        earliest=earliest,
        minimum_notice=site.settings.rails.minimum_notice,
        apps=apps,
        active={name: found.active for name, found in catalogue.activations(conn).items()},
        approvers={grant.person for grant in grants if grant.role.startswith(APPROVER)},
        administrators={grant.person for grant in grants if grant.role == ADMIN},
        executives=_executives(conn, site),
        large=is_large(impact, site.rails()),
    )
    return Assessed(
        policy=policy,
        apps=apps,
        rule=rule,
        impact=impact,
        warnings=tuple(warnings(policy, impact, around)),
        cells=tuple((zone, 0) for zone in zones),
        effects=tuple(instants[zone] for zone in zones),
        zones=frozenset(concerned),
        earliest=earliest,
    )


def not_looked_for(conn: Connection, apps: tuple[App, ...]) -> Refusal | None:
    """Why nothing would be found of a policy's apps: none can be matched, or one that can is not active."""
    matchable = [app for app in apps if any(app.identifiers.values())]
    if not matchable:
        return Refusal(
            Code.NOTHING_TO_MATCH, "No identifier is known for any of the policy's apps; nothing can be looked for."
        )
    active = catalogue.activations(conn)
    if asleep := [app.id for app in matchable if app.id not in active]:
        return Refusal(
            Code.APP_NOT_ACTIVE,
            f"Not looked for yet: {', '.join(asleep)}. "
            "Use `apps activate ID --purpose TEXT --until DATE`, with an app's id or a list's.",
        )
    return None


def _executives(conn: Connection, site: Site) -> set[str]:
    """People in the groups that the site calls executive, and whoever approves as executive."""
    found = people.in_groups(conn, site.settings.rails.executive_groups)
    return found | set(access.holders(conn, f"{APPROVER}executive"))
