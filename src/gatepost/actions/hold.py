"""The quorum of what is announced is watched all the time: lost, a policy is held at warn until approved again.

Because it is checked at the moment a role or key goes, or a person, no job has to run at a deadline for I-14 to hold.
"""

from collections.abc import Mapping

from sqlalchemy import Connection

from gatepost.actions.change import Change
from gatepost.actions.live import live_rules, state_of
from gatepost.core.change.quorum import Owed, Voice, missing
from gatepost.core.ledger.events import QuorumLost, QuorumRegained
from gatepost.core.policy.verdict import RuleState
from gatepost.doors.entry import encode_state, rule_key
from gatepost.storage import access, audience, people, policies
from gatepost.storage.policies import Judgement, Revision


def voice(conn: Connection, judgement: Judgement, exercise: bool) -> Voice:
    """A recorded yes, with the role and the key as they are held now; who has left holds none."""
    if not people.load(conn, [judgement.person])[judgement.person].working:
        return Voice(judgement.person, judgement.role, None, None)
    grants = {grant.role: grant for grant in access.grants(conn, judgement.person)}
    grant = grants.get(f"approver:{judgement.role}")
    key = access.key(conn, judgement.fingerprint) if judgement.fingerprint else None
    return Voice(
        person=judgement.person,
        role=judgement.role,
        role_owed=Owed(grant.granted_by, grant.entry) if grant else None,
        key_owed=Owed(key.added_by, key.entry) if key else None,
        key_needed=bool(judgement.fingerprint) or not exercise,
    )


def lacking(
    conn: Connection, revision: Revision, exercise: bool, asked: Mapping[str, int] | None = None
) -> dict[str, int]:
    """The approvals that a revision still misses, by the roles and keys as they are held now."""
    given = policies.judgements(conn, revision.policy, revision.revision)
    voices = [voice(conn, judgement, exercise) for judgement in given if judgement.approved]
    return missing(revision.asked if asked is None else asked, voices, revision.author, revision.proposed_entry)


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
