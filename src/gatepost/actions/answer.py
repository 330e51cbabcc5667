"""What `decide` found, in words: the command and the help desk's page say the same."""

from collections.abc import Callable
from typing import Final, NamedTuple

from gatepost.actions.decide import Decided
from gatepost.actions.let_in import LetIn
from gatepost.core.instant import Instant
from gatepost.core.policy.explain import first_contact, sentences

Say = Callable[[Instant], str]
"""Writes an instant as its reader would."""

_BY_RULE: Final = {
    "unknown": "No inventory knows the device; the site's door.on_unknown says: {word}.",
    "unidentified": "No device is named; the site's door.on_unidentified says: {word}.",
    "foreign": "The device is somebody else's, so it counts as unidentified; door.on_unidentified says: {word}.",
}

_LET_IN: Final = {
    "except": "its own `except` names this person or this device",
    "waiver": "waiver {name} holds until {until}",
    "attestation": "the owner's statement {name} that {app} is not on it holds until {until}",
}


class Answer(NamedTuple):
    """`verdict`: whether mail may be opened, then why. `besides`: what keeps policies from counting that else would."""

    verdict: tuple[str, ...]
    besides: tuple[str, ...]


def answer(done: Decided, say: Say) -> Answer:
    """Sentence by sentence, in English."""
    if done.recognised in _BY_RULE:
        return Answer((_BY_RULE[done.recognised].format(word=done.verdict.outcome.word),), ())
    waits = map(first_contact, done.waits_for_contact)
    exempt = (_let_in(found, say) for found in done.let_in)
    return Answer(tuple(sentences(done.verdict, done.at, say)), (*waits, *exempt))


def _let_in(found: LetIn, say: Say) -> str:
    until = None if found.until is None else say(found.until)
    because = _LET_IN[found.by].format(name=found.name, app=found.app, until=until)
    return f"Policy {found.policy} (revision {found.revision}) lets it in: {because}."
