"""gatepost ledger: reading it, proving it, giving it to an auditor."""

from collections import Counter
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from gatepost.actions import ledger
from gatepost.cli.output import Exit, Lines, Table
from gatepost.cli.session import Given
from gatepost.documents.data import as_data
from gatepost.verifier import Report

app = App(name="ledger")


@app.command
def show(
    *,
    start: Annotated[int, Parameter(name="--from")] = 0,
    event: tuple[str, ...] = (),
    limit: int = 1000,
    session: Given,
) -> int:
    """The ledger's entries, oldest first.

    Parameters
    ----------
    start
        The first entry's number.
    event
        Only entries of this kind, such as PolicyAnnounced; may be given several times.
    limit
        At most so many.
    """
    return session.act(
        lambda site: ledger.show(site, session.by, start, event, limit),
        lambda rows: [Table(("index", "at", "by", "event"), [[row[key] for key in _COLUMNS] for row in rows])],
    )


_COLUMNS = ("index", "at", "by", "event")


@app.command
def verify(*, checkpoint: tuple[Path, ...] = (), session: Given) -> int:
    """Check the whole ledger: every entry, checkpoint, approval and quorum. Ends with 1 if anything is wrong.

    Parameters
    ----------
    checkpoint
        A file with a checkpoint that was kept outside, from an approval mail, say; may be given several times.
    """
    held = tuple(path.read_text() for path in checkpoint)
    return session.act(
        lambda site: ledger.verify(site, held), _verified, _data, lambda report: Exit.ERROR if report.problems else 0
    )


@app.command
def export(directory: Path, /, *, session: Given) -> int:
    """Write all that an auditor needs to a folder, with a verifier that needs nothing of ours."""
    return session.act(
        lambda site: ledger.export(site, session.by, directory),
        lambda done: [f"{done['entries']} entries are in {done['directory']}; check them by: python3 verify.py"],
    )


@app.command
def rebuild(*, check: bool = False, session: Given) -> int:
    """Write the tables anew from the ledger.

    Parameters
    ----------
    check
        Change nothing; say which tables differ from what the ledger says, and end with 1 if one does.
    """
    return session.act(
        lambda site: ledger.rebuild(site, session.by, check=check),
        lambda done: _rebuilt(done, check),
        lambda done: {"ok": not (check and done.differing), "entries": done.entries, "differing": list(done.differing)},
        lambda done: Exit.ERROR if check and done.differing else Exit.DONE,
    )


@app.command
def checkpoint(*, session: Given) -> int:
    """A fresh signed checkpoint, to be kept where nobody here can change it."""
    return session.act(ledger.checkpoint, lambda note: note.splitlines(), lambda note: {"checkpoint": note})


def _data(report: Report) -> object:
    found = as_data(report)
    return {"ok": not report.problems} | (found if isinstance(found, dict) else {})


def _verified(report: Report) -> Lines:
    yield f"{report.size} entries, root {report.root_hex}."
    yield f"{report.checkpoints_checked} checkpoints and {report.approvals_checked} signed approvals were checked."
    if report.approvals_by_as:
        yield f"{report.approvals_by_as} approvals carry no signature: this is an exercise."
    yield from (f"Not checked: {text}" for text in report.unchecked)
    for problem in report.problems:
        where = "" if problem.index is None else f"entry {problem.index}: "
        yield f"PROBLEM ({problem.code}): {where}{problem.text}"
    kinds = Counter(problem.code for problem in report.problems)
    yield f"{sum(kinds.values())} problems." if kinds else "The ledger holds."


def _rebuilt(done: ledger.Rebuilt, check: bool) -> Lines:
    yield f"{done.entries} entries were read."
    if done.differing:
        yield f"{'Differ' if check else 'Were put right'}: {', '.join(done.differing)}."
    else:
        yield "The tables say what the ledger says."
