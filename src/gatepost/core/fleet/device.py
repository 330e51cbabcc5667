"""A device: something a person opens mail with."""

import re
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")


class Form(StrEnum):
    PHONE = "phone"
    TABLET = "tablet"
    LAPTOP = "laptop"
    DESKTOP = "desktop"


class Platform(StrEnum):
    IOS = "ios"
    IPADOS = "ipados"
    ANDROID = "android"
    MACOS = "macos"
    WINDOWS = "windows"
    CHROMEOS = "chromeos"
    LINUX = "linux"


class Ownership(StrEnum):
    COMPANY = "company"
    PERSONAL = "personal"


class Visibility(IntEnum):
    """What a source can see on a device, ordered: a report ends a present only if it sees at least as much."""

    NONE = 0
    MANAGED_ONLY = 1
    FULL = 2

    @property
    def word(self) -> str:
        """The word used in files: none, managed-only, full."""
        return self.name.lower().replace("_", "-")


@dataclass(frozen=True, slots=True)
class Device:
    """`ref` is the random pseudonym; `id` the inventory's id; `owner` a person's ref (the keeper's, if shared).

    `eas_id`: the ActiveSync device id by which a mail door recognises it, "" if none.
    `managed`: in a device manager's inventory (a device only ever seen at a door is not).
    """

    ref: str
    id: str
    owner: str
    form: Form
    platform: Platform
    ownership: Ownership
    shared: bool = False
    managed: bool = True
    eas_id: str = ""


def fingerprint_named(text: str) -> str:
    """A client certificate's SHA-256 as lower-case hex, however it was written, with colons or without; "" if that is
    none."""
    plain = text.strip().replace(":", "").lower()
    return plain if _FINGERPRINT.fullmatch(plain) else ""
