"""What is known of apps and their owners, gathered for those who decide: see core/fleet/about.py."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

from gatepost.core.fleet.about import About, Inquiry
from gatepost.core.fleet.claim import Claim
from gatepost.storage import claims, people

Rows = list[dict[str, Any]]


def about_apps(conn: Connection, apps: Iterable[str]) -> About:
    """All that is kept about these apps now."""
    names = list(apps)
    return About(
        evidence=tuple(kept.claim for kept in claims.evidence(conn, names)),
        inquiries=tuple(claims.asked(conn, names)),
        accounts=tuple(claims.official(conn, names)),
    )


def about_data(conn: Connection, about: About) -> dict[str, Rows]:
    """As data for people and programs; who asked is named by id while they are known."""
    return {
        "evidence": [claim_data(claim) for claim in about.evidence],
        "vendor": inquiries_data(conn, about.inquiries),
        "accounts": [asdict(account) for account in about.accounts],
    }


def claim_data(claim: Claim) -> dict[str, Any]:
    """By the columns of a file of evidence."""
    return {
        "app": claim.app,
        "who": claim.who,
        "stance": claim.stance.value,
        "claim": claim.claim,
        "date": claim.on,
        "source": claim.source,
    }


def inquiries_data(conn: Connection, inquiries: Iterable[Inquiry]) -> Rows:
    found = list(inquiries)
    askers = people.load(conn, {one.asker for one in found})
    return [
        {
            "inquiry": one.inquiry,
            "app": one.app,
            "asked_on": one.asked_on,
            "asked_by": askers[one.asker].id if one.asker in askers else one.asker,
            "question": one.question,
            "answered_on": one.answered_on,
            "answer": one.answer,
        }
        for one in found
    ]
