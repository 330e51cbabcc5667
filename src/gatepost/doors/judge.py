"""What a door answers: from its copy, by what the site declared, in its mode, and everything while opened by hand.

Every way in (the check, a mail login, an evaluation, a session that is open) asks here, so they cannot differ (I-1).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from gatepost.core.instant import DAY, Duration
from gatepost.core.policy.policy import Cells
from gatepost.core.policy.verdict import Outcome
from gatepost.doors.activesync import login_candidates
from gatepost.doors.copy import Copy
from gatepost.doors.entry import (
    Mode,
    binds,
    certificate_key,
    device_of,
    fast_outcome,
    has_rules,
    identity_key,
    mode_key,
)
from gatepost.doors.table import SEAL

Choice = Literal["allow", "warn", "block", "undecided"]
Stance = Literal["observe", "enforce", "open"]
"""A door's mode; open, whatever its mode is, once somebody broke the glass."""

REASONS: Final = (
    "clear",
    "passed-on",
    "warned",
    "blocked",
    "unknown",
    "unidentified",
    "shared",
    "browser",
    "foreign",
    "mismatch",
    "no-copy",
    "expired",
    "error",
)
REASON: Final = {Outcome.ALLOW: "clear", Outcome.WARN: "warned", Outcome.BLOCK: "blocked"}
LETS_THROUGH: Final = frozenset({"allow", "warn"})
STRICTNESS: Final[Mapping[Choice, int]] = {"allow": 0, "warn": 1, "undecided": 2, "block": 3}


@dataclass(frozen=True, slots=True)
class DoorRules:
    """What the door does where the copy does not say (I-29). Answered as unidentified too: a foreign device, the id of
    a cloud cache (shared), and a certificate that contradicts what the request claims (mismatch).

    `mode`: the one to be in until the site names another. `plain_refusal_types`: device types, case-folded, that are
    refused as clients are that know no Status 129.
    """

    on_unknown: Literal["allow", "block"]
    on_unidentified: Literal["allow", "block"]
    on_no_copy: Literal["allow", "block", "undecided"] = "undecided"
    copy_expires_after: Duration = 7 * DAY
    mode: Mode = "observe"
    on_browser: Literal["allow", "block"] = "allow"
    plain_refusal_types: frozenset[str] = frozenset()

    def choice(self, reason: str) -> Choice:
        """What enforce mode answers for a reason."""
        match reason:
            case "blocked":
                return "block"
            case "warned":
                return "warn"
            case "unknown":
                return self.on_unknown
            case "unidentified" | "foreign" | "shared" | "mismatch":
                return self.on_unidentified
            case "browser":
                return self.on_browser
            case "no-copy" | "expired" | "error":
                return self.on_no_copy
            case _:
                return "allow"

    def answer(self, reason: str, stance: Stance) -> Choice:
        """What is answered in this stance: only enforce mode ever refuses."""
        would = self.choice(reason)
        return would if stance == "enforce" or would in LETS_THROUGH else "allow"


class Judge:
    """`opened`: somebody broke the glass at this door. `kept`: the mode that the copy said last, which holds without a
    copy; a door that never had one answers what the site declared. May be asked from any thread."""

    def __init__(self, copy: Copy, rules: DoorRules, door: str) -> None:
        self.copy, self.rules, self.door = copy, rules, door
        self.opened = False
        self.kept: Mode = "enforce"
        self._mode = mode_key(door)
        self._strictness = {reason: STRICTNESS[rules.choice(reason)] for reason in REASONS}

    def open(self, opened: bool) -> None:
        """Whether somebody has broken the glass."""
        self.opened = opened

    def stance(self) -> Stance:
        """How this door stands now."""
        if self.opened:
            return "open"
        return self.mode() or self.kept

    def mode(self) -> Mode | None:
        """The mode that the copy says; None without a copy."""
        reader = self.copy.reader
        if reader is None:
            return None
        record = reader.get(self._mode)
        if record is None:
            return self.rules.mode
        return "enforce" if record.startswith(b"enforce") else "observe"

    def reason(self, keys: Iterable[bytes], user: str | None, certificate: str = "", holds: str = "") -> str:
        """Why a user's device is answered as it is. `keys`: the mail identities that it claims; the others as in
        `recognise`."""
        reader = self.copy.reader
        if reader is None:
            return self.copy.why_not
        return self._weigh(keys, user, certificate, holds, reader.get, reader.effects)

    def answer(self, reason: str) -> Choice:
        """What is answered for a reason now."""
        return self.rules.answer(reason, self.stance())

    def recognise(
        self,
        device_ids: Iterable[str],
        user: str | None,
        certificate: str,
        holds: str,
        get: Callable[[bytes], bytes | None],
        effects: Mapping[int, Cells],
    ) -> str:
        """Why a device is answered as it is, by a verified certificate ahead of the ids that it claims: all as in
        activesync.Request. Of what is found the strictest counts, so that no claim makes an answer milder.

        A certificate that is known speaks for itself; the ids beside it must be its device's, or known to nobody. One
        that is in no inventory is an unknown device, whatever it claims.
        """
        keys = map(identity_key, device_ids)
        return self._weigh(keys, user, certificate, holds, get, effects)

    def _weigh(
        self,
        keys: Iterable[bytes],
        user: str | None,
        certificate: str,
        holds: str,
        get: Callable[[bytes], bytes | None],
        effects: Mapping[int, Cells],
    ) -> str:
        claims = [record for key in keys if (record := get(key))]
        own = get(certificate_key(certificate)) if certificate else None
        if own:
            reason = self._judge(own, user, effects)
            claims = [record for record in claims if device_of(record[:-SEAL]) != device_of(own[:-SEAL])]
            found = ["mismatch"] if claims else []
            found.append("mismatch" if reason == "foreign" else reason)
        else:
            found = [holds] if holds else []
            if certificate or not (claims or holds):
                found.insert(0, "unknown")
        found += [self._judge(record, user, effects) for record in claims]
        return self._strictest(found)

    def look_up(
        self, keys: Iterable[bytes], user: str, get: Callable[[bytes], bytes | None], effects: Mapping[int, Cells]
    ) -> str:
        """As `reason`, from a copy that is there."""
        found = [self._judge(record, user, effects) for key in keys if (record := get(key)) is not None]
        return self._strictest(found) if found else "unknown"

    def _strictest(self, reasons: Iterable[str]) -> str:
        return max(reasons, key=self._strictness.__getitem__)

    def _judge(self, record: bytes, user: str | None, effects: Mapping[int, Cells]) -> str:
        if user is not None and not binds(record, user.encode()) and not _binds_another_form(record, user):
            return "foreign"
        if not has_rules(record):
            return "clear"
        return REASON[fast_outcome(record, effects, self.copy.time.now())[0]]


def _binds_another_form(record: bytes, user: str) -> bool:
    return any(binds(record, login.encode()) for login in login_candidates(user)[1:])
