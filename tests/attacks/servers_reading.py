"""How mail servers read an ActiveSync query, as far as it decides whose mail is opened by which device.

Written from what the servers do, not from how the door reads: SOGo 5 (`NSString+ActiveSync.m`), PHP as Z-Push uses it,
ASP.NET as Exchange does. Each gives the command and the device, None where the server would serve no mail.
"""

import base64
import binascii
import re
from urllib.parse import unquote_to_bytes

Read = tuple[str, str] | None


def by_sogo(target: str) -> Read:
    """What follows the last question mark; one part alone is base64; else the first of a name, undecoded."""
    query = target.rpartition("?")[2]
    parts = query.split("&")
    if len(parts) == 1:
        return _base64(parts[0])
    command = _first(parts, "CMD=")
    device = _first(parts, "DEVICEID=")
    return (command, device) if command is not None and device is not None else None


def _first(parts: list[str], prefix: str) -> str | None:
    return next((part[len(prefix) :] for part in parts if part.upper().startswith(prefix)), None)


def _base64(token: str) -> Read:
    """Up to the first `=`; a letter that is not of the alphabet spoils it all."""
    letters = token.partition("=")[0]
    if not re.fullmatch(r"[A-Za-z0-9+/]+", letters):
        return None
    try:
        data = base64.b64decode(letters[: len(letters) - (len(letters) % 4 == 1)] + "=" * (-len(letters) % 4))
    except binascii.Error:
        return None
    if len(data) < 6 or data[4] > 127 or len(data) < 6 + data[4]:
        return None
    return str(data[1]), data[5 : 5 + data[4]].hex().upper()


def by_php(target: str) -> Read:
    """What follows the first question mark; names to the letter; the last of a name, decoded."""
    values = {}
    for part in target.partition("?")[2].split("&"):
        name, _, value = part.partition("=")
        values[_decoded(name).lstrip(" ").replace(".", "_")] = _decoded(value)
    return _pair(values.get("Cmd"), values.get("DeviceId"))


def by_asp(target: str) -> Read:
    """What follows the first question mark; names in any case; several of a name are joined."""
    values: dict[str, str] = {}
    for part in target.partition("?")[2].split("&"):
        name, _, value = part.partition("=")
        key = _decoded(name).casefold()
        values[key] = f"{values[key]},{_decoded(value)}" if key in values else _decoded(value)
    return _pair(values.get("cmd"), values.get("deviceid"))


def _decoded(text: str) -> str:
    return unquote_to_bytes(text.replace("+", " ")).decode("utf-8", "replace")


def _pair(command: str | None, device: str | None) -> Read:
    return (command, device) if command and device else None
