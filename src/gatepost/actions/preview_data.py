"""What a preview may show, as JSON data: counts that few people are behind are hidden."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from gatepost.actions.preview import Previewed
from gatepost.core.change.impact import Breakdown, By, Category, hide_small
from gatepost.core.change.rollout import RingLine, ring_lines
from gatepost.core.change.warning import Warned, WarningCode
from gatepost.documents.data import as_data

_OF_NOBODY: Final = frozenset(
    {
        WarningCode.SHORT_NOTICE,
        WarningCode.DEADLINE_PASSED,
        WarningCode.APPS_UNMATCHABLE,
        WarningCode.SENSITIVE_APPS,
        WarningCode.ACTIVATION_ENDS,
        WarningCode.COUNTRY_UNKNOWN,
        WarningCode.NO_PEOPLE,
        WarningCode.NO_DEVICES,
        WarningCode.SUBJECT_NAMES_APP,
        WarningCode.VENDOR_NOT_ASKED,
    }
)
"""Warnings that count nobody who is hit."""

COUNTS: Final = (*(category.word for category in reversed(Category)), "would_block", "cannot_be_told")
"""The columns of an impact, in the order in which they are shown."""

_WITHHELD: Final = dict.fromkeys(COUNTS)


def preview_data(seen: Previewed) -> dict[str, Any]:
    """What `policy preview --json` prints and the API answers."""
    impact, hidden = seen.assessed.impact, seen.allowed.hidden
    few = seen.allowed.too_few
    return {
        "policy": seen.assessed.policy.id,
        "people": dict(_WITHHELD) if few else as_data(impact.people),
        "devices": dict(_WITHHELD) if few else as_data(impact.devices),
        "people_by": {} if few else _broken_down(impact.people_by, hidden),
        "devices_by": {} if few else _broken_down(impact.devices_by, hidden),
        "rings": [] if few else as_data(rings_shown(seen)),
        "fleet": impact.fleet,
        "apps": as_data(seen.assessed.apps),
        "warnings": [{"code": warned.code.value, "text": warned.text} for warned in warnings_shown(seen)],
        **seen.about,
    }


def _broken_down(found: Mapping[By, Breakdown], hidden: Mapping[By, Collection[str]]) -> dict[str, object]:
    """Cells that few people are behind are hidden (null), and absent where few people are in scope."""
    return {
        by.value: {category.word: cells_shown(cells, hidden.get(by, ())) for category, cells in breakdown.items()}
        for by, breakdown in found.items()
    }


def cells_shown(found: Mapping[str, int], hidden: Collection[str]) -> dict[str, int | None]:
    """What is shown of one category. Of `hidden` values nothing is, not even that there is something: their people are
    so few that it would say what is on each one's phone. So that subtraction does not, one more is hidden with them."""
    shown = {value: count for value, count in found.items() if value not in hidden}
    cells = hide_small(shown, total_known=not hidden)
    counted = [value for value, count in cells.items() if count is not None]
    if hidden and counted:
        cells[min(counted, key=lambda value: (shown[value], value))] = None
    return cells


def hit_by(seen: Previewed) -> Iterator[tuple[By, dict[str, int | None], bool]]:
    """By what is hit broken down; of the people hit the cells that are shown (None: hidden); whether there are others
    that are not even named."""
    for by in By:
        hidden = seen.allowed.hidden.get(by, ())
        yield by, cells_shown(seen.assessed.impact.people_by[by].get(Category.HIT, {}), hidden), bool(hidden)


def warnings_shown(seen: Previewed) -> Iterator[Warned]:
    """Without those that count somebody, where nothing may be counted."""
    for warned in seen.assessed.warnings:
        if not seen.allowed.withheld or warned.code in _OF_NOBODY:
            yield warned


def rings_shown(seen: Previewed) -> tuple[RingLine, ...]:
    """By when, and for how many; for nobody where an earlier answer would tell with it who is in one of the groups."""
    policy, hidden = seen.assessed.policy, seen.allowed.hidden.get(By.GROUP, ())
    lines = ring_lines(policy, seen.assessed.impact.due_in_rings(len(policy.deadlines)))
    return tuple(line._replace(people=None) for line in lines) if any(line.group in hidden for line in lines) else lines
