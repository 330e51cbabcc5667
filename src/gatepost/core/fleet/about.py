"""What is known of apps beside what devices show: claims, what their owners were asked and answered, our accounts."""

from dataclasses import dataclass

from gatepost.core.fleet.claim import Claim


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What an app's owner was asked, and answered: "" and no day while they have not.

    `asked_on`, `answered_on`: days, such as 2020-07-08. `asker`: a person's pseudonym.
    """

    inquiry: str
    app: str
    asked_on: str
    asker: str
    question: str
    answered_on: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """An official account on an app. `group`: of the people who keep it. `name`: as it is known there."""

    account: str
    app: str
    group: str
    name: str


@dataclass(frozen=True, slots=True)
class About:
    """All of it about some apps: claims by day, questions oldest first."""

    evidence: tuple[Claim, ...] = ()
    inquiries: tuple[Inquiry, ...] = ()
    accounts: tuple[Account, ...] = ()
