"""Pages for people: their frame, what they look like, and the gallery of mails."""

import re
from importlib.resources import files
from itertools import product
from pathlib import Path

import pytest

from gatepost.core.notice.notice import NoticeKind
from gatepost.notify.render import LANGUAGES
from gatepost.web.pages.frame import CLOSED
from tests.verbs.conftest import Build
from tests.verbs.houses import House
from tests.web.asking import application, send

PAIRS = re.compile(r"--(allowed|warned|blocked|cannot-tell): (#[0-9a-f]{6});\s+--\1-ground: (#[0-9a-f]{6});")
TEXTS = ("ink", "quiet", "link")


def get(house: House, path: str, query: str = "") -> tuple[int, dict[str, str], str]:
    status, headers, body = send(application(house), path, method="GET", query=query)
    return status, headers, body.decode()


def test_every_mail_is_in_the_gallery_in_every_language(house: House) -> None:
    """Whoever decides what people are told can read all of it first; each mail stands there as HTML and as text."""
    for language in LANGUAGES:
        status, headers, page = get(house, "/exercise/mails", f"language={language}")
        assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
        for kind in NoticeKind:
            assert f"/exercise/mails/{kind.value}.{language}.html" in page
    for kind, language in product(NoticeKind, LANGUAGES):
        status, headers, page = get(house, f"/exercise/mails/{kind.value}.{language}.html")
        assert (status, "<h1" in page) == (200, True)
        assert "sandbox" in headers["content-security-policy"]
        assert get(house, f"/exercise/mails/{kind.value}.{language}.txt")[0] == 200


@pytest.mark.parametrize(
    "path",
    ["/exercise/mails/nonsense.en.html", "/exercise/mails/blocked.xx.html", "/exercise/mails/blocked.en.pdf", "/x"],
)
def test_what_is_not_there_is_said(house: House, path: str) -> None:
    """A wrong address gets a page that says so, with the same headers as every page."""
    status, headers, page = get(house, path)
    assert (status, "Not here" in page) == (404, True)
    assert CLOSED.items() <= headers.items()


@pytest.mark.parametrize("path", ["/own/a-link/", "/today/", "/sign-in/", "/exercise/mails/"])
def test_no_address_leads_elsewhere_under_another_name(house: House, path: str) -> None:
    """A slash too many leads nowhere: not to plain http, with a link in the address, nor to what the request calls this
    site."""
    status, headers, _ = send(application(house), path, method="GET", host="evil.example")
    assert (status, headers.get("location")) == (404, None)


def test_a_language_that_is_not_there_is_named(house: House) -> None:
    """I-36: what stands in an address changes no page."""
    status, _, page = get(house, "/exercise/mails", "language=%3Cscript%3E")
    assert status == 404
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_live_site_has_no_gallery(build: Build) -> None:
    """I-19: an exercise and a live site are told apart by their addresses too."""
    assert get(build(exercise=False), "/exercise/mails")[0] == 404


def test_an_exercise_says_so_on_every_page(house: House) -> None:
    """Nobody takes an exercise for the real thing."""
    for path in ("/exercise/mails", "/nowhere"):
        assert "Exercise: nothing here reaches" in get(house, path)[2]


def _light(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    lighter, darker = sorted((_light(one), _light(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_every_text_can_be_read_in_light_and_dark() -> None:
    """WCAG 2.2, 1.4.3 and 1.4.11: text stands out from its ground by 4.5 to 1, lines by 3 to 1."""
    sheet = files("gatepost.web").joinpath("static/gatepost.css").read_text(encoding="utf-8")
    schemes = re.findall(r":root \{(.*?)\}", sheet, re.DOTALL)
    assert len(schemes) == 2
    for scheme in schemes:
        colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", scheme))
        assert all(_contrast(colours[name], colours["paper"]) >= 4.5 for name in TEXTS)
        assert _contrast(colours["line"], colours["paper"]) >= 3
        assert _contrast(colours["on-link"], colours["link"]) >= 4.5
        states = PAIRS.findall(scheme)
        assert len(states) == 4
        assert all(_contrast(text, ground) >= 4.5 for _, text, ground in states)


def test_the_visual_language_names_the_colours_that_are_used() -> None:
    """What the page on the visual language says of colours is what the style sheet has."""
    sheet = files("gatepost.web").joinpath("static/gatepost.css").read_text(encoding="utf-8")
    page = (Path(__file__).parents[2] / "docs" / "visual-language.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(#[0-9a-f]{6})`", page))
    used = {colour for name, colour in re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", sheet) if name != "on-link"}
    assert named == used
