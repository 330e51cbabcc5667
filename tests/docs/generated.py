"""The parts of the documentation that are made from the program, so that they cannot differ from it.

    python -m tests.docs.generated

writes them anew into the pages, each between its marks `<!-- begin NAME -->` and `<!-- end NAME -->`; a test says
whether they are current.
"""

import contextlib
import io
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import UnionType
from typing import Any, Final, get_args, get_origin
from unittest.mock import patch

from cyclopts import App
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from gatepost.actions import metrics
from gatepost.cli.main import app, run
from gatepost.config import init_text
from gatepost.config.settings import sections
from gatepost.config.telling import Webhook
from gatepost.core.figure import Figure
from gatepost.documents.policy_document import (
    DevicesPart,
    ExampleDevice,
    ExamplePart,
    ExamplePerson,
    ExceptPart,
    PeoplePart,
    PolicyDocument,
    RingPart,
    TextPart,
)
from gatepost.doors import metrics as door_metrics
from gatepost.doors.fronts import files
from gatepost.web.api.problem import OURS
from gatepost.web.api.serve import OPERATIONS
from tests.docs.pages import DOCS, PAGES
from tests.servers.front import a_front

_PART: Final = re.compile(
    r"(?P<begin><!-- begin (?P<name>[a-z ]+) -->\n)(?P<text>.*?)(?P<end><!-- end (?P=name) -->)", re.DOTALL
)


# --- the command line


def command_names(branch: App = app, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every command that does something, in the order of the list of commands."""
    for name in branch:
        if name.startswith("-"):
            continue
        child = branch[name]
        inner = list(command_names(child, (*path, name)))
        yield from inner or [(*path, name)]


def command_help(words: tuple[str, ...]) -> str:
    """What `--help` prints, without the options that every command has."""
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), patch.dict(os.environ, {"COLUMNS": "100"}):
        code = run([*words, "--help"])
    assert code == 0, words
    return shown.getvalue().partition("\nEverywhere:\n")[0].rstrip() + "\n"


def commands_part() -> str:
    parts = [f"## gatepost {' '.join(words)}\n\n```text\n{command_help(words)}```\n" for words in command_names()]
    return "\n" + "\n".join(parts) + "\n"


# --- the settings


def settings_part() -> str:
    """A table a section: each setting with what init writes for a live site, and for an exercise where that differs."""
    live, exercise = (tomllib.loads(init_text(site_id="RANDOM", exercise=mode)) for mode in (False, True))
    parts = []
    for section, model in sections():
        usual_part, other_part = (_part(site, section) for site in (live, exercise))
        rows = ["| setting | `init` writes | in an exercise | meaning |", "| --- | --- | --- | --- |"]
        for attribute, setting in model.model_fields.items():
            key = setting.alias or attribute
            usual, other = usual_part[key], other_part[key]
            required = " **Has no default.**" if setting.is_required() else ""
            rows.append(
                f"| `{key}` | {_value(usual)} | {'' if usual == other else _value(other)} "
                f"| {setting.description}{_choices(setting.annotation)}{required} |"
            )
        parts.append(f"## [{section}]\n\n{model.__doc__}\n\n" + "\n".join(rows) + "\n")
    return "\n" + "\n".join(parts) + "\n"


def _part(site: dict[str, Any], section: str) -> dict[str, Any]:
    for word in section.split("."):
        site = site[word]
    return site


def _value(value: object) -> str:
    """As TOML writes it."""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, list):
        return "`[" + ", ".join(f'"{item}"' for item in value) + "]`"
    return f"`{value}`" if isinstance(value, int) else f'`"{value}"`'


def _choices(annotation: Any) -> str:
    words = [word for word in get_args(annotation) if isinstance(word, str)]
    return f" One of {', '.join(f'`{word}`' for word in words)}." if words else ""


# --- a policy file


def keys_part(model: type[BaseModel]) -> str:
    rows = ["| key | default | meaning |", "| --- | --- | --- |"]
    for name, field in model.model_fields.items():
        key = field.alias or name
        meaning = field.description or (field.annotation.__doc__ if _is_model(field.annotation) else "") or ""
        rows.append(
            f"| `{key}` | {_default(field.is_required(), field.get_default(call_default_factory=True))} | {meaning} |"
        )
    return "\n" + "\n".join(rows) + "\n\n"


def _is_model(annotation: Any) -> bool:
    return (
        isinstance(annotation, type) and get_origin(annotation) is not UnionType and issubclass(annotation, BaseModel)
    )


def _default(required: bool, value: object) -> str:
    if required or value is PydanticUndefined:
        return "required"
    if isinstance(value, BaseModel):
        return "`{}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "none" if value in (None, "", [], {}) else f"`{getattr(value, 'value', value)}`"


# --- figures


def figures_part(figures: Iterable[Figure]) -> str:
    """A table of figures as Prometheus is told of them."""
    rows = ["| figure | kind | labels | meaning |", "| --- | --- | --- | --- |"]
    for figure in figures:
        kind = "counter" if figure.counts else "gauge"
        labels = ", ".join(f"`{label}`" for label in figure.labels)
        rows.append(f"| `{figure.name}` | {kind} | {labels} | {figure.meaning} |")
    return "\n" + "\n".join(rows) + "\n\n"


# --- what proxies are configured with


def nginx_part() -> str:
    """What `door config nginx` writes for a site as init makes it: the tests run a real nginx with it."""
    written = files("nginx", a_front(port=8443, door=8181, backend=20000))
    return f"\n```nginx\n{written['gatepost.conf'].decode()}```\n\n"


def caddy_part() -> str:
    """What `door config caddy` writes for the same site."""
    written = files("caddy", a_front(port=8443, door=8181, backend=20000))
    return f"\n```\n{written['Caddyfile'].decode()}```\n\n"


# --- the API


def operations_part() -> str:
    """Each operation with the fields besides those of its address."""
    rows = ["| operation | fields | scope | |", "| --- | --- | --- | --- |"]
    for operation in OPERATIONS:
        asked = operation.asked.model_json_schema()
        names = [name for name in asked.get("properties", {}) if f"{{{name}}}" not in operation.path]
        fields = ", ".join(f"`{name}`{'' if name in asked.get('required', ()) else '?'}" for name in names)
        about = " ".join(operation.about.split())
        rows.append(f"| `{operation.method} {operation.path}` | {fields} | `{operation.scope}` | {about} |")
    return "\n" + "\n".join(rows) + "\n\n"


def problems_part() -> str:
    rows = ["| code | |", "| --- | --- |", *(f"| `{code}` | {about} |" for code, about in OURS.items())]
    return "\n" + "\n".join(rows) + "\n\n"


PARTS: Final[Mapping[str, Callable[[], str]]] = {
    "commands": commands_part,
    "settings": settings_part,
    "policy keys": lambda: keys_part(PolicyDocument),
    "policy devices": lambda: keys_part(DevicesPart),
    "policy people": lambda: keys_part(PeoplePart),
    "policy except": lambda: keys_part(ExceptPart),
    "policy rollout": lambda: keys_part(RingPart),
    "policy text": lambda: keys_part(TextPart),
    "policy example": lambda: keys_part(ExamplePart),
    "policy example device": lambda: keys_part(ExampleDevice),
    "policy example person": lambda: keys_part(ExamplePerson),
    "webhook settings": lambda: keys_part(Webhook),
    "figures of the site": lambda: figures_part(metrics.FIGURES),
    "figures of a door": lambda: figures_part(door_metrics.FIGURES),
    "nginx": nginx_part,
    "caddy": caddy_part,
    "api operations": operations_part,
    "api problems": problems_part,
}


def parts_of(text: str) -> list[str]:
    """The names of a page's generated parts."""
    return [found["name"] for found in _PART.finditer(text)]


def renewed(text: str) -> str:
    """A page with its generated parts as they should be."""
    return _PART.sub(lambda found: found["begin"] + PARTS[found["name"]]() + found["end"], text)


def main() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        if (new := renewed(text)) != text:
            page.write_text(new, encoding="utf-8")
            print(f"{page.relative_to(DOCS.parent)} was brought up to date")


if __name__ == "__main__":
    main()
