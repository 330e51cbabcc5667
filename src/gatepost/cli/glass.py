"""gatepost door open-all, gatepost door close: what works when nothing else does. Only the settings are read."""

from collections.abc import Callable

from gatepost.actions.glass import Glass, close_door, open_door
from gatepost.cli.output import Exit, Lines
from gatepost.cli.session import Given
from gatepost.config import FILE, Settings, load_settings
from gatepost.config.settings import DoorProcess
from gatepost.core.problem import Problem
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.data import as_data

Named = tuple[str, DoorProcess]


def open_all(name: str = "", /, *, reason: str, session: Given) -> int:
    """Break the glass: let all mail pass at the doors of this machine, with database, mail and sign-in down.

    Ends with 1 if a door, or the HAProxy that goes by its maps, does not answer that it is open. The ledger has it as
    soon as the site hears of it.

    Parameters
    ----------
    name
        Only this door.
    reason
        Why, for the ledger.
    """
    found = _doors(session, name)
    if isinstance(found, Refusal | tuple):
        return session.out.answer(found, as_data, lambda _: [])
    done = [open_door(each, door, reason) for each, door in found]
    code = Exit.DONE if all(glass.stands == "open" and not glass.behind for glass in done) else Exit.ERROR
    return session.out.show(as_data(done), lambda: _told(done, _opened), code)


def close(name: str, /, *, session: Given) -> int:
    """Let a door that was opened by open-all go by its copy again; needs no database either."""
    found = _doors(session, name)
    if isinstance(found, Refusal | tuple):
        return session.out.answer(found, as_data, lambda _: [])
    done = close_door(*found[0])
    if isinstance(done, Refusal):
        return session.out.refuse(done)
    code = Exit.ERROR if done.stands == "open" or done.behind else Exit.DONE
    return session.out.show(as_data(done), lambda: _told([done], _closed), code)


def _doors(session: Given, name: str) -> list[Named] | Refusal | tuple[Problem, ...]:
    if not (session.directory / FILE).exists():
        return Refusal(Code.NO_SITE, f"There is no {FILE} in {session.directory}; name the site's directory by --site.")
    settings = load_settings(session.directory)
    if not isinstance(settings, Settings):
        return settings
    if name and name not in settings.doors:
        text = f"There is no [doors.{name}] in {FILE}; there is {', '.join(settings.doors)}."
        return Refusal(Code.NO_SUCH_DOOR, text)
    return [(each, door) for each, door in settings.doors.items() if name in ("", each)]


def _told(done: list[Glass], sentence: Callable[[Glass], str]) -> Lines:
    for glass in done:
        yield sentence(glass)
        if not glass.lasts:
            yield "  The disk takes nothing: a restart of this machine will close it."
        if glass.maps and not glass.stands:
            yield "  HAProxy goes on by its maps until the door's process runs: start it."
        if glass.behind:
            yield f"  But HAProxy does not follow: {glass.behind}"
            yield "  Restart HAProxy: it then reads from its files how the door stands."


def _opened(glass: Glass) -> str:
    since = f"{glass.since} by {glass.by}: {glass.reason}"
    match glass.stands:
        case "open":
            return f"door {glass.door} is open since {since}"
        case "":
            return f"door {glass.door} does not run; it will be open when it does (since {since})"
        case stands:
            return f"door {glass.door} runs and does not open ({stands}): stop its process (since {since})"


def _closed(glass: Glass) -> str:
    match glass.stands:
        case "open":
            return f"door {glass.door} runs and does not close: restart its process"
        case "":
            return f"door {glass.door} is closed; it does not run"
        case stands:
            return f"door {glass.door} is closed and goes by its copy again ({stands})"
