"""Today: how everything stands, what waits for whoever looks, and what is wrong. Counts, never names."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection

from gatepost.actions.asked import deadlines, may_announce, mine, roles_asked
from gatepost.actions.change import looking
from gatepost.actions.doors import list_doors
from gatepost.actions.live import proposal_of
from gatepost.actions.site import Site
from gatepost.actions.waiver_asks import WAITS, asks, may_answer
from gatepost.actions.who import Actor
from gatepost.core.change.stage import LIVE, PENDING, Stage
from gatepost.core.instant import MINUTE, Instant
from gatepost.core.ledger.events import NoticeBounced
from gatepost.core.notice.notice import NoticeState
from gatepost.core.policy.verdict import Outcome
from gatepost.storage import activations, audience, feed, ledger, notices, policies, sitemeta
from gatepost.storage.policies import Revision

SILENT_AFTER = MINUTE
"""A door that was heard of longer ago than this is named."""


class Course(NamedTuple):
    """A revision in its course. `first`, `last`: when its deadline comes in the first time zone and in the last; None
    where it is `immediately`. `expires`: until when its approvals are good, while it waits for some."""

    policy: str
    revision: int
    title: str
    stage: str
    held: bool
    paused: bool
    first: Instant | None
    last: Instant | None
    in_force_at: Instant | None
    expires: Instant


class Count(NamedTuple):
    devices: int
    people: int


class Task(NamedTuple):
    """`what`: approve, announce, activate, waiver, door. `about`: a policy, apps or a door. `role`: the approver's."""

    what: str
    about: str
    role: str
    until: Instant | None


class Wrong(NamedTuple):
    """`what`: never, behind, silent, problem, open (of a door), frozen, held, refused, uncertain or bounced.

    `about`: a door or a policy, "" for the site. `number`: of mails, of changes that a door lacks, or how long it has
    been silent. `text`: as the door said.
    """

    what: str
    about: str = ""
    number: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Today:
    at: Instant
    in_force: tuple[Course, ...]
    on_its_way: tuple[Course, ...]
    blocked: Count
    warned: Count
    tasks: tuple[Task, ...]
    wrong: tuple[Wrong, ...]


def today(site: Site, actor: Actor) -> Today:
    """How the site stands, for somebody who acts here."""
    doors = list_doors(site)
    with looking(site) as conn:
        live = policies.in_stages(conn, *LIVE)
        waiting = policies.in_stages(conn, *PENDING)
        counts = audience.outcome_counts(conn)
        return Today(
            at=site.clock.now(),
            in_force=tuple(_course(conn, one) for one in live if one.stage is Stage.IN_FORCE),
            on_its_way=tuple(_course(conn, one) for one in [*live, *waiting] if one.stage is not Stage.IN_FORCE),
            blocked=Count(*counts.get(Outcome.BLOCK, (0, 0))),
            warned=Count(*counts.get(Outcome.WARN, (0, 0))),
            tasks=(*_approvals(conn, site, actor, [*waiting, *live]), *_other_tasks(conn, site, actor, waiting)),
            wrong=(*_of_site(conn), *_of_doors(doors), *_of_policies(conn, live)),
        )


def _course(conn: Connection, revision: Revision) -> Course:
    proposal = proposal_of(conn, revision)
    first, last = deadlines(revision, proposal)
    return Course(
        policy=revision.policy,
        revision=revision.revision,
        title=proposal.policy.title,
        stage=revision.stage.value,
        held=revision.held,
        paused=revision.paused_at is not None,
        first=first,
        last=last,
        in_force_at=revision.in_force_at,
        expires=revision.expires,
    )


def _approvals(conn: Connection, site: Site, actor: Actor, open_: list[Revision]) -> Iterator[Task]:
    """What somebody may say yes or no to: asked of a role of theirs, not by them, and not answered yet."""
    for revision in open_:
        for role in roles_asked(conn, site, actor, revision):
            yield Task("approve", revision.policy, role, None if revision.held else revision.expires)
    for wanted in activations.waiting(conn):
        judged = {one.person for one in activations.judgements(conn, wanted.proposal)}
        if actor.ref != wanted.author and actor.ref not in judged and site.clock.now() < wanted.expires:
            for role in mine(actor, wanted.asked):
                yield Task("activate", ", ".join(wanted.apps), role, wanted.expires)


def _other_tasks(conn: Connection, site: Site, actor: Actor, waiting: list[Revision]) -> Iterator[Task]:
    if may_announce(actor):
        for revision in waiting:
            if revision.stage is Stage.APPROVED:
                yield Task("announce", revision.policy, "", revision.expires)
    if may_answer(site, actor):
        for one in asks(conn, site.clock.now()):
            if one.owner != actor.ref:
                yield Task("waiver", one.policy, "", one.at + WAITS)
    if actor.has("approver"):
        for name in dict.fromkeys((*site.settings.doors, *feed.known_doors(conn))):
            asked = feed.asked(conn, name)
            if asked and asked.by != actor.ref:
                yield Task("door", name, "", None)


def _of_site(conn: Connection) -> Iterator[Wrong]:
    if sitemeta.get(conn, sitemeta.FROZEN):
        yield Wrong("frozen")


def _of_doors(doors: list[dict[str, object]]) -> Iterator[Wrong]:
    for door in doors:
        name, silent = str(door["name"]), door["silent_for"]
        if not door["stance"]:
            yield Wrong("never", name)
            continue
        if door["stance"] == "open":
            yield Wrong("open", name)
        if door["problem"]:
            yield Wrong("problem", name, text=str(door["problem"]))
        behind = door["behind"]
        if isinstance(behind, int) and behind > 0:
            yield Wrong("behind", name, behind)
        if isinstance(silent, int) and silent > SILENT_AFTER:
            yield Wrong("silent", name, silent)


def _of_policies(conn: Connection, live: list[Revision]) -> Iterator[Wrong]:
    for revision in live:
        if revision.held:
            yield Wrong("held", revision.policy)
    for policy in dict.fromkeys(revision.policy for revision in live):
        for state, count in sorted(
            notices.counts_in(conn, policy, (NoticeState.REFUSED, NoticeState.UNCERTAIN)).items()
        ):
            yield Wrong(state.value, policy, count)
        if bounced := ledger.tally(conn, NoticeBounced.__name__, policy):
            yield Wrong("bounced", policy, bounced)
