"""The bytes of the two levels: what the change stream carries and the door's copy holds.

Little-endian, a version byte first. A standing is laid out for the request path: `fast_outcome` and `binds` decide
from the bytes alone, because building the objects costs several times the look-up. A reader must ignore what follows
the layout, so that a store may append a checksum.

    standing   version u8, 0 u8, number of rules u16, length of the logins u16, reported_at i64 (-1: never),
               the logins, the rules, the device's ref (UTF-8, to the end)
    rule       rule u32, cell u16, app u16, finding u8, counts_from i64, not_before i64
    logins     ff LOGIN ff LOGIN ... ff, or nothing (ff never occurs in UTF-8, so no login can imitate two)
    secret     version u8, length of the salt u8, length of the label u8, 0 u8, the digest (32 bytes), the salt,
               the label (UTF-8)
    mode       observe or enforce (ASCII)
    erasures   how many there were (ASCII digits): a door that reads it writes anew what it keeps on its disk
    state      version u8, flags u8 (1 counts, 2 held), consequence u8, revision u32, number of effects u16,
               number of apps u16, the effects i64, then policy and apps, each with its length u16
"""

import hashlib
import struct
from collections.abc import Iterator, Mapping
from typing import Final, Literal, NamedTuple, get_args

from gatepost.core.fleet.finding import Finding
from gatepost.core.instant import NEVER, Instant
from gatepost.core.policy.policy import Cells, Consequence
from gatepost.core.policy.verdict import DueRule, Outcome, RuleState, Standing

VERSION: Final = 1
IDENTITY: Final = b"e:"
CERTIFICATE: Final = b"c:"
PASSWORD: Final = b"p:"
"""Three kinds of mail identities, under each of which a standing is kept."""
RULE: Final = b"r:"
SECRET: Final = b"h:"
MODE: Final = b"m:"
ERASURE: Final = b"x:"
ERASURE_KEY: Final = b"x:erasures"
LONGEST_ID: Final = 400
"""Bytes; longer ids are hashed, because a key of the copy holds at most 511."""

_STANDING: Final = struct.Struct("<BxHHq")
_RULE: Final = struct.Struct("<IHHBqq")
_TIMES: Final = struct.Struct("<IHxxxqq")
"""A rule again, without what a decision does not need."""
_STATE: Final = struct.Struct("<BBBIHH")
_SECRET: Final = struct.Struct("<BBBx32s")
_DIGEST_SIZE: Final = 32
_NOT_REPORTED: Final = -1
_BETWEEN: Final = b"\xff"
_LOGINS_AT: Final = _STANDING.size
_new: Final = tuple.__new__
"""Half of what a NamedTuple's own constructor takes."""

_ALLOW, _WARN = Outcome.ALLOW, Outcome.WARN
_REPORT, _BLOCKS = Consequence.REPORT, Consequence.BLOCK
_FINDINGS: Final = {finding.value: finding for finding in Finding}
_CLEAR: Final = (Outcome.ALLOW, NEVER)
_BLOCKED: Final = (Outcome.BLOCK, NEVER)


Mode = Literal["observe", "enforce"]


class Secret(NamedTuple):
    """What a device password is checked by: `digest` is SHA-256 over salt and secret part. `label`: how the mail
    server names sessions that it opened (login+label)."""

    salt: bytes
    digest: bytes
    label: str


class Batch(NamedTuple):
    """What the change stream holds after some position, or one page of it.

    `position`: of the last entry. `server_now`, `clock_offset`: the site's clock when the batch was read (the offset
    is 0 but in an exercise). `entries`: key to encoded value, None for a deletion. A batch without entries says that
    there is nothing more, and tells the clock. `gone_until`: deletions up to this position are not told any more.
    """

    site: str
    position: int
    server_now: Instant
    clock_offset: int
    entries: tuple[tuple[bytes, bytes | None], ...]
    gone_until: int = 0


def identity_key(eas_id: str) -> bytes:
    """The key of a mail identity: case-folded; total, also for ids that are not Unicode text."""
    text = eas_id.casefold().encode("utf-8", "surrogatepass")
    if len(text) > LONGEST_ID:
        text = _BETWEEN + hashlib.sha256(text).digest()
    return IDENTITY + text


def certificate_key(fingerprint: str) -> bytes:
    """The key of a client certificate, by the lower-case hex of its SHA-256."""
    return CERTIFICATE + fingerprint.encode("ascii")


def password_key(selector: str) -> bytes:
    """The key of the standing of the device that a device password belongs to, by the password's public part."""
    return PASSWORD + selector.encode("ascii")


def secret_key(selector: str) -> bytes:
    """The key of what a device password is checked by."""
    return SECRET + selector.encode("ascii")


def mode_key(door: str) -> bytes:
    """The key of a door's mode, by the door's name."""
    return MODE + door.encode("ascii")


def rule_key(rule: int) -> bytes:
    """The key of a policy revision's state, by its number."""
    return RULE + str(rule).encode("ascii")


def encode_standing(standing: Standing) -> bytes:
    """Level 1 of one device. struct.error: a number beyond its field."""
    logins = b"".join(_BETWEEN + _text(login) for login in standing.logins)
    if logins:
        logins += _BETWEEN
    reported_at = _NOT_REPORTED if standing.reported_at is None else standing.reported_at
    head = _STANDING.pack(VERSION, len(standing.rules), len(logins), reported_at)
    rules = b"".join(_RULE.pack(*due) for due in standing.rules)
    return head + logins + rules + _text(standing.device)


def decode_standing(value: bytes) -> Standing:
    """The inverse of `encode_standing`. ValueError: not such bytes."""
    try:
        version, count, length, reported_at = _STANDING.unpack_from(value)
        if version != VERSION:
            raise _of_another_release(version)
        rules_at = _LOGINS_AT + length
        device_at = rules_at + count * _RULE.size
        rules: tuple[DueRule, ...] = ()
        if count:
            rules = tuple(
                [
                    _new(DueRule, (rule, cell, app, _FINDINGS[finding], counts_from, not_before))
                    for rule, cell, app, finding, counts_from, not_before in _RULE.iter_unpack(
                        value[rules_at:device_at]
                    )
                ]
            )
            if len(rules) != count:
                raise ValueError("the rules are cut")
        logins = _split_logins(value[_LOGINS_AT:rules_at], length)
        device = value[device_at:].decode("utf-8", "surrogatepass")
    except (struct.error, KeyError) as error:
        raise ValueError(f"not a standing: {error}") from error
    return _new(Standing, (device, logins, None if reported_at == _NOT_REPORTED else reported_at, rules))


def _split_logins(part: bytes, length: int) -> tuple[str, ...]:
    if not length:
        return ()
    if len(part) != length or length < 2 or not part[0] == part[-1] == _BETWEEN[0]:
        raise ValueError("the logins are cut")
    inner = part[1:-1]
    if _BETWEEN not in inner:
        return (inner.decode("utf-8", "surrogatepass"),)
    return tuple([login.decode("utf-8", "surrogatepass") for login in inner.split(_BETWEEN)])


def encode_state(state: RuleState) -> bytes:
    """Level 2 of one policy revision. struct.error: a number beyond its field."""
    flags = state.counts | state.held << 1
    head = _STATE.pack(VERSION, flags, state.consequence, state.revision, len(state.effects), len(state.apps))
    texts = b"".join(struct.pack("<H", len(text)) + text for text in map(_text, (state.policy, *state.apps)))
    return head + struct.pack(f"<{len(state.effects)}q", *state.effects) + texts


def decode_state(value: bytes) -> RuleState:
    """The inverse of `encode_state`. ValueError: not such bytes."""
    try:
        version, flags, consequence, revision, cells, count = _STATE.unpack_from(value)
        if version != VERSION:
            raise _of_another_release(version)
        effects = struct.unpack_from(f"<{cells}q", value, _STATE.size)
        policy, *apps = _texts(value, _STATE.size + 8 * cells, 1 + count)
    except struct.error as error:
        raise ValueError(f"not a rule's state: {error}") from error
    if flags > 3:
        raise ValueError(f"flags {flags} in a rule's state are not known")
    return RuleState(policy, revision, bool(flags & 1), bool(flags & 2), Consequence(consequence), tuple(apps), effects)


def _texts(value: bytes, at: int, count: int) -> list[str]:
    """So many texts, each with its length before it, up to the end."""
    texts = []
    for _ in range(count):
        (length,) = struct.unpack_from("<H", value, at)
        at += 2 + length
        texts.append(value[at - length : at].decode("utf-8", "surrogatepass"))
    if at != len(value):
        raise ValueError("a rule's state has the wrong length")
    return texts


def _of_another_release(version: int) -> ValueError:
    return ValueError(f"an entry has version {version} and this door reads {VERSION}: install the site's release here")


def _text(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def encode_secret(secret: Secret) -> bytes:
    """struct.error, ValueError: a part beyond its field."""
    label = _text(secret.label)
    if len(secret.digest) != _DIGEST_SIZE:
        raise ValueError("a secret's digest is not SHA-256")
    return _SECRET.pack(VERSION, len(secret.salt), len(label), secret.digest) + secret.salt + label


def decode_secret(value: bytes) -> Secret:
    """The inverse of `encode_secret`. ValueError: not such bytes."""
    try:
        version, salt, label, digest = _SECRET.unpack_from(value)
    except struct.error as error:
        raise ValueError(f"not a secret: {error}") from error
    if version != VERSION:
        raise _of_another_release(version)
    label_at = _SECRET.size + salt
    if len(value) != label_at + label:
        raise ValueError("a secret has the wrong length")
    return Secret(value[_SECRET.size : label_at], digest, value[label_at:].decode("utf-8", "surrogatepass"))


def decode_mode(value: bytes) -> Mode:
    """ValueError: no such mode."""
    mode = value.decode("ascii", "replace")
    for known in get_args(Mode):
        if mode == known:
            return known  # type: ignore[no-any-return] # get_args forgets what the arguments are
    raise ValueError(f"a door has no mode {mode!r}")


def encode_erasure(number: int) -> bytes:
    return str(number).encode("ascii")


def decode_erasure(value: bytes) -> int:
    """ValueError: no number."""
    if not value.isdigit():
        raise ValueError("the number of erasures is none")
    return int(value)


def effects_of(states: Mapping[int, RuleState]) -> dict[int, Cells]:
    """Level 2 as a request reads it: of each rule that can change a verdict, from when it blocks in each cell.

    NEVER where it does not block but warns.
    """
    return {
        rule: state.effects if state.consequence is _BLOCKS and not state.held else (NEVER,) * len(state.effects)
        for rule, state in states.items()
        if state.counts and state.consequence is not _REPORT
    }


def fast_outcome(value: bytes, effects: Mapping[int, Cells], at: Instant) -> tuple[Outcome, Instant]:
    """What `outcome_at` says of the standing in these bytes (I-1), without building it. Most devices have no rule.

    `effects`: as `effects_of` gives them.
    """
    if not (value[2] or value[3]):
        return _CLEAR
    outcome = _ALLOW
    until = NEVER
    start = _LOGINS_AT + (value[4] | value[5] << 8)
    end = start + (value[2] | value[3] << 8) * _RULE.size
    while start < end:
        rule, cell, counts_from, effect = _TIMES.unpack_from(value, start)
        start += _RULE.size
        cells = effects.get(rule)
        if cells is None:
            continue
        if at < counts_from:
            if counts_from < until:
                until = counts_from
            continue
        # Of the three instants that `effect_of` takes the latest of, `counts_from` is past and makes no difference.
        if cells[cell] > effect:
            effect = cells[cell]
        if effect <= at:
            return _BLOCKED
        outcome = _WARN
        if effect < until:
            until = effect
    return outcome, until


def times_of(value: bytes) -> Iterator[tuple[int, int, Instant, Instant]]:
    """Of each rule that concerns this device: rule, cell, counts_from, not_before."""
    start = _LOGINS_AT + (value[4] | value[5] << 8)
    return _TIMES.iter_unpack(value[start : start + (value[2] | value[3] << 8) * _RULE.size])


def has_rules(value: bytes) -> bool:
    """Whether any rule concerns this device; if none does, no time and no state needs to be looked at."""
    return value[2] > 0 or value[3] > 0


def device_of(value: bytes) -> bytes:
    """The ref (UTF-8) of the device whose standing this is, nothing appended to it."""
    return value[_LOGINS_AT + (value[4] | value[5] << 8) + (value[2] | value[3] << 8) * _RULE.size :]


def binds(value: bytes, login: bytes) -> bool:
    """Whether this standing may be used by a login (case-folded UTF-8). A shared device is bound to nobody."""
    return not (value[4] or value[5]) or names(value, login)


def logins_of(value: bytes) -> bytes:
    """The logins of a standing as they are laid out; nothing for a shared device."""
    return value[_LOGINS_AT : _LOGINS_AT + (value[4] | value[5] << 8)]


def names(value: bytes, login: bytes) -> bool:
    """Whether this standing names the login among its own."""
    return value.find(_BETWEEN + login + _BETWEEN, _LOGINS_AT, _LOGINS_AT + (value[4] | value[5] << 8)) >= 0
