"""How soon a door's answer follows a retraction, a deadline and a report, with one device hit and with very many.

Real verbs in one process, the site's real door in another, one phone's answer asked for over HTTP every millisecond. A
retraction counts from just before COMMIT, whose fsync is included. A deadline writes nothing: doors compare instants by
themselves. With one device hit a policy is announced and retracted again and again; with very many it is announced
once, and each retraction is done on a copy of that site.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final

from sqlalchemy import event

from bench.company import OPERATOR, START, TIKTOK, Company, devices_file, eas_id, good, login, people_file, report
from bench.figures import Figure
from bench.processes import Process, free_port
from bench.watch import Watch
from gatepost.actions.import_devices import report as take_report
from gatepost.actions.retract import retract
from gatepost.core.instant import DAY, HOUR, MINUTE, Duration
from gatepost.documents.deadline import instant_text
from gatepost.wiring import open_site

ALLOWED, BLOCKED = 204, 403
LEAD: Final[Duration] = 150
"""Milliseconds before the deadline to which the clock is set: enough for the door to hear of it."""


_SHORT: Final = (
    "What doors are told is one key, however many devices there are; but the same commit withdraws every mail that is"
    " still queued (here all of them, twice the devices hit), and its fsync grows with them. Withdrawing them in a"
    " commit of its own would close it; until then nothing may be claimed of a policy that is over."
)


@dataclass(frozen=True)
class Taken:
    """Milliseconds, one for each repetition."""

    retractions: Sequence[float]
    commits: Sequence[float]
    deadlines: Sequence[float]
    reports: Sequence[float]


def run(scratch: Path, quick: bool) -> list[Figure]:
    """The figures."""
    many, one_times, many_times, times = (20, 2, 1, 2) if quick else (100_000, 100, 8, 100)
    one = _measured(scratch / "one", 1, one_times, times)
    crowd = _measured(scratch / "many", many, many_times, times)
    hit = f"{many:,} devices hit"
    return [
        *_figures(
            "Retraction: commit to the door's changed answer", one.retractions, crowd.retractions, hit, 100, _SHORT
        ),
        Figure(
            f"— part: that commit itself (fsync included), median with 1, and with {hit}",
            median(one.commits),
            "ms",
            parts=(f"{median(crowd.commits):.0f} ms",),
        ),
        *_figures("Deadline: its instant to the door's changed answer", one.deadlines, crowd.deadlines, hit, 100),
        *_figures("Report: taken in, to the door's changed answer", one.reports, crowd.reports, hit, 250),
    ]


def _figures(
    what: str, one: Sequence[float], many: Sequence[float], hit: str, bound: float, short: str = ""
) -> list[Figure]:
    """The worst of each is what counts, and that the median does not grow with the devices hit."""
    return [
        Figure(
            f"{what}, worst with 1 device hit",
            max(one),
            "ms",
            at_most=bound,
            parts=(f"median {median(one):.1f} ms", f"n = {len(one)}"),
        ),
        Figure(
            f"{what}, worst with {hit}",
            max(many),
            "ms",
            at_most=bound,
            parts=(
                f"median {median(many):.1f} ms, {median(many) - median(one):+.1f} ms against 1 device",
                f"n = {len(many)}",
            ),
            short=short,
        ),
    ]


def _measured(directory: Path, hit: int, retractions: int, times: int) -> Taken:
    port = free_port()
    company = Company.made(
        directory, people_file(hit), devices_file(hit, hit, hit_of_100=100), doors__mail__listen=f"127.0.0.1:{port}"
    )
    took: list[tuple[float, float]] = []
    with _door(company, port) as watch:
        for number in range(retractions if hit == 1 else 0):
            company.announce(f"policy-{number}")
            took.append(_retraction(company, watch, f"policy-{number}"))
        deadlines = _deadlines(company, watch, times)
        reports = _reports(company, watch, times)
    for _ in range(retractions if hit > 1 else 0):
        copied = directory.with_name("copy")
        shutil.copytree(directory, copied)
        company = Company(good(open_site(copied)))
        with _door(company, port) as watch:
            took.append(_retraction(company, watch, "deadline"))
        shutil.rmtree(copied)
    return Taken([changed for changed, _ in took], [commit for _, commit in took], deadlines, reports)


@contextmanager
def _door(company: Company, port: int) -> Iterator[Watch]:
    """The site's door, and a watch of its first phone; afterwards nobody has the site open, so it can be copied."""
    with (
        Process("bench.site_door", [str(company.site.directory)]),
        Watch(port, login(0), eas_id(0)) as watch,
    ):
        yield watch
    company.close()


class _Commits:
    """When a site's next writing transaction was about to commit, and when it had."""

    def __init__(self, company: Company) -> None:
        self.begun = self.done = 0.0
        self._waiting = False
        engine = company.site.store.engine
        self._listeners: list[tuple[object, str, Callable[..., None]]] = [
            (engine, "commit", self._begin),
            (engine.pool, "checkin", self._end),
        ]

    def __enter__(self) -> "_Commits":
        for target, name, act in self._listeners:
            event.listen(target, name, act)
        return self

    def __exit__(self, *_unused: object) -> None:
        for target, name, act in self._listeners:
            event.remove(target, name, act)

    def _begin(self, conn: Any) -> None:
        if not self.begun and conn.get_execution_options().get("writes"):
            self.begun, self._waiting = perf_counter(), True

    def _end(self, *_unused: object) -> None:
        if self._waiting:
            self.done, self._waiting = perf_counter(), False


def _retraction(company: Company, watch: Watch, policy: str) -> tuple[float, float]:
    """From the beginning of the commit that opens doors to the open door, and what of it was the commit itself."""
    watch.until(BLOCKED)
    with _Commits(company) as commits:
        good(retract(company.site, OPERATOR, policy, "sent in error"))
    opened = watch.until(ALLOWED)
    return (opened.at - commits.begun) * 1000, (commits.done - commits.begun) * 1000


def _deadlines(company: Company, watch: Watch, times: int) -> list[float]:
    """The clock is set to just before one and the same deadline, again and again."""
    company.set_clock(START)
    deadline = START + 2 * DAY
    company.announce("deadline", deadline=instant_text(deadline))
    taken: list[float] = []
    while len(taken) < times:
        company.set_clock(deadline - HOUR)
        watch.until(ALLOWED)
        company.set_clock(deadline - LEAD)
        if not watch.is_now(ALLOWED):  # a busy machine took longer than that to set the clock
            continue
        closed = watch.until(BLOCKED)
        taken.append(closed.wall * 1000 - (deadline - company.site.clock.offset))
    return taken


def _reports(company: Company, watch: Watch, times: int) -> list[float]:
    """The app goes and comes by turns (at last it is there); each report is newer than the last."""
    company.set_clock(START + 3 * DAY)
    watch.until(BLOCKED)
    taken: list[float] = []
    for number in range(times):
        at = START + 2 * DAY + number * MINUTE
        apps, status = ([], ALLOWED) if number % 2 == 0 else ([TIKTOK], BLOCKED)
        begin = perf_counter()
        good(take_report(company.site, OPERATOR, report(0, at, apps)))
        taken.append((watch.until(status).at - begin) * 1000)
    return taken
