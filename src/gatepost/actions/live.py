"""The rules that doors know: every policy revision that is announced or in force, as the decision needs it."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from gatepost.core.change.proposal import Proposal
from gatepost.core.change.stage import LIVE
from gatepost.core.policy.compiled import Compiled, Rule
from gatepost.core.policy.policy import Cell
from gatepost.core.policy.verdict import RuleState
from gatepost.documents.canonical import digest
from gatepost.documents.proposal import thaw
from gatepost.doors.entry import encode_state, rule_key
from gatepost.storage import catalogue, ledger, policies
from gatepost.storage.policies import Revision

Thawed = tuple[Proposal, dict[Cell, int]]
"""A proposal, and the number of each cell in it."""

_KEPT: OrderedDict[str, Thawed] = OrderedDict()
"""Proposals never change, may name 100,000 people, and are looked at several times a second: the last few are kept."""
_MOST_KEPT = 64


def proposal_of(conn: Connection, revision: Revision) -> Proposal:
    """The frozen proposal of a revision."""
    return _read(conn, revision.proposal)[0]


def _read(conn: Connection, name: str) -> Thawed:
    """The proposal of this hash. LookupError as in `frozen_bytes`."""
    if name in _KEPT:
        _KEPT.move_to_end(name)
        return _KEPT[name]
    proposal = thaw(frozen_bytes(conn, name, "proposal", "approved"))
    _KEPT[name] = proposal, proposal.numbers
    if len(_KEPT) > _MOST_KEPT:
        _KEPT.popitem(last=False)
    return _KEPT[name]


def frozen_bytes(conn: Connection, name: str, what: str, signed: str) -> bytes:
    """What was frozen under a hash. LookupError, which says `what` it is, if its bytes are missing, or are not those
    that were `signed`: approved, say (I-13)."""
    data = ledger.proposal(conn, name)
    if data is None or digest(data) != name:
        fault = "is missing from the database" if data is None else f"was changed in the database since it was {signed}"
        raise LookupError(f"the {what} {name} {fault}: restore a backup that has it")
    return data


def cells_of(conn: Connection, revision: Revision) -> Mapping[Cell, int]:
    """The number of each cell of a revision."""
    return _read(conn, revision.proposal)[1]


@dataclass(frozen=True, slots=True)
class LiveRule:
    """One rule that counts. `cells`: their numbers."""

    number: int
    revision: Revision
    proposal: Proposal
    rule: Rule
    cells: Mapping[Cell, int]
    state: RuleState

    @property
    def announced_at(self) -> int:
        """When its audience was first told."""
        if self.revision.begun_at is None:
            raise ValueError("a live rule was announced")
        return self.revision.begun_at


def state_of(revision: Revision, proposal: Proposal) -> RuleState:
    """Level 2 of a revision: what doors are given."""
    return RuleState(
        policy=revision.policy,
        revision=revision.revision,
        counts=revision.stage in LIVE and revision.paused_at is None,
        held=revision.held,
        consequence=proposal.policy.consequence,
        apps=tuple(app.id for app in proposal.apps),
        effects=tuple(max(effect, revision.not_before) for effect in proposal.effects),
    )


def live_rules(conn: Connection) -> dict[int, LiveRule]:
    """The live rules by number."""
    active = catalogue.active(conn)
    found: dict[int, LiveRule] = {}
    for revision in policies.in_stages(conn, *LIVE):
        if revision.rule is None:
            continue
        proposal, cells = _read(conn, revision.proposal)
        rule = Rule(revision.rule, proposal.policy, catalogue.as_named(proposal.apps, active))
        state = state_of(revision, proposal)
        found[revision.rule] = LiveRule(revision.rule, revision, proposal, rule, cells, state)
    return found


def states(rules: Mapping[int, LiveRule]) -> dict[int, RuleState]:
    return {number: live.state for number, live in rules.items()}


def rule_entries(rules: Mapping[int, LiveRule]) -> dict[bytes, bytes]:
    """The rules as the change stream carries them."""
    return {rule_key(number): encode_state(live.state) for number, live in rules.items()}


def compiled(rules: Mapping[int, LiveRule]) -> Compiled:
    return Compiled(live.rule for live in rules.values())
