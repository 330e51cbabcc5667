"""An ActiveSync request: who asks, with which device, for which command. Never raises, whatever the bytes (I-30).

Servers differ in how they read a query: SOGo reads what follows the last question mark, ignores the case of names,
takes the first of two, and decodes no value; others read from the first, decode, and take the last. A request that two
servers could read differently is therefore unidentified, not guessed at. The user comes from the credentials, because
servers ignore `User=`. Credentials are never kept or logged.
"""

import binascii
import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, TypeAlias
from urllib.parse import unquote_to_bytes

OTHER: Final = "other"
"""Stands for every command that is not in the closed list."""

_CODES: Final[Mapping[int, str]] = {
    0: "Sync",
    1: "SendMail",
    2: "SmartForward",
    3: "SmartReply",
    4: "GetAttachment",
    9: "FolderSync",
    10: "FolderCreate",
    11: "FolderDelete",
    12: "FolderUpdate",
    13: "MoveItems",
    14: "GetItemEstimate",
    15: "MeetingResponse",
    16: "Search",
    17: "Settings",
    18: "Ping",
    19: "ItemOperations",
    20: "Provision",
    21: "ResolveRecipients",
    22: "ValidateCert",
    23: "Find",
}
"""MS-ASHTTP 2.2.1.1.1.1.2."""

COMMANDS: Final = frozenset(_CODES.values())
_COMMANDS: Final = {name.lower().encode(): name for name in COMMANDS}

REFUSAL_129: Final[Mapping[str, bytes]] = {
    "Sync": bytes.fromhex("03016a00454e03313239000101"),
    "FolderSync": bytes.fromhex("03016a000007564c03313239000101"),
    "Ping": bytes.fromhex("03016a00000d454703313239000101"),
    "Provision": bytes.fromhex("03016a00000e454b03313239000101"),
}
"""Commands for which a client of 14.0 or later understands "access denied" in a body: Status 129 under the command's
root, WBXML 1.3 without a string table (MS-ASCMD 2.2.2). Every other refusal is a plain HTTP 403."""

_PARAMETERS: Final = frozenset(
    b"cmd user deviceid devicetype attachmentname collectionid collectionname itemid longid parentid occurrence"
    b" saveinsent options".split()
)
USUAL: Final = re.compile(
    rb"[^?#%]*\?(Cmd=[A-Za-z]+&)?User=[^&;?#]*&DeviceId=([A-Za-z0-9]{1,64})&DeviceType=([A-Za-z0-9]*)"
    rb"(?(1)|&Cmd=[A-Za-z]+)"
)
"""How Android's and Apple's mail clients write the plain query, with `Cmd` first or last: `parse` finds the one device
that the second group names, of the type that the third does."""
LONGEST_TARGET: Final = 8192
"""Bytes; proxies take no longer request line."""
_TWO_PARTS: Final = re.compile(rb"[?#]|;[^&=;]*=")
_HIDDEN_MARK: Final = re.compile(rb"#|%3f|%23", re.IGNORECASE)
_NAME: Final = re.compile(rb"[a-z0-9_.-]+")
_PROTOCOL: Final = re.compile(rb"\d{1,2}\.\d")
_UNFIT_FOR_ID: Final = re.compile(r"[\x00-\x1f\x7f&=;?#%+]")
_NOT_BASE64: Final = re.compile(rb"[^A-Za-z0-9+/]")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class Request(NamedTuple):
    """An identified request.

    `user`: case-folded, with its domain if it came with one; None: whoever the certificate's device belongs to, because
    nobody else is named. `device_ids`: the names under which servers may know the device. `command`: of COMMANDS, or
    OTHER. `protocol`: such as "14.1", "" if not told. `form`: plain, base64 or web. `device_type`: as the client says,
    "" if it does not. `certificate`: the lower-case hex of the SHA-256 of the one that was verified, "" if none was.
    `holds`: a reason that holds whatever is known of the device, "" if there is none.
    """

    user: str | None
    device_ids: tuple[str, ...]
    command: str
    protocol: str
    form: str
    device_type: str = ""
    certificate: str = ""
    holds: str = ""


class Unidentified(NamedTuple):
    """A request that names no user or no device, or cannot be read in one way only."""

    reason: str
    command: str = OTHER
    protocol: str = ""


class PassOn(NamedTuple):
    """A request that the mail server answers by itself: it opens no mail."""

    reason: str


Parsed: TypeAlias = Request | Unidentified | PassOn
Who: TypeAlias = str | Unidentified | PassOn | None
"""A user, as in Request, or why there is none."""


def basic_user(authorization: bytes | None) -> str | Unidentified | PassOn:
    """The user of Basic credentials (RFC 7617), in UTF-8 or, failing that, Latin-1; case-folded.

    What no server can read is passed on, so that it answers 401. What a lenient server might read, or another scheme,
    is unidentified: otherwise a blocked phone would only have to write its credentials differently.
    """
    if not authorization:
        return PassOn("no credentials")
    if authorization[:6].lower() != b"basic ":
        return Unidentified("credentials of another scheme than Basic")
    try:
        pair = binascii.a2b_base64(authorization[6:], strict_mode=True)
    except binascii.Error:
        token = authorization[6:].strip(b" \t=")
        pair = _decoded(token) if not _NOT_BASE64.search(token) else b""
        if not pair:
            guess = _decoded(_NOT_BASE64.sub(b"", token))
            return Unidentified("malformed credentials") if b":" in guess else PassOn("unreadable credentials")
    name, colon, _ = pair.partition(b":")
    if not colon:
        return PassOn("unreadable credentials")
    return user_named(name)


def user_named(name: bytes) -> str | Unidentified:
    """A user's name as it was sent, case-folded."""
    try:
        user = name.decode()
    except UnicodeDecodeError:
        user = name.decode("latin-1")
    if not user.isprintable() and _CONTROL.search(user):
        return Unidentified("control characters in the user's name")
    return user.casefold() if user else Unidentified("no user")


def parse(
    method: bytes,
    uri: bytes,
    authorization: bytes | None,
    version: bytes | None,
    who: Callable[[bytes | None], Who] = basic_user,
) -> Parsed:
    """Read a request: its method, its target as the client sent it, and the values of two headers.

    `version` is MS-ASProtocolVersion (MS-ASHTTP 2.2.1.1.2.4). In the base64 form the version is in the query. `who`
    finds the user.
    """
    # Not POST alone: SOGo carries out a command whatever the method is, so a GET would be a way around the door.
    if method.upper() == b"OPTIONS":
        return PassOn("OPTIONS opens no mail")
    user = who(authorization)
    if isinstance(user, Unidentified | PassOn):
        return user
    path, _, query = uri.partition(b"?")
    protocol = _protocol(version)
    if len(uri) > LONGEST_TARGET:
        return Unidentified("a target that is too long", protocol=protocol)
    if _TWO_PARTS.search(query) or _HIDDEN_MARK.search(path):
        return Unidentified("a target that can be parted in two ways", protocol=protocol)
    if b"&" in query or b"=" in query.rstrip(b"="):
        return _plain(query, user, protocol)
    return _base64(query, user, protocol)


def login_candidates(user: str) -> tuple[str, ...]:
    """The logins that a user name may stand for: itself, and without its domain (DOMAIN\\user, user@domain).

    One of them must equal a login of the inventory. A login that the inventory holds with a domain is never shortened,
    so alice@one.example does not open what is bound to alice@two.example; one it holds without matches every domain.
    """
    bare = user.rpartition("\\")[2].partition("@")[0]
    return (user,) if bare in ("", user) else (user, bare)


def generation(protocol: str) -> str:
    """How a client of this protocol is refused: "14" understands Status 129, "12" (or not told) only HTTP 403."""
    major = protocol.partition(".")[0]
    return "14" if major.isdecimal() and int(major) >= 14 else "12"


def _decoded(token: bytes) -> bytes:
    """Base64 without its padding, as far as it goes; b"" if it is none."""
    whole = len(token) - (len(token) % 4 == 1)
    try:
        return binascii.a2b_base64(token[:whole] + b"=" * (-whole % 4))
    except binascii.Error:
        return b""


def _protocol(version: bytes | None) -> str:
    return version.decode() if version and _PROTOCOL.fullmatch(version) else ""


# --- the plain query: ?Cmd=Sync&User=u&DeviceId=d&DeviceType=t (MS-ASHTTP 2.2.1.1.1.2)


def _plain(query: bytes, user: str | None, protocol: str) -> Request | Unidentified:
    pairs = [part.partition(b"=") for part in query.split(b"&") if part]
    values = {name.lower(): value for name, equals, value in pairs if equals}
    if len(values) != len(pairs):
        return Unidentified("a parameter twice, or one without a value", protocol=protocol)
    if not values.keys() <= _PARAMETERS and not all(map(_NAME.fullmatch, values)):
        return Unidentified("a parameter's name is unusual", protocol=protocol)
    command = _COMMANDS.get(values.get(b"cmd", b"").lower(), OTHER)
    raw = values.get(b"deviceid", b"")
    names = (raw.decode("ascii"),) if raw.isalnum() else _unusual_names(raw)
    if not names:
        return Unidentified("no device id, or one that can be read in two ways", command, protocol)
    device_type = unquote_to_bytes(values.get(b"devicetype", b"")).decode("utf-8", "replace")
    return Request(user, names, command, protocol, "plain", device_type)


def _unusual_names(raw: bytes) -> tuple[str, ...]:
    """A device id with more than letters and digits: as it stands, and decoded, since servers do either.

    () if there is none, or if it holds what ends a value, stands for a space, or is encoded twice.
    """
    try:
        sent, meant = raw.decode("utf-8"), unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        return ()
    if not meant or "+" in sent or _UNFIT_FOR_ID.search(meant):
        return ()
    return (sent,) if sent == meant else (sent, meant)


# --- the base64 query (MS-ASHTTP 2.2.1.1.1.1)


def _base64(query: bytes, user: str | None, protocol: str) -> Request | Unidentified:
    """protocol version u8, command u8, locale u16, then device id, policy key, device type, each with its length before
    it, then parameters of tag, length, value, to the end. Padding, and the URL's own alphabet, may be left out or used.
    """
    token = unquote_to_bytes(query).rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
    if not token:
        return Unidentified("no query", protocol=protocol)
    if len(token) % 4 == 1 or _NOT_BASE64.search(token):
        return Unidentified("a query in no known form", protocol=protocol)
    fields = _fields(_decoded(token))
    if not fields:
        return Unidentified("a base64 query of the wrong shape", protocol=protocol)
    version, code, device, device_type = fields
    names = tuple(dict.fromkeys((*_as_text(device), device.hex().upper())))
    protocol = f"{version // 10}.{version % 10}"
    return Request(user, names, _CODES.get(code, OTHER), protocol, "base64", device_type.decode("utf-8", "replace"))


def _fields(data: bytes) -> tuple[int, int, bytes, bytes] | None:
    """Version, command code, device id and device type, if the lengths lead exactly to the end and there is an id."""
    if len(data) < 7 or not 120 <= data[0] <= 199:
        return None
    at = 4
    parts = []
    for _ in range(3):  # device id, policy key, device type
        if at >= len(data):
            return None
        end = at + 1 + data[at]
        parts.append(data[at + 1 : end])
        at = end
    while at < len(data):
        if at + 1 >= len(data):
            return None
        at += 2 + data[at + 1]
    device, _, device_type = parts
    return (data[0], data[1], device, device_type) if at == len(data) and device else None


def _as_text(device: bytes) -> tuple[str, ...]:
    """The id itself, where it is text; of ids that are bytes, servers know the hex only."""
    try:
        text = device.decode("utf-8")
    except UnicodeDecodeError:
        return ()
    return () if _CONTROL.search(text) else (text,)
