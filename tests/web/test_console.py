"""The console's pages: what stands on them, for whom, and that nothing untrusted changes them."""

import re

import pytest

from gatepost.actions import activation, announce, evidence
from gatepost.actions.bounce import take_bounce
from gatepost.core.change.stage import Stage
from gatepost.core.fleet.claim import Claim, Stance
from gatepost.core.instant import DAY, HOUR
from gatepost.core.ledger.codec import EVENTS
from gatepost.web.pages.frame import CLOSED
from gatepost.web.pages.words import IMPACT, LOOKS, WORDS, WRONG, counted, span, when
from tests.verbs.conftest import Build
from tests.verbs.houses import AUTHOR, EXECUTIVE, OPERATOR, POLICY, PRIVACY, SECURITY, TIKTOK, House, good
from tests.verbs.test_bounces import notification
from tests.web.asking import URL
from tests.web.visiting import HOSTILE, Browser, signed_in, tags, words

PATHS = ("/today", "/policies", "/apps", "/doors", "/ledger")


@pytest.fixture
def house(build: Build) -> House:
    return build(web__sign_in="mail", web__url=URL)


def page(browser: Browser, path: str, query: str = "") -> str:
    visit = browser.get(path, query)
    assert (visit.status, visit.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert CLOSED.items() <= visit.headers.items()
    return visit.text


def test_an_empty_site_says_what_to_do_first(house: House) -> None:
    """No page is blank: each says what is not there yet and the command that begins it."""
    browser = signed_in(house, AUTHOR)
    assert "gatepost policy preview FILE" in page(browser, "/today")
    assert "gatepost policy preview FILE" in page(browser, "/policies")
    assert "gatepost door run" in page(browser, "/doors")
    assert "gatepost evidence add" in page(browser, "/apps")
    assert "SignedIn" in page(browser, "/ledger")


def test_today_follows_a_policy_from_its_proposal_to_its_retraction(house: House) -> None:
    """What waits for whom, what is on its way and by when, who is blocked, and that it is over."""
    house.owners(3, apps=(TIKTOK,))
    author, approver = signed_in(house, AUTHOR), signed_in(house, SECURITY)
    house.propose()
    assert "waits for your approval as security" in words(page(approver, "/today"))
    assert "waits for your approval" not in page(author, "/today")
    house.approve(POLICY, SECURITY, EXECUTIVE)
    assert "waits for your approval" not in page(approver, "/today")
    assert f"/policies/{POLICY}/announce" in page(author, "/today")
    good(announce.announce(house.site, AUTHOR, POLICY))
    house.deliver()
    shown = words(page(author, "/today"))
    assert "announced" in shown
    assert "3 devices of 3 people: mail flows, until a date" in shown
    house.clock("2020-07-12T08:00:00Z")
    house.pass_time()
    approver = signed_in(house, SECURITY)
    shown = words(page(approver, "/today"))
    assert "3 devices of 3 people: no new mail" in shown
    assert "In force since" in shown
    house.retract()
    assert "No policy is in force." in page(approver, "/today")
    assert "retracted" in page(approver, "/policies")


def test_today_says_what_is_wrong(house: House) -> None:
    """Doors that are silent, behind or in trouble, mails that were refused or came back: each with its number."""
    house.owners(2, apps=(TIKTOK,))
    browser = signed_in(house, OPERATOR)
    house.hear("mail", 0, "the disk is full")
    house.announce()
    house.deliver(lambda letter: "refused" if letter.recipient.startswith("u0") else "uncertain")
    house.clock(house.now() + HOUR // 2)
    shown = words(page(browser, "/today"))
    for said in (
        "says: the disk is full",
        "was last heard of 30 minutes ago",
        "has not confirmed",
        "1 mail was refused by the mail server",
        "1 mail may or may not have arrived",
    ):
        assert said in shown


def test_an_activation_waits_for_whoever_may_agree(house: House) -> None:
    """The works council sees what is asked, and what for; others do not find it among what waits for them."""
    good(activation.propose(house.site, AUTHOR, ["wechat"], "a stated purpose", house.now() + 30 * DAY))
    assert "waits for your approval as privacy" in words(page(signed_in(house, PRIVACY), "/today"))
    author = signed_in(house, AUTHOR)
    assert "waits for your approval" not in page(author, "/today")
    assert "a stated purpose" in page(author, "/apps")


def test_a_policy_s_page_has_what_its_approvers_ask_for(house: House) -> None:
    """Stage, approvals and what is missing, warnings, impact, evidence, the owner's side, notices, document."""
    claim = Claim("tiktok", "A minister", Stance.ALLEGES, "It passes data on.", "2020-07-06", "An interview")
    good(evidence.add_evidence(house.site, AUTHOR, [claim]))
    house.owners(6, apps=(TIKTOK,))
    house.announce()
    house.deliver()
    shown = page(signed_in(house, SECURITY), f"/policies/{POLICY}")
    said = words(shown)
    assert "announced" in said
    assert f"{SECURITY} approved as security" in said
    assert "A minister alleges: It passes data on. ( An interview )" in said
    assert "Nobody is recorded to have asked" in said
    assert "announcement accepted 6" in said
    assert "policy: no-tiktok" in said
    assert re.search(r"The app is there 6 6", said)
    for name in ("u0@corp.example", "U0"):
        assert name not in shown, "nobody whom it concerns is named"


@pytest.mark.parametrize(("rail", "says"), [("ignore", False), ("warn", True)])
def test_a_site_that_does_not_ask_owners_says_nothing_of_it(build: Build, rail: str, says: bool) -> None:
    """As its approval mails do."""
    house = build(web__sign_in="mail", web__url=URL, rails__vendor_asked=rail)
    house.propose()
    shown = page(signed_in(house, AUTHOR), f"/policies/{POLICY}")
    assert ("Nobody is recorded to have asked" in shown) is says


def test_mails_that_came_back_are_counted(house: House) -> None:
    """Each of a live policy's, once; and of no other's."""
    house.owners(3, apps=(TIKTOK,))
    house.announce()
    for letter in house.deliver()[:2]:
        good(take_bounce(house.site, OPERATOR, notification(envelope_id=letter.notice), "dsn"))
    browser = signed_in(house, AUTHOR)
    assert "2 mails came back" in words(page(browser, "/today"))
    house.retract()
    assert "came back" not in page(browser, "/today")


def test_what_is_not_there_is_said(house: House) -> None:
    """A policy, a revision or an event that is not there: 404, in words, with the way back."""
    browser = signed_in(house, AUTHOR)
    house.propose()
    assert browser.get(f"/policies/{POLICY}").status == 200
    assert browser.get(f"/policies/{POLICY}", "revision=1").status == 200
    for path, query in (
        ("/policies/nothing", ""),
        (f"/policies/{POLICY}", "revision=2"),
        ("/ledger", "event=Nonsense"),
        ("/ledger", "policy=%22%20OR%201"),
    ):
        visit = browser.get(path, query)
        assert (visit.status, "Not here" in visit.text, 'href="/today"' in visit.text) == (404, True, True)


def test_the_ledger_goes_page_by_page_to_its_beginning(house: House) -> None:
    """Every entry stands on exactly one page, the newest first; event and policy narrow it down."""
    for number in range(130):
        house.clock(house.now() + number)
    house.propose()
    browser = signed_in(house, AUTHOR)
    entries: list[int] = []
    query = ""
    for _ in range(10):
        shown = page(browser, "/ledger", query)
        entries += [int(found) for found in re.findall(r'id="entry-(\d+)"', shown)]
        older = re.search(r'href="/ledger\?([^"]+)">Older', shown)
        if older is None:
            break
        query = older[1].replace("&amp;", "&")
    assert entries == list(range(len(house.ledger()) - 1, -1, -1))
    assert len(entries) > 130
    only = page(browser, "/ledger", f"event=PolicyProposed&policy={POLICY}")
    assert len(re.findall(r'id="entry-', only)) == 1
    assert f'href="/policies/{POLICY}"' in only
    assert "No entry is like this" in page(browser, "/ledger", "policy=no-such-thing")
    assert all(name in only for name in EVENTS)


def test_hostile_words_change_no_page(house: House) -> None:
    """I-36: names, claims, purposes and a door's complaint stand as text; no element is theirs."""
    browser = signed_in(house, AUTHOR)
    plain = Claim("tiktok", "x", Stance.ALLEGES, "x", "2020-07-06", "x")
    hostile = Claim("tiktok", HOSTILE, Stance.ALLEGES, HOSTILE, "2020-07-06", HOSTILE)
    shapes = []
    for claim, word in ((plain, "x"), (hostile, HOSTILE)):
        build_again = claim is hostile
        if build_again:
            house.people_rows({"email": AUTHOR, "name": HOSTILE, "kind": "employee", "country": "US"})
        good(evidence.add_evidence(house.site, AUTHOR, [claim]))
        house.hear("mail", 0, word)
        good(activation.propose(house.site, AUTHOR, ["wechat"], word, house.now() + 30 * DAY))
        shapes.append([tags(page(browser, path)).names for path in ("/today", "/doors")])
        shown = page(browser, "/apps")
        if build_again:
            assert "&lt;b&gt;x&lt;/b&gt;" in shown
            assert "<b>" not in shown
            assert "{{7*7}}" in shown
    assert [len(names) for names in shapes[0]][1] == [len(names) for names in shapes[1]][1]
    assert "b" not in shapes[1][0]


def test_every_page_works_without_scripts_and_leads_to_ourselves_only(house: House) -> None:
    """No script, no style of its own, one main heading, a language, a title; links and forms stay on the site."""
    house.owners(1)
    house.announce()
    browser = signed_in(house, AUTHOR)
    for path in (*PATHS, f"/policies/{POLICY}"):
        shown = page(browser, path)
        found = tags(shown)
        assert found.names.count("h1") == found.names.count("main") == 1
        assert "script" not in found.names
        assert " style=" not in shown
        assert '<html lang="en">' in shown
        assert all(link.startswith(("/", "#")) for link in found.links), found.links


def test_every_word_that_a_page_can_need_is_there() -> None:
    """A stage without its word would break the page on the day it first occurs."""
    assert set(WORDS) == {stage.value for stage in Stage}
    assert set(LOOKS) <= set(WORDS)
    assert {name for name, _ in IMPACT} == {"hit", "clear", "exempt", "cannot_tell", "unmanaged", "cannot_be_told"}
    assert {"refused", "uncertain", "bounced", "held", "frozen"} <= set(WRONG)


def test_numbers_have_units_and_times_have_zones() -> None:
    """One person, two people; an hour and a bit is an hour; a time says its weekday and how far it is from UTC."""
    assert (counted(1, "person", "people"), counted(1204, "person", "people")) == ("1 person", "1,204 people")
    assert (span(0), span(90 * 60 * 1000), span(3 * DAY)) == ("less than a second", "1 hour", "3 days")
    assert ">Sat 11 Jul 2020, 00:00 UTC+02:00<" in when("2020-07-10T22:00:00Z", "Europe/Berlin")
    assert ">Fri 10 Jul 2020, 22:00 UTC<" in when("2020-07-10T22:00:00Z", "Nowhere/Land")
