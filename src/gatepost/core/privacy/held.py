"""The registry of all that is held about people: which tables and files, how they name somebody, and for how long.

A test compares it with the schema, column by column: what is new there has to be thought about here.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Names(StrEnum):
    """How somebody is found in it. `reference` is a random number that means somebody only while the inventory has
    them; `words` are free text, which may name anybody."""

    NAME = "name"
    LOGIN = "login"
    DEVICE = "device"
    REFERENCE = "reference"
    WORDS = "words"


class Ends(StrEnum):
    """What ends it where no term does."""

    TERM = "term"
    DEVICE = "device"
    INVENTORY = "inventory"
    NEWS = "news"
    HELD = "held"
    SESSION = "session"
    DAY = "day"
    RECORD = "record"
    HAND = "hand"


@dataclass(frozen=True, slots=True)
class Held:
    """One kind of what is held.

    `tables`: names, the one that is `counted` first; empty for what stands in files alone. `terms`: settings of
    [retention] that end it.
    """

    kind: str
    names: Names
    tables: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    ends: Ends = Ends.TERM
    counted: bool = True


DECISIONS: Final = ("approvals", "revisions", "activations", "activation_judgements", "door_asks")
"""Who proposed what, and who said yes or no to it."""

ROLES: Final = ("roles", "provider_roles", "keys", "waiting_access", "access_yes", "passkeys")
"""Who may do what, and with which keys."""

HELD: Final = (
    Held("people", Names.NAME, ("people", "logins"), ("people_left",)),
    Held("devices", Names.DEVICE, ("devices", "identities"), ("devices_retired", "people_left")),
    Held("findings", Names.DEVICE, ("present",), ends=Ends.NEWS),
    Held("standings", Names.DEVICE, ("due", "outcomes", "pending"), ends=Ends.DEVICE),
    Held("audiences", Names.REFERENCE, ("audience", "audience_devices", "contacts", "admissions"), ("audience",)),
    Held("notices", Names.REFERENCE, ("notices",), ("notices",)),
    Held("sightings", Names.LOGIN, ("sightings",), ("sightings",)),
    Held("passwords", Names.DEVICE, ("device_passwords",), ("passwords_revoked",)),
    Held("attestations", Names.REFERENCE, ("attestations",), ("attestations",)),
    Held("waivers", Names.REFERENCE, ("waivers",), ("waivers",)),
    Held("roles", Names.REFERENCE, ROLES, ends=Ends.HELD),
    Held("sessions", Names.REFERENCE, ("sessions", "sign_ins"), ends=Ends.SESSION),
    Held("tokens", Names.REFERENCE, ("api_tokens",), ends=Ends.HELD),
    Held("answers", Names.WORDS, ("api_answers",), ends=Ends.DAY),
    Held("checks", Names.DEVICE, ("webhook_messages",), ends=Ends.DAY),
    Held("decisions", Names.REFERENCE, DECISIONS, ends=Ends.RECORD),
    Held("reasons", Names.WORDS, ("texts",), ("reasons",)),
    Held("claims", Names.WORDS, ("claims", "inquiries", "vendor_contacts", "accounts"), ("reasons",)),
    Held("record", Names.REFERENCE, ("ledger", "proposals"), ends=Ends.RECORD),
    Held("administrator", Names.NAME, ("site",), ends=Ends.HAND, counted=False),
    Held("openings", Names.WORDS, ("doors",), ends=Ends.HAND),
    Held("stream", Names.LOGIN, ("entries",), ends=Ends.INVENTORY),
    Held("written", Names.NAME, ("written_files",), ("backups", "exports")),
    Held("copies", Names.LOGIN, ends=Ends.INVENTORY),
    Held("maps", Names.LOGIN, ends=Ends.INVENTORY),
)

IMPERSONAL: Final = frozenset(
    {
        "active_apps",
        "catalogue",
        "checkpoints",
        "closing",
        "compliance",
        "door_modes",
        "ledger_head",
        "previews",
        "settling",
        "used_attempts",
    }
)
"""Tables that are about nobody."""
