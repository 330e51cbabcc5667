"""Stating from one's own page that an app is not on a device: with the link and a code from one's mailbox, else not."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from gatepost.actions import ledger, own_code, person_record
from gatepost.actions.change import Change, changing
from gatepost.actions.site import Site
from gatepost.core.instant import DAY, HOUR, MINUTE
from gatepost.core.notice.notice import NoticeKind
from gatepost.notify.own import AbsentFacts, absent_page
from gatepost.notify.render import LANGUAGES
from gatepost.notify.untrusted import one_line
from gatepost.signatures import link
from gatepost.storage import sitemeta
from gatepost.web.pages.frame import CLOSED, Pages
from tests.notify.test_hostile import Shape, hold, told
from tests.verbs.conftest import Build
from tests.verbs.houses import OPERATOR, START, TIKTOK, House, good, nothing_written
from tests.web import own
from tests.web.asking import URL, application, send
from tests.web.own import CODE, OURS, link_for, parsed, shown, words

BUTTON = "The app is not on this device"


def press(house: House, path: str, fields: dict[str, str] | bytes, **headers: str) -> tuple[int, dict[str, str], str]:
    return own.press(house, f"{path}/absent", fields, **headers)


def codes(house: House) -> list[str]:
    """The codes in the mails that are sent now."""
    bodies = [parsed(letter).get_body(("plain",)) for letter in house.deliver()]
    return [code for body in bodies if body is not None for code in CODE.findall(body.get_content())]


@pytest.fixture
def unseen(build: Build) -> House:
    """u0 with a phone and a tablet whose personal apps nobody can see, under a policy that takes their word; and u1."""
    house = build(web__url=URL)
    house.people("u0", "u1")
    house.devices(
        house.phone_row("u0", visibility="managed-only"),
        house.phone_row("u0", visibility="managed-only", id="tablet-u0", form="tablet", platform="ipados"),
        house.phone_row("u1", [TIKTOK]),
    )
    house.announce(unseen="attest")
    house.deliver()
    return house


def test_a_blocked_phone_opens_by_its_owners_word(unseen: House) -> None:
    """The button sends a code, the code states, mail comes back, the page says so; the ledger has who, and verifies."""
    unseen.set("2020-07-11T12:00:00Z")
    unseen.deliver()
    assert unseen.word("u0") == "block"
    path = link_for(unseen, "u0")
    assert BUTTON in shown(unseen, "u0")
    status, headers, page = press(unseen, path, {"device": "phone-u0"})
    assert status == 200
    assert CLOSED.items() <= headers.items()
    assert "this device is free of TikTok: iPhone (phone-u0)" in words(page)
    assert 'autocomplete="one-time-code"' in page
    (code,) = codes(unseen)
    status, headers, _ = press(unseen, path, {"device": "phone-u0", "code": code.lower().replace("-", " ")})
    assert (status, headers["location"]) == (303, path)
    assert unseen.word("u0") == "allow"
    assert unseen.word("u0", "tablet-u0") == "block"
    assert "It was stated that the app is not on this device." in shown(unseen, "u0")
    entries = [row for row in good(ledger.show(unseen.site, None, 0, (), 10**9)) if row["event"] == "AttestationGiven"]
    assert [str(row["by"])[:2] for row in entries] == ["p_"], "nobody is named"
    unseen.sound()


def test_a_link_alone_states_nothing(unseen: House) -> None:
    """Pressing, guessing, or typing what other sites or people were sent opens nothing and writes no entry."""
    path, before = link_for(unseen, "u0"), unseen.ledger()
    press(unseen, path, {"device": "phone-u0"})
    assert unseen.ledger() == before
    (code,) = codes(unseen)
    press(unseen, link_for(unseen, "u0"), {"device": "tablet-u0"})
    (other,) = codes(unseen)
    with nothing_written(unseen):
        for typed in (" ", "AAAA-AAAA", code[:-1], code + "A", other, "é" * 9, "A" * 5000, "\x00"):
            status, _, page = press(unseen, path, {"device": "phone-u0", "code": typed})
            assert (status, "aria-invalid" in page) == (422, True), typed
        for device in ("phone-u1", "no-such", "", "<script>"):
            assert press(unseen, path, {"device": device, "code": code})[0] == 409
        assert press(unseen, "/own/no-link", {"device": "phone-u0", "code": code})[0] == 404
        assert press(unseen, link_for(unseen, "u1"), {"device": "phone-u0", "code": code})[0] == 409


def test_a_code_counts_once_and_for_an_hour(unseen: House) -> None:
    """While one counts no other is sent (I-39); when it is over the next takes its place; used, it states no more."""
    path = link_for(unseen, "u0")
    for _ in range(3):
        assert press(unseen, path, {"device": "phone-u0"})[0] == 200
    (first,) = codes(unseen)
    unseen.clock(unseen.now() + own_code.LASTS)
    assert press(unseen, path, {"device": "phone-u0", "code": first})[0] == 409
    press(unseen, path, {"device": "phone-u0"})
    (second,) = codes(unseen)
    assert second != first
    assert press(unseen, path, {"device": "phone-u0", "code": first})[0] == 422
    unseen.clock(unseen.now() + own_code.LASTS - MINUTE)
    assert press(unseen, path, {"device": "phone-u0", "code": second})[0] == 303
    with nothing_written(unseen):
        assert press(unseen, path, {"device": "phone-u0", "code": second})[0] == 409
    unseen.set(unseen.now() + 31 * DAY)
    assert press(unseen, link_for(unseen, "u0"), {"device": "phone-u0", "code": second})[0] == 409


def test_nobodys_mailbox_is_filled(unseen: House) -> None:
    """Whoever found a link can have ten codes sent in a day, then none until the first is a day old."""
    path = link_for(unseen, "u0")
    for _ in range(own_code.MOST // 2):
        for device in ("phone-u0", "tablet-u0"):
            assert press(unseen, path, {"device": device})[0] == 200
        unseen.clock(unseen.now() + HOUR)
    status, _, page = press(unseen, path, {"device": "phone-u0"})
    assert (status, "So many codes were sent today" in words(page)) == (429, True)
    assert len(codes(unseen)) == own_code.MOST
    unseen.clock(unseen.now() + DAY)
    assert press(unseen, path, {"device": "phone-u0"})[0] == 200


def test_one_code_is_sent_to_whoever_presses_twice_at_once(unseen: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two requests that both saw that none was on its way: the second finds it when its turn to write comes."""
    path = link_for(unseen, "u0")

    @contextmanager
    def overtaken(site: Site) -> Iterator[Change]:
        monkeypatch.setattr(own_code, "changing", changing)
        assert press(unseen, path, {"device": "phone-u0"})[0] == 200
        with changing(site) as change:
            yield change

    monkeypatch.setattr(own_code, "changing", overtaken)
    assert press(unseen, path, {"device": "phone-u0"})[0] == 200
    assert len(codes(unseen)) == 1


def test_a_code_that_could_not_be_sent_is_sent_anew(unseen: House) -> None:
    """A mail that was refused keeps nobody waiting for an hour."""
    path = link_for(unseen, "u0")
    press(unseen, path, {"device": "phone-u0"})
    unseen.deliver(lambda _letter: "refused")
    press(unseen, path, {"device": "phone-u0"})
    assert len(codes(unseen)) == 1


@pytest.mark.parametrize(
    ("policy", "columns"),
    [
        ({"unseen": "attest"}, {"apps": [TIKTOK]}),
        ({"unseen": "attest"}, {}),
        ({"unseen": "block"}, {"visibility": "managed-only"}),
        ({"unseen": "allow"}, {"visibility": "managed-only"}),
    ],
)
def test_only_what_nobody_can_see_can_be_stated(
    build: Build, policy: dict[str, str], columns: dict[str, object]
) -> None:
    """I-6: neither against a report, nor where nothing is asked, nor where the policy takes nobody's word."""
    house = build(web__url=URL)
    house.people("u0")
    house.phone("u0", **columns)  # type: ignore[arg-type] # columns by name
    house.announce(**policy)
    house.deliver()
    assert BUTTON not in shown(house, "u0")
    with nothing_written(house):
        assert press(house, link_for(house, "u0"), {"device": "phone-u0"})[0] == 409


def test_a_report_that_finds_the_app_beats_a_code(unseen: House) -> None:
    """What was reported between the code and its typing counts; nothing is stated against it."""
    path = link_for(unseen, "u0")
    press(unseen, path, {"device": "phone-u0"})
    (code,) = codes(unseen)
    unseen.report("u0", [TIKTOK])
    with nothing_written(unseen):
        assert press(unseen, path, {"device": "phone-u0", "code": code})[0] == 409


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"origin": URL}, True),
        ({"sec-fetch-site": "same-origin", "origin": "null"}, True),
        ({"sec-fetch-site": "cross-site", "origin": URL}, False),
        ({"sec-fetch-site": "same-site", "origin": URL}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": ""}, False),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": f"{URL}.evil.example"}, False),
        ({"x-nothing": "said"}, False),
    ],
)
def test_forms_come_from_our_own_pages(unseen: House, headers: dict[str, str], taken: bool) -> None:
    """Another site's form does nothing, though it knew the address."""
    path, rows = link_for(unseen, "u0"), len(unseen.tables()["notices"])
    status, _, page = press(unseen, path, {"device": "phone-u0"}, **headers)
    assert status == (200 if taken else 403)
    assert ("Nothing was changed." in words(page)) is not taken
    assert len(unseen.tables()["notices"]) == rows + taken


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 409),
        (b"device=phone-u0&" + b"x=1&" * 100, 400),
        (b"device=phone-u0&x=" + b"y" * 10_000, 413),
        (b"device=phone-u0&x=\xff\xfe", 400),
        (b"device=%00%ff", 409),
        (b'{"device": "phone-u0"}', 409),
    ],
)
def test_what_is_no_form_of_ours_does_nothing(unseen: House, body: bytes, status: int) -> None:
    """Too long, too many fields, not UTF-8, about no device: said, and nothing written."""
    with nothing_written(unseen):
        assert press(unseen, link_for(unseen, "u0"), body)[0] == status


def test_nothing_but_a_form_is_taken(unseen: House) -> None:
    """A bare link to it, which mail scanners open, does nothing."""
    with nothing_written(unseen):
        status, _, _ = send(application(unseen), f"{link_for(unseen, 'u0')}/absent", method="GET", authorization="")
    assert status == 405


def test_the_code_stands_in_its_mail_alone(unseen: House) -> None:
    """Neither a table, nor an export of the person's mails, nor a page has it."""
    path = link_for(unseen, "u0")
    _, _, page = press(unseen, path, {"device": "phone-u0"})
    (code,) = codes(unseen)
    record = good(person_record.export(unseen.site, OPERATOR, "u0@corp.example", "They asked."))
    assert any(mail["kind"] == NoticeKind.CODE.value for mail in record["mails"])
    for place in (str(record), str(unseen.tables()), page):
        assert code not in place
        assert code.replace("-", "") not in place


def test_a_restored_site_takes_no_statement(unseen: House) -> None:
    """Until it was shown what the world has seen it acts for nobody."""
    path = link_for(unseen, "u0")
    with unseen.site.store.writing() as conn:
        sitemeta.put(conn, sitemeta.UNACKNOWLEDGED, "1")
    with nothing_written(unseen):
        assert press(unseen, path, {"device": "phone-u0"})[0] == 409


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_step_is_in_the_persons_language(build: Build, language: str) -> None:
    """The button, the code's page and what goes wrong: seven languages, each its own; refusals in the browser's."""
    house = build(web__url=URL)
    house.people("u0", locale=language)
    house.phone("u0", visibility="managed-only")
    house.announce(unseen="attest")
    house.deliver()
    path = link_for(house, "u0")
    steps: list[Callable[[], tuple[int, dict[str, str], str]]] = [
        lambda: press(house, path, {"device": "phone-u0"}),
        lambda: press(house, path, {"device": "phone-u0", "code": "wrong"}),
        lambda: press(house, path, {"device": "none"}, **OURS, **{"accept-language": f"{language};q=0.9, fr"}),
    ]
    for step in steps:
        page = step()[2]
        assert f'<html lang="{language}">' in page
        said = words(page[page.index("<main") :]).replace(house.site.settings.site.contact, "")
        assert language == "en" or not re.search(r"\b(the|your|device|code of)\b", said), said


def absent(untrusted: str) -> str:
    """The code's page with the same untrusted string everywhere that one can stand."""
    notice = told(untrusted)
    page = absent_page(AbsentFacts(notice, notice.devices[0], (untrusted,), START, START), wrong=True)
    return bytes(Pages(URL, exercise=True).page("own.html.j2", page._asdict() | {"path": "/own/x"}).body).decode()


def test_hostile_strings_change_no_form() -> None:
    """I-36: whatever an app, a device or a contact is called, the page has the same tags; the form names the device."""
    plain = Shape(absent("plain")).tags
    tried: set[str] = set()

    def law(untrusted: str) -> None:
        shown = one_line(untrusted)
        page = Shape(absent(untrusted))
        assert not shown or page.tags == plain
        assert shown in page.visible
        tried.update(part for part in ("<", '"', "&") if part in shown)

    hold(law)
    assert tried == {"<", '"', "&"}, "the case this is about must occur"
    assert 'name="device" value="&lt;i&gt;&#34;"' in absent('<i>"')


def test_a_code_is_made_by_the_key_alone() -> None:
    """Another key or another mail makes another; however it is typed it is the same."""
    key, other = link.new_key(), link.new_key()
    code = link.code(key, "n1")
    assert CODE.fullmatch(code)
    assert len({code, link.code(other, "n1"), link.code(key, "n2")}) == 3
    for typed in (code, code.lower(), code.replace("-", ""), f" {code} ", code.replace("O", "0").replace("I", "1")):
        assert link.is_code(key, "n1", typed)
    for typed in ("", code[1:], code + "A", link.code(other, "n1")):
        assert not link.is_code(key, "n1", typed)
