"""Erasing a person: every row that names them, the doors' copies of it, what the files still hold; never the ledger.

One change deletes, publishes to the doors that it did, and records it. What must wait for others follows it: doors that
write their copies anew, the stream's own memory of what was taken away, the database's file. The worker finishes what
the command could not (a door was away, the program was killed).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from gatepost.actions import written
from gatepost.actions.await_doors import await_doors
from gatepost.actions.certificates import give_up
from gatepost.actions.change import Change, changing, looking
from gatepost.actions.device_passwords import revoke_all
from gatepost.actions.hold import recheck_quorums
from gatepost.actions.search import Search
from gatepost.actions.site import Site
from gatepost.actions.standing import refresh
from gatepost.actions.who import ADMIN, OPERATOR, acting
from gatepost.clock import pause
from gatepost.core.fleet.naming import names_any
from gatepost.core.fleet.person import Person
from gatepost.core.instant import MINUTE, SECOND
from gatepost.core.ledger.events import KeyRevoked, RoleRevoked
from gatepost.core.ledger.privacy_events import PersonErased
from gatepost.core.refusal import Code, Refusal
from gatepost.doors.entry import ERASURE_KEY, encode_erasure
from gatepost.storage import access, belongings, devices, feed, notices, people, sitemeta, written_files
from gatepost.storage.belongings import Traces, Whose

ERASED = "erased"
"""A file of the site: the pseudonyms of everybody erased, one a line. Kept apart from backups, it lets a site that was
restored from an older one erase them again."""

AGAIN = "Erased once already; the backup that was restored is older."

BEGUN, WAITS = "begun", "waits"
"""Of an erasure that is not finished: the database's file is still to be written anew, or only doors are behind."""

LOG, LOG_WAITS = "log", "log, waits"
"""The file is written anew, and the log before it is still to be emptied; LOG_WAITS: and doors are behind."""

_EMPTIED = {LOG: "", LOG_WAITS: WAITS}

TRIES = 20
"""So often a look for a moment in which nobody reads; then again after RETRY."""

RETRY = 2 * MINUTE

DOORS_MAY_TAKE = 5 * SECOND
"""A door that has not written its copy anew by then is named and no longer waited for."""


@dataclass(frozen=True, slots=True)
class DoorErased:
    """`erased`: whether nothing is left in its files."""

    name: str
    erased: bool


@dataclass(frozen=True, slots=True)
class Erased:
    """`rows`: how many of each table. `files`: exports removed. `backups`: those that still hold the person, as far as
    the site knows. `finished`: nothing is left of what the site and its doors hold; else the worker goes on."""

    person: str
    rows: dict[str, int]
    doors: tuple[DoorErased, ...]
    files: tuple[str, ...]
    backups: tuple[str, ...]
    finished: bool


def erase(
    site: Site, by: str | None, name: str, because: str, wait: Callable[[float], None] = pause
) -> Erased | Refusal:
    """Erase somebody who left. What a correction, a role or a shared device still needs them for is said instead."""
    if not because.strip():
        return Refusal(Code.PURPOSE_MISSING, "An erasure says why: add --because TEXT.")
    with looking(site) as conn:
        known = people.find(conn, name)
        search = Search(conn, [belongings.whose(conn, known.ref)] if known else [], site.clock.now())
    with changing(site) as change:
        actor = acting(change, by, ADMIN, OPERATOR)
        if isinstance(actor, Refusal):
            return actor
        person = people.find(change.conn, name)
        if person is None:
            return Refusal(Code.NO_SUCH_PERSON, f"Nobody here is known as {name}.")
        whose = belongings.whose(change.conn, person.ref)
        if refusal := _why_not(change.conn, person, whose, because):
            return refusal
        exports = written_files.everything(change.conn, "export", person=person.ref)
        rows = erase_all(change, [whose], because, search)[0]
        number = sitemeta.number(change.conn, sitemeta.ERASURES)
    files = written.remove(site, exports)
    note_erased(site.directory, [person.ref])
    doors = _await_doors(site, number, wait)
    finished = finish_erasures(site)
    return Erased(person.ref, rows, doors, files, tuple(written.backups(site)), finished)


def _why_not(conn: Connection, person: Person, whose: Whose, because: str) -> Refusal | None:
    if person.working:
        text = f"{person.id} works here: the next import would name them again. Leave them out of the people file first"
        return Refusal(Code.PERSON_WORKS, f"{text} (`people import --complete`), then erase them.")
    held = [grant.role for grant in access.grants(conn, person.ref)]
    held += [key.fingerprint for key in access.keys_of(conn, person.ref)]
    if held:
        text = f"{person.id} holds {', '.join(held)}: take that away first (`role revoke`, `key revoke`)."
        return Refusal(Code.ROLE_HELD, text)
    if shared := keeps_shared(conn, whose):
        text = (
            f"{person.id} keeps {', '.join(shared)}, which others use: check it out, then import it with another owner."
        )
        return Refusal(Code.DEVICE_SHARED, text)
    if notices.owed_to(conn, person.ref):
        text = f"A mail to {person.id} is on its way, or owed: that a policy is over. Try again when it was sent."
        return Refusal(Code.MAIL_OWED, text)
    called = _words(person.name, person.id, *person.emails, *whose.logins)
    if names_any(whose.names)(because) or called & _words(because):
        text = (
            "That reason names whom you erase, and it is kept. Say it without their name, a part of it (of three "
            "letters or more), their login, their address or a device."
        )
        return Refusal(Code.REASON_NAMES, text)
    return None


def _words(*texts: str) -> set[str]:
    """Every word of three letters or more in these, without the domains of addresses, in one case."""
    return {word for text in texts for word in re.findall(r"[^\W\d_]{3,}", re.sub(r"@\S+", "", text).casefold())}


def keeps_shared(conn: Connection, whose: Whose) -> list[str]:
    """The shared devices in use that this person keeps."""
    return sorted(member.device.id for member in devices.members(conn, whose.devices) if member.device.shared)


def erase_all(change: Change, everyone: Sequence[Whose], because: str, search: Search) -> list[dict[str, int]]:
    """Delete everything that names these people, and have the doors do so. How many rows of each table, by person."""
    found = search.complete(change.conn, everyone)
    belongings.forget_sponsors(change.conn, everyone)
    rows = [_erase_one(change, whose, because, found[whose.ref]) for whose in everyone]
    conn = change.conn
    sitemeta.advance(conn, sitemeta.INVENTORY)
    change.publish({ERASURE_KEY: encode_erasure(sitemeta.advance(conn, sitemeta.ERASURES))})
    sitemeta.put(conn, sitemeta.ERASING, BEGUN)
    sitemeta.put(conn, sitemeta.ERASING_AFTER, "0")
    return rows


def _erase_one(change: Change, whose: Whose, because: str, found: Traces) -> dict[str, int]:
    conn = change.conn
    withdrawn = notices.queued_for(conn, whose.ref)
    for device in whose.devices:
        revoke_all(change, device)
        give_up(change, device)
        devices.check_out(conn, device, change.now)
    refresh(change, whose.devices, whose.eas_keys)
    _hand_over(change, whose)
    rows = belongings.erase(conn, whose, found)
    change.record(PersonErased(whose.ref, whose.devices, rows, withdrawn, change.words(because)))
    return rows


def erase_again(change: Change) -> int:
    """In a site that was restored: everybody who was erased since its backup, whatever they hold there. How many."""
    back = people.load(change.conn, erased_before(change.site.directory / ERASED))
    everyone = [belongings.whose(change.conn, ref) for ref in back]
    for ref in back:
        for grant in access.grants(change.conn, ref):
            change.record(RoleRevoked(ref, grant.role))
        for key in access.keys_of(change.conn, ref):
            change.record(KeyRevoked(ref, key.fingerprint))
    if back:
        erase_all(change, everyone, AGAIN, Search(change.conn, everyone, change.now))
        recheck_quorums(change)
    return len(back)


def _hand_over(change: Change, whose: Whose) -> None:
    """Commands that name nobody are the first administrator's: of another one from now on, if it was this person."""
    first = sitemeta.get(change.conn, sitemeta.FIRST_ADMINISTRATOR)
    if first.casefold() not in {name.casefold() for name in whose.names}:
        return
    others = people.load(change.conn, access.holders(change.conn, ADMIN))
    next_one = min((person.id for person in others.values() if person.working), default="")
    sitemeta.put(change.conn, sitemeta.FIRST_ADMINISTRATOR, next_one)


def note_erased(directory: Path, refs: Sequence[str]) -> None:
    """Note outside the database who was erased, so that one that is brought back can be told."""
    path = directory / ERASED
    known = set(erased_before(path))
    if new := [ref for ref in refs if ref not in known]:
        with path.open("a", encoding="ascii") as file:
            file.writelines(f"{ref}\n" for ref in new)


def erased_before(path: Path) -> list[str]:
    """The pseudonyms in a file of the erased; none without a file."""
    return path.read_text(encoding="ascii").split() if path.exists() else []


def _await_doors(site: Site, number: int, wait: Callable[[float], None]) -> tuple[DoorErased, ...]:
    doors = await_doors(site, lambda door: door.erasures >= number, wait, DOORS_MAY_TAKE)
    return tuple(DoorErased(door.name, after is not None) for door, after in doors)


def go_on_erasing(site: Site) -> bool:
    """A step of time: what an erasure left, because it was cut off or somebody was in the way. Whether it is finished
    now."""
    with looking(site) as conn:
        state = sitemeta.get(conn, sitemeta.ERASING)
        if not state or (state == WAITS and _doors_behind(conn)):
            return False
        if 0 < sitemeta.number(conn, sitemeta.ERASING_AFTER) - site.clock.now() <= RETRY:
            return False
    return finish_erasures(site)


def finish_erasures(site: Site) -> bool:
    """Forget what doors have heard was taken away, and write the database's file anew. Whether nothing is left to do:
    every door has done its part, and nobody read for so long that the log could not be emptied."""
    with looking(site) as conn:
        state = sitemeta.get(conn, sitemeta.ERASING)
    if state not in _EMPTIED:
        _write_anew(site)
    emptied = _empty_log(site)
    with site.store.writing() as conn:
        state = sitemeta.get(conn, sitemeta.ERASING)
        if emptied:
            state = _EMPTIED.get(state, state)  # else somebody was erased meanwhile: not this file is theirs
            sitemeta.put(conn, sitemeta.ERASING, state)
        sitemeta.put(conn, sitemeta.ERASING_AFTER, "0" if emptied else str(site.clock.now() + RETRY))
    return emptied and not state


def _write_anew(site: Site) -> None:
    with site.store.writing() as conn:
        number = sitemeta.number(conn, sitemeta.ERASURES)
        behind = _doors_behind(conn)
        feed.forget_heard(conn)
    site.store.write_anew()
    with site.store.writing() as conn:
        if sitemeta.number(conn, sitemeta.ERASURES) == number:
            sitemeta.put(conn, sitemeta.ERASING, LOG_WAITS if behind else LOG)


def _empty_log(site: Site) -> bool:
    for _ in range(TRIES):
        if site.store.empty_log():
            return True
        pause(0.05)
    return False


def _doors_behind(conn: Connection) -> bool:
    number = sitemeta.number(conn, sitemeta.ERASURES)
    return any(door.erasures < number for door in feed.known_doors(conn).values())
