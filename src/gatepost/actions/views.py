"""Looking at policies and their notices: nothing here changes anything."""

from sqlalchemy import Connection

from gatepost.actions.about import about_data
from gatepost.actions.cap import waiting_for_cap
from gatepost.actions.change import looking
from gatepost.actions.hold import lacking
from gatepost.actions.live import live_rules, proposal_of
from gatepost.actions.site import Site
from gatepost.core.change.proposal import Predicted
from gatepost.core.change.rollout import ring_lines
from gatepost.core.change.stage import LIVE
from gatepost.core.instant import Instant
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.deadline import instant_text
from gatepost.documents.policy_file import write_policy
from gatepost.storage import audience, notices, people, policies, sitemeta
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


def show_policy(
    site: Site, policy: str, number: int | None = None, *, mails: bool = True
) -> dict[str, object] | Refusal:
    """One revision, whole: its stage, what it asks, who approved, how it goes. `mails`: what became of its notices,
    too, which takes longer the more there are."""
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
            "refers_to": revision.refers_to,
            "title": proposal.policy.title,
            "hash": revision.proposal,
            "author": name(revision.author),
            "deadline": proposal.policy.deadline.written,
            "rings": ring_lines(proposal.policy, proposal.impact.rings),
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
            "apps": proposal.apps,
            "warnings": list(proposal.warnings),
            **about_data(conn, proposal.about),
            "notices": _notices(conn, policy) if mails else {},
            "due": _due(conn, revision, site.clock.now()),
            "document": write_policy(proposal.policy),
        }


def _notices(conn: Connection, policy: str) -> dict[str, int]:
    return {f"{kind}/{state}": count for (kind, state), count in notices.counts(conn, policy).items()}


def foreseen(site: Site, policy: str, number: int) -> Predicted | Refusal:
    """What a revision would do to the fleet as it stood when it was proposed."""
    with looking(site) as conn:
        revision = policies.revision(conn, policy, number)
        if revision is None:
            return Refusal(Code.NO_SUCH_POLICY, f"There is no policy {policy}; `policy list` shows all.")
        return proposal_of(conn, revision).impact


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
