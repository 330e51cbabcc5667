"""YAML 1.2 to plain data, with the line and column of every value.

The data are mappings, lists, text, whole numbers, fractions, true, false and null, by the rules of YAML 1.2's core
schema (section 10.3): `NO` is text and so is `2020-07-10`. What a document of ours never needs is refused, each with
its place: anchors and aliases (a short file can unfold into gigabytes), tags, directives, a key given twice, a second
document, control characters. Size, depth and number of values have bounds, so that no file of 1 MiB takes more than
some seconds.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from gatepost.core.problem import Problem

Path: TypeAlias = tuple[str | int, ...]
Place: TypeAlias = tuple[int, int]

MAX_BYTES: Final = 1024 * 1024
MAX_VALUES: Final = 20_000
MAX_DEPTH: Final = 16
MAX_LINE: Final = 65_536  # the parser's time for a tag grows with the square of its length

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_INT: Final = re.compile(r"[-+]?[0-9]{1,18}", re.ASCII)
_BASE: Final = re.compile(r"0o[0-7]{1,18}|0x[0-9a-fA-F]{1,15}", re.ASCII)
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_SPECIAL: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: Final[Mapping[str, bool | None]] = {
    **dict.fromkeys(["", "~", "null", "Null", "NULL"]),
    **dict.fromkeys(["true", "True", "TRUE"], True),
    **dict.fromkeys(["false", "False", "FALSE"], False),
}


@dataclass(frozen=True, slots=True)
class Tree:
    """A document's data; `values` and `keys` say where each value, and each mapping's key, stands (from 1)."""

    value: Any
    values: Mapping[Path, Place]
    keys: Mapping[Path, Place]

    def place(self, path: Path) -> Place:
        """Where a value stands, or else the nearest thing around it."""
        while path not in self.values and path:
            path = path[:-1]
        return self.values.get(path, (1, 1))


def path_text(path: Path) -> str:
    """`examples[0].device.form`; what a file's author invented is shortened."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f"{'.' if text else ''}{_shown(step)}"
    return text


def quoted(text: str) -> str:
    """A text from a file as part of a sentence: in quotation marks, shortened, on one line."""
    return f'"{_shown(text)}"'


def plain_value(text: str) -> str | int | float | bool | None:
    """What an unquoted scalar means by YAML 1.2's core schema."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _BASE.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _SPECIAL.fullmatch(text):
        return float(text.replace(".", ""))
    return text


def read_tree(data: bytes, name: str) -> Tree | tuple[Problem, ...]:
    """The tree of one YAML document, or everything that is wrong with it as YAML."""
    problem = _bounds(data, name)
    if problem is not None:
        return (problem,)
    text = data.decode("utf-8-sig")
    builder = _Builder(name)
    try:
        builder.read(YAML(typ="safe", pure=True).parse(text))
    except _Stop:
        pass
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        builder.complain(place, (), f"is not YAML: {error.problem or error.context}")
    except (YAMLError, ValueError) as error:
        builder.complain((0, 0), (), "is not YAML: " + str(error).splitlines()[0])
    return tuple(builder.problems) or Tree(builder.value, builder.values, builder.keys)


def _shown(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:57] + "..."


def _bounds(data: bytes, name: str) -> Problem | None:
    """What is wrong with the bytes before any parser may see them."""
    if len(data) > MAX_BYTES:
        return Problem(name, 0, 0, "", f"is longer than {MAX_BYTES:,} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Problem(name, data.count(b"\n", 0, error.start) + 1, 0, "", "is not UTF-8")
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > MAX_LINE:
            return Problem(name, number, 0, "", f"a line is longer than {MAX_LINE:,} characters")
        if line.startswith("%"):
            return Problem(name, number, 1, "", "directives (%) are not read: leave it out")
        control = _CONTROL.search(line)
        if control:
            return Problem(name, number, control.start() + 1, "", f"control character U+{ord(control[0]):04X}")
    return None


class _Stop(Exception):
    """The rest cannot be read; the problem is noted."""


class _Builder:
    """Events to data. One document; deeper things by recursion, which MAX_DEPTH bounds."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.value: Any = None
        self.values: dict[Path, Place] = {}
        self.keys: dict[Path, Place] = {}
        self.problems: list[Problem] = []

    def complain(self, place: Place, path: Path, text: str) -> None:
        self.problems.append(Problem(self.name, *place, path_text(path), text))

    def stop(self, place: Place, path: Path, text: str) -> _Stop:
        self.complain(place, path, text)
        return _Stop()

    def read(self, events: Iterator[Event]) -> None:
        documents = 0
        for event in events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self.stop(_place(event), (), "a second document begins here: a file holds one")
            elif isinstance(event, NodeEvent):
                self.value = self.node(event, events, ())
        if documents == 0 or (self.value is None and not self.problems):
            self.complain((1, 1), (), "is empty")

    def node(self, event: Event, events: Iterator[Event], path: Path) -> Any:
        place = _place(event)
        self.values[path] = place
        if len(self.values) > MAX_VALUES:
            raise self.stop(place, path, f"holds more than {MAX_VALUES:,} values")
        if len(path) > MAX_DEPTH:
            raise self.stop(place, path, f"is nested more than {MAX_DEPTH} deep")
        if getattr(event, "anchor", None) is not None:  # an alias has one too
            raise self.stop(place, path, "anchors and aliases (& and *) are not read: write it out")
        if getattr(event, "tag", None) is not None:
            raise self.stop(place, path, "tags (!) are not read: leave it out")
        if isinstance(event, MappingStartEvent):
            return self.mapping(events, path)
        if isinstance(event, SequenceStartEvent):
            return self.sequence(events, path)
        if isinstance(event, ScalarEvent):
            self.check(event.value, place, path)
            return plain_value(event.value) if event.implicit[0] else str(event.value)
        raise self.stop(place, path, "is not a value")

    def mapping(self, events: Iterator[Event], path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while isinstance(event := next(events), NodeEvent):
            place = _place(event)
            if not isinstance(event, ScalarEvent) or event.anchor is not None or event.tag is not None:
                raise self.stop(place, path, "a key must be plain text")
            key = str(event.value)
            here = (*path, key)
            self.check(key, place, path)
            twice = key in found
            value = self.node(next(events), events, here)
            if twice:
                line, _ = self.keys[here]
                self.complain(place, here, f"is given twice: first in line {line}")
                continue
            found[key] = value
            self.keys[here] = place
        return found

    def sequence(self, events: Iterator[Event], path: Path) -> list[Any]:
        found: list[Any] = []
        while isinstance(event := next(events), NodeEvent):
            found.append(self.node(event, events, (*path, len(found))))
        return found

    def check(self, text: str, place: Place, path: Path) -> None:
        """Quoted scalars can spell control characters with a backslash."""
        control = _CONTROL.search(text.replace("\r", "\0"))
        if control:
            self.complain(place, path, f"control character U+{ord(control[0]):04X}")


def _place(event: Event) -> Place:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1)
