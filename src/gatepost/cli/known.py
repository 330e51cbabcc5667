"""What is known of a policy's apps and their owners, as people read it beside a preview, a proposal or a policy."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gatepost.cli.output import Lines
from gatepost.core.fleet.claim import Stance

Rows = Sequence[Mapping[str, Any]]


def known_of(data: Mapping[str, Any]) -> Lines:
    """Lines for `evidence`, `vendor` and `accounts` in these data. What nothing is known of is said where it matters:
    that nobody was asked, the warnings say."""
    yield from _evidence(data["evidence"])
    yield from _vendor(data["vendor"])
    yield from _accounts(data["accounts"])


def _evidence(claims: Rows) -> Iterator[str]:
    if claims:
        counts = Counter(claim["stance"] for claim in claims)
        yield f"Evidence ({', '.join(f'{stance.value} {counts[stance]}' for stance in Stance if counts[stance])}):"
    for claim in claims:
        yield f"  {claim['date']}  {claim['who']} {claim['stance']}, of {claim['app']}: {claim['claim']}"
        yield f"    Source: {claim['source']}"


def _vendor(inquiries: Rows) -> Iterator[str]:
    if inquiries:
        yield "What the owners say:"
    for inquiry in inquiries:
        yield f"  {inquiry['inquiry']}  asked of {inquiry['app']} on {inquiry['asked_on']}: {inquiry['question']}"
        answer = f"Answered on {inquiry['answered_on']}: {inquiry['answer']}"
        yield f"    {answer if inquiry['answered_on'] else 'No answer is recorded.'}"


def _accounts(accounts: Rows) -> Iterator[str]:
    if accounts:
        yield "Official accounts:"
    yield from (f"  {account['name']} on {account['app']}, kept by {account['group']}" for account in accounts)
