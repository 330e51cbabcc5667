"""What somebody is asked about a policy, and what they need before they answer."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection

from gatepost.actions.change import looking
from gatepost.actions.diff import document_lines
from gatepost.actions.example_mails import ExampleMail, example_mails
from gatepost.actions.hold import lacking, voice
from gatepost.actions.live import proposal_of
from gatepost.actions.naming import differing
from gatepost.actions.site import Site
from gatepost.actions.who import APPROVER, MAY_ANNOUNCE, MAY_PAUSE, MAY_RETRACT, Actor
from gatepost.core.change.proposal import Proposal
from gatepost.core.change.quorum import fault
from gatepost.core.change.rails import not_asked_of
from gatepost.core.change.stage import LIVE, PENDING, Stage
from gatepost.core.instant import Duration, Instant
from gatepost.core.notice.notice import NoticeKind
from gatepost.core.refusal import Code, Refusal
from gatepost.storage import policies
from gatepost.storage.policies import Judgement, Revision


class Compared(NamedTuple):
    """What is other than in an earlier revision, of this stage. `lines`: of the document, as a unified diff."""

    revision: int
    stage: Stage
    lines: tuple[str, ...]
    apps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """`roles`: those of whoever looks in which their yes is missing. `first`, `last`: as `deadlines`. `may_announce`,
    `may_retract`, `may_pause`: whether they can now. `not_asked`: of rails.not_asked_of. `compared`: None for the first
    revision."""

    roles: tuple[str, ...]
    first: Instant | None
    last: Instant | None
    notice: Duration
    grace: Duration
    tell_first: bool
    unseen: str
    forms: tuple[str, ...]
    reason: str
    necessity: str
    press: str
    not_asked: str
    compared: Compared | None
    mails: tuple[ExampleMail, ...]
    may_announce: bool
    may_retract: bool
    may_pause: bool


def asked(site: Site, actor: Actor, policy: str, number: int) -> Asked | Refusal:
    """What a revision would do and asks of the actor, beside what `views.show_policy` says of it."""
    with looking(site) as conn:
        revision = policies.revision(conn, policy, number)
        if revision is None:
            return Refusal(Code.NO_SUCH_POLICY, f"There is no policy {policy}; `policy list` shows all.")
        proposal = proposal_of(conn, revision)
        frozen = proposal.policy
        first, last = deadlines(revision, proposal)
        return Asked(
            roles=tuple(roles_asked(conn, site, actor, revision)),
            first=first,
            last=last,
            notice=proposal.notice,
            grace=frozen.grace,
            tell_first=frozen.tell_first,
            unseen=frozen.unseen.value,
            forms=tuple(sorted(form.value for form in frozen.scope.forms)),
            reason=frozen.reason,
            necessity=frozen.necessity,
            press=frozen.press,
            not_asked=not_asked_of(proposal),
            compared=_compared(conn, revision, proposal),
            mails=example_mails(conn, site, revision, actor.person),
            may_announce=revision.stage is Stage.APPROVED and may_announce(actor),
            may_retract=revision.stage in LIVE and may_retract(actor),
            may_pause=revision.stage in LIVE and may_pause(actor),
        )


def may_announce(actor: Actor) -> bool:
    return any(map(actor.has, MAY_ANNOUNCE))


def may_retract(actor: Actor) -> bool:
    return any(map(actor.has, MAY_RETRACT))


def may_pause(actor: Actor) -> bool:
    return any(map(actor.has, MAY_PAUSE))


def deadlines(revision: Revision, proposal: Proposal) -> tuple[Instant | None, Instant | None]:
    """When its deadline comes in the first time zone and in the last, after a pause no earlier than was said when it
    ended; None where it is `immediately`."""
    first, last = proposal.deadlines
    if first is None or last is None:
        return None, None
    return max(first, revision.not_before), max(last, revision.not_before)


def roles_asked(conn: Connection, site: Site, actor: Actor, revision: Revision) -> list[str]:
    """The role of theirs in which somebody may say yes or no to a revision: asked, missing, held when it was proposed,
    and not answered in yet. The author is not asked; of what lost its quorum all are asked again."""
    again = revision.held and revision.stage in LIVE
    if actor.ref == revision.author or not (again or revision.stage in PENDING):
        return []
    judged = {one.person for one in policies.judgements(conn, revision.policy, revision.revision)}
    if actor.ref in judged and not again:
        return []
    missing = lacking(conn, revision, site.exercise)
    return [role for role in mine(actor, missing) if _counts(conn, actor, role, revision)]


def _counts(conn: Connection, actor: Actor, role: str, revision: Revision) -> bool:
    """Whether their yes would count, as far as it hangs on the role: what key they will sign by nobody knows yet."""
    yes = Judgement(actor.ref, role, True, 0, "", "")
    return fault(voice(conn, yes, exercise=True), revision.author, revision.proposed_entry) is None


def mine(actor: Actor, asked: Iterable[str]) -> list[str]:
    """The first of the roles asked that the actor holds; a policy that relaxes another asks for "this or that"."""
    names = [name for each in asked for name in each.split(" or ")]
    return [name for name in names if actor.has(f"{APPROVER}{name}")][:1]


def _compared(conn: Connection, revision: Revision, proposal: Proposal) -> Compared | None:
    """Against the revision in whose place this one came, or comes: the newest before it that people heard of, else the
    newest before it."""
    before = [one for one in policies.history(conn, revision.policy) if one.revision < revision.revision]
    if not before:
        return None
    told = [one for one in before if one.announced_at is not None]
    against = (told or before)[-1]
    old = proposal_of(conn, against)
    apps = differing(old.apps, proposal.apps)
    return Compared(
        revision=against.revision,
        stage=against.stage,
        lines=document_lines(old.policy, proposal.policy, against.revision),
        apps=(
            *(f"{app.name} comes in ({app.by})" for app in apps.added),
            *(f"{app.name} falls out ({app.by})" for app in apps.gone),
            *(f"{app.name} has other identifiers" for app in apps.other),
        ),
    )


def example_mail(
    site: Site, actor: Actor, policy: str, number: int, kind: NoticeKind, language: str
) -> ExampleMail | None:
    """One of these mails; None if there is none like it."""
    with looking(site) as conn:
        revision = policies.revision(conn, policy, number)
        found = example_mails(conn, site, revision, actor.person, (kind,), language) if revision else ()
        return next(iter(found), None)
