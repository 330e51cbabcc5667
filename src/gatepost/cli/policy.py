"""gatepost policy: documents, their impact, and their life (cli/verbs.py)."""

import json
from collections.abc import Iterator
from typing import Annotated

from cyclopts import App, Parameter

from gatepost.actions import views
from gatepost.actions.check_policy import Checked, check_policy
from gatepost.actions.preview import Previewed, preview_names, preview_policy
from gatepost.actions.site import Site
from gatepost.cli import verbs
from gatepost.cli.data import as_data, facts, listing
from gatepost.cli.diff import diff
from gatepost.cli.output import Exit, Lines, Table
from gatepost.cli.session import Given, Misuse, Source, content, instant
from gatepost.core.change.impact import Breakdown, By, Category, Impact, hide_small
from gatepost.core.problem import Problem
from gatepost.core.refusal import Refusal
from gatepost.documents.policy_file import policy_schema, shipped_policies

app = App(name="policy")


@app.command
def check(file: Source, /, *, session: Given) -> int:
    """Read a policy file, say everything that is wrong with it, and run its examples."""
    data, name = content(file)
    return session.act(lambda site: check_policy(site, data, name), _checked)


@app.command
def preview(
    file: Source,
    /,
    *,
    names: bool = False,
    purpose: str = "",
    exit_code: Annotated[bool, Parameter(help="End with 20 if anybody is hit.")] = False,
    session: Given,
) -> int:
    """Show whom a policy file would hit, whom nobody can see, and what to think of before asking anybody.

    Parameters
    ----------
    names
        Name the people hit. The look is recorded, and needs a purpose.
    purpose
        Why the names are looked at.
    """
    data, name = content(file)

    def look(site: Site) -> Previewed | Refusal | tuple[Problem, ...]:
        if names:
            return preview_names(site, session.by, data, name, purpose)
        return preview_policy(site, session.by, data, name)

    def code(seen: Previewed) -> int:
        return Exit.SOMETHING if exit_code and seen.assessed.impact.people.hit else Exit.DONE

    return session.act(look, _previewed, _preview_data, code)


app.command(diff)
app.command(verbs.propose_file, name="propose")
app.command(verbs.withdraw)
app.command(verbs.approve)
app.command(verbs.decline)
app.command(verbs.announce)
app.command(verbs.retract_policy, name="retract")
app.command(verbs.pause_policy, name="pause")
app.command(verbs.resume)
app.command(verbs.end)
app.command(verbs.release)


@app.command(name="list")
def every_policy(*, session: Given) -> int:
    """The newest revision of every policy."""
    return session.act(
        views.list_policies,
        lambda rows: listing(
            rows, "policy", "revision", "stage", "deadline", "title", nothing="There are no policies."
        ),
    )


@app.command
def show(policy: str, /, *, revision: int | None = None, session: Given) -> int:
    """One policy, whole: its stage, what it asks, who approved, how it goes."""
    return session.act(lambda site: views.show_policy(site, policy, revision), _shown)


@app.command
def statement(*, app: str, as_of: str | None = None, session: Given) -> int:
    """What our policy on an app is, or was: words fit to print.

    Parameters
    ----------
    app
        The app's id in the catalogue.
    as_of
        The instant asked about, such as 2020-07-10T17:00; else now.
    """
    return session.act(
        lambda site: views.statement(site, app, instant(site, as_of, "--as-of") if as_of else None), _stated
    )


@app.command
def schema(*, session: Given) -> int:
    """The JSON Schema of policy files, for editors."""
    found = policy_schema()
    return session.out.show(found, lambda: json.dumps(found, indent=2).splitlines())


@app.command
def example(name: str = "", /, *, session: Given) -> int:
    """A shipped policy file to begin with: `gatepost policy example memo-2020-07-10 > mine.yaml`.

    Parameters
    ----------
    name
        Which; without one, the names of all.
    """
    found = {file.removesuffix(".yaml"): text.decode() for file, text in shipped_policies().items()}
    if not name:
        return session.out.show([*found], lambda: [*found])
    if name not in found:
        raise Misuse(f"There is no example {name}; there are {', '.join(found)}.")
    return session.out.show({"name": name, "document": found[name]}, found[name].splitlines)


def _checked(done: Checked) -> Lines:
    yield f"{done.policy} is good: {', '.join(done.apps)}; {done.examples} examples come out as they say."
    yield from (f"{app} has no known identifier, so it cannot be matched." for app in done.unmatchable)


def _preview_data(seen: Previewed) -> object:
    impact = seen.assessed.impact
    found: dict[str, object] = {
        "policy": seen.assessed.policy.id,
        "people": as_data(impact.people),
        "devices": as_data(impact.devices),
        "people_by": {by.value: _cells(breakdown) for by, breakdown in impact.people_by.items()},
        "devices_by": {by.value: _cells(breakdown) for by, breakdown in impact.devices_by.items()},
        "fleet": impact.fleet,
        "warnings": [{"code": warned.code.value, "text": warned.text} for warned in seen.assessed.warnings],
    }
    return found if seen.names is None else found | {"names": list(seen.names)}


def _cells(breakdown: Breakdown) -> dict[str, dict[str, int | None]]:
    """Cells of fewer than five are hidden (null)."""
    return {category.word: hide_small(cells) for category, cells in breakdown.items() if cells}


def _previewed(seen: Previewed) -> Lines:
    impact = seen.assessed.impact
    counts = [*(category.word for category in reversed(Category)), "would_block", "cannot_be_told"]
    rows = [(name.replace("_", " "), getattr(impact.people, name), getattr(impact.devices, name)) for name in counts]
    yield Table((seen.assessed.policy.id, "people", "devices"), rows)
    yield from _where(impact)
    yield from (f"Warning ({warned.code.value}): {warned.text}" for warned in seen.assessed.warnings)
    if seen.names is not None:
        yield "Hit, and this look is recorded:"
        yield from seen.names


def _where(impact: Impact) -> Iterator[str]:
    for by in By:
        cells = hide_small(impact.people_by[by].get(Category.HIT, {}))
        if cells:
            shown = (
                f"{value or 'not known'} {'under 5' if count is None else count}" for value, count in cells.items()
            )
            yield f"Hit by {by.value}: {', '.join(shown)}"


def _shown(data: dict[str, object]) -> Lines:
    yield from facts({key: value for key, value in data.items() if key not in ("document", "judgements", "warnings")})
    document = data["document"]
    if isinstance(document, str):
        yield ""
        yield from document.splitlines()


def _stated(data: dict[str, object]) -> Lines:
    yield str(data["statement"])
    press = data["press"]
    if isinstance(press, list):
        yield from map(str, press)
