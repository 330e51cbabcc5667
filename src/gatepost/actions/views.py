"""Looking at policies and their notices: nothing here changes anything."""

from sqlalchemy import Connection

from gatepost.actions.cap import waiting_for_cap
from gatepost.actions.change import looking
from gatepost.actions.hold import lacking
from gatepost.actions.live import live_rules, proposal_of
from gatepost.actions.lookup import unknown_apps
from gatepost.actions.site import Site
from gatepost.actions.who import looking_as
from gatepost.core.change.stage import LIVE, Stage
from gatepost.core.instant import Instant
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.deadline import instant_text
from gatepost.documents.policy_file import write_policy
from gatepost.storage import audience, catalogue, notices, people, policies, sitemeta
from gatepost.storage.notices import Notice
from gatepost.storage.policies import Judgement, Revision


def list_policies(site: Site) -> list[dict[str, object]]:
    """The newest revision of every policy, and any other that is still live."""
    with looking(site) as conn:
        newest = {revision.policy: revision.revision for revision in policies.history(conn)}
        return [
            {
                "policy": revision.policy,
                "revision": revision.revision,
                "stage": revision.stage.value,
                "title": proposal_of(conn, revision).policy.title,
                "deadline": proposal_of(conn, revision).policy.deadline.written,
                "held": revision.held,
                "paused": revision.paused_at is not None,
            }
            for revision in policies.history(conn)
            if newest[revision.policy] == revision.revision or revision.stage in LIVE
        ]


def show_policy(site: Site, policy: str, number: int | None = None) -> dict[str, object] | Refusal:
    """One revision, whole: its stage, what it asks, who approved, how it goes."""
    with looking(site) as conn:
        revision = policies.latest(conn, policy) if number is None else policies.revision(conn, policy, number)
        if revision is None:
            return Refusal(Code.NO_SUCH_POLICY, f"There is no policy {policy}; `policy list` shows all.")
        proposal = proposal_of(conn, revision)
        judged = policies.judgements(conn, policy, revision.revision)
        named = people.load(conn, {revision.author, *(judgement.person for judgement in judged)})

        def name(ref: str) -> str:
            return named[ref].id if ref in named else ref

        return {
            "policy": policy,
            "revision": revision.revision,
            "stage": revision.stage.value,
            "held": revision.held,
            "because": revision.because,
            "title": proposal.policy.title,
            "hash": revision.proposal,
            "author": name(revision.author),
            "deadline": proposal.policy.deadline.written,
            "consequence": proposal.policy.consequence.word,
            "proposed_at": instant_text(revision.proposed_at),
            "expires": instant_text(revision.expires),
            "announced_at": _text(revision.announced_at),
            "in_force_at": _text(revision.in_force_at),
            "closed_at": _text(revision.closed_at),
            "paused_at": _text(revision.paused_at),
            "not_before": _text(revision.not_before or None),
            "approvals": {"asked": dict(revision.asked), "missing": lacking(conn, revision, site.exercise)},
            "judgements": [_judged(judgement, name(judgement.person)) for judgement in judged],
            "impact": {"people": dict(proposal.impact.people), "devices": dict(proposal.impact.devices)},
            "warnings": list(proposal.warnings),
            "notices": {f"{kind}/{state}": count for (kind, state), count in notices.counts(conn, policy).items()},
            "due": _due(conn, revision, site.clock.now()),
            "document": write_policy(proposal.policy),
        }


def _text(at: Instant | None) -> str | None:
    return None if at is None else instant_text(at)


def _judged(judgement: Judgement, name: str) -> dict[str, object]:
    return {
        "person": name,
        "role": judgement.role,
        "approved": judgement.approved,
        "at": instant_text(judgement.at),
        "key": judgement.fingerprint,
    }


def _due(conn: Connection, revision: Revision, now: Instant) -> dict[str, object]:
    """How many devices are due, and whether new blocks wait for somebody."""
    if revision.rule is None or revision.stage not in LIVE:
        return {"devices": 0, "waiting": 0, "frozen": False}
    return {
        "devices": audience.count_due(conn, revision.rule),
        "waiting": len(waiting_for_cap(conn, {revision.rule: live_rules(conn)[revision.rule]}, now)),
        "frozen": bool(sitemeta.get(conn, sitemeta.FROZEN)),
    }


def show_notices(site: Site, by: str | None, policy: str) -> list[dict[str, object]] | Refusal:
    """Everybody's notices of a policy with their states, oldest first."""
    with looking(site) as conn:
        actor = looking_as(conn, by)
        if isinstance(actor, Refusal):
            return actor
        found = notices.of_policy(conn, policy)
        if not found and policies.latest(conn, policy) is None:
            return Refusal(Code.NO_SUCH_POLICY, f"There is no policy {policy}; `policy list` shows all.")
        named = people.load(conn, {notice.person for notice in found})

        def name(notice: Notice) -> str:
            return named[notice.person].id if notice.person in named else notice.person

        found.sort(key=lambda notice: (notice.created_at, name(notice)))
        return [
            {
                "id": notice.id,
                "person": name(notice),
                "revision": notice.revision,
                "kind": notice.kind.value,
                "step": notice.step,
                "state": notice.state.value,
                "message_id": notice.message_id,
                "in_reply_to": notice.in_reply_to,
                "references": notice.references.split(),
                "attempts": notice.attempts,
                "settled_at": _text(notice.settled_at),
                "reply": notice.reply,
            }
            for notice in found
        ]


def statement(site: Site, app: str, as_of: Instant | None) -> dict[str, object] | Refusal:
    """What our policy on an app is, or was at an instant, from the ledger's dates, with the press line."""
    with looking(site) as conn:
        if refusal := unknown_apps([app], catalogue.apps(conn)):
            return refusal
        at = site.clock.now() if as_of is None else as_of
        stood = [
            (revision, proposal)
            for revision in policies.history(conn)
            if revision.announced_at is not None and revision.announced_at <= at
            for proposal in [proposal_of(conn, revision)]
            if any(named.id == app for named in proposal.apps)
        ]
        live = [pair for pair in stood if pair[0].closed_at is None or pair[0].closed_at > at]
        if not stood:
            text = f"No policy of ours on {app} has been announced by {instant_text(at)}."
        elif live:
            text = " ".join(_said(conn, revision, at) for revision, _ in live)
        else:
            text = _closed(conn, max((revision for revision, _ in stood), key=lambda revision: revision.closed_at or 0))
        return {
            "app": app,
            "as_of": instant_text(at),
            "policies": [_stood(revision, at) for revision, _ in stood],
            "statement": text,
            "press": [proposal.policy.press for _, proposal in live if proposal.policy.press],
        }


def _stood(revision: Revision, at: Instant) -> dict[str, object]:
    return {"policy": revision.policy, "revision": revision.revision, "stage": _stage_at(revision, at).value}


def _stage_at(revision: Revision, at: Instant) -> Stage:
    if revision.closed_at is not None and revision.closed_at <= at:
        return revision.stage
    in_force = revision.in_force_at is not None and revision.in_force_at <= at
    return Stage.IN_FORCE if in_force else Stage.ANNOUNCED


def _said(conn: Connection, revision: Revision, at: Instant) -> str:
    policy = proposal_of(conn, revision).policy
    since = instant_text(revision.announced_at or 0)
    state = "in force" if _stage_at(revision, at) is Stage.IN_FORCE else "announced and not yet in force"
    return f"{policy.title}. Announced {since}, {state}; the deadline is {policy.deadline.written}."


def _closed(conn: Connection, revision: Revision) -> str:
    policy, closed = proposal_of(conn, revision).policy, instant_text(revision.closed_at or 0)
    if revision.stage is Stage.RETRACTED and revision.because == "error":
        return (
            f"An announcement ({policy.title}) was sent in error and retracted on {closed}. Our policy has not changed."
        )
    if revision.stage is Stage.RETRACTED:
        return f"Our policy ({policy.title}) was withdrawn on {closed}."
    return f"Our policy ({policy.title}) ended on {closed}."
