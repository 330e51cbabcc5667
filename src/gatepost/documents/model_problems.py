"""What pydantic says of a document, as problems with line and column, in words for the document's author."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from gatepost.core.problem import Problem, did_you_mean
from gatepost.documents.yaml_tree import Path, Tree, path_text, quoted

_EXPECTED: Final[Mapping[str, str]] = {
    "string_type": "expected text",
    "bool_type": "expected true or false",
    "int_type": "expected a whole number",
    "list_type": "expected a list, such as [one, two]",
    "tuple_type": "expected a list, such as [one, two]",
    "frozen_set_type": "expected a list, such as [one, two]",
    "dict_type": "expected keys and values, such as {key: value}",
    "model_type": "expected keys and values, such as {key: value}",
}


def wrong(sentence: str) -> PydanticCustomError:
    """What a validator of ours raises. Not ValueError: pydantic would put words before the sentence."""
    return PydanticCustomError("ours", "{sentence}", {"sentence": sentence})


def model_problems(
    error: ValidationError, model: type[BaseModel], tree: Tree, name: str, needed: Mapping[str, str]
) -> Iterator[Problem]:
    """One problem per thing that pydantic found. `needed`: a sentence for a key that is missing, by the key's path."""
    for detail in error.errors(include_url=False):
        path = _path_in(tree, detail["loc"])
        if detail["type"] == "extra_forbidden":
            key = str(path[-1])
            place, text = tree.keys.get(path, tree.place(path)), unknown_key(key, _keys_at(model, path[:-1]))
        elif detail["type"] == "missing":
            place, text = tree.place(path[:-1]), "is missing" + needed.get(path_text(path), "")
        else:
            places = tree.keys if detail["loc"][-1:] == ("[key]",) else tree.values
            place, text = places.get(path, tree.place(path)), _sentence(detail)
        yield Problem(name, *place, path_text(path), text)


def unknown_key(key: str, known: Iterable[str]) -> str:
    """The sentence for a key that nothing reads."""
    choices = list(known)
    return f"unknown key {quoted(key)}; {did_you_mean(key, choices) or 'expected one of ' + ', '.join(choices)}"


def _path_in(tree: Tree, loc: tuple[int | str, ...]) -> Path:
    """pydantic's place without the names that it gives to the branches of a union, which stand in no document."""
    path: Path = ()
    if loc and loc[-1] == "[key]":  # what is wrong is the key itself
        loc = loc[:-1]
    for index, step in enumerate(loc):
        last = index == len(loc) - 1
        if (*path, step) in tree.values or (last and not str(step).startswith("branch ")):
            path = (*path, step)
    return path


def _sentence(detail: ErrorDetails) -> str:
    kind, given, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind in ("enum", "literal_error"):
        expected = str(context["expected"])
        hint = did_you_mean(given, re.findall("'([^']*)'", expected)) if isinstance(given, str) else ""
        return _given(given) + "expected " + expected.replace("'", "") + (f"; {hint}" if hint else "")
    if kind == "string_type" and isinstance(given, bool | int | float):
        return f'expected text: put it in quotation marks, such as "{str(given).lower()}"'
    if kind in _EXPECTED:
        return _given(given) + _EXPECTED[kind]
    if kind in ("too_short", "string_too_short"):
        return "must not be empty"
    if kind in ("too_long", "string_too_long"):
        return f"is too long: at most {context['max_length']:,}"
    if kind in ("greater_than_equal", "less_than_equal"):
        return "must be at least " + str(context["ge"]) if "ge" in context else "must be at most " + str(context["le"])
    return detail["msg"]


def _given(value: Any) -> str:
    if value is None:
        return "has no value: "
    return f"{quoted(value)} is none: " if isinstance(value, str) else ""


def _keys_at(model: type[BaseModel], path: Path) -> list[str]:
    """The keys that the model reads at a path."""
    models = [model]
    for step in path:
        found = [field for part in models for key, field in _fields(part) if key == step]
        models = [part for annotation in found or models for part in _models(annotation)]
    return [key for part in models for key, _ in _fields(part)]


def _fields(model: type[BaseModel]) -> Iterator[tuple[str, Any]]:
    for name, field in model.model_fields.items():
        yield field.alias or name, field.annotation


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The models within a type, such as that of a list's items or of a mapping's values."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [part for argument in get_args(annotation) for part in _models(argument)]
