"""What is written in the ledger about tokens for the API (see events.py)."""

from dataclasses import dataclass

from gatepost.core.ledger.events import Event


@dataclass(frozen=True, slots=True)
class TokenAdded(Event):
    """Programs that show the token `token` act for `person`, within `scopes`, before `until`."""

    token: str
    person: str
    scopes: tuple[str, ...]
    until: int


@dataclass(frozen=True, slots=True)
class TokenRevoked(Event):
    token: str
    person: str
