"""Announce: the audience is frozen and told, and doors learn the rule."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection

from gatepost.actions.assess import Assessed, assess_apps, not_looked_for
from gatepost.actions.basis import Basis, basis, holds
from gatepost.actions.cells import cell_of
from gatepost.actions.change import Change, changing, looking
from gatepost.actions.corrections import correct
from gatepost.actions.fleet import read_fleet
from gatepost.actions.hold import lacking
from gatepost.actions.live import proposal_of, state_of
from gatepost.actions.lookup import revision_in
from gatepost.actions.signed import is_another
from gatepost.actions.site import Site
from gatepost.actions.standing import catch_up, refresh_many, tells
from gatepost.actions.who import MAY_ANNOUNCE, acting, looking_as
from gatepost.core.change import quorum, rails
from gatepost.core.change.proposal import Proposal
from gatepost.core.change.stage import LIVE, Stage
from gatepost.core.fleet.person import Person
from gatepost.core.instant import Instant
from gatepost.core.ledger.events import PolicyAnnounced
from gatepost.core.notice.notice import NoticeKind
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.canonical import canonical, digest
from gatepost.documents.deadline import instant_text
from gatepost.doors.entry import encode_state, rule_key
from gatepost.storage import audience, notices, people, policies
from gatepost.storage.audience import Listener
from gatepost.storage.policies import Revision


@dataclass(frozen=True, slots=True)
class Announced:
    """`people`: the frozen audience; `notices`: to them; `cannot_be_told`: in the audience without an address."""

    policy: str
    revision: int
    people: int
    devices: int
    notices: int
    cannot_be_told: int
    retires: int


def announce(site: Site, by: str | None, policy: str, seen: str = "") -> Announced | Refusal:
    """Check everything once more, freeze the audience, give the rule to the doors; then one notice each is queued.

    `seen`: the hash of the proposal that was looked at, if it may be no other.
    """
    ready = _prepared(site, by, policy)
    with changing(site) as change:
        actor = acting(change, by, *MAY_ANNOUNCE)
        if isinstance(actor, Refusal):
            return actor
        revision = _approved(change, policy)
        if isinstance(revision, Refusal):
            return revision
        if refusal := is_another(revision.proposal, seen):
            return refusal
        proposal = proposal_of(change.conn, revision)
        if ready is None or ready.proposal != revision.proposal or not holds(change.conn, ready.basis):
            ready = _prepare(change.conn, site, revision.proposal, proposal)
        if refusal := _stopped(change, revision, proposal, ready.assessed):
            return refusal
        done = _announce(change, revision, proposal, ready)
    catch_up(site)
    return done


class Prepared(NamedTuple):
    """What takes long, for the proposal of this hash. `concerned`: devices that are due or that time alone will make
    due; `due`: those due now, waived ones too: for these the announcement is the beginning, so that a waiver's end
    gives no grace. `crowd`: the audience."""

    basis: Basis
    proposal: str
    assessed: Assessed
    concerned: list[str]
    due: list[str]
    crowd: list[Person]


def _prepared(site: Site, by: str | None, policy: str) -> Prepared | None:
    """What can be computed before the change; None where the change will refuse anyway, or says why it cannot be."""
    with looking(site) as conn:
        revision = policies.latest(conn, policy)
        if revision is None or revision.stage is not Stage.APPROVED:
            return None
        if isinstance(looking_as(conn, site.clock.now(), by), Refusal):
            return None
        return _prepare(conn, site, revision.proposal, proposal_of(conn, revision))


def _prepare(conn: Connection, site: Site, name: str, proposal: Proposal) -> Prepared:
    """By the apps and identifiers that were approved, whatever the catalogue has by now (I-13)."""
    now = site.clock.now()
    fleet = read_fleet(conn)
    assessed = assess_apps(conn, site, proposal.policy, proposal.apps, now, fleet)
    crowd = people.load(conn, assessed.impact.due_people)
    return Prepared(
        basis=basis(conn),
        proposal=name,
        assessed=assessed,
        concerned=fleet.named(assessed.hits.concerned),
        due=fleet.named(assessed.hits.due_but_for_waivers),
        crowd=[crowd[ref] for ref in sorted(crowd)],
    )


def _approved(change: Change, policy: str) -> Revision | Refusal:
    """The revision to announce; one that lacks approvals is refused by what it lacks, not by its stage.

    One that lacks only what a short notice needs besides goes on, to be refused for its haste (`_stopped`).
    """
    newest = policies.latest(change.conn, policy)
    if newest is None or newest.stage is not Stage.PROPOSED:
        return revision_in(change.conn, policy, "announce")
    missing = lacking(change.conn, newest, change.site.exercise)
    own = proposal_of(change.conn, newest).policy.approvals or rails.DEFAULT_APPROVALS
    if missing and missing.keys() <= set(change.site.rails().short_notice_roles) - own.keys():
        return newest
    words = quorum.in_words(missing) or "approvals that still hold"
    return Refusal(Code.QUORUM_MISSING, f"{policy} revision {newest.revision} still needs {words}.")


def _stopped(change: Change, revision: Revision, proposal: Proposal, assessed: Assessed) -> Refusal | None:
    """What stops an announcement although it was approved once (I-14, I-16)."""
    limits, policy = change.site.rails(), proposal.policy
    if asleep := not_looked_for(change.conn, assessed.apps):
        return asleep
    earliest, written = _first(proposal, assessed)
    if earliest is not None and earliest <= change.now:
        return Refusal(Code.DEADLINE_PASSED, f"The deadline {written} has passed; propose a later one.")
    short = rails.is_short(policy, earliest or 0, change.now, limits)
    missing = lacking(change.conn, revision, change.site.exercise)
    if missing and not (short and missing.keys() <= set(limits.short_notice_roles)):
        return Refusal(
            Code.QUORUM_MISSING,
            f"{policy.id} still needs {quorum.in_words(missing)}: a role or a key was taken away, or a yes.",
        )
    if change.latest(revision.proposed_entry) >= revision.expires:
        return Refusal(
            Code.APPROVALS_EXPIRED,
            f"The approvals expired at {instant_text(revision.expires)}; withdraw and propose again.",
        )
    asked = rails.asked(policy, short=short, large=False, rails=limits)
    if missing or (short and lacking(change.conn, revision, change.site.exercise, asked)):
        roles = ", ".join(limits.short_notice_roles)
        remedy = (
            f"It needs {quorum.in_words(missing)} to approve as well; or withdraw it and propose a later deadline."
            if missing
            else f"Withdraw it and propose again: with a later deadline, or now, so that {roles} is asked as well."
        )
        left = f"Less than the site's minimum notice is left before the deadline {written}."
        return Refusal(Code.SHORT_NOTICE, f"{left} {remedy}")
    unheard = rails.unheard(rails.not_asked(assessed.apps, assessed.about.inquiries), limits)
    due = assessed.impact.due_people
    return unheard or rails.grown(proposal.impact.foreseen, due) or rails.correctable(len(due), limits)


def _first(proposal: Proposal, assessed: Assessed) -> tuple[Instant | None, str]:
    """The first own deadline among the people concerned now, from the instants that were approved, and as written."""
    policy = proposal.policy
    if policy.deadline.immediately:
        return None, policy.deadline.written
    cells = list(zip(proposal.effects, proposal.cells, strict=True))
    at, (_, ring) = min((pair for pair in cells if pair[1] in assessed.concerned), default=min(cells))
    return at, policy.deadlines[ring].written


def _announce(change: Change, revision: Revision, proposal: Proposal, ready: Prepared) -> Announced:
    conn, assessed = change.conn, ready.assessed
    rule = policies.next_rule(conn)
    replaced = [r for r in policies.history(conn, revision.policy) if r.stage in LIVE]
    retires = replaced[-1].revision if replaced else 0
    crowd = [person.ref for person in ready.crowd]
    change.record(
        PolicyAnnounced(
            policy=revision.policy,
            revision=revision.revision,
            proposal=revision.proposal,
            rule=rule,
            audience=digest(canonical(crowd)),
            people=len(crowd),
            retires=retires,
        )
    )
    if replaced and replaced[-1].rule is not None:
        notices.stop(conn, revision.policy, change.now)
        change.publish({rule_key(replaced[-1].rule): None})
        audience.settle(conn, replaced[-1].rule)
        _release(change, replaced[-1], set(crowd))
    told = {person.ref for person in ready.crowd if person.emails} if tells(assessed.policy) else set()
    audience.add(conn, _listeners(change, rule, proposal, ready.crowd), owed=told)
    audience.add_devices(conn, rule, ready.due)
    live = revision._replace(stage=Stage.ANNOUNCED, rule=rule, announced_at=change.now)
    change.publish({rule_key(rule): encode_state(state_of(live, proposal))})
    refresh_many(change, ready.concerned)
    return Announced(
        policy=revision.policy,
        revision=revision.revision,
        people=len(crowd),
        devices=len(assessed.impact.due_devices),
        notices=len(told),
        cannot_be_told=sum(not person.emails for person in ready.crowd),
        retires=retires,
    )


def _release(change: Change, replaced: Revision, crowd: set[str]) -> None:
    """Whoever heard of the revision that is replaced and is not concerned any more hears that."""
    spared = [person for person in notices.threads(change.conn, replaced.policy) if person not in crowd]
    correct(change, replaced, NoticeKind.ENDED, change.position(), spared, goes_on=True)


def _listeners(change: Change, rule: int, proposal: Proposal, crowd: Iterable[Person]) -> list[Listener]:
    """The frozen audience: each person with the cell of their time zone and ring as they are now."""
    cells = proposal.numbers
    default_zone = change.site.settings.site.default_time_zone
    return [
        Listener(
            rule=rule,
            person=person.ref,
            cell=cell_of(person, proposal.policy, cells, default_zone),
            foreseen=person.ref in proposal.impact.foreseen,
            told_at=None,
            told_otherwise_at=None,
            admitted_at=None,
            due_since=None,
        )
        for person in crowd
    ]
