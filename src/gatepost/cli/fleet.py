"""gatepost people, gatepost devices: what is known of people and their devices."""

from collections.abc import Callable
from typing import Annotated

from cyclopts import App, Parameter

from gatepost.actions.import_devices import Reported, check_out, import_devices, report
from gatepost.actions.import_listed import import_listed
from gatepost.actions.import_people import Imported, import_people
from gatepost.actions.site import Site
from gatepost.cli.data import facts
from gatepost.cli.looks import looks
from gatepost.cli.output import Exit, Lines, progress
from gatepost.cli.session import Given, Misuse, Session, Source, content
from gatepost.core.refusal import Refusal
from gatepost.documents.listed_devices import ListFormat

people = App(name="people")
devices = App(name="devices")

Complete = Annotated[bool, Parameter(help="The file names everybody: whoever is missing from it is retired.")]
Format = Annotated[ListFormat, Parameter(help="A mail server's list of phones; else our own columns.")]
_SHOWN = 20


@people.command(name="import")
def import_people_file(file: Source, /, *, complete: Complete = False, session: Given) -> int:
    """Take in people from CSV (email,name,kind,country,time_zone,locale,groups) or JSON Lines; - for standard input."""
    return _import(session, file, "people", complete, import_people)


people.command(looks)


@devices.command(name="import")
def import_devices_file(
    file: Source,
    /,
    *,
    complete: Complete = False,
    format: Format | None = None,
    owner: str = "",
    session: Given,
) -> int:
    """Take in devices and their last reports from CSV or JSON Lines; - for standard input.

    Columns: id,owner,form,platform,ownership,visibility,eas_device_id,reported_at,apps, and optionally shared and
    certificate. Apps that nobody looks for are dropped before anything is stored.

    Parameters
    ----------
    owner
        With --format sogo: whose list it is, by login or mail address.
    """
    if format is None:
        return _import(session, file, "devices", complete, import_devices)
    if complete or (format == "sogo") != bool(owner):
        raise Misuse("--owner goes with --format sogo and needs it; --complete goes with our own columns only")
    data, name = content(file)
    return session.act(
        lambda site: import_listed(site, session.by, data, name, format, owner),
        lambda result: _imported(result, "devices"),
        code=_code,
    )


@devices.command(name="report")
def one_report(file: Source, /, *, session: Given) -> int:
    """Take in one report about one device: a JSON object with the same keys; - for standard input."""
    data, _ = content(file)
    return session.act(lambda site: report(site, session.by, data), _reported)


@devices.command(name="check-out")
def out_of_use(device: str, /, *, reason: str, session: Given) -> int:
    """Confirm that a device was wiped or handed back: no door knows it any more."""
    return session.act(lambda site: check_out(site, session.by, device, reason), facts)


def _import(session: Session, file: str, what: str, complete: bool, action: Callable[..., Imported | Refusal]) -> int:
    data, name = content(file)

    def take(site: Site) -> Imported | Refusal:
        with progress(f"Reading {what}", data.count(b"\n")) as advance:
            done = 0

            def moved(rows: int) -> None:
                nonlocal done
                advance(rows - done)
                done = rows

            return action(site, session.by, data, name, complete=complete, progress=moved)

    return session.act(take, lambda result: _imported(result, what), code=_code)


def _code(result: Imported) -> int:
    """A file of which no row could be taken is bad input; one with some bad rows was taken in without them."""
    return Exit.ERROR if result.rejected and not result.added + result.changed + result.unchanged else Exit.DONE


def _imported(result: Imported, what: str) -> Lines:
    yield (
        f"{what}: {result.added} added, {result.changed} changed, {result.unchanged} unchanged, "
        f"{result.retired} retired, {len(result.rejected)} rejected."
    )
    if result.held:
        yield f"Held at warn, because an approver has left: {', '.join(result.held)}."
    for problem in result.rejected[:_SHOWN]:
        yield str(problem)
    if len(result.rejected) > _SHOWN:
        yield f"... and {len(result.rejected) - _SHOWN} more; --json names them all."


def _reported(done: Reported) -> Lines:
    if not done.fresh:
        yield f"{done.device}: this report is older than what is known, so it changes nothing."
    yield f"{done.device}: {done.outcome}."
