"""The ledger as a page shows it: the newest entries first, in the words of the events."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from gatepost.actions.change import looking
from gatepost.actions.site import Site
from gatepost.core.ledger.ask_events import CheckAsked, WaiverAsked
from gatepost.core.ledger.events import AttestationGiven, AttestationVoided
from gatepost.core.ledger.leaf import SYSTEM, said
from gatepost.documents.deadline import instant_text
from gatepost.storage import ledger, people

OF_OWNERS: Final = tuple(event.__name__ for event in (WaiverAsked, CheckAsked, AttestationGiven, AttestationVoided))
"""What owners of devices do themselves. Who did says of whose phone a policy asks something, so nobody is named by it:
that is a look, which has a purpose and is recorded (I-34)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """`by`: the id of somebody who acted for the organisation and is still known, else a pseudonym or "system".
    `policy`: "" where it is about none. `fields`: the other words of the event, each as a text."""

    index: int
    at: str
    by: str
    event: str
    policy: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Page:
    """`before`: from where the next, older, page goes on; None on the last."""

    entries: tuple[Entry, ...]
    before: int | None


def newest_entries(site: Site, before: int | None, limit: int, event: str = "", policy: str = "", by: str = "") -> Page:
    """The newest entries before an index, or of all; of one event or policy, or by one who acted (an id, an address, a
    login or "system"), where these are given. What owners do is found by nobody's name."""
    with looking(site) as conn:
        ref, besides = _ref(conn, by), OF_OWNERS if by else ()
        rows = [] if by and not ref else ledger.newest(conn, before, limit + 1, event, policy, ref, besides)
        shown = rows[:limit]
        return Page(tuple(_entries(conn, shown)), shown[-1].idx if len(rows) > limit else None)


def one_entry(site: Site, index: int) -> Entry | None:
    """The entry of a number, if there is one."""
    with looking(site) as conn:
        row = ledger.entry(conn, index)
        return _entries(conn, [row])[0] if row else None


def _ref(conn: Connection, by: str) -> str:
    """The pseudonym of somebody; "" for nobody."""
    if by in ("", SYSTEM):
        return by
    person = people.find(conn, by)
    return person.ref if person else ""


def _entries(conn: Connection, rows: list[ledger.Row]) -> list[Entry]:
    return [_entry(row, by) for row, by in zip(rows, who_acted(conn, rows), strict=True)]


def who_acted(conn: Connection, rows: Sequence[ledger.Row]) -> list[str]:
    """In each of these, as `by` of Entry."""
    actors = people.load(conn, {row.by for row in rows if row.event not in OF_OWNERS})
    return [actors[row.by].id if row.by in actors and row.event not in OF_OWNERS else row.by for row in rows]


def _entry(row: ledger.Row, by: str) -> Entry:
    data = said(row.leaf)
    policy = str(data.pop("policy", ""))
    return Entry(row.idx, instant_text(row.at), by, row.event, policy, tuple(_texts(data)))


def _texts(data: dict[str, object]) -> list[tuple[str, str]]:
    """What is long is said as how many: the export has all of it."""
    return [(name, _text(value)) for name, value in sorted(data.items()) if value not in ("", [], {})]


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {each}" for key, each in value.items()) if len(value) <= 6 else f"{len(value):,}"
    if isinstance(value, list):
        return ", ".join(map(str, value)) if len(value) <= 6 else f"{len(value):,}"
    text = str(value)
    return text if len(text) <= 200 else text[:200] + "…"
