"""What is written in the ledger about an app and its owner: claims, questions, answers, official accounts.

The words themselves (who, what, source, address) stand outside, behind their salted hash, as for every event.
"""

from dataclasses import dataclass

from gatepost.core.ledger.events import Event


@dataclass(frozen=True, slots=True)
class EvidenceAdded(Event):
    """`stance`: alleges, denies, reports or confirms. `on`: the day of the claim, such as 2020-07-06."""

    evidence: str
    app: str
    stance: str
    on: str
    words_hash: str


@dataclass(frozen=True, slots=True)
class EvidenceStruck(Event):
    """A claim that was entered by mistake is shown no more."""

    evidence: str
    reason_hash: str


@dataclass(frozen=True, slots=True)
class VendorContactSet(Event):
    """Where the publisher of apps is asked. `publisher`: as the catalogue names it."""

    publisher: str
    words_hash: str


@dataclass(frozen=True, slots=True)
class VendorAsked(Event):
    """`asker`: the person who asked the app's publisher. `on`: the day."""

    inquiry: str
    app: str
    on: str
    asker: str
    words_hash: str


@dataclass(frozen=True, slots=True)
class VendorAnswered(Event):
    inquiry: str
    on: str
    words_hash: str


@dataclass(frozen=True, slots=True)
class AccountAdded(Event):
    """The organisation's own account on an app. `group`: of the people who keep it."""

    account: str
    app: str
    group: str
    words_hash: str


@dataclass(frozen=True, slots=True)
class AccountRemoved(Event):
    account: str
