"""What doors saw comes to the site. A login is not proof of who sent it: see decisions/0014."""

from sqlalchemy import Connection

from gatepost.core.instant import Instant
from gatepost.doors.activesync import login_candidates
from gatepost.doors.report import Report, Sighting
from gatepost.storage import audience, contacts, devices, feed, identities, people, sightings, sitemeta
from gatepost.storage.contacts import Contact
from gatepost.storage.sightings import Seen

MOST_STRANGERS = 1000
"""Kept a door, of logins that nobody has: enough to see what is missing from the import."""

MOST_PER_LOGIN = 50
"""Identities kept a login and door: whoever knows a login can invent devices for it."""


def take_in(conn: Connection, door: str, report: Report, now: Instant) -> None:
    """Keep a door's sightings, and have those devices computed anew whose first contact was waited for."""
    seen = _resolved(conn, door, report.sightings, now)
    kept, dropped = _with_few_strangers(conn, door, seen)
    sightings.keep(conn, kept)
    crowding = {one.login for one in kept if one.reason not in contacts.RECOGNISED}
    dropped += sightings.thin_out(conn, door, crowding, MOST_PER_LOGIN)
    if dropped + report.dropped:
        feed.count_dropped(conn, door, dropped + report.dropped)
    if kept and not sitemeta.get(conn, sitemeta.SIGHTED_SINCE):
        sitemeta.put(conn, sitemeta.SIGHTED_SINCE, str(now))
    _meet(conn, kept)


def _resolved(conn: Connection, door: str, found: tuple[Sighting, ...], now: Instant) -> list[Seen]:
    """By the login of the inventory that each stands for; several that stand for one become one."""
    candidates = {one.login: login_candidates(one.login) for one in found}
    known = people.owners_of(conn, {login for names in candidates.values() for login in names})
    seen: dict[tuple[str, str, str], Seen] = {}
    for one in sorted(found, key=lambda sighting: sighting.last):
        login = next((name for name in candidates[one.login] if name in known), "")
        # A door's clock may run ahead of the site's by a minute.
        first, last = min(one.first, now), min(one.last, now)
        row = Seen(
            door=door,
            login=login or one.login,
            kind=one.kind,
            identity=one.identity,
            device_type=one.device_type,
            user_agent=one.user_agent,
            first_at=min(first, seen[key].first_at) if (key := (login or one.login, *one.key[1:])) in seen else first,
            last_at=last,
            reason=one.reason,
            would=one.would,
            stranger=not login,
        )
        seen[row.key] = row
    return list(seen.values())


def _with_few_strangers(conn: Connection, door: str, seen: list[Seen]) -> tuple[list[Seen], int]:
    """Without those strangers for whom there is no place, and how many these are."""
    strange = [one for one in seen if one.stranger]
    if not strange:
        return seen, 0
    there = sightings.strangers(conn, door)
    new = [one for one in strange if one.key not in there]
    left_out = {one.key for one in new[max(0, MOST_STRANGERS - len(there)) :]}
    return [one for one in seen if one.key not in left_out], len(left_out)


def _meet(conn: Connection, seen: list[Seen]) -> None:
    """Write down first contacts that were waited for; the worker then computes those devices anew."""
    recognised = _recognised(conn, seen)
    met: list[Contact] = []
    for rule, device, told_at in contacts.awaited(conn, recognised, sitemeta.number(conn, sitemeta.SIGHTED_SINCE)):
        first, last = recognised[device]
        if last >= told_at:
            met.append(Contact(rule, device, first if first >= told_at else last))
    contacts.put(conn, met)
    audience.postpone(conn, {contact.device for contact in met})


def _recognised(conn: Connection, seen: list[Seen]) -> dict[str, tuple[Instant, Instant]]:
    """The devices that doors knew as their person's, with when this report saw them first and last."""
    known = [one for one in seen if one.reason in contacts.RECOGNISED]
    by_eas = devices.behind(conn, [one.identity for one in known if one.kind == "activesync"])
    keys = {(one.kind, one.identity) for one in known if one.kind in ("certificate", "password")}
    refs = {("activesync", key): ref for key, ref in by_eas.items()} | identities.behind(conn, keys)
    found: dict[str, tuple[Instant, Instant]] = {}
    for one in known:
        if ref := refs.get((one.kind, one.identity)):
            first, last = found.get(ref, (one.first_at, one.last_at))
            found[ref] = min(first, one.first_at), max(last, one.last_at)
    return found
