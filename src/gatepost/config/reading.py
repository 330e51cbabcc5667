"""gatepost.toml to settings, with all problems at once."""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlsplit

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gatepost.config.kinds import Address, InMilliseconds, is_loopback
from gatepost.config.section import Section
from gatepost.config.settings import FIRST_DOOR, DoorProcess, Settings, sections
from gatepost.config.telling import Webhook
from gatepost.core.instant import duration_text
from gatepost.core.problem import Problem, did_you_mean

FILE: Final = "gatepost.toml"
_LONGEST: Final = 1_000_000

_SECTION: Final = re.compile(r"\s*\[\s*([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)?)\s*\]")
_DOORS: Final = "doors"
_NAMED: Final[Mapping[str, type[Section]]] = {_DOORS: DoorProcess, "webhooks": Webhook}
"""Sections of which there may be several, each with a name."""
_KEY: Final = re.compile(r"""\s*(["']?)([A-Za-z0-9_-]+)\1\s*=""")
_AT: Final = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)

_EXPECTED: Final = {
    "int_type": "a whole number",
    "bool_type": "true or false",
    "string_type": "a text in quotes",
    "tuple_type": 'a list, such as ["executive"]',
}


def load_settings(site_dir: Path) -> Settings | tuple[Problem, ...]:
    """The site's settings, or everything that is wrong with its file, in the file's order.

    Reads `gatepost.toml` in `site_dir`; relative paths in it are relative to that, and made absolute.
    """
    try:
        content = (site_dir / FILE).read_bytes()
    except OSError as error:
        return (Problem(FILE, 0, 0, "", f"cannot be read in {site_dir}: {error.strerror}"),)
    if len(content) > _LONGEST:
        return (Problem(FILE, 0, 0, "", f"is longer than {_LONGEST:,} bytes"),)
    return parse_settings(content, site_dir.absolute())


def parse_settings(content: bytes, site_dir: Path) -> Settings | tuple[Problem, ...]:
    """As `load_settings`, from the file's bytes."""
    try:
        text = content.decode()
        data = tomllib.loads(text)
    except UnicodeDecodeError as error:
        return (Problem(FILE, content.count(b"\n", 0, error.start) + 1, 0, "", "is not UTF-8"),)
    except tomllib.TOMLDecodeError as error:
        return (_syntax(str(error)),)
    places = _places(text)
    filled: dict[str, Any] = {section: {} for section in Settings.model_fields if section != _DOORS}
    filled |= {_DOORS: {FIRST_DOOR: {}}} | data
    try:
        settings = Settings.model_validate(filled, context=site_dir)
    except ValidationError as error:
        return tuple(sorted((_problem(detail, places) for detail in error.errors()), key=_in_order))
    return tuple(_contradictions(settings, places)) or settings


def _syntax(message: str) -> Problem:
    found = _AT.fullmatch(message)
    if found is None:
        return Problem(FILE, 0, 0, "", message)
    text, line, column = found.groups()
    return Problem(FILE, int(line or 0), int(column or 0), "", f"is not TOML: {text}")


def _places(text: str) -> dict[str, tuple[int, int]]:
    """Where sections and keys stand: `door` and `door.mode` to line and column. tomllib does not tell.

    Goes by the look of a line, so a line inside a multi-line string can hide a place; it cannot change a value.
    """
    places: dict[str, tuple[int, int]] = {}
    prefix = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _SECTION.match(line):
            places.setdefault(header[1], (number, header.start(1) + 1))
            prefix = header[1] + "."
        elif key := _KEY.match(line):
            places.setdefault(prefix + key[2], (number, key.start(2) + 1))
    return places


def _in_order(problem: Problem) -> tuple[bool, int, str]:
    return (not problem.line, problem.line, problem.field)


def _problem(detail: ErrorDetails, places: Mapping[str, tuple[int, int]]) -> Problem:
    path = _sectioned([str(step) for step in detail["loc"]])
    field = ".".join(path[:2])
    line, column = places.get(field, (places.get(path[0], (0, 0))[0], 0))
    return Problem(FILE, line, column, field, _sentence(detail, path))


def _sectioned(steps: list[str]) -> list[str]:
    """The way to a value as [section, key, ...]: a door's section has two words, such as doors.mail."""
    if steps[0] in _NAMED and len(steps) > 1:
        return [f"{steps[0]}.{steps[1]}", *(step for step in steps[2:] if step != "[key]")]
    return steps


def _sentence(detail: ErrorDetails, path: list[str]) -> str:
    match detail["type"]:
        case "extra_forbidden":
            return _unknown(path)
        case "missing":
            return _missing(path)
        case "value_error":
            return str(detail["ctx"]["error"])
        case "literal_error":
            return _one_of(path, detail["input"])
        case "model_type":
            return f"expected a section: write [{path[0]}] on a line of its own"
        case "greater_than_equal":
            least, given = (_measured(path, value) for value in (detail["ctx"]["ge"], detail["input"]))
            return f"expected at least {least}, but this is {given}"
        case "less_than_equal":
            return f"expected at most {detail['ctx']['le']}, but this is {_shown(detail['input'])}"
        case "string_pattern_mismatch" if detail["loc"][-1] == "[key]":
            return f"{_shown(detail['input'])} is no name for a {_noun(path)}: use letters, digits, - and _"
        case "dict_type":
            return f"expected a section a {_noun(path)}: write [{path[0]}.NAME] on a line of its own"
        case "string_pattern_mismatch":
            return f"{_shown(detail['input'])} is not possible here: {_comment(path)}"
        case kind:
            expected = _EXPECTED.get(kind, detail["msg"])
            return f"expected {expected}, but this is {_shown(detail['input'])}"


def _measured(path: list[str], value: object) -> str:
    """As the file has it: what is held in milliseconds is written with its unit."""
    marks = _keys(_section(path[0]))[path[1]].metadata
    if isinstance(value, int) and any(isinstance(mark, InMilliseconds) for mark in marks):
        return _shown(duration_text(value))
    return _shown(value)


def _noun(path: list[str]) -> str:
    """What a section with a name is one of."""
    return path[0].partition(".")[0].removesuffix("s")


def _unknown(path: list[str]) -> str:
    if len(path) == 1:
        question = did_you_mean(path[0], Settings.model_fields)
        return _with(
            f"there is no section or setting of this name: sections are {_listed(Settings.model_fields)}", question
        )
    section, key = path[:2]
    if section == "sign_in" and key.startswith(("admin", "approver")):
        return "a group gives author, operator, helpdesk or auditor; what a quorum rests on, administrators grant"
    elsewhere = [name for name, kind in sections() if key in _keys(kind)]
    question = f"it belongs in [{elsewhere[0]}]" if elsewhere else did_you_mean(key, _keys(_section(section)))
    return _with(f"there is no such setting in [{section}]", question)


def _missing(path: list[str]) -> str:
    choices = _choices(path)
    write = f"write {_listed(choices)}" if choices else "gatepost init writes it"
    if _noun(path) == "webhook":
        write = f"write {path[1]} = ..."
    return f"is missing, and has no default: {write}. {_comment(path)}"


def _one_of(path: list[str], given: object) -> str:
    choices = _choices(path)
    question = did_you_mean(given, choices) if isinstance(given, str) else ""
    return _with(f"expected {_listed(choices)}, but this is {_shown(given)}", question)


def _with(sentence: str, question: str) -> str:
    return f"{sentence}; {question}" if question else sentence


def _section(name: str) -> type[Section]:
    first, dot, _ = name.partition(".")
    if dot:
        return _NAMED[first]
    return cast(type[Section], Settings.model_fields[name].annotation)


def _keys(section: type[Section]) -> dict[str, Any]:
    """The keys of a section as they are written in the file."""
    return {field.alias or name: field for name, field in section.model_fields.items()}


def _choices(path: list[str]) -> list[str]:
    annotation = _keys(_section(path[0]))[path[1]].annotation
    choices = list(getattr(annotation, "__args__", ()))
    return choices if all(isinstance(choice, str) for choice in choices) else list(getattr(choices[0], "__args__", ()))


def _comment(path: list[str]) -> str:
    return _keys(_section(path[0]))[path[1]].description or ""


def _listed(words: Any) -> str:
    *most, last = [f'"{word}"' for word in words]
    return f"{', '.join(most)} or {last}" if most else last


def _shown(value: object) -> str:
    text = {True: "true", False: "false"}.get(value) if isinstance(value, bool) else None
    text = text or (f'"{value}"' if isinstance(value, str) else str(value))
    return text if len(text) <= 60 else text[:57] + "..."


def _contradictions(settings: Settings, places: Mapping[str, tuple[int, int]]) -> Iterator[Problem]:
    """What is wrong with settings taken together, though each is possible alone."""

    def problem(field: str, text: str) -> Problem:
        return Problem(FILE, *places.get(field, (0, 0)), field, text)

    smtp = settings.smtp
    if settings.site.exercise and not is_loopback(smtp.host):
        yield problem("smtp.host", "an exercise reaches no live recipient: expected this machine, such as 127.0.0.1")
    if smtp.username and smtp.password_file is None:
        yield problem("smtp.password_file", "a username needs a password file")
    if smtp.username and smtp.tls == "none" and not is_loopback(smtp.host):
        yield problem("smtp.tls", "a password would cross the network in clear text: expected starttls or tls")
    pages = settings.web.url or f"http://{settings.web.listen}"
    if settings.web.sign_in != "off" and not _private(settings, pages):
        yield problem("web.url", "a session would cross the network in clear text: sign_in needs https here")
    if settings.web.api and not _private(settings, pages):
        yield problem("web.url", "tokens would cross the network in clear text: api needs https here")
    yield from _sign_in_contradictions(settings, problem)
    if not settings.doors:
        yield problem(_DOORS, f"there is no door: write a section [{_DOORS}.NAME]")
    yield from _door_contradictions(settings, problem)
    yield from _webhook_contradictions(settings, problem)


def _private(settings: Settings, url: str) -> bool:
    """Whether nobody reads on the way what is sent there: by TLS, or in an exercise on this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (settings.site.exercise and is_loopback(parts.hostname or ""))


def _sign_in_contradictions(settings: Settings, problem: Callable[[str, str], Problem]) -> Iterator[Problem]:
    at = settings.sign_in
    if settings.web.sign_in == "provider":
        for name in ("issuer", "client_id"):
            if not getattr(at, name):
                yield problem(f"sign_in.{name}", 'is empty, and [web] sign_in is "provider"')
    else:
        for role in (role for role, groups in at.groups.items() if groups):
            yield problem(f"sign_in.{role}_groups", 'the provider gives roles only where [web] sign_in is "provider"')
    if at.issuer and not _private(settings, at.issuer):
        yield problem("sign_in.issuer", "who signs in would be told in clear text: expected https")


def _door_contradictions(settings: Settings, problem: Callable[[str, str], Problem]) -> Iterator[Problem]:
    taken: dict[object, str] = {}
    for field, place in _own(settings):
        if place in taken and not (isinstance(place, Address) and place.port == 0):
            yield problem(field, f"{place} is taken by {taken[place]} already")
        taken[place] = field
    for name, door in settings.doors.items():
        if (door.haproxy_socket is None) != (door.haproxy_files is None):
            yield problem(f"{_DOORS}.{name}.haproxy_socket", "haproxy_socket and haproxy_files need each other")
        if "certificate" in door.users and not door.certificates:
            yield problem(f"{_DOORS}.{name}.users", "certificate stands here, so certificates must be true")
        if door.doveadm and door.doveadm_key_file is None:
            yield problem(f"{_DOORS}.{name}.doveadm_key_file", "doveadm needs a file with its API key")


def _webhook_contradictions(settings: Settings, problem: Callable[[str, str], Problem]) -> Iterator[Problem]:
    for name, webhook in settings.webhooks.items():
        field, url = f"webhooks.{name}.url", urlsplit(webhook.url)
        if settings.site.exercise and not is_loopback(url.hostname or ""):
            yield problem(field, "an exercise tells nobody else: expected this machine, such as 127.0.0.1")
        if not settings.site.exercise and url.scheme != "https":
            yield problem(field, "what is told would cross the network in clear text: expected https")


def _own(settings: Settings) -> Iterator[tuple[str, object]]:
    """The addresses and folders that belong to one process alone."""
    yield "web.listen", settings.web.listen
    if settings.metrics.listen:
        yield "metrics.listen", settings.metrics.listen
    for name, door in settings.doors.items():
        yield f"{_DOORS}.{name}.listen", door.listen
        yield f"{_DOORS}.{name}.table", door.table
        if door.metrics:
            yield f"{_DOORS}.{name}.metrics", door.metrics
