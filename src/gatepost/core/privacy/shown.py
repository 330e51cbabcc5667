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
    Shown("phone", "decide", ("helpdesk", "operator"), recorded=True),
    Shown("looks", "people looks", ("helpdesk", "auditor"), recorded=True),
    Shown("waivers", "waiver list", ("operator", "auditor", "approver"), recorded=True),
    Shown("officials", "role list", (), recorded=False),
)
