"""Erasing people of a large site: how long nobody else may write meanwhile, and how long all of it takes.

Everybody has a phone with the app, had an announcement and its correction, and their outcomes stand in the ledger. Then
some leave. A retraction waits for whoever writes (I-18), so the longest single turn of the writer is what matters.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final

from sqlalchemy import Connection, event

from bench.company import OPERATOR, START, Company, devices_file, good, login, people_file
from bench.figures import Figure, seconds
from gatepost.actions import deliver
from gatepost.actions.erase import erase
from gatepost.actions.retention import keep_retention
from gatepost.actions.retract import retract
from gatepost.actions.site import Site
from gatepost.core.instant import DAY
from gatepost.storage import people

TURN: Final = 1.0
"""Seconds: the longest turn of the writer that we allow ourselves."""


def run(scratch: Path, quick: bool) -> list[Figure]:
    """The figures."""
    count, leavers, times = (60, 12, 2) if quick else (20_000, 500, 5)
    company = Company.made(scratch / "site", people_file(count), devices_file(count, count, hit_of_100=100))
    try:
        company.announce("memo")
        _send_all(company.site)
        good(retract(company.site, OPERATOR, "memo", "sent in error"))
        _send_all(company.site)
        _leave(company, count, times + leavers)
        before = (company.site.store.path).stat().st_size
        one, one_turns = _erased_one_by_one(company, count, times)
        company.set_clock(START + 800 * DAY)
        all_, turns = _erased_by_time(company)
        fresh, _ = seconds(company.site.store.write_anew)
        _nobody_left(company, count, leavers)
    finally:
        company.close()
    return [
        Figure(
            f"`people erase`, one of {count:,} people: the longest turn of the writer but the file's own",
            max(one_turns),
            "s",
            at_most=TURN,
            goal=True,
            parts=(f"the whole command, median of {times}: {median(one):.2f} s",),
        ),
        Figure(
            f"Retention erases {leavers:,} who left: the longest turn of the writer",
            max(turns),
            "s",
            at_most=TURN,
            goal=True,
            parts=(f"{all_:.0f} s in all", f"{all_ / leavers * 1000:.0f} ms a person", f"{len(turns):,} turns"),
        ),
        Figure(
            "— the database's file written anew after an erasure, while nobody else writes",
            fresh,
            "s",
            parts=(f"{before / 1e6:.0f} MB",),
        ),
    ]


def _send_all(site: Site) -> None:
    """Every mail that is due is taken by a mail server that answers at once."""
    while letters := deliver.claim(site):
        reply = "250 2.0.0 Ok: queued as 4F8B21C0A"
        deliver.settle(site, [deliver.Answer(letter.notice, "accepted", reply) for letter in letters])


def _leave(company: Company, count: int, leavers: int) -> None:
    """As a complete file without the last of them would have it."""
    with company.site.store.writing() as conn:
        names = [login(number) for number in range(count - leavers, count)]
        refs = [person.ref for name in names if (person := people.find(conn, name))]
        people.retire(conn, refs, company.site.clock.now())


def _nobody_left(company: Company, count: int, leavers: int) -> None:
    with company.site.store.reading() as conn:
        still = [number for number in range(count - leavers, count) if people.find(conn, login(number))]
    if still:
        raise AssertionError(f"{len(still)} who left were not erased")


def _erased_one_by_one(company: Company, count: int, times: int) -> tuple[list[float], list[float]]:
    taken, longest = [], []
    for number in range(times):
        with _turns(company.site) as turns:
            took, _ = seconds(partial(_erase, company, login(count - 1 - number)))
        taken.append(took)
        longest.append(max(turns))
    return taken, longest


def _erase(company: Company, name: str) -> None:
    good(erase(company.site, OPERATOR, name, "They asked for it"))


def _erased_by_time(company: Company) -> tuple[float, list[float]]:
    begin = perf_counter()
    with _turns(company.site) as turns:
        while keep_retention(company.site):
            pass
    return perf_counter() - begin, turns


@contextmanager
def _turns(site: Site) -> Iterator[list[float]]:
    """How long each transaction that writes held the writer, in seconds."""
    taken: list[float] = []
    begun: list[float] = []

    def begin(conn: Connection) -> None:
        if conn.get_execution_options().get("writes"):
            begun.append(perf_counter())

    def end(*_unused: object) -> None:
        if begun:
            taken.append(perf_counter() - begun.pop())

    engine = site.store.engine
    event.listen(engine, "begin", begin)
    event.listen(engine.pool, "checkin", end)
    try:
        yield taken
    finally:
        event.remove(engine, "begin", begin)
        event.remove(engine.pool, "checkin", end)
