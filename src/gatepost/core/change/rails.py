"""The rails of a site: what makes a proposal need more approvals, and what stops an announcement."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from gatepost.core.change.impact import Impact
from gatepost.core.change.proposal import NamedApp, Proposal
from gatepost.core.fleet.about import Inquiry
from gatepost.core.fleet.app import App
from gatepost.core.instant import ALWAYS, HOUR, Duration, Instant
from gatepost.core.policy.policy import Policy
from gatepost.core.refusal import Code, Refusal

DEFAULT_APPROVALS: Mapping[str, int] = {"security": 1}
"""What a policy that names no approvals asks for: nobody acts alone."""


@dataclass(frozen=True, slots=True)
class Rails:
    """The site's values that bear on a proposal. Durations in milliseconds; 0 people or a rate of 0: no such rail."""

    minimum_notice: Duration
    short_notice_roles: tuple[str, ...]
    large_impact_percent: int
    large_impact_people: int
    large_impact_roles: tuple[str, ...]
    correction_within: Duration
    rate_per_hour: int
    vendor_asked: Literal["ignore", "warn", "require"] = "warn"


def notice_period(policy: Policy, rails: Rails) -> Duration:
    """The least time between being told and being blocked: the policy's own, else the site's minimum."""
    return rails.minimum_notice if policy.notice is None else policy.notice


def is_short(policy: Policy, earliest: Instant, now: Instant, rails: Rails) -> bool:
    """Whether anybody would have less notice than the site's minimum.

    `earliest`: the earliest own deadline (ALWAYS for `immediately`, which counts from being told, not from now).
    """
    if not policy.tell_first or notice_period(policy, rails) < rails.minimum_notice:
        return True
    return earliest != ALWAYS and earliest - now < rails.minimum_notice


def is_large(impact: Impact, rails: Rails) -> bool:
    """Whether more people are due, or a larger share of all devices, than the site lets pass without more eyes."""
    if rails.large_impact_people and len(impact.due_people) > rails.large_impact_people:
        return True
    return bool(rails.large_impact_percent) and impact.percent_of_fleet > rails.large_impact_percent


def asked(policy: Policy, *, short: bool, large: bool, rails: Rails) -> dict[str, int]:
    """The approvals that a proposal needs: what the policy asks, and what the rails add."""
    roles = dict(policy.approvals or DEFAULT_APPROVALS)
    extra = (rails.short_notice_roles if short else ()) + (rails.large_impact_roles if large else ())
    for role in extra:
        roles[role] = max(1, roles.get(role, 0))
    return dict(sorted(roles.items()))


def asked_of(policy: Policy, impact: Impact, earliest: Instant | None, now: Instant, rails: Rails) -> dict[str, int]:
    """The approvals that a proposal with this impact needs. `earliest`: as of an assessment."""
    short = is_short(policy, earliest or ALWAYS, now, rails)
    return asked(policy, short=short, large=is_large(impact, rails), rails=rails)


def grown(foreseen: Collection[str], due_now: Collection[str]) -> Refusal | None:
    """Refuses when more people are due now than were approved, beyond max(10, 2 %); leavers never count (I-16)."""
    new = len(set(due_now) - set(foreseen))
    tolerated = max(10, len(foreseen) * 2 // 100)
    if new <= tolerated:
        return None
    return Refusal(
        Code.AUDIENCE_GREW,
        f"{new} people are concerned now who were not in the approved impact ({tolerated} are tolerated). "
        "Withdraw the proposal, look at the preview and propose again.",
    )


def correctable(people: int, rails: Rails) -> Refusal | None:
    """Refuses when a correction could not reach everybody within the site's bound at the provider's limit."""
    if not rails.rate_per_hour:
        return None
    hours = math.ceil(people / rails.rate_per_hour)
    if hours * HOUR <= rails.correction_within:
        return None
    return Refusal(
        Code.CORRECTION_TOO_SLOW,
        f"A correction to {people} people would take {hours} h at {rails.rate_per_hour} mails an hour, more than the "
        "site's rails.correction_within. Narrow the policy, or raise the provider's limit.",
    )


def not_asked(apps: Sequence[App | NamedApp], inquiries: Iterable[Inquiry]) -> dict[str, tuple[str, ...]]:
    """The owners whom nobody is recorded to have asked, each with the names of their apps among these.

    A question about one of these apps asks its publisher about all that are the publisher's. An app whose publisher is
    not known stands for itself.
    """
    about = {inquiry.app for inquiry in inquiries}
    owned: dict[str, list[App | NamedApp]] = {}
    for app in apps:
        owned.setdefault(app.publisher or app.name, []).append(app)
    return {
        owner: tuple(app.name for app in theirs)
        for owner, theirs in owned.items()
        if not any(app.id in about for app in theirs)
    }


def not_asked_of(proposal: Proposal) -> str:
    """The owners whom nobody was recorded to have asked when it was proposed, in words; "" where the site did not
    care."""
    if proposal.rails["vendor_asked"] == "ignore":
        return ""
    return owners_in_words(not_asked(proposal.apps, proposal.about.inquiries))


_MOST_OWNERS = 5


def owners_in_words(owners: Mapping[str, Sequence[str]]) -> str:
    """`ByteDance (TikTok, Helo), Tencent (WeChat)`; the first few of many, and how many more there are."""
    shown = [
        owner if apps == (owner,) else f"{owner} ({', '.join(apps)})"
        for owner, apps in [*owners.items()][:_MOST_OWNERS]
    ]
    more = len(owners) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def unheard(owners: Mapping[str, Sequence[str]], rails: Rails) -> Refusal | None:
    """Refuses, where the site requires it, while the owner of an app was not asked. `owners`: of not_asked."""
    if rails.vendor_asked != "require" or not owners:
        return None
    return Refusal(
        Code.VENDOR_NOT_ASKED,
        f"Nobody is recorded to have asked {owners_in_words(owners)}, and this site announces nothing before. "
        "Ask them, and record it by `vendor asked`.",
    )
