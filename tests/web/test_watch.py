"""Watching a policy by page: mails as they go out, what came back, devices over time, groups, files."""

import re
from itertools import pairwise

import pytest

from gatepost.actions import bounce, looks, retract
from gatepost.actions.compliance import EVERY, course_of, live_courses
from gatepost.actions.undelivered import undelivered, why_of
from gatepost.core.instant import DAY, HOUR
from gatepost.storage import notices
from gatepost.web.pages.chart import HEIGHT, MOST_POINTS, WIDTH, chart_of
from tests.verbs.conftest import Build
from tests.verbs.houses import AUTHOR, OPERATOR, POLICY, SECURITY, TIKTOK, House, good, nothing_written
from tests.verbs.test_bounces import notification
from tests.web.asking import URL
from tests.web.visiting import rows_of, signed_in, tags, words

WATCH = f"/policies/{POLICY}/watch"


@pytest.fixture
def house(build: Build) -> House:
    return build(web__sign_in="mail", web__url=URL, rails__first_batch=5)


def refresh(text: str) -> str:
    found = re.search(r'<meta http-equiv="refresh" content="(\d+)">', text)
    return found[1] if found else ""


def test_mails_are_watched_as_they_go_out(house: House) -> None:
    """The page looks again by itself until all have left, unless told not to; each state with its number."""
    house.owners(8, (TIKTOK,))
    browser = signed_in(house, SECURITY)
    house.announce()
    shown = browser.get(WATCH)
    assert refresh(shown.text) == "5"
    assert "0 of 8 people told by the announcement" in words(shown.text)
    assert refresh(browser.get(WATCH, "still=1").text) == ""
    house.clock(house.now() + HOUR // 2)
    house.deliver()
    done = browser.get(WATCH)
    assert refresh(done.text) == ""
    assert "8 of 8 people told" in words(done.text)
    assert "Nothing came back." in words(done.text)
    rows = rows_of(browser.get(f"{WATCH}/notices.csv").text)
    assert rows[0] == ["Kind", "State", "Mails"]
    assert ["announcement", "accepted", "8"] in rows
    for name in ("u0@corp.example", "U0", "phone-u0"):
        assert name not in done.text


def test_what_did_not_arrive_says_what_to_do(house: House) -> None:
    """Refused and bounced, by what the mail server says, with the step that helps; names for a purpose, recorded."""
    house.owners(4, (TIKTOK,))
    house.announce()
    house.deliver(lambda letter: "refused" if letter.recipient.startswith("u1@") else "accepted")
    with house.site.store.reading() as conn:
        sent = [one for one in notices.of_policy(conn, POLICY) if one.kind.value == "announcement"]
    taken = next(one for one in sent if one.state.value == "accepted")
    good(bounce.take_bounce(house.site, OPERATOR, notification(taken.message_id), "dsn"))
    operator = signed_in(house, OPERATOR)
    said = words(operator.get(WATCH).text)
    assert "1 mail came back: 5.1.1" in said
    assert "The mail server knows no such address." in said
    assert "1 mail refused" in said
    assert "What to do" in words(operator.get("/today").text)
    with nothing_written(house):
        assert operator.post(WATCH, purpose=" ").status == 422
    assert signed_in(house, SECURITY).post(WATCH, purpose="curious").status == 403
    named = operator.post(WATCH, purpose="to call them")
    assert "u1@corp.example" in named.text
    assert good(looks.show_looks(house.site, "u1@corp.example"))[-1]["purpose"] == "to call them"


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ("5.1.1", "address"),
        ("550", "address"),
        ("5.2.2", "full"),
        ("552", "full"),
        ("4.2.2", "full"),
        ("5.7.1", "policy"),
        ("554", "policy"),
        ("4.4.1", "later"),
        ("451", "later"),
        ("5.3.4", "other"),
        ("", "other"),
        ("nonsense", "other"),
    ],
)
def test_a_status_is_read_for_what_one_can_do(status: str, why: str) -> None:
    """RFC 3463 and RFC 5321: address, mailbox, policy, not now; what is none of these is not guessed at."""
    assert why_of(status) == why


def test_the_worker_counts_once_an_hour(house: House) -> None:
    """Each live policy, from its announcement on, and nobody by name; nothing is counted of what is over."""
    house.owners(3, (TIKTOK,))
    house.announce()
    house.deliver()
    house.pass_time()
    start = len(good(course_of(house.site, POLICY)).samples)
    house.later(EVERY // 2)
    house.later(EVERY // 4)
    assert len(good(course_of(house.site, POLICY)).samples) == start, "that of now is not kept"
    house.later(EVERY // 4)
    house.report("u0", ())
    house.later()
    samples = good(course_of(house.site, POLICY)).samples
    assert (samples[0].carrying, samples[-1].carrying) == (3, 2)
    assert all(one.at <= other.at for one, other in pairwise(samples))
    house.retract()
    house.pass_time()
    over = good(course_of(house.site, POLICY)).samples
    house.later(3 * EVERY)
    assert good(course_of(house.site, POLICY)).samples == over
    assert live_courses(house.site) == ()


def test_the_chart_has_its_numbers_as_a_table_and_a_file(house: House) -> None:
    """An SVG with words for whoever does not see it, the deadline in it, and the same numbers below and as CSV."""
    house.owners(6, (TIKTOK,))
    house.announce()
    house.deliver()
    house.pass_time()
    for day in range(3):
        house.report(f"u{day}", ())
        house.later(DAY)
    browser = signed_in(house, SECURITY)
    shown = browser.get(WATCH).text
    assert 'role="img" aria-label="Devices that carry the app: 6 at first, 3 at last"' in shown
    assert 'class="mark"' in shown
    assert "3 devices carry it" in words(shown)
    assert " style=" not in shown
    rows = rows_of(browser.get(f"{WATCH}/course.csv").text)
    assert rows[0] == ["When", "Carry the app", "We cannot see"]
    assert (rows[1][1], rows[-1][1]) == ("3", "6")
    assert {row[1] for row in rows[1:]} <= {"3", "4", "5", "6"}
    today = browser.get("/today").text
    assert "3 devices carry it" in words(today)
    assert today.count("<svg") == 1


def test_a_chart_is_drawn_within_its_frame() -> None:
    """Numbers only, none outside; one instant shows no course; many are thinned, and the newest is kept."""
    assert chart_of([], 10, []) is None
    assert chart_of([(5, 1)], 10, []) is None
    drawn = chart_of([(0, 4), (5, 2), (10, 0)], 20, [10, 10, 99, -1])
    assert drawn is not None
    assert drawn.line == "M0 0.0H250.0V150.0H500.0V300.0"
    assert drawn.marks == (500.0,)
    assert (drawn.top, drawn.first, drawn.last) == (4, 0, 20)
    many = chart_of([(at, at % 7) for at in range(5000)], 4999, [])
    assert many is not None
    assert many.line.count("H") <= MOST_POINTS
    assert f"H{WIDTH}.0V" in many.line
    numbers = [float(number) for number in re.findall(r"V(\d+\.?\d*)", many.line)]
    assert all(0 <= number <= HEIGHT for number in numbers)


def test_groups_are_counted_and_few_are_hidden(house: House) -> None:
    """By group and by country: fewer than five are hidden, and so are those of a group that as a whole carries it."""
    for group, number in (("sales", 20), ("board", 3), ("lab", 9)):
        names = [f"{group}{place}" for place in range(number)]
        house.people(*names, groups=group)
        house.devices(*(house.phone_row(name, (TIKTOK,)) for name in names))
    house.announce()
    house.deliver()
    for place in range(8):
        house.report(f"sales{place}", ())
    browser = signed_in(house, SECURITY)
    rows = rows_of(browser.get(f"{WATCH}/group.csv").text)
    assert rows[0] == ["Group", "People asked", "Still carry it"]
    assert {row[0]: row[1:] for row in rows[1:]} == {
        "sales": ["20", "12"],
        "board": ["hidden", "hidden"],
        "lab": ["9", "hidden"],
    }
    shown = browser.get(f"{WATCH}/group")
    assert "lab" in shown.text
    assert rows_of(browser.get(f"{WATCH}/country.csv").text)[1:] == [["US", "32", "24"]]
    assert browser.get(f"{WATCH}/person").status == 404
    assert browser.get(f"{WATCH}/person.csv").status == 404


def test_what_was_not_announced_cannot_be_watched(house: House) -> None:
    """A proposal asked nobody for anything; a policy that is not there is not there."""
    house.owners(6, (TIKTOK,))
    house.propose()
    browser = signed_in(house, AUTHOR)
    assert browser.get(WATCH).status == 409
    assert browser.get("/policies/nothing/watch").status in (404, 409)
    assert browser.get(f"{WATCH}/group").status == 409
    assert f'href="{WATCH}"' not in browser.get(f"/policies/{POLICY}").text


def test_a_retracted_policy_keeps_its_course(house: House) -> None:
    """How it went stays to be read; corrections are among its mails."""
    house.owners(6, (TIKTOK,))
    house.announce()
    house.deliver()
    house.pass_time()
    house.later(2 * HOUR)
    good(retract.retract(house.site, OPERATOR, POLICY, "a mistake", "error", wait=lambda _seconds: None))
    house.later(2 * HOUR)
    house.deliver()
    shown = signed_in(house, SECURITY).get(WATCH)
    assert shown.status == 200
    assert "correction" in shown.text
    assert tags(shown.text).names.count("svg") == 1
    assert good(undelivered(house.site, POLICY)).going_on is False
