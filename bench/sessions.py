"""How soon open sessions end when their device is blocked: ActiveSync held by HAProxy, and IMAP IDLE at Dovecot.

The site's real door beside both; a mail server that holds requests behind HAProxy. So many sessions of each are open,
one a device. Once the app is reported on one phone after another: from handing the report to the site until that
phone's session is closed, while all others go on. And once a deadline comes for all of them: from its instant until
each is closed, and none before.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from time import monotonic, sleep, time
from typing import Final

from bench.company import OPERATOR, START, TIKTOK, Company, devices_file, eas_id, good, login, people_file, report
from bench.figures import Figure
from bench.processes import Process, free_port, program
from gatepost.actions.device_passwords import issue
from gatepost.actions.doors import list_doors
from gatepost.actions.import_devices import report as take_report
from gatepost.core.instant import DAY, MINUTE, Duration
from gatepost.documents.deadline import instant_text
from gatepost.wiring import front_of
from tests.doors.sessions.a_dovecot import Idler
from tests.servers.dovecot import Dovecot
from tests.servers.haproxy import haproxy
from tests.servers.long_polls import LongPolls, Phone, ended

NEEDED: Final = {"haproxy": "haproxy", "dovecot": "dovecot-imapd"}
OLD_ENOUGH: Final = 1.1
"""Seconds: a request that is younger is left alone for the moment."""

LEAD: Final[Duration] = 400
"""Milliseconds before the deadline to which the clock is set: enough for the door to hear of it."""

WITHIN: Final = 10
"""Seconds until a session that is still open is an error."""


Session = Phone | Idler

Opened = Callable[[int], Session]
"""Opens the session of the device of this number."""


def run(scratch: Path, quick: bool) -> list[Figure]:
    """The figures."""
    count, times = (5, 2) if quick else (200, 30)
    for name, package in NEEDED.items():
        program(name, package)
    figures: list[Figure] = []
    for what, server in (("ActiveSync through HAProxy", _haproxy), ("IMAP IDLE at Dovecot", _dovecot)):
        place = scratch / what.replace(" ", "-")
        with contextmanager(server)(place / "one", count) as at:
            one = _one_by_one(*at, count, times)
        with contextmanager(server)(place / "all", count) as at:
            every = _all_at_once(*at, count)
        figures += [
            _figure(f"{what}: the app is reported, to that session closed, of {count} open", one),
            _figure(f"{what}: the instant of a deadline, to {count} sessions closed", every),
        ]
    return figures


def _figure(what: str, taken: Sequence[float]) -> Figure:
    parts = (f"median {median(taken) * 1000:.0f} ms", f"first {min(taken) * 1000:.0f} ms", f"n = {len(taken)}")
    return Figure(f"{what}, worst", max(taken) * 1000, "ms", at_most=5000, parts=parts)


def _one_by_one(company: Company, opened: Opened, count: int, times: int) -> list[float]:
    """Seconds, one for each of so many phones that the app is reported on again; the policy foresaw all of them."""
    company.announce("no-tiktok")
    clean = START + MINUTE
    company.set_clock(clean)
    for number in range(count):
        good(take_report(company.site, OPERATOR, report(number, clean, [])))
    taken: list[float] = []
    _caught_up(company)
    with _sessions(opened, count) as sessions:
        for number in range(min(times, count)):
            at = clean + (number + 1) * MINUTE
            company.set_clock(at)
            begin = monotonic()
            good(take_report(company.site, OPERATOR, report(number, at, [TIKTOK])))
            over = ended(sessions.values(), 1, WITHIN)
            if list(over) != [sessions.pop(number)]:
                raise AssertionError(f"other devices' sessions ended, or none: {len(over)}")
            taken.extend(when - begin for when in over.values())
    return taken


def _all_at_once(company: Company, opened: Opened, count: int) -> list[float]:
    """Seconds from the deadline to the end of each session."""
    deadline = START + 2 * DAY
    company.announce("deadline", deadline=instant_text(deadline))
    _caught_up(company)
    with _sessions(opened, count) as sessions:
        company.set_clock(deadline - LEAD)
        to_wall = time() - monotonic()
        over = ended(sessions.values(), count, WITHIN)
    if len(over) != count:
        raise AssertionError(f"{len(over)} sessions of {count} ended")
    taken = [at + to_wall - (deadline - company.site.clock.offset) / 1000 for at in over.values()]
    if min(taken) < 0:
        raise AssertionError("a session was ended before its time")
    return taken


def _caught_up(company: Company) -> None:
    """The door, and what it keeps up to date, has heard of everything."""
    until = monotonic() + WITHIN
    while any(door["behind"] or door["problem"] for door in list_doors(company.site)):
        if monotonic() > until:
            raise AssertionError(f"the door does not catch up: {list_doors(company.site)}")
        sleep(0.02)


@contextmanager
def _sessions(opened: Opened, count: int) -> Iterator[dict[int, Session]]:
    """One of each device, all old enough to be ended."""
    with ExitStack() as ends:
        sessions = {}
        for number in range(count):
            sessions[number] = opened(number)
            ends.callback(sessions[number].close)
        if over := ended(sessions.values(), 1, OLD_ENOUGH):
            raise AssertionError(f"{len(over)} sessions or more were not let in")
        yield sessions


# --- the servers


def _haproxy(directory: Path, count: int) -> Iterator[tuple[Company, Opened]]:
    """The site, its door, and HAProxy as `gatepost door config` writes it, before a server that holds requests."""
    directory.mkdir(parents=True)
    with ExitStack() as ends:
        backend, port = ends.enter_context(LongPolls()), free_port()
        company = _company(
            directory,
            count,
            {
                "front": f"127.0.0.1:{port}",
                "backend": f"127.0.0.1:{backend.port}",
                "haproxy_socket": str(directory / "haproxy.sock"),
                "haproxy_files": str(directory / "maps"),
            },
            free_port(),
        )
        ends.callback(company.close)
        ends.enter_context(haproxy(front_of(company.site, "mail"), directory))
        ends.enter_context(Process("bench.site_door", [str(company.site.directory)]))
        yield company, lambda number: Phone(port, eas_id(number), login(number))


def _dovecot(directory: Path, count: int) -> Iterator[tuple[Company, Opened]]:
    """The site, its door, a device password for each phone, and Dovecot as `gatepost door config` writes it."""
    directory.mkdir(parents=True)
    with ExitStack() as ends:
        check = free_port()
        dovecot = ends.enter_context(Dovecot(check, map(login, range(count))))
        door = {"doveadm": dovecot.doveadm, "doveadm_key_file": str(dovecot.key_file)}
        company = _company(directory, count, door, check)
        ends.callback(company.close)
        made = (issue(company.site, OPERATOR, f"dev{number}", reason="to be measured") for number in range(count))
        issued = [good(one).password for one in made]
        ends.enter_context(Process("bench.site_door", [str(company.site.directory)]))
        yield company, lambda number: Idler(dovecot.port, login(number), issued[number])


def _company(directory: Path, count: int, door: Mapping[str, str], check: int) -> Company:
    """So many people, each with one phone that has the app."""
    settings = {f"doors__mail__{name}": value for name, value in door.items()}
    people, phones = people_file(count), devices_file(count, count, hit_of_100=100)
    listen = f"127.0.0.1:{check}"
    return Company.made(directory / "site", people, phones, doors__mail__listen=listen, **settings)
