"""Names and texts that mean no good, wherever people write one, and every page in a real browser."""

from collections.abc import Iterator
from itertools import count, zip_longest
from typing import Final

import pytest
from playwright.sync_api import Browser

from tests.browser.every_page import EVERY, furnished
from tests.browser.furnished import Say
from tests.browser.seeing import look, made_of, sideways
from tests.verbs.houses import Builder

ELSEWHERE: Final = "elsewhere.example"
NAMES: Final = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "</title></textarea></pre></table></main><h1>Ours</h1>",
    "' autofocus onfocus='alert(3)' x='",
    "javascript:alert(4)",
    '<iframe srcdoc="<script>parent.alert(5)</script>">',
    "<svg/onload=alert(6)>",
    f'<a href="https://{ELSEWHERE}/">press me</a>',
    "<style>*{display:none}</style>",
    f"<meta http-equiv=refresh content='0;url=https://{ELSEWHERE}/'>",
    f"<link rel=stylesheet href=//{ELSEWHERE}/x.css><base href=//{ELSEWHERE}/>",
    "{{7*7}}{% raw %}${7*7}#{7*7}<%= 7*7 %>",
    f'=HYPERLINK("https://{ELSEWHERE}/","press")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\u202egnp.exe\u202c \u2066x \u200fy\ufeff",
    "שלום עולם مرحبا بالعالم",
    "bell\x07 escape\x1b[31m red",
    "one\r\nBcc: everybody@corp.example",
    "W" * 150,
    "&lt;b&gt;&amp;nbsp;&#60;script&#62;<!-- --!><![CDATA[",
)
PLAIN: Final = (
    "mail-",
    "mails",
    "sign-in",
    "missing",
    "own-missing",
    "settings",
    "access-refused",
    "write-begin",
    "ledger-none",
)
"""Pages that say nothing that people wrote: the gallery's mails are about invented people."""
AGAIN: Final = ("-in-silence", "-wrong", "-author", "-going-on")
"""Pages that say what another one says."""
PAGES: Final = {name: shown for name, shown in EVERY.items() if not name.startswith(PLAIN) and not name.endswith(AGAIN)}


@pytest.mark.needs("chromium")
def test_hostile_names_change_no_page(builder: Builder, browser: Browser) -> None:
    """I-36: with twenty of them in all that people write, each page is made of the same elements, with the same
    attributes and roles, as with plain words; no script of theirs runs, nobody else is asked, no dialog opens, and on
    a phone nobody scrolls sideways. And they are there to be read."""
    made = {name: shape for name, shape, _ in pages_with(builder, browser, lambda _: "plain")}
    found = list(pages_with(builder, browser, in_turn()))
    words = " ".join(text for _, _, text in found)

    assert {name: differing(made[name], shape) for name, shape, _ in found if shape != made[name]} == {}
    assert [name for name in NAMES if as_read(name)[:60] not in words] == []


def in_turn() -> Say:
    places = count()
    return lambda _: NAMES[next(places) % len(NAMES)]


def pages_with(builder: Builder, browser: Browser, say: Say) -> Iterator[tuple[str, list[str], str]]:
    """Each page of a site on which people wrote so: its name, what it is made of, and its words."""
    with furnished(builder, browser, say) as place:
        for name, shown in PAGES.items():
            page = shown.open(place)
            look(page, "light", 360)
            assert sideways(page) == [], name
            assert place.eyes.seen == [], name
            yield name, made_of(page), as_read(page.evaluate("() => document.body.textContent"))


def as_read(text: str) -> str:
    """What of it can be seen, with single spaces."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def differing(plain: list[str], hostile: list[str]) -> str:
    """The first element that is other than with plain words."""
    pairs = zip_longest(plain, hostile)
    return next(f"{ours!r} became {theirs!r}" for ours, theirs in pairs if ours != theirs)
