"""The devices in use, counted: of which kind, whose, and how many of them can be seen into. Names nobody."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from gatepost.actions.change import looking
from gatepost.actions.site import Site
from gatepost.core.change.impact import hide_small
from gatepost.core.fleet.device import Visibility
from gatepost.core.instant import HOUR, Instant
from gatepost.storage import devices, sitemeta


@dataclass(frozen=True, slots=True)
class FleetCounts:
    """`cells`: by what, then by value, how many devices; None for what is hidden. `total`: None if that is."""

    total: int | None
    cells: dict[str, dict[str, int | None]]


_KEPT: dict[Path, tuple[tuple[int, Instant], FleetCounts]] = {}
"""By database, what was counted last, and of which inventory: a large fleet takes half a second."""


def fleet_counts(site: Site) -> FleetCounts:
    """Every device in use, by platform, form and ownership, and by what its reports show; whether these are too old, to
    the hour."""
    with looking(site) as conn:
        fresh = site.clock.now() // HOUR * HOUR - site.settings.fleet.stale_after
        counted = sitemeta.number(conn, sitemeta.INVENTORY), fresh
        kept = _KEPT.get(site.store.path)
        if kept is None or kept[0] != counted:
            kept = _KEPT[site.store.path] = counted, _counts(devices.counted(conn, fresh))
        return kept[1]


def _counts(rows: list[devices.Counted]) -> FleetCounts:
    by: dict[str, Counter[str]] = {name: Counter() for name in ("platform", "form", "ownership", "what we see")}
    for row in rows:
        by["platform"][row.platform] += row.number
        by["form"][row.form] += row.number
        by["ownership"][row.ownership] += row.number
        by["what we see"][_seen(row)] += row.number
    total = sum(row.number for row in rows)
    cells = {name: hide_small(counts) for name, counts in by.items() if counts}
    hidden = any(list(found.values()) == [None] for found in cells.values())
    return FleetCounts(None if hidden and total else total, cells)


def _seen(row: devices.Counted) -> str:
    if not row.managed:
        return "nothing: in no device manager"
    if not row.reported:
        return "nothing: never reported"
    if row.visibility is not Visibility.FULL:
        return "not all its apps"
    return "all its apps" if row.fresh else "all its apps, by a report that is too old"
