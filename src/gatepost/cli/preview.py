"""gatepost policy preview: how many a policy would hit. Counts that few people are behind are not shown."""

from collections.abc import Iterator
from typing import Annotated, Final

from cyclopts import Parameter

from gatepost.actions.preview import Previewed, preview_policy
from gatepost.actions.preview_data import COUNTS, hit_by, preview_data, rings_shown, warnings_shown
from gatepost.cli.known import known_of
from gatepost.cli.named import apps_named
from gatepost.cli.output import Exit, Lines, Table
from gatepost.cli.session import Given, Source, content
from gatepost.cli.verbs import rings
from gatepost.core.change.impact import HIDDEN_UNDER

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


def previewed(seen: Previewed) -> Lines:
    """What is said of it."""
    impact = seen.assessed.impact
    if seen.allowed.too_few:
        policy = seen.assessed.policy.id
        yield f"Fewer than {HIDDEN_UNDER} people have a device that {policy} is about: they are not counted."
    else:
        rows = [
            (name.replace("_", " "), getattr(impact.people, name), getattr(impact.devices, name)) for name in COUNTS
        ]
        yield Table((seen.assessed.policy.id, "people", "devices"), rows)
        yield from _where(seen)
        yield from rings(rings_shown(seen))
    yield from apps_named(seen.assessed.apps)
    yield from (f"Warning ({warned.code.value}): {warned.text}" for warned in warnings_shown(seen))
    yield from known_of(seen.about)


def _where(seen: Previewed) -> Iterator[str]:
    for by, cells, others in hit_by(seen):
        shown = [f"{value or 'not known'} {_HIDDEN if count is None else count}" for value, count in cells.items()]
        if others:
            shown.append(_OTHERS if shown else _HIDDEN)
        if shown:
            yield f"Hit by {by.value}: {', '.join(shown)}"
