"""`python -m tests.browser.screenshots [NAME...]`: every page and mail, or those of these names, as PNG files in
build/screenshots: on a phone and wide, light and dark. With `--pictures`: those of the README, in docs/pictures,
as WebP, which Playwright cannot write by itself."""

import sys
import tempfile
from base64 import b64decode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Final, NamedTuple

from tests.browser.chromium import chromium
from tests.browser.every_page import EVERY, Place, furnished
from tests.browser.seeing import THEMES, look
from tests.verbs.houses import Builder

FOLDER: Final = Path("build/screenshots")
WIDTHS: Final = (360, 1280)


class Picture(NamedTuple):
    """The top of what a page says: its name in EVERY, and how wide and high in CSS pixels."""

    page: str
    width: int
    height: int


PICTURES: Final = {
    "own-page": Picture("own-blocked", 360, 720),
    "approval": Picture("policy-asked", 480, 660),
    "retraction": Picture("retract", 480, 568),
}
"""By the name of its file."""


def main(names: Sequence[str]) -> int:
    """Exit code 1 for a name that no page has."""
    if list(names) == ["--pictures"]:
        return _pictures(Path("docs/pictures"))
    if unknown := set(names) - set(EVERY):
        print(f"no page is called {', '.join(sorted(unknown))}; there are: {', '.join(EVERY)}", file=sys.stderr)
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    with _place() as place:
        for name in names or EVERY:
            _take(place, name)
    print(f"{FOLDER}: {len(names or EVERY)} pages")
    return 0


@contextmanager
def _place() -> Iterator[Place]:
    with (
        tempfile.TemporaryDirectory() as folder,
        chromium() as browser,
        furnished(Builder(Path(folder)), browser) as place,
    ):
        yield place


def _take(place: Place, name: str) -> None:
    page = EVERY[name].open(place)
    for theme, width in product(THEMES, WIDTHS):
        look(page, theme, width)
        page.screenshot(path=FOLDER / f"{name}-{width}-{theme}.png", full_page=True, animations="disabled")


def _pictures(folder: Path) -> int:
    with _place() as place:
        for name, (shown, width, height) in PICTURES.items():
            page = EVERY[shown].open(place)
            look(page, "light", width)
            top = page.evaluate("() => document.querySelector('main').getBoundingClientRect().y + scrollY")
            part = {"x": 8, "y": top, "width": width - 16, "height": height, "scale": 1.5}
            options = {"format": "webp", "quality": 72, "clip": part, "captureBeyondViewport": True}
            taken = page.context.new_cdp_session(page).send("Page.captureScreenshot", options)
            (folder / f"{name}.webp").write_bytes(b64decode(taken["data"]))
    print(f"{folder}: {', '.join(PICTURES)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
