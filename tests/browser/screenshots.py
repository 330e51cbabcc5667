"""`python -m tests.browser.screenshots [NAME...]`: every page and mail, or those of these names, as PNG files in
build/screenshots: on a phone and wide, light and dark."""

import sys
import tempfile
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Final

from tests.browser.chromium import Eyes, chromium
from tests.browser.every_page import EVERY, Place
from tests.browser.furnished import furnish
from tests.browser.seeing import THEMES, look
from tests.browser.serving import served
from tests.verbs.houses import Builder

FOLDER: Final = Path("build/screenshots")
WIDTHS: Final = (360, 1280)


def main(names: Sequence[str]) -> int:
    """Exit code 1 for a name that no page has."""
    if unknown := set(names) - set(EVERY):
        print(f"no page is called {', '.join(sorted(unknown))}; there are: {', '.join(EVERY)}", file=sys.stderr)
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        house = furnish(Builder(Path(folder)))
        with served(house) as url:
            place = Place(house, browser, Eyes(url))
            for name in names or EVERY:
                _take(place, name)
            for page in place.pages.values():
                page.context.close()
    print(f"{FOLDER}: {len(names or EVERY)} pages")
    return 0


def _take(place: Place, name: str) -> None:
    page = EVERY[name].open(place)
    for theme, width in product(THEMES, WIDTHS):
        look(page, theme, width)
        page.screenshot(path=FOLDER / f"{name}-{width}-{theme}.png", full_page=True, animations="disabled")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
