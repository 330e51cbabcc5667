"""Findings: what is known of one app on one device, from the reports that came in."""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import NamedTuple

from gatepost.core.fleet.app import ActiveApp
from gatepost.core.fleet.device import Platform, Visibility
from gatepost.core.instant import NEVER, Duration, Instant


class Finding(IntEnum):
    """Ordered by strictness: over several apps the highest counts, present first."""

    ABSENT = 0
    STALE = 1
    HIDDEN = 2
    NEVER = 3
    PRESENT = 4

    @property
    def word(self) -> str:
        return self.name.lower()


class Evidence(NamedTuple):
    """What reports say of a device; the app lists themselves are never kept.

    `reported_at`: the newest report's own instant, None if there was none. `visibility`: what its source could see.
    `matched_under`: the catalogue revision that its identifiers were matched under.
    `present`: the marks (core/fleet/app.py) of the active apps seen and not yet seen to be gone, each with the
    visibility it was seen with.
    """

    reported_at: Instant | None = None
    visibility: Visibility = Visibility.NONE
    matched_under: int = 0
    present: Mapping[str, Visibility] = MappingProxyType({})


NOTHING = Evidence()


def after_report(
    known: Evidence, reported_at: Instant, visibility: Visibility, matched_under: int, apps: frozenset[str]
) -> Evidence:
    """The evidence once a report is taken in. A report older than the last says nothing; an equally old one wins.

    `apps`: the marks of those in the report. Present is sticky: only a report of equal or better visibility that lacks
    the app ends it, and never one of a source that sees nothing.
    """
    if known.reported_at is not None and reported_at < known.reported_at:
        return known
    blind = visibility is Visibility.NONE
    present = {app: seen for app, seen in known.present.items() if blind or app in apps or seen > visibility}
    for app in apps:
        present[app] = visibility
    return Evidence(reported_at, visibility, matched_under, present)


def finding(
    app: ActiveApp, platform: Platform, evidence: Evidence, stale_after: Duration, at: Instant
) -> Finding | None:
    """The finding at an instant; None where the app has no identifier for the platform and so takes no part."""
    if not app.seen_as.isdisjoint(evidence.present):
        return Finding.PRESENT
    since = app.since.get(platform)
    if since is None:
        return None
    if evidence.reported_at is None or evidence.matched_under < since:
        return Finding.NEVER
    if evidence.visibility is not Visibility.FULL:
        return Finding.HIDDEN
    return Finding.ABSENT if at < stale_at(evidence, stale_after) else Finding.STALE


def stale_at(evidence: Evidence, stale_after: Duration) -> Instant:
    """The first instant at which an absent in this evidence is too old to be believed."""
    return NEVER if evidence.reported_at is None else evidence.reported_at + stale_after
