"""gatepost decide: the verdict on one device, as its door would give it."""

from gatepost.actions.decide import Decided, look_up
from gatepost.actions.let_in import LetIn
from gatepost.cli.output import Exit
from gatepost.cli.session import Given, instant
from gatepost.core.instant import NEVER
from gatepost.core.policy.explain import first_contact, reasons_data, sentence
from gatepost.core.policy.verdict import Outcome
from gatepost.documents.deadline import instant_text

_CODES = {Outcome.ALLOW: Exit.DONE, Outcome.WARN: Exit.WARN, Outcome.BLOCK: Exit.BLOCK}

_BY_RULE = {
    "unknown": "No inventory knows the device; the site's door.on_unknown says: {word}.",
    "unidentified": "No device is named; the site's door.on_unidentified says: {word}.",
    "foreign": "The device is somebody else's, so it counts as unidentified; door.on_unidentified says: {word}.",
}


def command(*, user: str, device: str | None = None, at: str | None = None, purpose: str = "", session: Given) -> int:
    """The verdict on one device at an instant, with its reasons. Ends with 0 for allow, 10 for warn, 11 for block.

    Somebody else's device is looked at by the help desk, for a purpose, and the look is recorded.

    Parameters
    ----------
    user
        The login that the mail server sees.
    device
        The device's id in the inventory, or its ActiveSync id.
    at
        The instant asked about, such as 2020-07-11T00:00, in the site's own time zone unless it names one; else now.
    purpose
        Why somebody else's device is looked at.
    """
    return session.act(
        lambda site: look_up(site, session.by, user, device, instant(site, at, "--at") if at else None, purpose),
        _said,
        _data,
        lambda done: _CODES[done.verdict.outcome],
    )


def _data(done: Decided) -> object:
    verdict = done.verdict
    return {
        "verdict": verdict.outcome.word,
        "reasons": reasons_data(verdict, instant_text),
        "at": instant_text(done.at),
        "valid_until": _text(verdict.valid_until),
        "reported_at": None if verdict.reported_at is None else instant_text(verdict.reported_at),
        "position": verdict.position,
        "recognised": done.recognised,
        "waits_for_contact": list(done.waits_for_contact),
        "let_in": [found._asdict() | {"until": _end(found.until)} for found in done.let_in],
        "user": done.user,
        "device": done.device,
        "sentence": " ".join(_said(done)),
    }


def _text(at: int) -> str | None:
    return None if at == NEVER else instant_text(at)


def _end(at: int | None) -> str | None:
    return None if at is None else instant_text(at)


_LET_IN = {
    "except": "its own `except` names this person or this device",
    "waiver": "waiver {name} holds until {until}",
    "attestation": "the owner's statement {name} that {app} is not on it holds until {until}",
}


def _let_in(found: LetIn) -> str:
    because = _LET_IN[found.by].format(name=found.name, app=found.app, until=_end(found.until))
    return f"Policy {found.policy} (revision {found.revision}) lets it in: {because}."


def _said(done: Decided) -> list[str]:
    if done.recognised in _BY_RULE:
        return [_BY_RULE[done.recognised].format(word=done.verdict.outcome.word)]
    return [
        sentence(done.verdict, done.at, instant_text),
        *map(first_contact, done.waits_for_contact),
        *map(_let_in, done.let_in),
    ]
