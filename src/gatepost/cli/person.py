"""gatepost people export, gatepost people erase: what is held on one person, for that person."""

from pathlib import Path

from gatepost.actions.erase import Erased, erase
from gatepost.actions.person_record import export
from gatepost.cli.fleet import people
from gatepost.cli.output import Lines
from gatepost.cli.session import Given, Source
from gatepost.documents.person_export import as_text


@people.command(name="export")
def export_person(person: str, /, *, out: Source = "-", purpose: str = "", session: Given) -> int:
    """Everything held on one person, readable and as JSON; the look is recorded.

    Parameters
    ----------
    person
        By id, mail address or login.
    out
        A directory for person.txt and person.json; - for standard output, where --json says which.
    purpose
        What for; whoever asks for their own needs none.
    """
    directory = None if out == "-" else Path(out)

    def human(record: dict[str, object]) -> Lines:
        if directory is None:
            return as_text(record).splitlines()
        return [f"Everything held on {person} is in {directory}; the site removes it when its time is over."]

    return session.act(lambda site: export(site, session.by, person, purpose, directory), human)


@people.command(name="erase")
def erase_person(person: str, /, *, because: str, session: Given) -> int:
    """Erase somebody who left: every row, the doors' copies, the files of the site. The ledger keeps its proofs.

    Parameters
    ----------
    person
        By id or mail address.
    because
        Why, without naming them; recorded.
    """
    return session.act(lambda site: erase(site, session.by, person, because), _erased)


def _erased(done: Erased) -> Lines:
    rows = ", ".join(f"{count} {table}" for table, count in sorted(done.rows.items()))
    yield f"Erased: {rows}. In the ledger they are {done.person}, which nobody can resolve."
    for door in done.doors:
        if not door.erased:
            yield f"Door {door.name} has NOT written its copy anew yet; if it is out of use, `gatepost door forget` it."
    yield from (f"Removed {path}, which was exported of them." for path in done.files)
    for path in done.backups:
        yield f"The backup {path} holds them until it is removed."
    if done.finished:
        yield "Nothing of them is left in the site's files and at its doors."
    else:
        yield "The worker goes on until nothing of them is left in the site's files and at its doors."
