"""The quorum of what is announced is watched all the time: lost, a policy is held at warn until approved again.

Because it is checked at the moment a role or key goes, or a person, no job has to run at a deadline for I-14 to hold.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from gatepost.actions.change import Change
from gatepost.actions.live import live_rules, proposal_of, state_of
from gatepost.core.change import quorum
from gatepost.core.change.quorum import Owed, Voice
from gatepost.core.change.stage import LIVE
from gatepost.core.change.two_administrators import APPROVER
from gatepost.core.ledger.events import QuorumLost, QuorumRegained
from gatepost.core.policy.verdict import RuleState
from gatepost.doors.entry import encode_state, rule_key
from gatepost.storage import access, audience, people, policies
from gatepost.storage.policies import Judgement, Revision


def voices(conn: Connection, yeses: Sequence[Judgement], exercise: bool) -> list[Voice]:
    """Recorded yeses, each with the role and the key as they are held now; who has left holds none."""
    known = people.load(conn, {one.person for one in yeses})
    grants = {(grant.person, grant.role): grant for grant in access.grants(conn)}
    keys = {key.fingerprint: key for key in access.keys_of(conn)}
    found = []
    for one in yeses:
        works = known[one.person].working
        grant = grants.get((one.person, f"{APPROVER}{one.role}")) if works else None
        key = keys.get(one.fingerprint) if works else None
        found.append(
            Voice(
                person=one.person,
                role=one.role,
                role_owed=Owed(grant.line, grant.entry) if grant else None,
                key_owed=Owed(key.line, key.entry) if key else None,
                key_needed=bool(one.fingerprint) or not exercise,
            )
        )
    return found


def voice(conn: Connection, yes: Judgement, exercise: bool) -> Voice:
    return voices(conn, [yes], exercise)[0]


def lacking(
    conn: Connection, revision: Revision, exercise: bool, asked: Mapping[str, int] | None = None
) -> dict[str, int]:
    """The approvals that a revision still misses, by the roles and keys as they are held now.

    One that relaxes another rests on the approvals of that one too, and needs one yes of its own, in any of the roles.
    """
    roles = _given(conn, revision, exercise)
    relaxed = _relaxed(conn, revision)
    if relaxed is None:
        return quorum.lacking(revision.asked if asked is None else asked, roles)
    if not roles:
        return {" or ".join(sorted(revision.asked)): 1}
    while relaxed is not None and revision.stage in LIVE:
        # Whoever said yes in two roles is counted in the one in which the older quorum rests on them.
        roles |= _given(conn, relaxed, exercise)
        relaxed = _relaxed(conn, relaxed)
    return quorum.lacking(revision.asked, roles) if revision.stage in LIVE else {}


def _given(conn: Connection, revision: Revision, exercise: bool) -> dict[str, str]:
    """Who said yes to this very revision, and counts now, with the role."""
    judgements = policies.judgements(conn, revision.policy, revision.revision)
    yeses = [judgement for judgement in judgements if judgement.approved]
    return quorum.given(voices(conn, yeses, exercise), revision.author, revision.proposed_entry)


def _relaxed(conn: Connection, revision: Revision) -> Revision | None:
    """The revision that this one relaxes."""
    number = proposal_of(conn, revision).relaxes
    return policies.revision(conn, revision.policy, number) if number else None


def recheck_quorums(change: Change) -> tuple[str, ...]:
    """Hold what lost its quorum, let go what regained it. The policies held now."""
    held = []
    for known in live_rules(change.conn).values():
        revision = known.revision
        lost = bool(lacking(change.conn, revision, change.site.exercise))
        if lost:
            held.append(revision.policy)
        if lost is revision.held:
            continue
        event = QuorumLost if lost else QuorumRegained
        change.record(event(revision.policy, revision.revision))
        restate(change, known.number, state_of(revision._replace(held=lost), known.proposal))
    return tuple(held)


def restate(change: Change, rule: int, state: RuleState) -> None:
    """Give the doors a rule as it stands from now on; its devices' recorded outcomes follow."""
    change.publish({rule_key(rule): encode_state(state)})
    audience.settle(change.conn, rule)
