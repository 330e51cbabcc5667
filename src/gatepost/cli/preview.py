"""gatepost policy preview: how many a policy would hit. Counts that few people are behind are not shown."""

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Final

from cyclopts import Parameter

from gatepost.actions.preview import Previewed, preview_policy
from gatepost.cli.data import as_data
from gatepost.cli.known import known_of
from gatepost.cli.named import apps_named
from gatepost.cli.output import Exit, Lines, Table
from gatepost.cli.session import Given, Source, content
from gatepost.cli.verbs import rings
from gatepost.core.change.impact import HIDDEN_UNDER, Breakdown, By, Category, hide_small
from gatepost.core.change.rollout import RingLine, ring_lines
from gatepost.core.change.warning import Warned, WarningCode

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

_HIDDEN: Final = "hidden"
"""Of every cell alike: a cell may be large, and hide another behind it."""

_OTHERS: Final = "others hidden"
"""In place of the cells with few people in scope, whether any of them is hit or not."""


def preview(
    file: Source,
    /,
    *,
    exit_code: Annotated[bool, Parameter(help="End with 20 if anybody is hit.")] = False,
    session: Given,
) -> int:
    """Show how many a policy file would hit, whom nobody can see, and what to think of before asking anybody.

    It names nobody: `policy names` does, once a policy is approved.
    """
    data, name = content(file)

    def code(seen: Previewed) -> int:
        hit = not seen.allowed.too_few and seen.assessed.impact.people.hit
        return Exit.SOMETHING if exit_code and hit else Exit.DONE

    return session.act(lambda site: preview_policy(site, session.by, data, name), previewed, preview_data, code)


def preview_data(seen: Previewed) -> object:
    """The same for programs."""
    impact, hidden = seen.assessed.impact, seen.allowed.hidden
    few = seen.allowed.too_few
    return {
        "policy": seen.assessed.policy.id,
        "people": dict(_WITHHELD) if few else as_data(impact.people),
        "devices": dict(_WITHHELD) if few else as_data(impact.devices),
        "people_by": {} if few else _broken_down(impact.people_by, hidden),
        "devices_by": {} if few else _broken_down(impact.devices_by, hidden),
        "rings": [] if few else as_data(_rings(seen)),
        "fleet": impact.fleet,
        "apps": as_data(seen.assessed.apps),
        "warnings": [{"code": warned.code.value, "text": warned.text} for warned in _warned(seen)],
        **seen.about,
    }


def _broken_down(found: Mapping[By, Breakdown], hidden: Mapping[By, Collection[str]]) -> dict[str, object]:
    """Cells that few people are behind are hidden (null), and absent where few people are in scope."""
    return {
        by.value: {category.word: _cells(cells, hidden.get(by, ())) for category, cells in breakdown.items()}
        for by, breakdown in found.items()
    }


def _cells(found: Mapping[str, int], hidden: Collection[str]) -> dict[str, int | None]:
    """What is shown of one category. Of `hidden` values nothing is, not even that there is something: their people are
    so few that it would say what is on each one's phone. So that subtraction does not, one more is hidden with them."""
    shown = {value: count for value, count in found.items() if value not in hidden}
    cells = hide_small(shown, total_known=not hidden)
    counted = [value for value, count in cells.items() if count is not None]
    if hidden and counted:
        cells[min(counted, key=lambda value: (shown[value], value))] = None
    return cells


def _warned(seen: Previewed) -> Iterator[Warned]:
    for warned in seen.assessed.warnings:
        if not seen.allowed.too_few or warned.code in _OF_NOBODY:
            yield warned


_COUNTS: Final = (*(category.word for category in reversed(Category)), "would_block", "cannot_be_told")
_WITHHELD: Final = dict.fromkeys(_COUNTS)


def previewed(seen: Previewed) -> Lines:
    """What is said of it."""
    impact = seen.assessed.impact
    if seen.allowed.too_few:
        policy = seen.assessed.policy.id
        yield f"Fewer than {HIDDEN_UNDER} people have a device that {policy} is about: they are not counted."
    else:
        rows = [
            (name.replace("_", " "), getattr(impact.people, name), getattr(impact.devices, name)) for name in _COUNTS
        ]
        yield Table((seen.assessed.policy.id, "people", "devices"), rows)
        yield from _where(seen)
        yield from rings(_rings(seen))
    yield from apps_named(seen.assessed.apps)
    yield from (f"Warning ({warned.code.value}): {warned.text}" for warned in _warned(seen))
    yield from known_of(seen.about)


def _rings(seen: Previewed) -> tuple[RingLine, ...]:
    """By when, and for how many; for nobody where an earlier answer would tell with it who is in one of the groups."""
    policy, hidden = seen.assessed.policy, seen.allowed.hidden.get(By.GROUP, ())
    lines = ring_lines(policy, seen.assessed.impact.due_in_rings(len(policy.deadlines)))
    return tuple(line._replace(people=None) for line in lines) if any(line.group in hidden for line in lines) else lines


def _where(seen: Previewed) -> Iterator[str]:
    hidden = seen.allowed.hidden
    for by in By:
        hit = seen.assessed.impact.people_by[by].get(Category.HIT, {})
        cells = _cells(hit, hidden.get(by, ()))
        shown = [f"{value or 'not known'} {_HIDDEN if count is None else count}" for value, count in cells.items()]
        if hidden.get(by):
            shown.append(_OTHERS if shown else _HIDDEN)
        if shown:
            yield f"Hit by {by.value}: {', '.join(shown)}"
