"""A policy's page at an instant of the past: from the ledger, as whoever looked then saw it."""

from urllib.parse import unquote

import pytest

from gatepost.actions import announce, pause, views
from gatepost.actions.past import Past, policy_at
from gatepost.core.change.stage import Stage
from gatepost.core.instant import DAY, HOUR, SECOND
from gatepost.core.refusal import Code
from gatepost.documents.deadline import instant_text
from tests.verbs.conftest import Build
from tests.verbs.houses import (
    AUTHOR,
    EXECUTIVE,
    OPERATOR,
    POLICY,
    SECURITY,
    TIKTOK,
    House,
    good,
    nothing_written,
    refused,
)
from tests.web.asking import URL
from tests.web.visiting import HOSTILE, Browser, signed_in, tags, words

PAGE = f"/policies/{POLICY}"


@pytest.fixture
def house(build: Build) -> House:
    return build(web__sign_in="mail", web__url=URL)


def then(browser: Browser, at: int | str) -> str:
    visit = browser.get(PAGE, f"at={at if isinstance(at, str) else instant_text(at // SECOND * SECOND)}")
    assert visit.status == 200, words(visit.text)
    return words(visit.text)


def test_the_page_says_what_it_said_then(house: House) -> None:
    """I-33: at each step of a life the stage, the answers and the document as they were, whatever came after."""
    house.owners(3, (TIKTOK,))
    seen: list[tuple[int, dict[str, object]]] = []

    def remember() -> None:
        house.clock(house.now() + 10 * SECOND)
        seen.append((house.now(), _now(house)))
        house.clock(house.now() + 10 * SECOND)

    house.propose()
    remember()
    house.approve(POLICY, SECURITY, EXECUTIVE)
    remember()
    house.deliver()
    good(announce.announce(house.site, AUTHOR, POLICY))
    house.deliver()
    remember()
    good(pause.pause(house.site, OPERATOR, POLICY, "to look"))
    remember()
    good(pause.resume(house.site, OPERATOR, POLICY))
    remember()
    house.set(house.now() + 6 * DAY)
    remember()
    house.retract()
    remember()
    for at, shown in seen:
        assert _stood(past(house, at)) == shown, instant_text(at)
    assert [shown["stage"] for _, shown in seen] == [
        "proposed",
        "approved",
        "announced",
        "announced",
        "announced",
        "in_force",
        "retracted",
    ]


def _now(house: House) -> dict[str, object]:
    shown = good(views.show_policy(house.site, POLICY))
    names = ("stage", "held", "announced_at", "in_force_at", "closed_at", "paused_at", "hash", "document", "revision")
    return {name: shown[name] for name in names} | {"answers": len(_list(shown["judgements"]))}


def _list(value: object) -> list[object]:
    assert isinstance(value, list)
    return value


def _stood(found: Past) -> dict[str, object]:
    revision = found.revision
    dates = ("announced_at", "in_force_at", "closed_at", "paused_at")
    texts = {name: None if (at := getattr(revision, name)) is None else instant_text(at) for name in dates}
    return texts | {
        "stage": revision.stage.value,
        "held": revision.held,
        "hash": revision.proposal,
        "document": found.document,
        "revision": revision.revision,
        "answers": len(found.answers),
    }


def past(house: House, at: int) -> Past:
    return good(policy_at(house.site, POLICY, at))


def test_the_page_leads_on_and_back(house: House) -> None:
    """From the past to the next change, to the entry that it rests on, and to now; it changes nothing."""
    house.owners(3, (TIKTOK,))
    house.propose()
    proposed = house.now()
    house.clock(house.now() + HOUR)
    house.approve(POLICY, SECURITY, EXECUTIVE)
    house.clock(house.now() + HOUR)
    browser = signed_in(house, AUTHOR)
    visit = browser.get(PAGE, f"at={instant_text((proposed // SECOND + 1) * SECOND)}")
    assert visit.status == 200
    links = tags(visit.text).links
    assert PAGE in links
    assert any(link.startswith("/ledger/") for link in links)
    assert "waits for approvals" in words(visit.text)
    hops = []
    while later := [link for link in tags(visit.text).links if link.startswith(f"{PAGE}?at=")]:
        hops.append(later[0])
        visit = browser.get(PAGE, unquote(later[0].partition("?")[2]))
    assert len(hops) == len(set(hops)) >= 2
    assert f"{SECURITY} approved as security" in words(visit.text)
    assert "approved, not announced" in words(visit.text)
    assert "none since" in words(visit.text)
    with nothing_written(house):
        browser.get(PAGE, "at=2020-07-06T09:00")


def test_what_was_not_there_and_what_is_no_time(house: House) -> None:
    """Before it was proposed there was none; what is no time is said to be none; the future is as now."""
    house.owners(1)
    house.propose()
    browser = signed_in(house, AUTHOR)
    before = browser.get(PAGE, "at=2020-07-01")
    assert (before.status, "was not there yet" in before.text) == (404, True)
    for text in ("soon", "2020-02-31", HOSTILE):
        wrong = browser.get(PAGE, f"at={text}".replace("&", "%26").replace("\u202e", ""))
        assert wrong.status == 404
        assert "b" not in tags(wrong.text).names
    assert "waits for approvals" in then(browser, "2031-01-01")
    refused(policy_at(house.site, "nothing", house.now()), Code.NO_SUCH_POLICY)
    assert past(house, house.now()).revision.stage is Stage.PROPOSED


def test_times_are_those_of_whoever_looks(house: House) -> None:
    """`17:00` is 17:00 where they are; with a zone it is that instant."""
    house.people_rows({"email": AUTHOR, "name": "Ann", "kind": "employee", "country": "JP", "time_zone": "Asia/Tokyo"})
    house.owners(1)
    house.clock("2020-07-06T12:00:00Z")
    house.propose()
    browser = signed_in(house, AUTHOR)
    assert browser.get(PAGE, "at=2020-07-06T20:59").status == 404
    assert browser.get(PAGE, "at=2020-07-06T21:01").status == 200
    assert browser.get(PAGE, "at=2020-07-06T20:59Z").status == 200
