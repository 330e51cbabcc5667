"""A verdict in words, for the person who reads it, and as data, for the script that does."""

from collections.abc import Callable
from typing import Final

from gatepost.core.fleet.finding import Finding
from gatepost.core.instant import NEVER, Instant
from gatepost.core.policy.verdict import Outcome, Reason, Verdict

_BECAUSE: Final = {
    Finding.PRESENT: "{app} was reported on it",
    Finding.NEVER: "nothing that was reported about it says whether {app} is on it",
    Finding.HIDDEN: "its reports cannot show whether {app} is on it",
    Finding.STALE: "the last report that {app} is not on it is too old",
    Finding.ABSENT: "{app} is not on it",
}

_REMEDY: Final = {
    Finding.PRESENT: "a report without {app}",
    Finding.NEVER: "a report, or a statement by its owner where the policy takes one, that {app} is not on it",
    Finding.HIDDEN: "a report that can show it, or a statement by its owner where the policy takes one, "
    "that {app} is not on it",
    Finding.STALE: "a fresh report, or a statement by its owner where the policy takes one, that {app} is not on it",
    Finding.ABSENT: "nothing more",
}


def sentence(verdict: Verdict, at: Instant, instant_text: Callable[[Instant], str]) -> str:
    """The verdict at an instant as one paragraph; see `sentences`."""
    return " ".join(sentences(verdict, at, instant_text))


def sentences(verdict: Verdict, at: Instant, instant_text: Callable[[Instant], str]) -> list[str]:
    """The verdict at an instant in plain English; `instant_text` writes an instant as its reader would.

    The first says whether mail may be opened; then every reason that counts has its own. Apps and policies are named by
    id, so this is for the person concerned and the help desk; a door tells nobody which app (I-37).
    """
    parts = [_OPENING[verdict.outcome].format(at=instant_text(at))]
    parts += [_reason(reason, instant_text) for reason in verdict.reasons]
    if verdict.outcome is not Outcome.ALLOW:
        parts.append("Mail that is already on the device stays there.")
    if verdict.valid_until != NEVER:
        parts.append(f"If nothing else changes, this answer stands until {instant_text(verdict.valid_until)}.")
    return parts


def first_contact(policy: str) -> str:
    """Why a policy does not keep a device from mail whose person was told, and which was at no door since."""
    return (
        f"Policy {policy} waits: this device was at no mail door since its owner was told. Its grace begins when it"
        " comes, and only after that it is kept from new mail."
    )


_OPENING: Final = {
    Outcome.ALLOW: "At {at} this device may open mail.",
    Outcome.WARN: "At {at} this device may open mail, but please read on.",
    Outcome.BLOCK: "At {at} this device cannot open new mail.",
}


def _reason(reason: Reason, instant_text: Callable[[Instant], str]) -> str:
    because = _BECAUSE[reason.finding].format(app=reason.app)
    remedy = _REMEDY[reason.finding].format(app=reason.app)
    if reason.outcome is Outcome.BLOCK:
        effect = f"it has kept this device from new mail since {instant_text(reason.effect_at)}; {remedy} lifts that"
    elif reason.effect_at != NEVER:
        effect = f"it will keep this device from new mail from {instant_text(reason.effect_at)}, unless {remedy} comes"
    elif reason.outcome is Outcome.WARN:
        effect = "it asks for a change, but as things stand it does not keep this device from mail"
    else:
        effect = "it only takes note of that"
    return f"Policy {reason.policy} (revision {reason.revision}) applies because {because}: {effect}."


def reasons_data(verdict: Verdict, instant_text: Callable[[Instant], str]) -> list[dict[str, str | int | None]]:
    """The reasons as JSON values, strictest first; `effect_at` is None where the policy does not block the device."""
    return [
        {
            "policy": reason.policy,
            "revision": reason.revision,
            "app": reason.app,
            "finding": reason.finding.word,
            "outcome": reason.outcome.word,
            "effect_at": None if reason.effect_at == NEVER else instant_text(reason.effect_at),
        }
        for reason in verdict.reasons
    ]
