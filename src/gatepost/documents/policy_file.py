"""Policy files: YAML to a policy and back, and the JSON Schema that editors check them with."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.resources import files
from typing import Any, Final

from pydantic import ValidationError

from gatepost.core.fleet.device import Form
from gatepost.core.policy.policy import Policy
from gatepost.core.problem import Problem
from gatepost.documents.deadline import deadline_instants, known_zones
from gatepost.documents.model_problems import model_problems
from gatepost.documents.policy_data import policy_data, policy_from_data
from gatepost.documents.policy_document import PLATFORM_OF, PolicyDocument
from gatepost.documents.yaml_text import yaml_text
from gatepost.documents.yaml_tree import Path, Tree, path_text, quoted, read_tree

_NAMING: Final = ("apps", "lists", "publisher_country")
"""Of these a policy has one at least."""

_NEEDED: Final[Mapping[str, str]] = {
    "policy": ": give it an id, such as no-tiktok-where-mail-is-read",
    "title": ": say in one line what it is about",
    "devices": ": name the devices it is about, such as {forms: [phone, tablet]}; {} means all devices",
    "unseen": ": say what it means when nobody can see whether the app is on a device (on most personal phones nobody "
    "can): allow, attest (its owner states that it is not there) or block",
    "deadline": ": give a date, a local date-time, or immediately",
    "consequence": ": expected report, notify or block",
    "announcement": ": say what people are told, as {subject, body} or per language",
    "correction": ": nothing is announced before the mail that says it was sent in error is written: {subject, body} "
    "or per language",
}
_KEYS: Final = tuple(field.alias or name for name, field in PolicyDocument.model_fields.items())


def read_policy(data: bytes, name: str) -> Policy | tuple[Problem, ...]:
    """The policy in a file's bytes, or everything that is wrong with it, in the order of the file.

    Text that states no language is keyed by "" in the policy's texts. Whether its apps and lists are in the catalogue
    is not asked here, nor whether its examples hold.
    """
    tree = read_tree(data, name)
    if isinstance(tree, tuple):
        return tree
    if not isinstance(tree.value, dict):
        return (Problem(name, 1, 1, "", "is no policy: expected keys and values, such as policy: no-tiktok"),)
    problems = [Problem(name, *place, path_text(path), text) for place, path, text in _across(tree)]
    document = None
    try:
        document = PolicyDocument.model_validate(tree.value)
    except ValidationError as error:
        problems += model_problems(error, PolicyDocument, tree, name, _NEEDED)
    if document is None or problems:
        return tuple(sorted(problems, key=lambda problem: (problem.line, problem.column)))
    policy = policy_from_data(_data(document))
    misplaced = tuple(
        Problem(name, *tree.place(path), path_text(path), text) for path, text in _rings_out_of_turn(policy)
    )
    if misplaced:
        return misplaced
    lines = [tree.place(("examples", index))[0] for index in range(len(policy.examples))]
    examples = tuple(replace(example, line=line) for example, line in zip(policy.examples, lines, strict=True))
    return replace(policy, examples=examples)


def write_policy(policy: Policy) -> str:
    """A policy file that reads back as this policy. What stands at its default is left out where the schema allows."""
    data = policy_data(policy)
    optional = {name: data[name] for name in _KEYS if name not in _NEEDED}
    empty = {name for name, value in optional.items() if value in ("", [], {}, None)}
    return yaml_text({name: value for name, value in data.items() if name not in empty})


def policy_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a policy file, made from the models that read it."""
    schema = PolicyDocument.model_json_schema(by_alias=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "anyOf": [{"required": [key]} for key in _NAMING],
    }


def _data(document: PolicyDocument) -> dict[str, Any]:
    """The document as policy data: every default filled in."""
    data = document.model_dump(mode="json", by_alias=True)
    for example in data["examples"]:
        device = example["device"]
        device["platform"] = device["platform"] or PLATFORM_OF[Form(device["form"])].value
    return data


def _across(tree: Tree) -> Iterator[tuple[tuple[int, int], Path, str]]:
    """What no single key shows: place, path and sentence."""
    value = tree.value
    if not any(value.get(key) for key in _NAMING):
        text = "is missing: name at least one app in apps, a list of apps in lists, or a country in publisher_country"
        yield tree.place(()), ("apps",), text
    announced = _languages(value.get("announcement"))
    if announced == frozenset():
        yield tree.place(("announcement",)), ("announcement",), "must not be empty"
    for key in ("correction", "withdrawal"):
        if announced and (key == "correction" or value.get(key)):
            sentence = _missing_languages(announced, _languages(value.get(key)))
            if sentence:
                yield tree.place((key,)), (key,), sentence


def _rings_out_of_turn(policy: Policy) -> Iterator[tuple[Path, str]]:
    """Rings that could never count, or are not earlier than the policy's deadline: path and sentence."""
    groups = [ring.group for ring in policy.rollout]
    for index, group in enumerate(groups):
        if group in groups[:index]:
            yield ("rollout", index, "group"), f"names {quoted(group)} twice; whoever is in it has its first ring"
    if groups and policy.deadline.immediately:
        yield ("rollout",), "needs a deadline that is a date or a time: nothing is earlier than immediately"
        return
    last = deadline_instants(policy.deadline, known_zones()) if groups else {}
    for index, ring in enumerate(policy.rollout):
        own = deadline_instants(ring.deadline, last)
        late = sorted(zone for zone, at in own.items() if at >= last[zone])
        if late:
            # One that is late everywhere is no matter of zones.
            where = "" if len(late) == len(last) else f" in {late[0]}"
            text = f"is not earlier than the policy's deadline{where}, {policy.deadline.written}"
            yield ("rollout", index, "deadline"), text


def _languages(texts: Any) -> frozenset[str] | None:
    """The languages of a text as written, {""} where it states none; None if it has no shape to tell by."""
    if not isinstance(texts, dict):
        return None
    return frozenset({""}) if texts.keys() & {"subject", "body"} else frozenset(texts)


def _missing_languages(announced: frozenset[str], answered: frozenset[str] | None) -> str:
    """I-15: whoever had the announcement can read what takes it back."""
    missing = announced - answered if answered is not None else None
    if not missing:
        return ""
    if missing == {""}:
        return "states languages and the announcement none: write both per language, or both without"
    return "lacks a language of the announcement: " + ", ".join(quoted(language) for language in sorted(missing))


def shipped_policies() -> dict[str, bytes]:
    """The example policies that Gatepost comes with, by their file names."""
    folder = files("gatepost").joinpath("data/policies")
    return {entry.name: entry.read_bytes() for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)}
