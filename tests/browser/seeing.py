"""What axe, a ruler and a keyboard say of an open page."""

from importlib.resources import files
from typing import Any, Final, NamedTuple

from playwright.sync_api import Page

THEMES: Final = ("light", "dark")
WIDTHS: Final = (360, 768, 1440)
NARROWEST: Final = 320
"""CSS pixels; WCAG 2.2 success criterion 1.4.10."""

# target-size (WCAG 2.2 2.5.8) is off by itself in axe 4. Frames hold mails, which are looked at as pages of their own.
_OPTIONS = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}, "iframes": False}
# A mail is shown within a page, whose landmarks are not ours.
_MAIL = _OPTIONS | {"rules": {"landmark-one-main": {"enabled": False}, "region": {"enabled": False}}}
# What a theme or a width can change, of all that axe looks at.
_LOOKS = ["color-contrast", "link-in-text-block", "target-size", "scrollable-region-focusable"]

_SIDEWAYS = """() => {
  const width = document.documentElement.clientWidth
  const inside = element => element.closest(".scroll") !== null
  return document.scrollingElement.scrollWidth <= width ? [] : [...document.querySelectorAll("body *")]
    .filter(one => one.getBoundingClientRect().right > width + 0.5 && !inside(one))
    .map(one => `${one.tagName} ${one.className} ${one.textContent.slice(0, 60)}`)
}"""

_FOCUSED = """() => {
  const at = document.activeElement
  if (at === null || at === document.body) return null
  const box = at.getBoundingClientRect(), style = getComputedStyle(at)
  const over = document.elementFromPoint(box.x + box.width / 2, box.y + Math.min(box.height / 2, 8))
  return {
    tag: at.tagName.toLowerCase(), type: at.type || "", name: (at.innerText || at.labels?.[0]?.innerText || "").trim(),
    ring: style.outlineStyle === "solid" ? parseFloat(style.outlineWidth) : 0,
    inSight: over !== null && (at.contains(over) || over.contains(at)),
  }
}"""


# Where a link leads is not said: it may hold an id. Whether it leads to us, is. What has a class may depend on how long
# a word is.
_MADE_OF = """() => [...document.querySelectorAll("*")].map(one => {
  const names = one.getAttributeNames().filter(name => name !== "class").map(name => {
    const leads = ["href", "src", "action", "formaction"].includes(name)
    return leads && new URL(one[name === "formaction" ? "formAction" : name], location).origin !== location.origin
      ? `${name} elsewhere` : name === "role" || name === "type" ? `${name}=${one.getAttribute(name)}` : name
  })
  return [one.parentElement?.tagName ?? "", one.tagName, ...names.sort()].join(" ")
})"""


class Focused(NamedTuple):
    """What has the keyboard: `ring` is the width of its outline in CSS pixels."""

    tag: str
    type: str
    name: str
    ring: float
    in_sight: bool


def look(page: Page, theme: str, width: int) -> None:
    """See the open page so, without asking for it again."""
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 900})


def faults(page: Page, *, is_mail: bool = False, looks_only: bool = False) -> list[str]:
    """What axe finds wrong on the page as it is seen now; with `looks_only` by those rules that looks can change."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text())
    options: dict[str, Any] = _MAIL if is_mail else _OPTIONS
    options = options | ({"runOnly": _LOOKS, "rules": {}} if looks_only else {})
    found = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{one['id']}: {one['help']}: {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


def sideways(page: Page) -> list[str]:
    """What reaches beyond the page's width, if one has to scroll sideways to read it."""
    return list(page.evaluate(_SIDEWAYS))


def made_of(page: Page) -> list[str]:
    """The elements of a page in their order, each with what it is in, and with its attributes' names: what a browser
    makes headings, landmarks, rows, links and buttons of."""
    return list(page.evaluate(_MADE_OF))


def focused(page: Page) -> Focused | None:
    """None: nothing has the keyboard."""
    at = page.evaluate(_FOCUSED)
    return None if at is None else Focused(at["tag"], at["type"], at["name"], at["ring"], at["inSight"])


def tab_to(page: Page, tag: str, name: str) -> None:
    """Tab on until what is called so has the keyboard; whatever had it on the way could be seen to have it."""
    for _ in range(100):
        page.keyboard.press("Tab")
        at = focused(page)
        if at is None:
            continue
        assert at.ring >= 3, at
        assert at.in_sight, at
        if at.tag == tag and name in at.name:
            return
    raise AssertionError(f"no {tag} called {name} is reached by Tab on {page.url}")
