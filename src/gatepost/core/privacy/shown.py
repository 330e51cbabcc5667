"""Every way in which the program shows named people to somebody else: what is shown, who may see it, and whether each
time is an entry of the ledger. Tests give each command to each role, and search what every command prints."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Shown:
    """`roles`: besides administrators, who may do everything but approve; empty: every role."""

    what: str
    command: str
    roles: tuple[str, ...]
    recorded: bool


SHOWN: Final = (
    Shown("names", "policy names", ("author", "operator"), recorded=True),
    Shown("mails", "notices show", ("author", "operator", "helpdesk"), recorded=True),
    Shown("phone", "decide", ("operator", "helpdesk"), recorded=True),
    Shown("everything", "people export", ("operator", "helpdesk"), recorded=True),
    Shown("looks", "people looks", ("helpdesk", "auditor"), recorded=True),
    Shown("waivers", "waiver report", ("operator", "auditor"), recorded=True),
    Shown("owners", "device-password list", ("operator", "helpdesk"), recorded=False),
    Shown("officials", "role list", ("auditor",), recorded=False),
    Shown("tokens", "token list", (), recorded=False),
    Shown("deeds", "ledger show", (), recorded=False),
)
