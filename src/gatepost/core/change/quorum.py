"""The quorum: who may say yes to a proposal, and whether enough people have (I-12, I-14)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gatepost.core.refusal import Code, Refusal


@dataclass(frozen=True, slots=True)
class Owed:
    """A role or a key, and to which ledger entry it is owed, and to whom: `line` is who granted it, whoever had made
    them an administrator by then, and so on. It ends at those whom the first administrator made administrators before
    anything was proposed: else an author who founded the site would never find anybody to approve."""

    line: tuple[str, ...]
    entry: int


@dataclass(frozen=True, slots=True)
class Voice:
    """One person's yes in one role. `role` and `key`: what they are owed to; None if no longer held.

    `key_needed`: false in an exercise, where `--as` stands for a signature.
    """

    person: str
    role: str
    role_owed: Owed | None
    key_owed: Owed | None
    key_needed: bool = True


def fault(voice: Voice, author: str, proposed_entry: int) -> Refusal | None:
    """Why this voice does not count for a proposal; None if it does.

    Nobody approves what they wrote, nor by a role or a key that they owe to the author, through however many hands, or
    got after the proposal.
    """
    if voice.person == author:
        return Refusal(Code.AUTHOR_APPROVES, "The author of a proposal cannot approve it; somebody else has to.")
    if voice.role_owed is None:
        return Refusal(Code.ROLE_MISSING, f"This needs the role approver:{voice.role}; an administrator can grant it.")
    if voice.key_needed and voice.key_owed is None:
        return Refusal(Code.KEY_UNKNOWN, "The signing key is not recorded; an administrator adds it with `key add`.")
    for what, owed in (("role", voice.role_owed), ("key", voice.key_owed if voice.key_needed else None)):
        if owed is None:
            continue
        if author in owed.line:
            through = "" if owed.line[0] == author else ", or by an administrator whom the author had made"
            return Refusal(
                Code.OWES_AUTHOR,
                f"The approver's {what} was granted by the author of the proposal{through}; somebody else has to "
                "approve, or another administrator has to grant it before a new proposal.",
            )
        if owed.entry > proposed_entry:
            return Refusal(
                Code.GRANTED_TOO_LATE,
                f"The approver's {what} was granted after the proposal; withdraw it and propose again.",
            )
    return None


def missing(asked: Mapping[str, int], voices: Iterable[Voice], author: str, proposed_entry: int) -> dict[str, int]:
    """How many approvals of which role are still missing; empty if the quorum stands. Each person counts once."""
    return lacking(asked, given(voices, author, proposed_entry))


def given(voices: Iterable[Voice], author: str, proposed_entry: int) -> dict[str, str]:
    """The people whose voices count, each with the role."""
    return {voice.person: voice.role for voice in voices if fault(voice, author, proposed_entry) is None}


def lacking(asked: Mapping[str, int], roles: Mapping[str, str]) -> dict[str, int]:
    """How many approvals of which role these people, each in one role, leave open."""
    counts = Counter(roles.values())
    return {role: number - counts[role] for role, number in sorted(asked.items()) if counts[role] < number}


def in_words(lacking: Mapping[str, int]) -> str:
    """`2 of security, 1 of legal`."""
    return ", ".join(f"{number} of {role}" for role, number in lacking.items())
