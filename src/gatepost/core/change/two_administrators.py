"""Two administrators: where there are two with a key, neither of them makes or unmakes alone whom a quorum rests on.

What one of them gives or takes away waits until two have signed it. Everything here follows from entries of the ledger
alone, their instants included, so that the stand-alone verifier judges as the site does.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import Final

from gatepost.core.instant import DAY, Duration, Instant
from gatepost.core.refusal import Code, Refusal

ADMIN: Final = "admin"
APPROVER: Final = "approver:"

NEEDED: Final = 2
"""So many administrators have to sign."""

LEFT_AFTER: Final[Duration] = 14 * DAY
"""An administrator who has left counts for so long: whoever imports people makes nobody alone before others notice."""


class Act(StrEnum):
    """What can wait."""

    ROLE_GRANTED = "role_granted"
    ROLE_REVOKED = "role_revoked"
    KEY_ADDED = "key_added"
    KEY_REVOKED = "key_revoked"


@dataclass(frozen=True, slots=True)
class Administrator:
    """Who holds the role, as it counts at some entry.

    `since`: the entry by which it came to count. `keys`: fingerprints, each with the same of the key. `left_at`: since
    when they are recorded to have left, None if they work here.
    """

    person: str
    since: int
    keys: Mapping[str, int]
    left_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody gave or took away. `entry`: where that stands. `person`: whose role or key it is. `name`: the role,
    or the key's fingerprint."""

    entry: int
    act: Act
    person: str
    name: str


@dataclass(frozen=True, slots=True)
class Yes:
    """An administrator's signed yes. `fingerprint`: of the key; "" in an exercise, where `--as` stands for it."""

    person: str
    fingerprint: str


def weighs(act: Act, name: str, *, of_administrator: bool) -> bool:
    """Whether a quorum can rest on it. `of_administrator`: whether whose role or key it is administers now.

    Taking away what only approves makes nobody stronger, and must never have to wait.
    """
    if act is Act.ROLE_GRANTED:
        return name == ADMIN or name.startswith(APPROVER)
    if act is Act.ROLE_REVOKED:
        return name == ADMIN
    return act is Act.KEY_ADDED or of_administrator


def in_office(administrators: Iterable[Administrator], at: Instant) -> frozenset[str]:
    """Who has a key, and has not left, or not for long."""
    return frozenset(
        one.person for one in administrators if one.keys and (one.left_at is None or at - one.left_at < LEFT_AFTER)
    )


def waits(act: Act, person: str, name: str, administrators: Collection[Administrator], at: Instant) -> bool:
    """Whether it counts only once two have signed it."""
    administers = any(one.person == person for one in administrators)
    return weighs(act, name, of_administrator=administers) and len(in_office(administrators, at)) >= NEEDED


def fault(yes: Yes, asked: Asked, administrators: Iterable[Administrator], *, waiting: bool) -> Refusal | None:
    """Why this yes does not count; None if it does. `waiting`: it does not count yet, so that nobody may say yes who
    became an administrator, or got the key, only after it was asked."""
    who = next((one for one in administrators if one.person == yes.person), None)
    if who is None:
        return Refusal(Code.ROLE_MISSING, "An administrator confirms it, and this person is none.")
    if asked.act is Act.ROLE_GRANTED and asked.person == yes.person:
        return Refusal(Code.SELF_GRANT, "Nobody confirms a role of their own; another administrator has to.")
    if yes.fingerprint and yes.fingerprint not in who.keys:
        return Refusal(Code.KEY_UNKNOWN, "The key is not recorded for this person, or waits to be confirmed itself.")
    if waiting and max(who.since, who.keys.get(yes.fingerprint, 0)) > asked.entry:
        return Refusal(
            Code.GRANTED_TOO_LATE,
            "It was asked before this person was an administrator with that key; it has to be asked anew.",
        )
    return None


def counting(given: Iterable[Yes], administrators: Iterable[Administrator]) -> tuple[str, ...]:
    """Those whose yes, once good, still stands: they administer now, and have the key. Each once."""
    keys = {one.person: one.keys for one in administrators}
    stand = (yes for yes in given if yes.person in keys)
    good = (yes.person for yes in stand if not yes.fingerprint or yes.fingerprint in keys[yes.person])
    return tuple(dict.fromkeys(good))


def confirmed(given: Iterable[Yes], administrators: Collection[Administrator]) -> bool:
    """Whether enough administrators stand behind it."""
    return len(counting(given, administrators)) >= NEEDED


def alone(asked: Mapping[str, int], seats: Mapping[str, Iterable[frozenset[str]]]) -> tuple[str, ...]:
    """Who could have made a whole quorum of their own: administrators on whom enough people rest in each role asked.

    `seats`: for each role, of every holder, on whom alone both role and key rest (see `rests_on`).
    """
    counts = [(number, Counter(chain.from_iterable(seats.get(role, ())))) for role, number in asked.items()]
    everybody = {who for _, by_who in counts for who in by_who}
    return tuple(sorted(who for who in everybody if all(by_who[who] >= number for number, by_who in counts)))


def rests_on(line: Iterable[str], confirmed_by: Collection[str]) -> frozenset[str]:
    """Whoever could have made this role or key without anybody else; nobody, once two have signed it. `line`: as of
    Owed (quorum.py)."""
    return frozenset() if len(confirmed_by) >= NEEDED else frozenset(line)
