"""The decision. Everything else in Gatepost prepares its two inputs or carries its answer.

Level 1 is a `Standing`: the few rules that concern one device. Level 2 is a `RuleState` per policy revision: does it
count, and from which instant in each cell. A verdict is a look-up in the first and a comparison in the second, so a
retraction or a deadline changes one value however many devices it concerns.
"""

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import NamedTuple

from gatepost.core.fleet.finding import Finding
from gatepost.core.instant import NEVER, Instant
from gatepost.core.policy.policy import Cells, Consequence


class Outcome(IntEnum):
    """Ordered: the strictest wins, so that order and repetition of rules never matter (I-5)."""

    ALLOW = 0
    WARN = 1
    BLOCK = 2

    @property
    def word(self) -> str:
        return self.name.lower()


class DueRule(NamedTuple):
    """One rule that concerns one device.

    `rule`: number of the policy revision. `cell`: index into its instants. `app`: index into its apps.
    `counts_from`: before this instant the rule does not concern the device (a waiver, an attestation, an absent that
    is not stale yet). `not_before`: no block before it, whatever the cell says (telling, grace, waiver, admission);
    NEVER while the person is not told or not admitted.
    """

    rule: int
    cell: int
    app: int
    finding: Finding
    counts_from: Instant
    not_before: Instant


class Standing(NamedTuple):
    """Level 1, for one device: who may use it, how old its evidence is, which rules are due.

    `logins`: case-folded; empty for a shared device, which is bound to nobody.
    """

    device: str
    logins: tuple[str, ...]
    reported_at: Instant | None
    rules: tuple[DueRule, ...]


class RuleState(NamedTuple):
    """Level 2, for one policy revision.

    `counts`: announced or in force, and not paused. `held`: the quorum was lost, so nothing is blocked by it.
    """

    policy: str
    revision: int
    counts: bool
    held: bool
    consequence: Consequence
    apps: tuple[str, ...]
    effects: Cells


class Reason(NamedTuple):
    """Why: one rule that counts at the instant asked about. `effect_at`: from when it blocks; NEVER if it does not."""

    policy: str
    revision: int
    app: str
    finding: Finding
    outcome: Outcome
    effect_at: Instant


class Verdict(NamedTuple):
    """The answer for one device at one instant.

    `valid_until`: the first instant at which time alone may change the answer; NEVER if it cannot.
    `position`: the position in the change stream that it rests on.
    """

    outcome: Outcome
    reasons: tuple[Reason, ...]
    valid_until: Instant
    reported_at: Instant | None
    position: int


States = Mapping[int, RuleState]


# Looking up a member of an enumeration by its name costs more than a whole comparison; the door decides on these lines.
_ALLOW, _WARN, _BLOCK = Outcome.ALLOW, Outcome.WARN, Outcome.BLOCK
_REPORTS, _BLOCKS = Consequence.REPORT, Consequence.BLOCK
_new = tuple.__new__  # half of what a NamedTuple's own constructor takes


def effect_of(due: DueRule, state: RuleState) -> Instant:
    """The instant from which this rule blocks this device; NEVER if it does not block."""
    if state.held or state.consequence is not _BLOCKS:
        return NEVER
    return max(state.effects[due.cell], due.not_before, due.counts_from)


def outcome_at(rules: Iterable[DueRule], states: States, at: Instant) -> tuple[Outcome, Instant]:
    """The outcome and its `valid_until`: what a door needs on every request."""
    outcome = _ALLOW
    until = NEVER
    for due in rules:
        state = states.get(due.rule)
        if state is None or not state.counts or state.consequence is _REPORTS:
            continue
        if at < due.counts_from:
            until = min(until, due.counts_from)
            continue
        effect = effect_of(due, state)
        if effect <= at:
            # INVARIANT: nothing is stricter than block, so only a rule that stops counting could change it, and time
            # alone never stops a rule from counting. A block therefore stands until something is changed.
            return _BLOCK, NEVER
        outcome = _WARN
        until = min(until, effect)
    return outcome, until


def verdict(standing: Standing, states: States, at: Instant, position: int) -> Verdict:
    """The whole answer, with its reasons as data. Pure: the same inputs and instant always give the same verdict."""
    if not standing.rules:  # most devices
        return _new(Verdict, (_ALLOW, (), NEVER, standing.reported_at, position))
    reasons: set[Reason] = set()
    until = NEVER
    for due in standing.rules:
        state = states.get(due.rule)
        if state is None or not state.counts:
            continue
        if due.counts_from <= at:
            reasons.add(_reason(due, state, at))
        elif state.consequence is not _REPORTS:
            until = min(until, due.counts_from)
    ordered = tuple(sorted(reasons, key=_strictest_first) if len(reasons) > 1 else reasons)
    outcome = ordered[0].outcome if ordered else _ALLOW
    # As in `outcome_at`: a block stands, and the others until the first of them blocks.
    until = NEVER if outcome is _BLOCK else min([until, *[reason.effect_at for reason in ordered]])
    return _new(Verdict, (outcome, ordered, until, standing.reported_at, position))


def _reason(due: DueRule, state: RuleState, at: Instant) -> Reason:
    effect = effect_of(due, state)
    # A report never changes a verdict.
    outcome = _BLOCK if effect <= at else _ALLOW if state.consequence is _REPORTS else _WARN
    return _new(Reason, (state.policy, state.revision, state.apps[due.app], due.finding, outcome, effect))


def _strictest_first(reason: Reason) -> tuple[int, Instant, str, int, str, int]:
    # Every field takes part, so that no two reasons are left in the order of a set (I-3).
    return (-reason.outcome, reason.effect_at, reason.policy, reason.revision, reason.app, -reason.finding)
