"""What stands in HAProxy's maps: the two levels again, cut so that HAProxy can decide by look-ups alone.

    devices.map   DEVICE CLASS|LOGIN|LOGIN...   every mail identity of the copy, as it was when the map was loaded;
                                                where the door takes certificates, |TAG behind it: which device it is
    recent.map    the same, or DEVICE -         what changed since; asked first
    answers.map   CLASS ANSWER|REASON|RANK      what is answered now; RANK: of several reasons the highest counts
                  REASON ANSWER|REASON|RANK     the same for what is no class: unknown, unidentified, ...
    door.map      stance, until, load           until: Unix seconds, from when on the others are too old to answer from;
                                                load: which load HAProxy has, - for what it read from its files

A CLASS stands for all devices whose rules amount to the same now: which rules, in which cells, and whether the device's
own instants are past. So a deadline, a pause, a retraction or an opening writes answers.map only, whose length does not
depend on devices; a device's own instant that passes writes that device. The name of a class says what it stands for,
so that maps which HAProxy read from its files go together with newer answers.

Ids and logins come from outside and are written into lines and commands (I-36). Whatever is not [a-z0-9._@+-] is
written as X and its hex, byte by byte. They are case-folded, so they hold no X of their own; and what HAProxy has
lower-cased equals no escape. ANY in the place of a login: a shared device, bound to nobody. A TAG is T and hex digits
in upper case, so no login equals it either.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple, TypeAlias

from gatepost.core.instant import NEVER, Instant
from gatepost.core.policy.policy import Cells
from gatepost.core.policy.verdict import Outcome
from gatepost.doors.entry import IDENTITY, device_of, has_rules, logins_of, times_of
from gatepost.doors.judge import REASON, REASONS, STRICTNESS, DoorRules, Stance

DEVICES: Final = "devices.map"
RECENT: Final = "recent.map"
ANSWERS: Final = "answers.map"
DOOR: Final = "door.map"
MAPS: Final = (DEVICES, RECENT, ANSWERS, DOOR)

GONE: Final = b"-"
"""In recent.map: devices.map has this device, and it is in the copy no more."""

CLEAR: Final = b"0"
"""The class of devices that no rule concerns."""

LONGEST_ROW: Final = 4000
"""Bytes: what a device with hundreds of logins has beyond is left out, so that these are foreign at this door."""

_CLASS: Final = re.compile(rb"[0-9]+\.[0-9]+[+-](?:,[0-9]+\.[0-9]+[+-])*")
_PART: Final = re.compile(rb"([0-9]+)\.([0-9]+)([+-])")
_PLAIN: Final = re.compile(rb"[a-z0-9._@+-]*")
_ODD: Final = re.compile(rb"[^a-z0-9._@+-]")
_PLAIN_LOGINS: Final = re.compile(rb"(?:\xff[a-z0-9._@+-]+)+\xff")

Part: TypeAlias = tuple[int, int, bool]
"""A rule that concerns a device by now: its number, the cell, and whether nothing of the device's own is in its way."""

Class: TypeAlias = tuple[Part, ...]
Rows: TypeAlias = dict[bytes, bytes]


class Device(NamedTuple):
    """A device in the maps. `until`: when the class changes by time alone; NEVER if it does not."""

    row: bytes
    name: bytes
    parts: Class
    until: Instant


def escaped(text: bytes) -> bytes:
    """A case-folded id or login as the maps have it."""
    if _PLAIN.fullmatch(text):
        return text
    return _ODD.sub(lambda found: b"X%02x" % found[0][0], text)


def device_key(key: bytes) -> bytes:
    """The maps' key of a mail identity of the copy. An id stands by itself; other kinds with theirs before it, which no
    id can imitate, since its colon is an escape in one."""
    return escaped(key[len(IDENTITY) :]) if key.startswith(IDENTITY) else key


def tag(record: bytes) -> bytes:
    """Of the device whose standing this is, nothing appended to it: equal for all its mail identities."""
    return b"|T" + hashlib.sha256(device_of(record)).hexdigest()[:16].upper().encode()


def device(record: bytes, now: Instant, tag: bytes = b"") -> Device:
    """What the maps have for a device, by its record in the copy."""
    if not has_rules(record):
        return Device(CLEAR + _logins(record) + tag, CLEAR, (), NEVER)
    until = NEVER
    parts = set()
    for rule, cell, counts_from, not_before in times_of(record):
        if now < counts_from:
            until = min(until, counts_from)
            continue
        ready = not_before <= now
        if not ready:
            until = min(until, not_before)
        parts.add((rule, cell, ready))
    of = tuple(sorted(parts))
    name = class_name(of)
    return Device(name + _logins(record) + tag, name, of, until)


def class_name(parts: Class) -> bytes:
    """Of those parts; the same in every door and at all times."""
    if not parts:
        return CLEAR
    return ",".join(f"{rule}.{cell}{'+' if ready else '-'}" for rule, cell, ready in parts).encode()


def class_named(name: bytes) -> Class | None:
    """The inverse of `class_name`; None: no class has this name."""
    if name == CLEAR:
        return ()
    if not _CLASS.fullmatch(name):
        return None
    parts = (_PART.fullmatch(part) for part in name.split(b","))
    return tuple((int(part[1]), int(part[2]), part[3] == b"+") for part in parts if part)


def class_outcome(parts: Class, effects: Mapping[int, Cells], now: Instant) -> tuple[Outcome, Instant]:
    """What a class is answered, and until when if nothing but time passes; `effects`: as `effects_of` gives them."""
    outcome, until = Outcome.ALLOW, NEVER
    for rule, cell, ready in parts:
        cells = effects.get(rule)
        if cells is None:
            continue
        if not ready:
            outcome = Outcome.WARN
        elif cells[cell] <= now:
            return Outcome.BLOCK, NEVER
        else:
            outcome, until = Outcome.WARN, min(until, cells[cell])
    return outcome, until


def answers(
    classes: Mapping[bytes, Class], effects: Mapping[int, Cells], rules: DoorRules, stance: Stance, now: Instant
) -> tuple[Rows, Instant]:
    """The rows of answers.map, and the first instant at which time alone changes one."""
    rows = {reason.encode(): _answer(reason, rules, stance) for reason in REASONS}
    first = NEVER
    for name, parts in classes.items():
        outcome, until = class_outcome(parts, effects, now)
        rows[name] = rows[REASON[outcome].encode()]
        first = min(first, until)
    return rows, first


def _answer(reason: str, rules: DoorRules, stance: Stance) -> bytes:
    return f"{rules.answer(reason, stance)}|{reason}|{STRICTNESS[rules.choice(reason)]}".encode()


def _logins(record: bytes) -> bytes:
    logins = logins_of(record)
    if not logins:
        return b"|ANY"
    if len(logins) <= LONGEST_ROW and _PLAIN_LOGINS.fullmatch(logins):
        return logins[:-1].replace(b"\xff", b"|")
    named = b"".join(b"|" + escaped(login) for login in logins[1:-1].split(b"\xff"))
    return named if len(named) <= LONGEST_ROW else named[: named.rindex(b"|", 0, LONGEST_ROW)]


def lines(rows: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Rows as HAProxy reads them, in a file and in a command."""
    return b"".join([b"%b %b\n" % row for row in rows])
