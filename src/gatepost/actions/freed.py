"""Whom a relax frees: they hear that the policy is over for them, and are no audience of it any more."""

from collections.abc import Iterable

from sqlalchemy import Connection

from gatepost.actions.change import Change
from gatepost.actions.live import proposal_of
from gatepost.core.policy.compiled import Compiled, Rule
from gatepost.core.policy.policy import Consequence
from gatepost.storage import audience, devices, notices, people, policies
from gatepost.storage.policies import Revision


def freed_by(conn: Connection, revision: Revision, refs: Iterable[str]) -> set[str]:
    """Of these people, those whom a revision does not concern any more, though the one that it relaxes did."""
    new = proposal_of(conn, revision)
    base = policies.revision(conn, revision.policy, new.relaxes) if new.relaxes else None
    if base is None:
        return set()
    old, wanted = proposal_of(conn, base).policy, list(refs)
    if new.policy.consequence is Consequence.REPORT is not old.consequence:
        return set(wanted)  # of a policy that only reports nobody hears
    compiled = Compiled([Rule(1, old, ()), Rule(2, new.policy, ())])
    found = people.load(conn, wanted)
    was: set[str] = set()
    still: set[str] = set()
    for member in devices.members(conn, devices.refs_of(conn, wanted)):
        person = found[member.person.ref]
        mask = compiled.in_scope(person, member.device) & ~compiled.exempted(person, member.device)
        was |= {person.ref} if mask & 1 else set()
        still |= {person.ref} if mask & 2 else set()
    return was - still


def let_go(change: Change, revision: Revision, gone: set[str]) -> None:
    """Nothing more is sent to these people, but that it is over; should it ever concern them again, it begins anew."""
    notices.stop_for(change.conn, revision.policy, gone, change.now)
    if revision.rule is not None:
        audience.forget(change.conn, revision.rule, gone, devices.refs_of(change.conn, gone))
