"""gatepost policy: documents, their impact, and their life (cli/verbs.py)."""

import json
from typing import Any

from cyclopts import App

from gatepost.actions import views
from gatepost.actions.check_policy import Checked, check_policy
from gatepost.cli import verbs
from gatepost.cli.data import facts, listing
from gatepost.cli.diff import diff
from gatepost.cli.known import known_of
from gatepost.cli.looks import names
from gatepost.cli.named import apps_named
from gatepost.cli.output import Lines
from gatepost.cli.preview import preview
from gatepost.cli.session import Given, Misuse, Source, content
from gatepost.cli.statement import statement
from gatepost.documents.policy_file import policy_schema, shipped_policies

app = App(name="policy")


@app.command
def check(file: Source, /, *, session: Given) -> int:
    """Read a policy file, say everything that is wrong with it, and run its examples."""
    data, name = content(file)
    return session.act(lambda site: check_policy(site, data, name), _checked)


app.command(preview)
app.command(names)
app.command(diff)
app.command(verbs.propose_file, name="propose")
app.command(verbs.withdraw)
app.command(verbs.approve)
app.command(verbs.decline)
app.command(verbs.announce)
app.command(verbs.retract_policy, name="retract")
app.command(verbs.pause_policy, name="pause")
app.command(verbs.resume)
app.command(verbs.relax)
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


app.command(statement)


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


_NO_FACTS = ("rings", "apps", "document", "judgements", "warnings", "evidence", "vendor", "accounts")


def _judgement(found: dict[str, Any]) -> str:
    """Who said yes or no, in which role, when, and with which key; an exercise needs none."""
    said = "Approved" if found["approved"] else "Declined"
    key = f", key {found['key']}" if found["key"] else ""
    return f"{said} by {found['person']} as {found['role']}, {found['at']}{key}"


def _shown(data: dict[str, Any]) -> Lines:
    yield from facts({key: value for key, value in data.items() if key not in _NO_FACTS})
    yield from map(_judgement, data["judgements"])
    yield from verbs.rings(data["rings"])
    yield from apps_named(data["apps"])
    yield from (f"Warning: {text}" for text in data["warnings"])
    yield from known_of(data)
    document = data["document"]
    if isinstance(document, str):
        yield ""
        yield from document.splitlines()
