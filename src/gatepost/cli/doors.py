"""gatepost door: the doors of a site, and the mail servers that they stand before."""

from pathlib import Path
from typing import Any

from cyclopts import App

from gatepost.actions.doors import forget_door, list_doors
from gatepost.actions.site import Site
from gatepost.cli import observing
from gatepost.cli.data import facts, listing
from gatepost.cli.glass import close, open_all
from gatepost.cli.logging import configure_logging
from gatepost.cli.output import Exit, Lines
from gatepost.cli.session import Given
from gatepost.config import FILE
from gatepost.core.instant import SECOND, duration_text
from gatepost.core.refusal import Code, Refusal
from gatepost.doors.fronts import CHECKED_BY, Files, FrontUnfit, Kind, files
from gatepost.doors.haproxy.files import MapFiles
from gatepost.wiring import front_of, run_site_door

door = App(name="door")
door.command(open_all, name="open-all")
door.command(close)
door.command(observing.report)
door.command(observing.observe)
door.command(observing.enforce)


@door.command(name="run")
def run_door(name: str = "", /, *, session: Given) -> int:
    """Answer the mail server's questions, from a copy of its own; goes on when everything else is away.

    Parameters
    ----------
    name
        Which of the site's doors; the first, if none is named.
    """
    configure_logging()
    with session.site(for_door=True) as site:
        if isinstance(site, Refusal | tuple):
            return session.out.answer(site, str, lambda _: [])
        found = door_named(site, name)
        if isinstance(found, Refusal):
            return session.out.answer(found, str, lambda _: [])
        listen = site.settings.doors[found].listen
        run_site_door(site, found, lambda: print(f"ready: door {found} on {listen}", flush=True))
    return Exit.DONE


def door_named(site: Site, name: str) -> str | Refusal:
    """The door of this name in the settings; the first, if none is named."""
    doors = site.settings.doors
    if name and name not in doors:
        text = f"There is no [doors.{name}] in {FILE}; there is {', '.join(doors)}."
        return Refusal(Code.NO_SUCH_DOOR, text)
    return name or site.settings.first_door


@door.command(name="list")
def doors(*, session: Given) -> int:
    """Every door: how it stands, how far behind its copy is, and what it does without us."""
    return session.act(list_doors, _listed)


def _listed(rows: list[dict[str, Any]]) -> Lines:
    yield from listing([_in_words(row) for row in rows], *_COLUMNS, nothing="There is no door.")
    for row in rows:
        if row["opened"]:
            yield f"Door {row['name']} stands open: {row['opened']['by']}, because: {row['opened']['reason']}"
    without = rows[0]["without_us"]
    yield f"Without the site a door goes on by its copy for {duration_text(without['copy_expires_after'])}."
    yield f"Then, and without a copy: {_DOES[without['on_no_copy']]}. Its mail server does the same without the door."
    yield f"A device in no inventory: {_DOES[without['on_unknown']]}. None named: {_DOES[without['on_unidentified']]}."


_COLUMNS = ("name", "stance", "since", "position", "behind", "contact", "silent for", "before", "problem")
_DOES = {"allow": "all may pass", "block": "refused", "undecided": "asked to come back later (503)"}


def _in_words(row: dict[str, Any]) -> dict[str, Any]:
    silent_for = row["silent_for"]
    told = "" if silent_for is None else duration_text(silent_for - silent_for % SECOND)
    return row | {"stance": row["stance"] or "never reported", "silent for": told}


@door.command
def forget(name: str, /, *, session: Given) -> int:
    """Forget a door that is out of use, so that no retraction waits for it; one that still runs reports again."""
    return session.act(lambda site: forget_door(site, session.by, name), facts)


@door.command
def config(kind: Kind, name: str = "", /, *, out: Path = Path(), session: Given) -> int:
    """Write a mail server's configuration for this site: what it asks of the door, and what it does without it.

    Parameters
    ----------
    kind
        The program that stands before the mail, or that is the mail server.
    name
        Which of the site's doors it asks; the first, if none is named.
    out
        The directory to write into; what was written there before is replaced.
    """

    return session.act(lambda site: write_config(site, kind, name, out), _shown)


def write_config(site: Site, kind: Kind, name: str, out: Path) -> dict[str, object] | Refusal:
    """Nothing is written unless everything can be rendered."""
    found = door_named(site, name)
    if isinstance(found, Refusal):
        return found
    try:
        front = front_of(site, found)
        written = files(kind, front)
    except FrontUnfit as unfit:
        return Refusal(Code.FRONT_UNFIT, str(unfit))
    if kind == "haproxy" and front.haproxy_files:
        MapFiles(front.haproxy_files)  # those of a door that has not run yet; HAProxy does not start without
    return _write(out, kind, written)


def _write(out: Path, kind: Kind, written: Files) -> dict[str, object]:
    for file, content in written.items():
        (out / file).parent.mkdir(parents=True, exist_ok=True)
        (out / file).write_bytes(content)
    first = next(iter(written))
    return {"directory": str(out), "files": list(written), "check": CHECKED_BY[kind].format(file=first)}


def _shown(done: dict[str, object]) -> Lines:
    files_written = done["files"]
    yield f"{done['directory']}: {', '.join(map(str, files_written if isinstance(files_written, list) else []))}"
    yield f"Check it there with: {done['check']}"
