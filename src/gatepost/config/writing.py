"""The gatepost.toml that init writes: every setting with its value and a comment above it."""

import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic.fields import FieldInfo

from gatepost.config.kinds import Address, InMilliseconds
from gatepost.config.settings import sections
from gatepost.core.instant import duration_text

_DECIDED: Mapping[str, object] = {
    "door.on_unknown": "allow",
    "door.on_unidentified": "block",
    "door.on_no_copy": "undecided",
}
"""What init writes where reading has no default: the site sees each choice and can change it."""

_IN_AN_EXERCISE: Mapping[str, object] = {
    "site.exercise": True,
    "smtp.host": "127.0.0.1",
    "smtp.port": 8025,
    "rails.announcement_rate_per_minute": 0,
    "rails.first_batch_wait": 0,
}
"""Not port 25: a mail server that listens there would carry an exercise's mail to live recipients (I-19)."""


def init_text(
    *, site_id: str, exercise: bool, name: str | None = None, changes: Mapping[str, object] | None = None
) -> str:
    """The text of a new site's gatepost.toml: one uncommented `key = value` per setting, under its [section].

    `site_id`: random. `changes`: other values by their path in the file, such as {"smtp.port": 2525}.
    """
    values = dict(_DECIDED) | {"site.id": site_id, "ledger.origin": f"gatepost/{site_id}"}
    if exercise:
        values |= _IN_AN_EXERCISE
    if name is not None:
        values["site.name"] = name
    values |= changes or {}
    lines = [
        "# Gatepost. `gatepost config check` reads this file and says what is wrong with it.",
        "# Durations: 250ms, 30s, 10m, 24h, 14d; 0 is none.",
    ]
    for section, kind in sections():
        lines += ["", f"[{section}] # {kind.__doc__}"]
        for attribute, setting in kind.model_fields.items():
            lines += _setting(
                setting.alias or attribute, setting, values.get(f"{section}.{setting.alias or attribute}")
            )
    return "\n".join(lines) + "\n"


def _setting(key: str, setting: FieldInfo, value: object | None) -> Iterator[str]:
    yield ""
    yield from textwrap.wrap(setting.description or "", 118, initial_indent="# ", subsequent_indent="# ")
    yield f"{key} = {written(setting, setting.default if value is None else value)}"


def written(setting: FieldInfo, value: object) -> str:
    """A value as the file has it (toml.io v1.0.0)."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        is_duration = any(isinstance(mark, InMilliseconds) for mark in setting.metadata)
        return _quoted(duration_text(value)) if is_duration else str(value)
    if isinstance(value, Address):
        return _quoted(str(value))
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_quoted(str(each)) for each in value) + "]"
    if value is None or isinstance(value, str | Path):
        return _quoted(str(value or ""))
    raise TypeError(f"no way to write {value!r}")


def _quoted(text: str) -> str:
    """A TOML basic string (toml.io v1.0.0, "String")."""
    return '"' + "".join(_ESCAPES.get(char, char) for char in text) + '"'


_ESCAPES = {chr(code): f"\\u{code:04x}" for code in [*range(0x20), 0x7F]} | {'"': '\\"', "\\": "\\\\"}
