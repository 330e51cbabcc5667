"""A policy's mails as they stand: how many in which state, and why some did not arrive."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from gatepost.actions.aftermath import GOING
from gatepost.actions.change import looking
from gatepost.actions.site import Site
from gatepost.core.ledger.events import NoticeBounced
from gatepost.core.ledger.leaf import parse
from gatepost.core.notice.notice import NoticeKind, NoticeState
from gatepost.core.refusal import Code, Refusal
from gatepost.storage import audience, ledger, notices, policies

Why = Literal["address", "full", "later", "policy", "other"]
"""What a status means: no such address, a full mailbox, not now, refused for what it is, or nothing that we know."""

_STATUS: Final = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_REPLY: Final = re.compile(r"^([245])\d\d\b")


class Back(NamedTuple):
    """So many mails that did not arrive: refused when they were handed over, or bounced after; and why."""

    how: Literal["refused", "bounced"]
    why: Why
    status: str
    number: int


@dataclass(frozen=True, slots=True)
class Undelivered:
    """`counts`: mails by kind and state. `told`, `asked`: announcements that were taken, and all there are, those that
    are yet to be written too. `back`: the most frequent first. `going_on`: some are still to be sent."""

    policy: str
    counts: Mapping[tuple[str, str], int]
    told: int
    asked: int
    back: tuple[Back, ...]
    going_on: bool


def undelivered(site: Site, policy: str) -> Undelivered | Refusal:
    """Every mail of a policy, counted; names nobody."""
    with looking(site) as conn:
        if policies.latest(conn, policy) is None:
            return Refusal(Code.NO_SUCH_POLICY, f"There is no policy {policy}; `policy list` shows all.")
        counts = notices.counts(conn, policy)
        announced = policies.announced(conn, policy)
        rule = announced[-1].rule if announced else None
        owed = 0 if rule is None else audience.count_owed(conn, rule)
        refused = notices.refusals(conn, policy)
        bounced = [parse(row.leaf).event for row in ledger.about_policy(conn, policy, (NoticeBounced.__name__,))]
    first = {state: number for (kind, state), number in counts.items() if kind == NoticeKind.ANNOUNCEMENT.value}
    return Undelivered(
        policy=policy,
        counts=counts,
        told=first.get(NoticeState.ACCEPTED.value, 0),
        asked=sum(number for state, number in first.items() if state != NoticeState.WITHDRAWN.value) + owed,
        back=_back(refused, [event.status for event in bounced if isinstance(event, NoticeBounced)]),
        going_on=owed > 0 or any(state in GOING for _, state in counts),
    )


def _back(refused: Mapping[str, int], bounced: Iterable[str]) -> tuple[Back, ...]:
    """`refused`: by reply; `bounced`: the status of each."""
    found: Counter[tuple[Literal["refused", "bounced"], Why, str]] = Counter()
    for reply, number in refused.items():
        status = _status(reply)
        found["refused", why_of(status), status] += number
    for status in bounced:
        found["bounced", why_of(status), status] += 1
    return tuple(Back(*key, number) for key, number in found.most_common())


def _status(reply: str) -> str:
    """The enhanced status of a reply (RFC 3463), else its code (RFC 5321 section 4.2); "" for neither."""
    if enhanced := _STATUS.search(reply):
        return enhanced[0]
    code = _REPLY.match(reply)
    return reply[:3] if code else ""


def why_of(status: str) -> Why:
    """What a status means, as far as one can act on it (RFC 3463 sections 3.2 to 3.8)."""
    if status in ("550", "551", "553") or re.match(r"[45]\.1\.", status):
        return "address"
    if status == "552" or re.match(r"[45]\.2\.2$", status):
        return "full"
    if re.match(r"[45]\.7\.", status) or status == "554":
        return "policy"
    return "later" if status.startswith("4") else "other"
