"""What one policy means for every device of a fleet, at an instant."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from gatepost.core.change.impact import Category
from gatepost.core.fleet.device import Platform
from gatepost.core.instant import Duration, Instant
from gatepost.core.policy.compiled import Compiled, Rule
from gatepost.core.policy.due import unseen_app
from gatepost.core.policy.policy import Unseen
from gatepost.fleet_index.fleet import Flags, Fleet, Ids, Known
from gatepost.fleet_index.scopes import named

OUTSIDE = -1
"""In place of a category: not in scope."""


class Seen(IntEnum):
    """Whether an unseen app makes a device without a present one due, if the policy says so: never, later, or now."""

    WELL = 0
    LATER = 1
    NOW = 2


@dataclass(frozen=True, slots=True)
class Hits:
    """Columns of devices. `category`: a Category, or OUTSIDE. `due`: due at the instant, waived ones left out.

    `concerned`: due, or time alone will make it so, waived ones too. `due_but_for_waivers`: of these those due now.
    """

    category: Ids
    due: Flags
    concerned: Flags
    due_but_for_waivers: Flags


def hits(fleet: Fleet, rule: Rule, waived: Iterable[str], stale_after: Duration, at: Instant) -> Hits:
    """`waived`: the people and devices with a waiver at that instant."""
    within, excepted = _scope(fleet, rule)
    exempt = excepted.copy()
    exempt[fleet.places(waived)] = True
    present = np.zeros(len(fleet.owner), bool)
    for mark in rule.order.keys() & fleet.present.keys():
        present[fleet.present[mark]] = True
    unseen = _unseen(fleet, rule, within & ~present, stale_after, at)
    counts = fleet.by_sort(rule.policy.unseen is not Unseen.ALLOW and not sort.sighted for sort in fleet.sorts)
    due_now, due_ever = present | (counts & (unseen == Seen.NOW)), present | (counts & (unseen > Seen.WELL))
    category = np.select(
        [
            ~within,
            exempt,
            present,
            fleet.by_sort(not rule.part[sort.platform] for sort in fleet.sorts),
            unseen != Seen.NOW,
            fleet.by_sort(sort.managed for sort in fleet.sorts),
        ],
        [OUTSIDE, Category.EXEMPT, Category.HIT, Category.NO_PART, Category.CLEAR, Category.CANNOT_TELL],
        Category.UNMANAGED,
    )
    mine = within & ~excepted & ~fleet.sighted
    return Hits(category, within & ~exempt & due_now, mine & due_ever, mine & due_now)


def _scope(fleet: Fleet, rule: Rule) -> tuple[Flags, Flags]:
    """Columns of devices: in the policy's scope; and excepted."""
    place, answers = named(fleet, Compiled([rule]))
    within = np.array([bool(answer) for answer, _ in answers] or [False])
    excepted = np.array([bool(answer) for _, answer in answers] or [False])
    return within[place], excepted[place]


def _unseen(fleet: Fleet, rule: Rule, asked: Flags, stale_after: Duration, at: Instant) -> Ids:
    """A column of Seen. `asked`: the devices for which it matters.

    Whether an absent is stale by now is all that its instant decides, and so with a statement: any other on the same
    side stands for it.
    """
    judge = _judge(rule, stale_after, at)
    sorts, knowns = fleet.sorts, fleet.knowns
    stale = fleet.reported_at + stale_after <= at
    place = (fleet.known * len(sorts) + fleet.sort) * 2 + stale
    table = np.zeros(len(knowns) * len(sorts) * 2, np.int64)
    for number in np.flatnonzero(np.bincount(place[asked], minlength=len(table))).tolist():
        kind, old = divmod(number, 2)
        known, sort = divmod(kind, len(sorts))
        table[number] = judge(sorts[sort].platform, knowns[known], bool(old), ())
    answer: Ids = table[place]
    if rule.policy.unseen is Unseen.ATTEST and fleet.attested:
        apps = {app.id for app in rule.apps}
        for device in np.intersect1d(np.flatnonzero(asked), np.array(list(fleet.attested), np.int64)).tolist():
            stated = tuple(sorted(app for app, until in fleet.attested[device].items() if until > at and app in apps))
            known, sort = fleet.known[device], fleet.sort[device]
            answer[device] = judge(sorts[sort].platform, knowns[known], bool(stale[device]), stated)
    return answer


def _judge(rule: Rule, stale_after: Duration, at: Instant) -> Callable[[Platform, Known, bool, tuple[str, ...]], Seen]:
    """Asks the decision about one device that stands for all like it; once for each."""
    answers: dict[tuple[Platform, Known, bool, tuple[str, ...]], Seen] = {}

    def judge(platform: Platform, known: Known, stale: bool, stated: tuple[str, ...]) -> Seen:
        key = (platform, known, stale, stated)
        if key not in answers:
            evidence = known.evidence(at - stale_after + (not stale))
            found = unseen_app(rule, platform, evidence, dict.fromkeys(stated, at + 1), stale_after)
            answers[key] = Seen.WELL if found is None else Seen.LATER if found.since > at else Seen.NOW
        return answers[key]

    return judge
