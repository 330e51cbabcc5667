"""What is written in the ledger when somebody signs in to the pages (see events.py)."""

from dataclasses import dataclass

from gatepost.core.ledger.events import Event


@dataclass(frozen=True, slots=True)
class SignedIn(Event):
    """The entry's `by` signed in. `way`: mail (a link), provider (its word), passkey."""

    way: str
