"""gatepost policy statement: our policy on an app in words fit to print, as text, Markdown or JSON."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, Literal

from gatepost.actions import statement as said
from gatepost.actions.site import Site
from gatepost.cli.output import Lines
from gatepost.cli.session import Given, instant
from gatepost.core.refusal import Refusal

Stated = Mapping[str, Any]


def statement(
    *,
    app: str,
    as_of: str | None = None,
    history: bool = False,
    format: Literal["text", "markdown", "json"] = "text",
    session: Given,
) -> int:
    """What our policy on an app is, or was: words fit to print.

    Parameters
    ----------
    app
        The app's id in the catalogue.
    as_of
        The instant asked about, such as 2020-07-10T17:00; else now.
    history
        Every instant at which the statement changed, with what it said then.
    format
        text, markdown, or json (which --json is, too).
    """

    def ask(site: Site) -> Stated | Refusal:
        at = instant(site, as_of, "--as-of") if as_of else None
        return said.history(site, app, at) if history else said.statement(site, app, at)

    out = replace(session.out, json=session.out.json or format == "json")
    return replace(session, out=out).act(ask, _SHOWN[format, history])


def _text(found: Stated) -> Lines:
    yield found["statement"]
    yield from found["press"]


def _text_history(found: Stated) -> Lines:
    if not found["history"]:
        yield f"Nothing on {found['name']} had been announced by {found['as_of_words']}."
    for told in found["history"]:
        yield f"{told['at_words']}:"
        yield from (f"  {line}" for line in _text(told))


def _markdown(found: Stated) -> Lines:
    yield f"# Our policy on {_plain(found['name'])}"
    yield from ("", f"As of {_plain(found['as_of_words'])}.", "")
    yield from _marked(found)
    rows = [
        (
            policy["policy"],
            policy["revision"],
            policy["stage"].replace("_", " "),
            policy["announced_at"],
            policy["in_force_at"] or "",
            policy["closed_at"] or "",
        )
        for policy in found["policies"]
    ]
    if rows:
        yield ""
        yield "| policy | revision | stage | announced | in force | over |"
        yield "| --- | --- | --- | --- | --- | --- |"
        yield from (f"| {' | '.join(_plain(str(cell)) for cell in row)} |" for row in rows)


def _markdown_history(found: Stated) -> Lines:
    yield f"# Our policy on {_plain(found['name'])}, as it has been"
    if not found["history"]:
        yield from ("", f"Nothing had been announced by {_plain(found['as_of_words'])}.")
    for told in found["history"]:
        yield from ("", f"## {_plain(told['at_words'])}", "")
        yield from _marked(told)


def _marked(told: Stated) -> Iterator[str]:
    yield _plain(told["statement"])
    for press in told["press"]:
        yield from ("", f"> {_plain(press)}")


def _plain(text: str) -> str:
    """The text as Markdown that shows it as it is, whatever is in it (I-36)."""
    return re.sub(r"([\\`*_{}\[\]<>#|!~])", r"\\\1", " ".join(text.split()))


_SHOWN: Final[Mapping[tuple[str, bool], Callable[[Stated], Lines]]] = {
    ("text", False): _text,
    ("text", True): _text_history,
    ("markdown", False): _markdown,
    ("markdown", True): _markdown_history,
    ("json", False): _text,
    ("json", True): _text_history,
}
