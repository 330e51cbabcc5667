"""How long the site's own time for a page is, with 100,000 people and 200,000 devices, and what a first load weighs.

The web application in this process, asked without a socket, as a browser that is signed in asks. Each page is asked
for again and again; the preview while somebody types for documents that differ, over a copy of the fleet that is
there already. A policy is in force for one phone in eight, and its mails are sent.
"""

from collections.abc import Callable
from functools import partial
from importlib.resources import files
from pathlib import Path
from statistics import median
from typing import Final

from sqlalchemy import update

from bench.company import AUTHOR, START, Company, devices_file, login, people_file, policy_file
from bench.figures import Figure, seconds
from gatepost.actions.change import changing
from gatepost.actions.own_link import own_address
from gatepost.actions.sign_in import begin, official
from gatepost.core.instant import HOUR
from gatepost.core.notice.notice import NoticeState
from gatepost.storage import people
from gatepost.storage.notice_schema import notices
from gatepost.web.app import application
from tests.web.visiting import Browser, Visit

URL: Final = "http://127.0.0.1:8180"
TIMES: Final = 20
POLICY: Final = "policy-0"
PAGES: Final = (
    "/today",
    "/policies",
    f"/policies/{POLICY}",
    f"/policies/{POLICY}/retract",
    "/apps",
    "/doors",
    "/ledger",
    "/write",
    f"/policies/{POLICY}/watch",
    "/people",
    "/reach",
    "/settings",
    "/devices",
)


def run(scratch: Path, quick: bool) -> list[Figure]:
    people_number, devices = (20, 40) if quick else (100_000, 200_000)
    company = Company.made(
        scratch / "site",
        people_file(people_number),
        devices_file(devices, people_number),
        web__sign_in="mail",
        web__url=URL,
        web__session_idle="30d",
        web__session_longest="30d",
    )
    company.announce(POLICY)
    company.set_clock(START + HOUR)
    _all_taken(company)
    browser = Browser(application(company.site, URL, ""))
    browser.cookies["gatepost"] = _session(company)
    pages = {path: _taken(partial(browser.get, path)) for path in (_own(company), *PAGES)}
    figures = [_slowest(people_number, pages), _preview(browser, devices), _weight(browser)]
    company.close()
    return figures


def _all_taken(company: Company) -> None:
    """As if the mail server had taken every mail."""
    values = {"state": NoticeState.ACCEPTED.value, "settled_at": notices.c.created_at}
    with company.site.store.writing() as conn:
        conn.execute(update(notices).values(values))


def _session(company: Company) -> str:
    """The author's, as a sign-in leaves it."""
    with changing(company.site) as change:
        actor = official(change.conn, change.now, name=AUTHOR)
        if actor is None:
            raise AssertionError("there is no author")
        return begin(change, actor, "link", "", change.now)


def _own(company: Company) -> str:
    """The way to the own page of somebody who is hit."""
    with company.site.store.reading() as conn:
        person = people.find(conn, login(0))
    if person is None:
        raise AssertionError("there is nobody")
    return own_address(company.site, person.ref, POLICY, company.site.clock.now()).removeprefix(URL)


def _taken(ask: Callable[[], Visit]) -> list[float]:
    """Milliseconds of each."""
    taken = []
    for _ in range(TIMES):
        spent, answer = seconds(ask)
        if answer.status != 200:
            raise AssertionError(f"{answer.status}: {answer.text[:300]}")
        taken.append(1000 * spent)
    return taken


def _slowest(people_number: int, pages: dict[str, list[float]]) -> Figure:
    medians = {("/own/..." if path.startswith("/own") else path): median(taken) for path, taken in pages.items()}
    return Figure(
        f"A page of the console or somebody's own, {people_number:,} people: median of the slowest page",
        max(medians.values()),
        "ms",
        at_most=50,
        parts=[f"{path}: {value:.0f} ms" for path, value in medians.items()],
    )


def _preview(browser: Browser, devices: int) -> Figure:
    texts = iter(
        [policy_file(f"draft-{number}", unseen=("allow", "attest")[number % 2]).decode() for number in range(TIMES + 1)]
    )
    browser.post("/write/meaning", document=next(texts))  # the first reads the fleet
    taken = _taken(lambda: browser.post("/write/meaning", document=next(texts)))
    return Figure(
        f"The preview while somebody types, {devices:,} devices: median",
        median(taken),
        "ms",
        at_most=200,
        parts=[f"worst {max(taken):.0f} ms", f"n = {len(taken)}"],
    )


def _weight(browser: Browser) -> Figure:
    """Page, style and script, before any compression."""
    shared = sum(path.stat().st_size for path in Path(str(files("gatepost.web") / "static")).iterdir())
    heaviest = max(len(browser.get(path).text.encode()) for path in PAGES)
    return Figure(
        "First load: the heaviest page with all style sheets and scripts",
        (heaviest + shared) / 1000,
        "kB",
        at_most=150,
        parts=[f"page {heaviest / 1000:.0f} kB", f"style and scripts {shared / 1000:.0f} kB"],
    )
