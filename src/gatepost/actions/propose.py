"""Propose and withdraw: freezing what will be approved."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from sqlalchemy import Connection

from gatepost.actions.about import Rows, about_data
from gatepost.actions.alone import naming
from gatepost.actions.approval_mail import ask_approvers
from gatepost.actions.assess import Assessed, assess, not_looked_for
from gatepost.actions.basis import ahead
from gatepost.actions.change import Change, changing, looking
from gatepost.actions.fleet import read_fleet
from gatepost.actions.lookup import revision_in
from gatepost.actions.preview import remember_scope
from gatepost.actions.site import Site
from gatepost.actions.who import AUTHOR, Actor, acting, looking_as
from gatepost.core.change import rails
from gatepost.core.change.proposal import NamedApp, Predicted, Proposal
from gatepost.core.change.rollout import RingLine, ring_lines
from gatepost.core.change.stage import PENDING, Stage
from gatepost.core.change.warning import Warned
from gatepost.core.fleet.app import ActiveApp
from gatepost.core.instant import Instant
from gatepost.core.ledger.events import PolicyProposed, PolicyWithdrawn
from gatepost.core.policy.examples import ExampleFailure, failures
from gatepost.core.policy.policy import Policy
from gatepost.core.problem import Problem
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.canonical import digest
from gatepost.documents.deadline import instant_text, local_instant, zone_data_version
from gatepost.documents.policy_file import read_policy
from gatepost.documents.proposal import freeze
from gatepost.storage import ledger, notices, policies, sitemeta


@dataclass(frozen=True, slots=True)
class Proposed:
    """`approvals`: how many of each role are asked. `about`: what is known of apps and their owners, frozen with it.
    `announcing_takes`, `correcting_takes`: milliseconds."""

    policy: str
    revision: int
    hash: str
    approvals: Mapping[str, int]
    apps: tuple[NamedApp, ...]
    people: Mapping[str, int]
    rings: tuple[RingLine, ...]
    warnings: tuple[Warned, ...]
    about: dict[str, Rows]
    announcing_takes: int
    correcting_takes: int


def propose(site: Site, by: str | None, data: bytes, file: str) -> Proposed | Refusal | tuple[Problem, ...]:
    """Freeze a policy file with its predicted impact; approvers are asked by mail."""
    policy = read_policy(data, file)
    if not isinstance(policy, Policy):
        return policy
    with looking(site) as conn:
        actor = looking_as(conn, site.clock.now(), by, AUTHOR)
        if isinstance(actor, Refusal):
            return actor
    assessed_in = ahead(site, lambda conn: assess(conn, site, policy, site.clock.now(), read_fleet(conn)))
    with changing(site) as change:
        actor = acting(change, by, AUTHOR)
        if isinstance(actor, Refusal):
            return actor
        assessed = assessed_in(change)
        if isinstance(assessed, Refusal):
            return assessed
        if refusal := _unfit(change, assessed):
            return refusal
        return _freeze(change, actor, assessed)


def _unfit(change: Change, assessed: Assessed) -> Refusal | None:
    """Why a policy cannot be proposed as it is."""
    policy, settings = assessed.policy, change.site.settings
    if refusal := open_revision(change.conn, policy.id):
        return refusal
    if settings.rails.necessity_required and not policy.necessity:
        return Refusal(
            Code.NECESSITY_MISSING, "This site asks every policy for `necessity:`; say why milder means do not do."
        )
    if settings.rails.press_required and not policy.press:
        return Refusal(Code.PRESS_MISSING, "This site asks every policy for `press:`, one line fit to print.")
    if assessed.earliest is not None and assessed.earliest <= change.now:
        return Refusal(
            Code.DEADLINE_PASSED,
            f"The deadline {policy.deadlines_text} has passed for some of the people concerned "
            f"(first at {instant_text(assessed.earliest)}); choose a later one.",
        )
    if asleep := not_looked_for(change.conn, assessed.apps):
        return asleep
    return failing_examples(policy, assessed.rule.apps)


def open_revision(conn: Connection, policy: str) -> Refusal | None:
    """Refuses while a revision waits: of one policy one proposal at a time."""
    waiting = next((r for r in policies.history(conn, policy) if r.stage in PENDING), None)
    if waiting is None:
        return None
    return Refusal(
        Code.REVISION_OPEN,
        f"{policy} revision {waiting.revision} is {waiting.stage.value}; withdraw it before proposing another.",
    )


def failing_examples(policy: Policy, apps: Sequence[ActiveApp]) -> Refusal | None:
    """Refuses what fails its own tests."""
    failed = failures(policy, apps, local_instant, instant_text)
    if not failed:
        return None
    return Refusal(Code.EXAMPLE_FAILS, "The policy's own examples fail: " + " ".join(map(_failed, failed)))


def _failed(failure: ExampleFailure) -> str:
    return f"line {failure.line}: expected {failure.expected}, got {failure.got}. {failure.sentence}"


def drafted(conn: Connection, site: Site, author: str, assessed: Assessed, at: Instant) -> Proposal:
    """What would be approved if it were frozen as it stands at this instant. `author`: a person's ref."""
    policy, impact, limits = assessed.policy, assessed.impact, site.rails()
    in_rings = impact.due_in_rings(len(policy.deadlines))
    return Proposal(
        site=site.settings.site.id,
        policy=replace(policy, examples=()),
        revision=policies.next_revision(conn, policy.id),
        author=author,
        apps=assessed.apps,
        about=assessed.about,
        cells=assessed.cells,
        effects=assessed.effects,
        notice=rails.notice_period(policy, limits),
        asked=rails.asked_of(policy, impact, assessed.earliest, at, limits),
        impact=Predicted(asdict(impact.people), asdict(impact.devices), impact.due_people, in_rings),
        warnings=tuple(warned.text for warned in assessed.warnings),
        templates=site.templates,
        catalogue_revision=sitemeta.number(conn, sitemeta.CATALOGUE_REVISION),
        zone_data=zone_data_version(),
        rails=asdict(limits)
        | {
            "short_notice_roles": list(limits.short_notice_roles),
            "large_impact_roles": list(limits.large_impact_roles),
        },
        proposed_at=at,
    )


def _freeze(change: Change, actor: Actor, assessed: Assessed) -> Proposed:
    site, policy, impact = change.site, assessed.policy, assessed.impact
    proposal = drafted(change.conn, site, actor.ref, assessed, change.now)
    frozen = freeze(proposal)
    name = digest(frozen)
    ledger.put_proposal(change.conn, name, frozen)
    expires = change.now + site.settings.rails.approvals_expire_after
    remember_scope(change, policy)
    change.record(PolicyProposed(policy.id, proposal.revision, name, proposal.asked, expires))
    ask_approvers(change, proposal, name)
    return Proposed(
        policy=policy.id,
        revision=proposal.revision,
        hash=name,
        approvals=proposal.asked,
        apps=assessed.apps,
        people=asdict(impact.people),
        rings=ring_lines(policy, proposal.impact.rings),
        warnings=naming(assessed.warnings, assessed.alone),
        about=about_data(change.conn, assessed.about),
        announcing_takes=_announcing(site, len(impact.due_people)),
        correcting_takes=_correcting(site, len(impact.due_people)),
    )


def _correcting(site: Site, mails: int) -> int:
    """Milliseconds that this many corrections take at the provider's limit; 0 without one."""
    rate = site.rails().rate_per_hour
    return mails * 3_600_000 // rate if rate else 0


def _announcing(site: Site, mails: int) -> int:
    """Milliseconds that announcing takes at the site's own rate, the first batch's wait included."""
    limits = site.settings.rails
    rate = limits.announcement_rate_per_minute
    own = mails * 60_000 // rate if rate else 0
    wait = limits.first_batch_wait if mails > limits.first_batch else 0
    return max(own + wait, _correcting(site, mails))


def withdraw(site: Site, by: str | None, policy: str, reason: str = "") -> dict[str, object] | Refusal:
    """Take a proposal back before it is announced; all its approvals are void."""
    with changing(site) as change:
        actor = acting(change, by, AUTHOR)
        if isinstance(actor, Refusal):
            return actor
        revision = revision_in(change.conn, policy, "withdraw")
        if isinstance(revision, Refusal):
            return revision
        change.record(PolicyWithdrawn(policy, revision.revision, change.words(reason)))
        notices.stop_asking(change.conn, policy, revision.revision, change.now)
        return {"policy": policy, "revision": revision.revision, "stage": Stage.DRAFT.value}
