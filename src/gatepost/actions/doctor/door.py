"""A door of this machine and what stands before its mail server, looked at from outside."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gatepost.actions.doctor import front, sessions
from gatepost.actions.doctor.finding import Finding, fail, ok, skipped, warn
from gatepost.actions.glass import stance_of
from gatepost.actions.site import Site
from gatepost.clock import system_now
from gatepost.config.settings import DoorProcess
from gatepost.core.instant import MINUTE, SECOND
from gatepost.doors.glass import look

UNIDENTIFIED: Final = ("unidentified", "foreign", "shared", "mismatch")
"""Reasons of requests that no device could be told for."""

UNIDENTIFIED_LIMIT: Final = 5
"""Percent."""


def examine_door(site: Site, name: str, process: DoorProcess) -> Iterator[Finding]:
    stance = stance_of(process.listen)
    yield _running(name, process, stance)
    yield from _open(name, process)
    if stance.get("door") == name:
        yield _copy(name, stance)
        yield from _clock(name, stance)
        yield from front.examine(site, name, process)
        yield _seen(site, name, stance["counts"])
    yield from sessions.examine(name, process)


def _running(name: str, process: DoorProcess, stance: Mapping[str, Any]) -> Finding:
    if not stance:
        does = f"no door answers at {process.listen}"
        return fail("running", does, f"Start it: `gatepost door run {name}` or `gatepost serve`.", door=name)
    if stance["door"] != name:
        found = f"at {process.listen} door {stance['door']} answers"
        todo = "Give each door a `listen` of its own, here and before the mail server."
        return fail("running", found, todo, door=name)
    return ok("running", f"it answers at {process.listen}", door=name)


def _open(name: str, process: DoorProcess) -> Iterator[Finding]:
    """By the file itself: the site may not know of it yet."""
    try:
        opened = look(process.table)
    except OSError as error:
        yield fail("open", f"nobody can tell whether it stands open: {error}", "Check the disk.", door=name)
        return
    if opened is None:
        yield ok("open", "nobody broke its glass", door=name)
    else:
        todo = f"`gatepost door close {name}`, when it may go by its copy again."
        yield warn("open", f"{opened.by} opened it: {opened.reason}", todo, door=name)


def _copy(name: str, stance: Mapping[str, Any]) -> Finding:
    problem = str(stance["problem"])
    if not stance["can_decide"]:
        found = problem or "it has no copy to answer from"
        return fail("copy", found, "Let it reach the database; until then `door.on_no_copy` holds.", door=name)
    if problem:
        return fail("copy", problem, "Put that right: until then it goes on with its last good copy.", door=name)
    return ok("copy", f"it answers from a good copy at position {stance['position']}", door=name)


def _clock(name: str, stance: Mapping[str, Any]) -> Iterator[Finding]:
    """A door takes no instant beyond the site's, so a wrong clock of its own makes it late, never early."""
    apart = abs(int(stance["now"]) - system_now())
    found = f"its clock and this one are {apart / 1000:.1f} s apart"
    todo = "Set both by NTP."
    if apart > MINUTE:
        yield fail("clock", found, todo, door=name)
    elif apart > 2 * SECOND:
        yield warn("clock", found, todo, door=name)
    else:
        yield ok("clock", found, door=name)


def _seen(site: Site, name: str, counts: Mapping[str, int]) -> Finding:
    """What share of requests the door can say nothing of. By requests since it started."""
    total = sum(counts.values()) - counts.get("passed-on", 0)
    if not total:
        todo = "Look again when phones have asked; if they have, they do not come by this door."
        return skipped("seen", "no request for mail has come by since it started", todo, door=name)
    unidentified = 100 * sum(counts.get(reason, 0) for reason in UNIDENTIFIED) // total
    unknown = 100 * counts.get("unknown", 0) // total
    found = f"of {total:,} requests {unidentified} % named no device, {unknown} % one in no inventory"
    limit = site.settings.door.unmanaged_limit_percent
    if unidentified > UNIDENTIFIED_LIMIT or unknown > limit:
        todo = "`gatepost door report` shows who they are: import their devices, or tell them to change their mail app."
        return warn("seen", found, todo, door=name)
    return ok("seen", found, door=name)
