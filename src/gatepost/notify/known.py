"""What approvers are told of a policy's apps and their owners: short, since `policy show` has all of it."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from babel.dates import format_date

from gatepost.core.fleet.claim import Claim, Stance
from gatepost.notify.sections import Block, Draft, approval_of

MOST: Final = 12
"""Lines of one list."""


def _named(draft: Draft) -> Iterator[Block]:
    """The apps that would be approved, and no others, whatever a list has in it later."""
    named = approval_of(draft).named
    if named:
        yield Block("heading", draft.phrase("apps_heading"))
        yield from _list(draft, list(named[:MOST]), len(named))


def _evidence(draft: Draft) -> Iterator[Block]:
    """How many allege, deny, report, confirm; then who did when, and where it can be read: the latest last."""
    yield Block("heading", draft.phrase("evidence_heading"))
    yield from evidence_lines(draft, approval_of(draft).about.evidence)


def evidence_lines(draft: Draft, claims: Sequence[Claim]) -> Iterator[Block]:
    """The same without a heading."""
    if not claims:
        yield Block("para", draft.phrase("evidence_none"))
        return
    counts = Counter(claim.stance for claim in claims)
    rows = tuple((draft.phrase(f"stance_{stance}"), str(counts[stance])) for stance in Stance if counts[stance])
    yield Block("rows", "", rows)
    lines = [
        draft.phrase(
            "evidence_line",
            date=_day(draft, claim.on),
            stance=draft.phrase(f"stance_{claim.stance}"),
            who=claim.who,
            source=claim.source,
        )
        for claim in claims[-MOST:]
    ]
    yield from _list(draft, lines, len(claims))


def _vendor(draft: Draft) -> Iterator[Block]:
    """Whether the apps' owners were asked, and what they said."""
    approval = approval_of(draft)
    if approval.not_asked or approval.about.inquiries:
        yield Block("heading", draft.phrase("vendor_heading"))
    if approval.not_asked:
        yield Block("para", draft.phrase("vendor_not_asked", owners=approval.not_asked))
    lines = []
    for inquiry in approval.about.inquiries[-MOST:]:
        asked = draft.phrase("vendor_asked", date=_day(draft, inquiry.asked_on), question=inquiry.question)
        answer = draft.phrase("vendor_waiting")
        if inquiry.answered_on:
            answer = draft.phrase("vendor_answered", date=_day(draft, inquiry.answered_on), answer=inquiry.answer)
        lines.append(f"{asked} {answer}")
    yield from _list(draft, lines, len(approval.about.inquiries))


def _accounts(draft: Draft) -> Iterator[Block]:
    """Our own accounts on the apps, which somebody needs them for."""
    approval = approval_of(draft)
    accounts = approval.about.accounts
    if accounts:
        yield Block("heading", draft.phrase("accounts_heading"))
    lines = [
        draft.phrase(
            "accounts_line", name=account.name, app=approval.apps.get(account.app, account.app), group=account.group
        )
        for account in accounts[-MOST:]
    ]
    yield from _list(draft, lines, len(accounts))


def _list(draft: Draft, lines: list[str], all_: int) -> Iterator[Block]:
    if lines:
        yield Block("list", "", tuple(lines))
    if all_ > len(lines):
        yield Block("para", draft.phrase("not_shown", count=str(all_ - len(lines))))


def _day(draft: Draft, on: str) -> str:
    return str(format_date(date.fromisoformat(on), "medium", locale=draft.locale))


SECTIONS: Final[Mapping[str, Callable[[Draft], Iterator[Block]]]] = {
    "named": _named,
    "evidence": _evidence,
    "vendor": _vendor,
    "accounts": _accounts,
}
