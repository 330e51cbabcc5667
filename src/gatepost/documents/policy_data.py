"""A policy as plain JSON data, and back: what a proposal freezes, what is stored, and what a policy file says.

The data have the keys of a policy file with every default filled in, and one form for each policy: sets are sorted,
durations are in their shortest text, what a scope does not name is left out. What is not part of the policy, such as a
comment or the line of an example, is not in them. Reading them back checks nothing: stored data were checked once, by
the rules of their day.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

from gatepost.core.change.differencing import Scoped
from gatepost.core.fleet.device import Form, Ownership, Platform
from gatepost.core.fleet.person import Kind
from gatepost.core.instant import duration_text, parse_duration
from gatepost.core.policy.policy import Consequence, Deadline, Example, Policy, Ring, Scope, Text, Unseen


def policy_data(policy: Policy) -> dict[str, Any]:
    """The policy's data, in a policy file's order. `notice` is None where the site's minimum holds."""
    devices, people = _scope_data(policy.scope)
    return {
        "policy": policy.id,
        "title": policy.title,
        "reason": policy.reason,
        "necessity": policy.necessity,
        "apps": list(policy.apps),
        "lists": list(policy.lists),
        "publisher_country": list(policy.publisher_countries),
        "successors": policy.successors,
        "devices": {**devices, "shared": policy.shared},
        "people": people,
        "except": {key: values for part in _scope_data(policy.except_) for key, values in part.items()},
        "unseen": policy.unseen.value,
        "deadline": policy.deadline.written,
        "grace": duration_text(policy.grace),
        "notice": None if policy.notice is None else duration_text(policy.notice),
        "tell_first": policy.tell_first,
        "rollout": [{"group": ring.group, "deadline": ring.deadline.written} for ring in policy.rollout],
        "reminders": [duration_text(reminder) for reminder in policy.reminders],
        "consequence": policy.consequence.word,
        "approvals": dict(sorted(policy.approvals.items())),
        "announcement": _texts_data(policy.announcement),
        "correction": _texts_data(policy.correction),
        "withdrawal": _texts_data(policy.withdrawal),
        "press": policy.press,
        "examples": [_example_data(example) for example in policy.examples],
    }


def policy_from_data(data: Mapping[str, Any]) -> Policy:
    """The policy of these data. `policy_from_data(policy_data(policy))` is `policy`, but for its examples' lines."""
    devices = data["devices"]
    return Policy(
        id=data["policy"],
        title=data["title"],
        apps=tuple(data["apps"]),
        lists=tuple(data["lists"]),
        scope=_scope({**devices, **data["people"]}),
        except_=_scope(data["except"]),
        shared=devices["shared"],
        unseen=Unseen(data["unseen"]),
        deadline=Deadline(data["deadline"]),
        consequence=Consequence[data["consequence"].upper()],
        announcement=_texts(data["announcement"]),
        correction=_texts(data["correction"]),
        withdrawal=_texts(data["withdrawal"]),
        reason=data["reason"],
        necessity=data["necessity"],
        grace=parse_duration(data["grace"]),
        notice=None if data["notice"] is None else parse_duration(data["notice"]),
        tell_first=data["tell_first"],
        publisher_countries=tuple(data["publisher_country"]),
        successors=data["successors"],
        rollout=tuple(Ring(ring["group"], Deadline(ring["deadline"])) for ring in data["rollout"]),
        reminders=tuple(parse_duration(reminder) for reminder in data["reminders"]),
        approvals=dict(data["approvals"]),
        press=data["press"],
        examples=tuple(_example(example) for example in data["examples"]),
    )


def scope_data(scoped: Scoped) -> dict[str, Any]:
    """What of a policy's data decides whom a preview counts."""
    devices, people = _scope_data(scoped.scope)
    excepted = {key: values for part in _scope_data(scoped.except_) for key, values in part.items()}
    return {
        "policy": scoped.policy,
        "devices": {**devices, "shared": scoped.shared},
        "people": people,
        "except": excepted,
    }


def scope_from_data(data: Mapping[str, Any]) -> Scoped:
    """What `scope_data` wrote."""
    devices = data["devices"]
    return Scoped(data["policy"], _scope({**devices, **data["people"]}), _scope(data["except"]), devices["shared"])


def _words(values: Iterable[str]) -> list[str]:
    return sorted(value.value if isinstance(value, Enum) else value for value in values)


def _scope_data(scope: Scope) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The keys about devices, and those about people."""
    devices = {"forms": scope.forms, "platforms": scope.platforms, "ownership": scope.ownership}
    people = {"kinds": scope.kinds, "countries": scope.countries, "groups": scope.groups}
    return (
        {key: _words(values) for key, values in devices.items() if values},
        {key: _words(values) for key, values in people.items() if values},
    )


def _scope(data: Mapping[str, Any]) -> Scope:
    return Scope(
        forms=frozenset(map(Form, data.get("forms", ()))),
        platforms=frozenset(map(Platform, data.get("platforms", ()))),
        ownership=frozenset(map(Ownership, data.get("ownership", ()))),
        kinds=frozenset(map(Kind, data.get("kinds", ()))),
        countries=frozenset(data.get("countries", ())),
        groups=frozenset(data.get("groups", ())),
    )


def _texts_data(texts: Mapping[str, Text]) -> dict[str, Any]:
    """Language to text; the text alone where no language is stated, which a policy keys by ""."""
    data: dict[str, dict[str, Any]] = {
        language: {"subject": text.subject, "body": text.body} for language, text in sorted(texts.items())
    }
    return data.get("", data)


def _texts(data: Mapping[str, Any]) -> dict[str, Text]:
    texts = {"": data} if isinstance(data.get("body"), str) else data
    return {language: Text(text["subject"], text["body"]) for language, text in texts.items()}


def _example_data(example: Example) -> dict[str, Any]:
    person: dict[str, Any] = {"kind": example.kind.value}
    if example.country:
        person["country"] = example.country
    if example.groups:
        person["groups"] = _words(example.groups)
    return {
        "device": {
            "form": example.form.value,
            "platform": example.platform.value,
            "ownership": example.ownership.value,
            "shared": example.shared,
            "apps": list(example.apps),
            "visibility": "full" if example.seen else "none",
        },
        "person": person,
        "attested": example.attested,
        "at": example.at,
        "expect": example.expect,
    }


def _example(data: Mapping[str, Any]) -> Example:
    device, person = data["device"], data["person"]
    return Example(
        form=Form(device["form"]),
        platform=Platform(device["platform"]),
        ownership=Ownership(device["ownership"]),
        shared=device["shared"],
        apps=tuple(device["apps"]),
        seen=device["visibility"] == "full",
        kind=Kind(person["kind"]),
        country=person.get("country", ""),
        groups=frozenset(person.get("groups", ())),
        attested=data["attested"],
        at=data["at"],
        expect=data["expect"],
    )
