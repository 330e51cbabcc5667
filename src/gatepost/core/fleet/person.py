"""A person: somebody who opens the company's mail."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    EMPLOYEE = "employee"
    CONTRACTOR = "contractor"


@dataclass(frozen=True, slots=True)
class Person:
    """`ref` is the random pseudonym that tables and the ledger use; `id` is the id the organisation gave.

    `emails`: the first is where notices go; none means that the person cannot be told by mail.
    `logins`: case-folded; what a door sees. `country`: ISO 3166-1 alpha-2. `time_zone`: an IANA name.
    `locale`: BCP 47. `working`: false once the person has left.
    """

    ref: str
    id: str
    name: str
    kind: Kind
    country: str
    time_zone: str
    locale: str
    emails: tuple[str, ...]
    logins: tuple[str, ...]
    groups: frozenset[str]
    sponsor: str = ""
    working: bool = True
