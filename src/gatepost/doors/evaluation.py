"""What standard enforcement points ask: OpenID AuthZEN Authorization API 1.0, read with care and answered.

A question is whether a user may open mail with a device. It comes in two forms:

    subject device, id DEVICE, properties {user: LOGIN, certificate: SHA-256}; resource mailbox, id LOGIN
    subject user, id LOGIN, properties {device: DEVICE, certificate: SHA-256}; resource mailbox, id LOGIN

and action `open` in both. The user is the subject's, and the mailbox's only where the subject names none: whose mailbox
somebody may open is the mail server's business. Fields that are not known are ignored, as the specification asks.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

Fields = dict[str, Any]
"""A JSON object."""

Answer = Mapping[str, Any]
"""A JSON object, such as `decision` (a boolean) and `context` (a JSON object)."""

DEVICE: Final = "device"
USER: Final = "user"
MAILBOX: Final = "mailbox"
OPEN: Final = "open"

MOST_BYTES: Final = 64 * 1024
MOST_EVALUATIONS: Final = 1000

ENTITIES: Final[Mapping[str, tuple[str, ...]]] = {
    "subject": ("type", "id"),
    "action": ("name",),
    "resource": ("type", "id"),
}
"""What each part of a question must have, texts all (5.1 to 5.3)."""

_ENDS_AT: Final[Mapping[object, bool | None]] = {
    "execute_all": None,
    "deny_on_first_deny": False,
    "permit_on_first_permit": True,
}
"""Semantics to the decision after which no more is evaluated (7.1.2.1)."""

_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")


class BadRequest(Exception):
    """What is asked cannot be read. The text says why, for whoever wrote the asking program."""


class NotKnown(Exception):
    """It is asked of something that nothing is decided about here. The text says what is."""


class Question(NamedTuple):
    """`user`: a login as it was sent. `device`: an id, `certificate`: the lower-case hex of its SHA-256; "" where not
    told."""

    user: str
    device: str
    certificate: str


def read(body: bytes) -> Fields:
    """A request's body: a JSON object that can be read in one way only. BadRequest."""
    try:
        data = json.loads(body.decode(), object_pairs_hook=_once, parse_constant=_no_constant)
    except RecursionError:
        raise BadRequest("the body is nested too deep") from None
    except ValueError as error:
        raise BadRequest(f"the body is not JSON: {error}") from None
    if not isinstance(data, dict):
        raise BadRequest("the body is not a JSON object")
    return data


def _once(pairs: list[tuple[str, Any]]) -> Fields:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number there")


def evaluation(asked: Fields, answer: Callable[[Question], Answer]) -> Answer:
    """The answer to one access evaluation request (6). BadRequest."""
    try:
        return answer(question(asked))
    except NotKnown as unknown:
        return _failed(404, str(unknown))


def evaluations(asked: Fields, answer: Callable[[Question], Answer]) -> Answer:
    """The answer to an access evaluations request (7): in the order asked, and no further than its semantics say.

    BadRequest where the whole cannot be read; what is wrong with one evaluation stands in its own answer (7.2.1).
    """
    each = asked.get("evaluations")
    if each is None or each == []:
        return evaluation(asked, answer)
    if not isinstance(each, list) or len(each) > MOST_EVALUATIONS:
        raise BadRequest(f"evaluations is no list of at most {MOST_EVALUATIONS:,}")
    ends_at = _ends_at(asked)
    answers = []
    for one in each:
        try:
            found = evaluation(_with_defaults(one, asked), answer)
        except BadRequest as bad:
            found = _failed(400, str(bad))
        answers.append(found)
        if found["decision"] is ends_at:
            break
    return {"evaluations": answers}


def _ends_at(asked: Fields) -> bool | None:
    options = object_in(asked, "options")
    semantic = options.get("evaluations_semantic", "execute_all")
    if not isinstance(semantic, str) or semantic not in _ENDS_AT:
        raise BadRequest(f"options.evaluations_semantic is none of {', '.join(map(str, _ENDS_AT))}")
    return _ENDS_AT[semantic]


def _with_defaults(one: object, asked: Fields) -> Fields:
    """One evaluation, with what it leaves out from the request around it (7.1.1).

    A part of it stands for the whole default, but for the fields that it must have and lacks.
    """
    if not isinstance(one, dict):
        raise BadRequest("an evaluation is not a JSON object")
    filled = {name: asked[name] for name in (*ENTITIES, "context") if name in asked} | one
    for name, needed in ENTITIES.items():
        part, default = one.get(name), asked.get(name)
        if isinstance(part, dict) and isinstance(default, dict):
            filled[name] = {field: default[field] for field in needed if field in default} | part
    return filled


def _failed(status: int, text: str) -> Answer:
    """Decisions default to closed."""
    return {"decision": False, "context": {"error": {"status": status, "message": text}}}


def question(asked: Fields) -> Question:
    """What is asked. BadRequest; NotKnown."""
    found = subject_of(asked)
    (action,) = entity(asked, "action")
    resource, mailbox = entity(asked, "resource")
    if action != OPEN or resource != MAILBOX:
        raise NotKnown(f"decided here is action {OPEN} on resource type {MAILBOX}")
    return found._replace(user=found.user or mailbox)


def subject_of(asked: Fields) -> Question:
    """Who asks with what, as far as the subject (and the context) say. BadRequest; NotKnown."""
    kind, named = entity(asked, "subject")
    properties, context = properties_of(asked, "subject"), object_in(asked, "context")
    certificate = fingerprint(properties)
    if kind == DEVICE:
        return Question(optional_text(properties, "user"), named, certificate)
    if kind == USER:
        device = optional_text(properties, "device") or optional_text(context, "device")
        return Question(named, device, certificate)
    raise NotKnown(f"decided here is for subject types {DEVICE} and {USER}")


def entity(asked: Fields, name: str, *needed: str) -> tuple[str, ...]:
    """The fields that a part of a request must have: those of ENTITIES, or these. BadRequest."""
    part = asked.get(name)
    if part is None:
        raise BadRequest(f"{name} is missing")
    if not isinstance(part, dict):
        raise BadRequest(f"{name} is not a JSON object")
    properties_of(asked, name)
    return tuple(_text(part, field, f"{name}.{field}") for field in needed or ENTITIES[name])


def properties_of(asked: Fields, name: str) -> Fields:
    """The properties of a part of a request; {} if it has none. BadRequest."""
    return object_in(asked[name], "properties", f"{name}.")


def object_in(around: Fields, name: str, where: str = "") -> Fields:
    """An object in another; {} if there is none. BadRequest."""
    found = around.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise BadRequest(f"{where}{name} is not a JSON object")
    return found


def optional_text(fields: Fields, name: str) -> str:
    """A text, "" if there is none. BadRequest."""
    return "" if fields.get(name) is None else _text(fields, name, name)


def _text(fields: Fields, name: str, called: str) -> str:
    found = fields.get(name)
    if found is None:
        raise BadRequest(f"{called} is missing")
    if not isinstance(found, str) or not found:
        raise BadRequest(f"{called} is not a text with something in it")
    if not found.isascii() and any(0xD800 <= ord(sign) <= 0xDFFF for sign in found):
        raise BadRequest(f"{called} holds half a character")
    return found


def fingerprint(properties: Fields) -> str:
    """The certificate of a device, however it is written (upper-case, with colons); "" if none is told. BadRequest."""
    written = optional_text(properties, "certificate")
    found = written.replace(":", "").lower()
    if written and not _FINGERPRINT.fullmatch(found):
        raise BadRequest("certificate is not the SHA-256 of a certificate in hex")
    return found
