"""Somebody's own page: what each standing shows, whom a link is for, and that it changes nothing."""

import html
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from gatepost.actions import access, announce, exempt, looks, pause, person_record, retract, waive
from gatepost.actions.own_link import own_address
from gatepost.core.fleet.claim import Claim, Stance
from gatepost.core.fleet.finding import Finding
from gatepost.core.instant import DAY, HOUR
from gatepost.core.policy.verdict import Outcome
from gatepost.notify.own import OwnFacts, OwnLook, Stands, own_page
from gatepost.notify.own_device import OwnDevice
from gatepost.notify.render import LANGUAGES
from gatepost.notify.untrusted import one_line
from gatepost.signatures.link import new_key
from gatepost.web.pages.frame import Pages
from tests.notify.test_hostile import Shape, hold, told
from tests.verbs.conftest import Build
from tests.verbs.houses import (
    ADMIN,
    AUTHOR,
    EXECUTIVE,
    OPERATOR,
    POLICY,
    SECURITY,
    START,
    TIKTOK,
    House,
    good,
)
from tests.web.asking import URL
from tests.web.own import answer, link_for, link_in, parsed, shown, words

OPENS_NOTHING = "This link opens nothing"


@pytest.fixture
def reached(build: Build) -> House:
    """A site that people reach, with u0, who has the app, and u1, who has not."""
    house = build(web__url=URL, fleet__complete_limit_percent=100)
    house.owners(1)
    house.people("u1")
    house.phone("u1")
    return house


def test_every_mail_to_somebody_concerned_has_their_link(reached: House) -> None:
    """From announcement to correction, in the text and in the HTML twin; the link opens that person's page. Mails to
    those who decide have none."""
    proposed = reached.propose(reminders=["24h"])
    reached.approve(proposed.policy, SECURITY, EXECUTIVE)
    letters = reached.deliver()
    assert letters
    assert all(link_in(letter) is None for letter in letters)
    good(announce.announce(reached.site, AUTHOR, proposed.policy))
    letters = reached.deliver()
    for instant in ("2020-07-10T06:00:00Z", "2020-07-11T13:00:00Z"):
        reached.set(instant)
        letters += reached.deliver()
    reached.report("u0")
    letters += reached.deliver()
    reached.report("u0", [TIKTOK])
    reached.later()
    reached.retract()
    reached.later()
    letters += reached.deliver()
    mine = [letter for letter in letters if letter.recipient == "u0@corp.example"]
    kinds = [str(parsed(letter)["X-Gatepost-Kind"] or parsed(letter)["Subject"]) for letter in mine]
    assert len(mine) >= 5, kinds
    for letter in mine:
        path = link_in(letter)
        assert path is not None
        assert path == link_in(letter, "html")
        assert answer(reached, path)[0] == 200
    assert len({link_in(letter) for letter in mine}) == len(mine)


@pytest.mark.parametrize(
    ("exercise", "url", "linked"),
    [
        (False, URL, True),
        (False, "http://gatepost.example", False),
        (False, "", False),
        (True, "http://127.0.0.1", True),
    ],
)
def test_links_are_made_where_they_can_be_opened_safely(build: Build, exercise: bool, url: str, linked: bool) -> None:
    """A live site's links have TLS; without an address of the site there is none; an exercise stays on its machine."""
    house = build(exercise=exercise, web__url=url)
    assert bool(own_address(house.site, "p_1", POLICY, house.now())) is linked


def test_somebody_asked_reads_what_by_when_and_how(reached: House) -> None:
    """What is asked, why, by when in their own time, their device with its finding and verdict, the steps, whom to
    call, what a waiver is, what is seen of them."""
    reached.announce(reason="Security risk")
    reached.deliver()
    page = shown(reached, "u0")
    for said in (
        "Please remove TikTok",
        "the end of Friday, July 10, 2020 (midnight, UTC)",
        "Security risk",
        "iPhone (phone-u0)",
        "! Mail flows on this device. If nothing changes, no new mail from: the end of Friday, July 10, 2020",
        "Found on it: TikTok.",
        "Touch the app's icon",
        "your help desk",
        "A waiver exempts you",
        "Nobody has looked.",
        "No evidence is recorded.",
        "Its address works until: Wednesday, August 5, 2020",
    ):
        assert said in page, said


def test_a_blocked_phone_opens_and_removing_the_app_shows_at_once(reached: House) -> None:
    """The page is no mail: no door stands before it. Once the app is gone the same link says so, before any mail."""
    reached.announce()
    reached.deliver()
    path = link_for(reached, "u0")
    reached.set("2020-07-11T12:00:00Z")
    assert reached.word("u0") == "block"
    page = words(answer(reached, path)[2])
    assert "✕ No new company mail on this device. Since:" in page
    assert "To open company mail again, remove TikTok" in page
    reached.report("u0")
    page = words(answer(reached, path)[2])
    assert "Nothing is left for you to do" in page
    assert "✓ Mail flows on this device." in page
    assert "Found on it" not in page


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"visibility": "managed-only"}, "reports of this device do not show all its apps"),
        ({"at": None, "visibility": ""}, "no report says anything of it"),
    ],
)
def test_what_nobody_can_see_is_said_so(build: Build, columns: dict[str, Any], said: str) -> None:
    """I-6: hidden and never are said as such, never as found; what is asked is a statement."""
    house = build(web__url=URL)
    house.people("u0")
    house.phone("u0", **columns)
    house.announce(unseen="attest")
    house.deliver()
    page = shown(house, "u0")
    assert f"? We cannot see whether the app is on it: {said}" in page
    assert "Found on it" not in page
    assert "Where we cannot see: please make sure that the device is free of TikTok" in page
    good(exempt.attest(house.site, "u0@corp.example", "phone-u0", "tiktok"))
    page = shown(house, "u0")
    assert "Nothing is left for you to do" in page
    assert "It was stated that the app is not on this device." in page


def _waive(house: House) -> None:
    until = house.now() + 7 * DAY
    good(waive.grant_waiver(house.site, OPERATOR, POLICY, person="u0@corp.example", until=until, reason="work"))


def _pause(house: House) -> None:
    good(pause.pause(house.site, OPERATOR, POLICY, "to find out", wait=lambda _: None))


def _end(house: House) -> None:
    good(retract.end(house.site, OPERATOR, POLICY, "it is over", wait=lambda _: None))


@pytest.mark.parametrize(
    ("done", "said"),
    [
        (_waive, "You need to do nothing now: you, or a device of yours, are exempted"),
        (_pause, "This policy is paused."),
        (_end, "This policy has ended."),
        (lambda house: house.retract(), "This policy was announced in error."),
        (lambda house: house.retract(because="withdrawn"), "This policy was withdrawn."),
    ],
)
def test_what_no_longer_asks_says_so_first(reached: House, done: Callable[[House], object], said: str) -> None:
    """Exempt, paused, ended, retracted either way: said at once, nothing is asked, and mail flows."""
    reached.announce()
    reached.deliver()
    done(reached)
    page = shown(reached, "u0")
    assert said in page
    assert "Please remove TikTok" not in page
    assert "✓ Mail flows on this device." in page


def test_another_policy_that_blocks_is_named(reached: House) -> None:
    """Whoever was told that one policy is over learns what still keeps their phone from mail."""
    reached.announce()
    reached.announce(policy="other", title="No such app")
    reached.deliver()
    reached.set("2020-07-11T12:00:00Z")
    reached.retract()
    assert "Other policies keep it from mail too: No such app." in shown(reached, "u0")


def test_who_has_looked_stands_there(reached: House) -> None:
    """I-34: the look, who it was and what for, for the person looked at alone."""
    reached.announce()
    reached.deliver()
    good(looks.show_looks(reached.site, _helpdesk(reached), "u0@corp.example", "They called."))
    page = shown(reached, "u0")
    assert "help@corp.example" in page
    assert "Earlier looks at somebody" in page
    assert "For: They called." in page
    assert "They called." not in shown(reached, "u1")


def _helpdesk(house: House) -> str:
    house.people("help")
    good(access.grant_role(house.site, None, "help@corp.example", "helpdesk"))
    return "help@corp.example"


def test_a_page_has_nobody_elses_data(build: Build) -> None:
    """I-36 aside, nothing of one person is on another's page: names, ids, logins, devices, looks, over a house where
    people share a phone, a name and a policy, at every stage."""
    house = build(web__url=URL)
    names = ["alva", "berit", "cedric", "dorit"]
    house.people(*names)
    house.devices(
        *(house.phone_row(name, [TIKTOK], id=f"device-{name}") for name in names),
        house.phone_row("alva", [TIKTOK], id="pool-of-alva", shared=True, form="tablet", platform="ipados"),
    )
    house.announce()
    house.deliver()
    good(looks.show_looks(house.site, _helpdesk(house), "berit@corp.example", "berit rang"))
    for instant in ("2020-07-07T08:00:00Z", "2020-07-11T12:00:00Z"):
        house.set(instant)
        for name in names:
            page = shown(house, name).casefold()
            assert name in page
            assert f"device-{name}" in page
            assert ("pool-of-alva" in page) is (name == "alva")
            assert [other for other in names if other != name and other in page] == []


def _left(house: House) -> None:
    """Everybody but u1 and the administrator leaves."""
    columns = {"kind": "employee", "country": "US", "time_zone": "UTC", "locale": "en", "groups": ""}
    stay = ({"email": email, "name": "Somebody"} | columns for email in ("u1@corp.example", ADMIN))
    house.people_rows(*stay, complete=True)


def test_a_link_that_opens_nothing_says_only_that(reached: House, build: Build) -> None:
    """Cut, changed, made by another site, about a policy that is none, over, or of somebody who left: one answer, and
    no word of anybody."""
    reached.announce()
    reached.deliver()
    path = link_for(reached, "u0")
    foreign = link_for(_with_u0(build), "u0")
    dead = [path[:-5], path[:-9] + "AAAA" + path[-5:], path + "AAAA", "/own/x", "/own/" + "ä" * 9, "/own/" + "A" * 5000]
    dead += [foreign, link_for(reached, "u0", "no-such-policy")]
    answers = {words(page) for status, _, page in (answer(reached, one) for one in dead) if status == 404}
    assert len(answers) == 1
    (said,) = answers
    assert OPENS_NOTHING in said
    assert "u0" not in said.casefold()
    reached.later(30 * DAY + HOUR)
    assert words(answer(reached, path)[2]) == said
    fresh = link_for(reached, "u0")
    assert answer(reached, fresh)[0] == 200
    _left(reached)
    assert words(answer(reached, fresh)[2]) == said


def _with_u0(build: Build) -> House:
    """Another site, with a key of its own."""
    other = build(web__url=URL)
    other.owners(1)
    other.site = replace(other.site, link_key=new_key())
    return other


def test_nothing_but_reading_is_done_here(reached: House) -> None:
    """No method but GET and HEAD does anything."""
    reached.announce()
    reached.deliver()
    path = link_for(reached, "u0")
    for method in ("POST", "PUT", "DELETE"):
        assert answer(reached, path, method)[0] == 405


def test_no_export_has_a_link(reached: House) -> None:
    """Whoever exports somebody's mails for them gets no way to open their page later."""
    reached.announce()
    reached.deliver()
    record = good(person_record.export(reached.site, OPERATOR, "u0@corp.example", "They asked."))
    assert record["mails"]
    assert "/own/" not in str(record)


MARKS = {"de": "Worum wir Sie bitten", "en": "What we ask of you", "es": "Qué le pedimos", "ko": "What we ask of you"}


@pytest.mark.parametrize("language", [*LANGUAGES, "ko"])
def test_the_page_is_in_the_persons_language(build: Build, language: str) -> None:
    """All seven, marked as such; somebody who reads another is told in which it is instead."""
    house = build(web__url=URL, site__contact="4000")
    house.people("u0", locale=language, time_zone="Asia/Kolkata")
    house.phone("u0", [TIKTOK])
    house.announce()
    house.deliver()
    page = answer(house, link_for(house, "u0"))[2]
    given = language if language in LANGUAGES else "en"
    assert f'<html lang="{given}">' in page
    assert MARKS.get(language, "") in page
    assert "UTC+05:30" in page
    assert ("because we have no text of it in Korean" in page) is (language == "ko")
    ours = html.unescape(page).replace("Please remove it.", "")
    assert given == "en" or not re.search(r"\b(the|your|device|cannot)\b", words(ours[ours.index("<main") :])), page


OWN = OwnDevice(told("x").devices[0], Finding.PRESENT, Outcome.BLOCK, START, START, statable=True, checkable=True)


def page_of(untrusted: str) -> str:
    """A page with the same untrusted string everywhere that one can stand."""
    notice = told(untrusted)
    facts = OwnFacts(
        notice=notice,
        stands=Stands.ASKED,
        devices=(replace(OWN, device=notice.devices[0], others=(untrusted,)),),
        evidence=(Claim("tiktok", untrusted, Stance.ALLEGES, untrusted, "2020-07-06", untrusted),),
        looks=(OwnLook(START, f"x{untrusted}", "phone", f"x{untrusted}"),),
        until=START,
    )
    values = own_page(facts)._asdict() | {"path": "/own/x"}
    return bytes(Pages(URL, exercise=True).page("own.html.j2", values).body).decode()


def test_hostile_strings_change_no_structure() -> None:
    """I-36: whatever a person, a device, a policy, a source or a purpose is called, the page has the same tags."""
    plain = Shape(page_of("plain")).tags
    tried: Counter[str] = Counter()

    def law(untrusted: str) -> None:
        shown = one_line(untrusted)
        page = Shape(page_of(untrusted))
        assert not shown or page.tags == plain
        assert shown in page.visible
        tried.update(part for part in ("<", '"', "&") if part in shown)

    hold(law)
    assert set(tried) == {"<", '"', "&"}, "the case this is about must occur"


def test_the_page_has_a_structure_that_can_be_heard(reached: House) -> None:
    """One main heading, sections below it, no heading skipped, every sign of a state hidden from what is read aloud."""
    reached.announce()
    reached.deliver()
    page = answer(reached, link_for(reached, "u0"))[2]
    levels = [int(level) for level in re.findall(r"<h([1-6])", page)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert page.count('class="verdict ') == page.count('<span aria-hidden="true">')
    assert "<script" not in page
    assert "style=" not in page


def test_what_is_blocked_stands_first(reached: House) -> None:
    """Whoever opens the page because mail stopped sees at once where, and what is clean after that."""
    reached.phone("u0", id="a-clean")
    reached.announce()
    reached.deliver()
    reached.set("2020-07-11T12:00:00Z")
    page = shown(reached, "u0")
    assert re.findall("[✕✓] (?:No new|Mail flows)", page) == ["✕ No new", "✓ Mail flows"]
    assert page.index("phone-u0") < page.index("a-clean")
