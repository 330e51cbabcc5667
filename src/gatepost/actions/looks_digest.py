"""Once a month whoever stands for privacy hears who looked at people by name, and what for; never at whom."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from gatepost.actions.change import Change, changing, looking
from gatepost.actions.looks import Look, looks
from gatepost.actions.outbox import compose, enqueue
from gatepost.actions.site import Site
from gatepost.actions.who import APPROVER
from gatepost.core.instant import Instant
from gatepost.core.notice.notice import NoticeKind
from gatepost.documents.deadline import instant_text, parse_instant
from gatepost.storage import access, ledger, people, sitemeta

MOST_PURPOSES: Final = 5
"""So many are written out of each sort of look; the ledger has them all."""


def month_began(at: Instant) -> Instant:
    """The first instant of an instant's calendar month, in UTC."""
    return parse_instant(f"{instant_text(at)[:7]}-01T00:00:00Z")


def digest_looks(site: Site) -> bool:
    """Tell of the looks up to the end of last month, unless that was done. Nothing is sent if there were none."""
    with looking(site) as conn:
        until = month_began(site.clock.now())
        if sitemeta.number(conn, sitemeta.LOOKS_TOLD_UNTIL) >= until:
            return False
    with changing(site) as change:
        since = sitemeta.number(change.conn, sitemeta.LOOKS_TOLD_UNTIL)
        rows = told(change.conn, [look for look in looks(change.conn, since) if look.at < until])
        if rows:
            _tell(change, until, rows)
        sitemeta.put(change.conn, sitemeta.LOOKS_TOLD_UNTIL, str(until))
    return True


def _tell(change: Change, until: Instant, rows: list[dict[str, Any]]) -> None:
    roles = change.site.settings.rails.activation_roles
    holders = {holder for role in roles for holder in access.holders(change.conn, f"{APPROVER}{role}")}
    known = people.load(change.conn, holders)
    facts = {"until": until, "looks": rows}
    enqueue(
        change,
        (
            compose(change, "", 0, NoticeKind.LOOKS, ref, step=str(until), facts=facts)
            for ref in sorted(holders)
            if ref in known and known[ref].working and known[ref].emails
        ),
    )


class _Sort(NamedTuple):
    """Looks that are told of together. `policy`: "" where they were about none."""

    by: str
    what: str
    policy: str


def told(conn: Connection, found: Iterable[Look]) -> list[dict[str, Any]]:
    """By who looked and at what: how often, at how many different people, and what for."""
    sorts: dict[_Sort, list[Look]] = {}
    for look in found:
        about = look.about if look.what in ("names", "mails", "waivers") else ""
        sorts.setdefault(_Sort(look.by, look.what, about), []).append(look)
    named = people.load(conn, {sort.by for sort in sorts})
    names = {ref: person.name for ref, person in named.items()}
    return sorted((_row(conn, sort, group, names) for sort, group in sorts.items()), key=lambda row: str(row["by"]))


def _row(conn: Connection, sort: _Sort, group: list[Look], names: Mapping[str, str]) -> dict[str, Any]:
    purposes = dict.fromkeys(ledger.words_of(conn, look.purpose_hash) for look in group)
    written = [purpose for purpose in purposes if purpose]
    return {
        "by": names.get(sort.by, sort.by),
        "what": sort.what,
        "policy": sort.policy,
        "times": len(group),
        "people": len({ref for look in group for ref in look.people}),
        "purposes": [*written[:MOST_PURPOSES], *(["..."] if len(written) > MOST_PURPOSES else [])],
    }
