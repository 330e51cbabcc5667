"""Plain data to YAML that reads back as the same data, in the layout that a person would choose."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from gatepost.documents.yaml_tree import plain_value

_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/@+-]*", re.ASCII)
_ELSEWHERE: Final = frozenset({"y", "n", "yes", "no", "on", "off"})
_WIDTH: Final = 110


def yaml_text(data: Mapping[str, Any]) -> str:
    """Mappings, lists, text, whole numbers, booleans and None. What fits on one line stands on one."""
    return "".join(line + "\n" for line in _mapping(data, ""))


def _mapping(data: Mapping[str, Any], indent: str) -> list[str]:
    return [
        line for key, value in data.items() for line in _entry(f"{indent}{scalar_text(key)}:", value, indent + "  ")
    ]


def _entry(head: str, value: Any, indent: str) -> list[str]:
    """A key and what belongs to it."""
    if isinstance(value, str) and _fits_block(value):
        return [f"{head} |-", *(indent + line if line else "" for line in value.split("\n"))]
    flow = _flow(value)
    if len(head) + len(flow) < _WIDTH and not _is_deep(value):
        return [f"{head} {flow}"]
    if isinstance(value, Mapping):
        return [head, *_mapping(value, indent)]
    if isinstance(value, list):
        return [head, *(line for item in value for line in _item(item, indent))]
    return [f"{head} {flow}"]


def _item(value: Any, indent: str) -> list[str]:
    """One item of a list that stands on lines of its own."""
    if not isinstance(value, Mapping):
        return [f"{indent}- {_flow(value)}"]
    first, *rest = _mapping(value, indent + "  ")
    return [f"{indent}- {first.lstrip(' ')}", *rest]


def _is_deep(value: Any) -> bool:
    """Whether one line would be hard to read: a text of several lines, or a mapping that holds another."""
    parts = list(value.values()) if isinstance(value, Mapping) else value if isinstance(value, list) else []
    return any(
        (isinstance(part, Mapping) and bool(part)) or (isinstance(part, str) and "\n" in part) or _is_deep(part)
        for part in parts
    )


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar_text(key)}: {_flow(part)}" for key, part in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(_flow(part) for part in value) + "]"
    return scalar_text(value)


def scalar_text(value: str | int | bool | None) -> str:
    """One scalar. Words that an older YAML reads as true or false are put in quotes too."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value)
    plain = _PLAIN.fullmatch(value) and value == value.strip() and value.casefold() not in _ELSEWHERE
    return value if plain and isinstance(plain_value(value), str) else _quoted(value)


def _quoted(text: str) -> str:
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character == "\n":
        return "\\n"
    return character if character.isprintable() else f"\\U{ord(character):08x}"


def _fits_block(text: str) -> bool:
    """Whether a literal block holds the text unchanged: lines end in no space, and nothing in them is invisible."""
    lines = text.split("\n")
    return (
        len(lines) > 1
        and bool(lines[-1])
        and bool(lines[0])
        and not lines[0].startswith(" ")
        and all(line == line.rstrip() and line.isprintable() for line in lines)
    )
