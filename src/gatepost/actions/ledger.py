"""Reading, proving and rebuilding the ledger."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from gatepost import verifier
from gatepost.actions.change import changing, looking
from gatepost.actions.checkpoint import issue_checkpoint
from gatepost.actions.entries import who_acted
from gatepost.actions.republish import republish
from gatepost.actions.site import Site
from gatepost.actions.standing import catch_up
from gatepost.actions.who import AUDITOR, acting, looking_as
from gatepost.core.instant import Instant
from gatepost.core.ledger.codec import EventError, to_data
from gatepost.core.ledger.events import SiteCreated, TablesRebuilt
from gatepost.core.ledger.leaf import parse
from gatepost.core.ledger.merkle import Frontier
from gatepost.core.refusal import Refusal
from gatepost.documents.deadline import instant_text
from gatepost.documents.ledger_export import write_export
from gatepost.signatures import ssh
from gatepost.storage import activations, ledger, policies, reading
from gatepost.storage.entry import Entry
from gatepost.storage.schema import metadata
from gatepost.storage.store import Store


def show(
    site: Site, by: str | None, start: int, events: tuple[str, ...], limit: int
) -> list[dict[str, object]] | Refusal:
    """Entries as data, oldest first; `by` as of an entry on a page."""
    with looking(site) as conn:
        actor = looking_as(conn, site.clock.now(), by)
        if isinstance(actor, Refusal):
            return actor
        rows = list(_some(ledger.rows(conn, start, events), limit))
        return [
            {
                "index": row.idx,
                "at": instant_text(row.at),
                "by": by,
                "event": row.event,
                "data": to_data(parse(row.leaf).event),
            }
            for row, by in zip(rows, who_acted(conn, rows), strict=True)
        ]


def _some(rows: Iterator[ledger.Row], limit: int) -> Iterator[ledger.Row]:
    for count, row in enumerate(rows):
        if count >= limit:
            return
        yield row


def verify(site: Site, held: tuple[str, ...] = ()) -> verifier.Report:
    """Check the whole ledger, its checkpoints, approvals and quorums. `held`: checkpoints kept outside."""
    with site.store.reading() as conn:
        beside: list[verifier.Problem] = []
        report = verifier.verify(
            leaves=_leaves(conn, beside),
            proposals=lambda name: ledger.proposal(conn, name),
            vkey=site.note_key.verifier,
            notes=ledger.notes(conn),
            ssh=ssh.verify,
            kept=held,
        )
        size, frontier = ledger.head(conn)
        if (size, Frontier.from_bytes(frontier).root().hex()) != (report.size, report.root_hex):
            text = f"the head counts {size} entries and another root than the {report.size} that are there"
            beside.append(verifier.Problem(None, "head", text))
        report.problems += beside
        return report


def _leaves(conn: Connection, problems: list[verifier.Problem]) -> Iterator[bytes]:
    """The leaves in order. The columns beside them are for finding rows: where they say otherwise is a problem."""
    for row in ledger.rows(conn):
        try:
            leaf = parse(row.leaf)
        except EventError:
            pass  # the verifier says so
        else:
            if (leaf.index, leaf.at, leaf.by, type(leaf.event).__name__) != row[:4]:
                text = f"the columns beside entry {row.idx} do not say what the entry says"
                problems.append(verifier.Problem(row.idx, "columns", text))
        yield row.leaf


def export(site: Site, by: str | None, directory: Path) -> dict[str, object] | Refusal:
    """Everything an auditor needs, in a folder, with a verifier that needs nothing of ours."""
    with changing(site) as change:
        actor = acting(change, by, AUDITOR)
        if isinstance(actor, Refusal):
            return actor
        issue_checkpoint(change)
    with looking(site) as conn:
        named = {revision.proposal for revision in policies.history(conn)}
        named |= {asked.proposal for asked in activations.history(conn)}
        proposals = {name: data for name in named if (data := ledger.proposal(conn, name)) is not None}
        write_export(
            directory, (row.leaf for row in ledger.rows(conn)), proposals, site.note_key.verifier, ledger.notes(conn)
        )
        return {"directory": str(directory), "entries": ledger.count(conn), "proposals": len(proposals)}


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """`differing`: the tables whose rows are not what the ledger says."""

    entries: int
    differing: tuple[str, ...]


def rebuild(site: Site, by: str | None, *, check: bool) -> Rebuilt | Refusal:
    """Fold the ledger; with `check` compare with the tables as they stand, else write them anew (I-33), and the doors'
    entries with them: what was wrong in a table may be at the doors already.

    The ledger is folded before the change, because there is one writer; what was written meanwhile is added inside."""
    with looking(site) as conn:
        actor = looking_as(conn, site.clock.now(), by, AUDITOR) if not check else None
        if isinstance(actor, Refusal):
            return actor
        folded, entries = _folded(conn)
        stand = reading.contents(conn)
    if check:
        return Rebuilt(entries, tuple(name for name in stand if stand[name] != folded[name]))
    with changing(site) as change:
        actor = acting(change, by, AUDITOR)
        if isinstance(actor, Refusal):
            return actor
        before = reading.contents(change.conn)
        reading.write(change.conn, folded)
        entries += _fold(change.conn, change.conn, entries)
        after = reading.contents(change.conn)
        differing = tuple(name for name in after if after[name] != before[name])
        change.record(TablesRebuilt(entries, differing))
        republish(change)
    catch_up(site)
    return Rebuilt(entries, differing)


def _folded(conn: Connection) -> tuple[reading.Contents, int]:
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "folded.sqlite"
        path.touch()
        store = Store(path)
        metadata.create_all(store.engine)
        with store.writing() as other:
            entries = _fold(conn, other)
            found = reading.contents(other)
        store.close()
    return found, entries


def _fold(source: Connection, target: Connection, start: int = 0) -> int:
    """Write what the entries from `start` on mean. How many there were."""
    entries = list(ledger.rows(source, start))
    exercise, latest = _is_exercise(source), ledger.latest(source, -1, start)
    for row in entries:
        leaf = parse(row.leaf)  # and not the columns beside it, which are under no tree
        latest = leaf.at if exercise else max(latest, leaf.at)
        reading.apply(target, Entry(leaf.index, leaf.at, leaf.by, _always(latest)), leaf.event)
    return len(entries)


def _always(instant: Instant) -> Callable[[], Instant]:
    return lambda: instant


def _is_exercise(conn: Connection) -> bool:
    """As the site's first entry says."""
    first = next(ledger.rows(conn), None)
    event = parse(first.leaf).event if first else None
    return isinstance(event, SiteCreated) and event.exercise


def checkpoint(site: Site) -> str:
    """A fresh signed checkpoint, to be kept outside."""
    with changing(site) as change:
        return issue_checkpoint(change)
