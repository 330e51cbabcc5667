"""The phones that a mail server knows: Exchange by `Get-MobileDevice | Export-Csv`, SOGo by `manage-eas listdevices`.

Only phones stand there whose credentials the mail server took. What a problem says never repeats a cell: a device's
friendly name is its owner's own text.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from gatepost.core.problem import Problem

ListFormat = Literal["exchange", "sogo"]
LONGEST: Final = 200
"""Characters of an id or of an owner's name."""

_ADDRESSES: Final = ("primarysmtpaddress", "userprincipalname", "windowsemailaddress", "mailbox")
"""Columns that an administrator may add, by which an owner is found for certain; the first that is not empty."""

_WORDS: Final = ("devicetype", "devicemodel", "deviceos", "deviceuseragent")
_FOLDER: Final = "ExchangeActiveSyncDevices"


@dataclass(frozen=True, slots=True)
class ListedDevice:
    """`owner`: an address or login, "" if the list tells none; `names`: what else it calls the owner by, best first.

    `words`: what its mail client calls itself; `device_type` is the first of them.
    """

    line: int
    eas_id: str
    owner: str
    names: tuple[str, ...]
    device_type: str
    words: tuple[str, ...]


def read_listed(data: bytes, name: str, format: ListFormat, owner: str = "") -> Iterator[ListedDevice | Problem]:
    """Each phone, or what is wrong with its row. `owner`: whose a SOGo list is."""
    text = _text(data)
    if text is None:
        yield Problem(name, 0, 0, "", "is neither UTF-8 nor UTF-16")
    elif format == "sogo":
        yield from _sogo(text, name, owner)
    else:
        yield from _exchange(text, name)


def _text(data: bytes) -> str | None:
    """Windows PowerShell writes UTF-16 with a byte order mark, PowerShell 7 UTF-8, with or without one."""
    try:
        return data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        return None


def _sogo(text: str, name: str, owner: str) -> Iterator[ListedDevice | Problem]:
    """One id a line."""
    for line, row in enumerate(text.splitlines(), 1):
        eas_id = row.strip()
        if eas_id:
            wrong = _unfit(eas_id)
            yield Problem(name, line, 0, "", wrong) if wrong else ListedDevice(line, eas_id, owner, (), "", ())


def _exchange(text: str, name: str) -> Iterator[ListedDevice | Problem]:
    """CSV with a header, split by comma, semicolon or tab; Windows PowerShell writes a line `#TYPE ...` before it."""
    lines = text.splitlines(keepends=True)
    skipped = 1 if lines and lines[0].lstrip('"').startswith("#TYPE") else 0
    lines = lines[skipped:]
    if not lines:
        yield Problem(name, 0, 0, "", "is empty: expected the columns of Get-MobileDevice")
        return
    delimiter = max(",;\t", key=lines[0].count)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    header: list[str] = []
    while True:
        line = skipped + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Problem(name, line, 0, "", f"is not CSV (RFC 4180): {error}")
            continue
        if not header:
            header = [cell.strip().casefold() for cell in cells]
            if "deviceid" not in header:
                yield Problem(name, line, 0, "", "the header lacks DeviceId: expected the columns of Get-MobileDevice")
                return
        elif len(cells) != len(header):
            if cells:
                yield Problem(name, line, 0, "", f"has {len(cells)} fields, and the header {len(header)}")
        else:
            yield _row(name, line, dict(zip(header, (cell.strip() for cell in cells), strict=True)))


def _row(name: str, line: int, cells: dict[str, str]) -> ListedDevice | Problem:
    eas_id = cells["deviceid"]
    if wrong := _unfit(eas_id):
        return Problem(name, line, 0, "DeviceId", wrong)
    owner = next((cells[column] for column in _ADDRESSES if cells.get(column)), "")
    names = tuple(dict.fromkeys(filter(None, (_last(cells.get("userdisplayname", "")), _mailbox(cells)))))
    if not owner and not names:
        return Problem(name, line, 0, "UserDisplayName", "is empty, and nothing else tells whose it is")
    words = tuple(cells.get(column, "")[:LONGEST] for column in _WORDS)
    return ListedDevice(line, eas_id, owner[:LONGEST], names, words[0], words)


def _mailbox(cells: dict[str, str]) -> str:
    """The mailbox's name: corp.example/Users/Ann Lee/ExchangeActiveSyncDevices/iPhone§ABC."""
    path = cells.get("identity", "").split("/")
    return path[path.index(_FOLDER) - 1][:LONGEST] if _FOLDER in path[1:] else ""


def _last(path: str) -> str:
    """A name, which may be the last part of a path in the directory."""
    return path.rpartition("/")[2][:LONGEST]


def _unfit(eas_id: str) -> str:
    if not eas_id:
        return "is empty"
    if len(eas_id) > LONGEST:
        return f"is longer than {LONGEST} characters"
    return "" if eas_id.isprintable() else "holds a character that cannot be seen"
