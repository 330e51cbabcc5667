"""Two thousand names that mean no good: in mails, on pages and in a file, by HTTP."""

import random
from collections.abc import Iterator
from typing import Final

import pytest

from gatepost.actions import access
from gatepost.actions.letter import Letter
from gatepost.notify.untrusted import one_line
from tests.notify.test_hostile import PIECES, Shape
from tests.verbs.houses import OPERATOR, POLICY, TIKTOK, Builder, House, good
from tests.web.asking import URL, application
from tests.web.own import address_of, parsed
from tests.web.visiting import Browser, rows_of, signed_in

NUMBER: Final = 2000
TOGETHER: Final = 20
"""So many are found at once by a part of their address."""
HELP: Final = "help@corp.example"
AUDIT: Final = "audit@corp.example"


def names() -> list[str]:
    """Each a heap of pieces that could break something, and each another. A file of people holds no half characters."""
    draw = random.Random(2020)
    pieces = [
        *(piece for piece in PIECES if piece.isascii() or piece.isprintable() or len(piece) == 1),
        "=1+1",
        "@x",
        "\t",
    ]
    whole = [piece[:60] for piece in pieces if not "\ud800" <= piece <= "\udfff"]
    return [f"{''.join(draw.choices(whole, k=draw.randint(1, 4)))} {number}" for number in range(NUMBER)]


NAMES: Final = names()


@pytest.fixture(scope="module")
def house(builder: Builder) -> Iterator[House]:
    """Each of them is somebody's name; and somebody is called Plain."""
    house = builder.build(
        web__sign_in="mail", web__url=URL, rails__announcement_rate_per_minute=100_000, rails__first_batch=100_000
    )
    house.owners(1, (TIKTOK,), prefix="plain")
    rows = [{"email": address(number), "name": name, "kind": "employee", "country": "US", "locale": "en"}
            for number, name in enumerate(NAMES)]  # fmt: skip
    house.people_rows(*rows)
    house.devices(*(house.phone_row(address(number).partition("@")[0], (TIKTOK,)) for number in range(NUMBER)))
    for who, role in ((HELP, "helpdesk"), (AUDIT, "auditor")):
        house.people(who.partition("@")[0])
        good(access.grant_role(house.site, None, who, role))
    house.deliver()
    yield house
    house.close()


def seen(text: str) -> str:
    """What of it can be seen: pages of the console show a name whole, with signs that have no place on paper."""
    return "".join(sign for sign in text if sign.isprintable() and sign != " ")


def address(number: int) -> str:
    return f"g{number // TOGETHER:03d}x{number % TOGETHER:02d}@corp.example"


def own_page(browser: Browser, house: House, who: str) -> Shape:
    visit = browser.get(address_of(house, who.partition("@")[0]).removeprefix(URL))
    assert visit.status == 200
    return Shape(visit.text)


@pytest.fixture(scope="module")
def sent(house: House) -> dict[str, Letter]:
    """By their recipient: the announcement of a policy, to everybody."""
    house.announce(policy=POLICY)
    return {letter.recipient: letter for letter in house.deliver(most=100)}


def test_two_thousand_names_change_no_mail(house: House, sent: dict[str, Letter]) -> None:
    """I-36: whoever is called so gets a mail with the headers and the elements of anybody's, and reads their name in
    it, as far as it can be seen."""
    headers, plain = looked_into(sent["plain0@corp.example"])
    for number, name in enumerate(NAMES):
        keys, mail = looked_into(sent[address(number)])
        assert keys == headers, name
        assert mail.tags == plain.tags, name
        assert one_line(name) in mail.visible, name


@pytest.mark.usefixtures("sent")
@pytest.mark.parametrize("every", [20, pytest.param(1, marks=pytest.mark.long)])
def test_their_own_pages_are_made_like_anybody_s(house: House, every: int) -> None:
    """I-36: a hundred of them here, and all with the full sizes."""
    browser = Browser(application(house))  # before anybody looks at them: each look stands on their page
    plain = own_page(browser, house, "plain0").tags
    for number, name in list(enumerate(NAMES))[::every]:
        page = own_page(browser, house, address(number))
        assert page.tags == plain, name
        assert one_line(name) in page.visible, name


def test_two_thousand_names_change_no_page_that_finds_them(house: House) -> None:
    """I-36: all of them, by twenties: each page of people found is made like the first, and has each name."""
    browser = signed_in(house, OPERATOR)
    shapes = set()
    for group in range(NUMBER // TOGETHER):
        page = Shape(browser.post("/people", who=f"g{group:03d}x", purpose="an audit").text)
        shapes.add(tuple(page.tags))
        for name in NAMES[group * TOGETHER : (group + 1) * TOGETHER]:
            assert seen(name) in seen(page.visible), name
    assert len(shapes) == 1


def looked_into(letter: Letter) -> tuple[list[str], Shape]:
    mail = parsed(letter)
    body = mail.get_body(("html",))
    assert body is not None
    return mail.keys(), Shape(body.get_content())


def test_what_is_typed_changes_no_answer_and_no_file(house: House) -> None:
    """I-36: a hundred of them as what a look is for. Each answer is made like any other; and each cell of the file of
    looks stays a cell, which no spreadsheet runs."""
    browser = signed_in(house, HELP)
    asked = {"user": "plain0@corp.example", "device": "phone-plain0"}
    plain = Shape(browser.post("/help-desk", purpose="they called", **asked).text).tags
    for name in NAMES[::20]:
        visit = browser.post("/help-desk", purpose=name, **asked)
        assert visit.status == 200
        assert Shape(visit.text).tags == plain, name
    rows = rows_of(signed_in(house, AUDIT).get("/looks.csv").text)
    assert len(rows) > 1
    assert {len(row) for row in rows} == {len(rows[0])}
    assert not [cell for row in rows for cell in row if cell.startswith(tuple("=+-@\t\r"))]
