"""Every page that there is, and how one comes to see it on a furnished site."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from playwright.sync_api import Browser, Page

from gatepost.actions.letter import Letter
from gatepost.core.notice.notice import NoticeKind
from tests.browser.chromium import Eyes
from tests.browser.furnished import HELP, link_in, waiver_of
from tests.verbs.houses import AUTHOR, OPERATOR, POLICY, SECURITY, House
from tests.web.own import address_of

_POLICY: Final = f"/policies/{POLICY}"


@dataclass
class Place:
    """A furnished site, and the pages of whoever looks at it: one each, signed in once."""

    house: House
    browser: Browser
    eyes: Eyes
    pages: dict[str, Page] = field(default_factory=dict)

    def page(self, who: str) -> Page:
        """`who`: a mail address, "" for somebody who is not signed in."""
        if who not in self.pages:
            self.pages[who] = self.eyes.page(self.browser)
            if who:
                sign_in(self.house, self.pages[who], who)
        return self.pages[who]


def ask_for_link(page: Page, who: str) -> None:
    page.goto("/sign-in")
    page.get_by_label("Your mail address").fill(who)
    page.get_by_role("button", name="Send me a link").click()
    page.get_by_role("heading", name="Look into your mail").wait_for()


def mail_to(house: House, who: str) -> Letter:
    """The next mail to somebody. A link to sign in is written after the page that says so was sent."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        for letter in house.deliver():
            if letter.recipient == who:
                return letter
        time.sleep(0.02)
    raise AssertionError(f"no mail to {who}")


def sign_in(house: House, page: Page, who: str) -> None:
    """By the link in the mail that comes next."""
    ask_for_link(page, who)
    page.goto(link_in(house, mail_to(house, who)))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: not url.endswith("/sign-in"))


class Shown(NamedTuple):
    """`path`: where it is. `then`: what is done there to see it, if it has to be. `is_mail`: shown as by a mail client,
    since no script, and so no axe, runs where our pages show one."""

    who: str
    path: Callable[[House], str]
    then: Callable[[Place, Page], None] | None = None
    is_mail: bool = False

    def open(self, place: Place) -> Page:
        page = place.page(self.who)
        if self.is_mail:
            answer = page.request.get(self.path(place.house))
            page.goto("about:blank")
            page.set_content(answer.text())
            return page
        page.goto(self.path(place.house))
        if self.then is not None:
            self.then(place, page)
        return page


def _at(who: str, path: str, then: Callable[[Place, Page], None] | None = None) -> Shown:
    return Shown(who, lambda _house: path, then)


def _mail(who: str, path: str) -> Shown:
    return Shown(who, lambda _house: path, is_mail=True)


def _own(name: str, then: Callable[[Place, Page], None] | None = None) -> Shown:
    return Shown("", lambda house: address_of(house, name), then)


def _ask(place: Place, page: Page) -> None:
    ask_for_link(page, SECURITY)
    mail_to(place.house, SECURITY)


def _follow(place: Place, page: Page) -> None:
    ask_for_link(page, OPERATOR)
    page.goto(link_in(place.house, mail_to(place.house, OPERATOR)))


def _decline_in_silence(_place: Place, page: Page) -> None:
    page.get_by_label("Or say no").fill(" ")
    page.get_by_role("button", name="Decline as security").click()
    page.get_by_text("Write why").wait_for()


def _retract_in_silence(_place: Place, page: Page) -> None:
    page.get_by_label("They get the correction").check()
    page.get_by_label("Your reason").fill(" ")
    page.get_by_role("button", name="Retract for").click()
    page.get_by_text("Write why").wait_for()


def _pause_in_silence(_place: Place, page: Page) -> None:
    page.get_by_label("Your reason").fill(" ")
    page.get_by_role("button", name="Pause").click()
    page.get_by_text("Write why").wait_for()


def _write_amiss(_place: Place, page: Page) -> None:
    page.get_by_label("The document").fill("policy: no-games\ntitel: No games\n")
    page.get_by_role("button", name="Show what it means").click()
    page.get_by_role("heading", name="things are wrong").wait_for()


def _ask_for_code(_place: Place, page: Page) -> None:
    page.get_by_role("button", name="The app is not on this device").first.click()
    page.get_by_label("code").wait_for()


def _wrong_code(place: Place, page: Page) -> None:
    _ask_for_code(place, page)
    page.get_by_label("code").fill("AAAA-AAAA")
    page.keyboard.press("Enter")
    page.locator("#problem").wait_for()


def _check_again(_place: Place, page: Page) -> None:
    """Asked for once: whoever opens the page after that finds it asked."""
    if (button := page.get_by_role("button", name="Check again now")).count():
        button.click()
    page.get_by_text("A report was asked for").wait_for()


def _look_up(_place: Place, page: Page) -> None:
    page.get_by_label("Whose phone").fill("u1@corp.example")
    page.get_by_label("What for").fill("called us, no mail")
    page.get_by_role("button", name="Look it up").click()
    page.get_by_role("heading", name="A fresh report").wait_for()


EVERY: Final[Mapping[str, Shown]] = {
    "sign-in": _at("", "/sign-in"),
    "sign-in-sent": _at("", "/sign-in", _ask),
    "sign-in-button": _at("", "/sign-in", _follow),
    "sign-in-over": _at("", "/sign-in/nothing"),
    "today": _at(SECURITY, "/"),
    "today-author": _at(AUTHOR, "/today"),
    "policies": _at(SECURITY, "/policies"),
    "apps": _at(SECURITY, "/apps"),
    "doors": _at(SECURITY, "/doors"),
    "ledger": _at(SECURITY, "/ledger"),
    "ledger-none": _at(SECURITY, "/ledger?policy=nothing"),
    "ledger-entry": _at(SECURITY, "/ledger/1"),
    "help-desk": _at(HELP, "/help-desk"),
    "help-desk-phone": _at(HELP, "/help-desk", _look_up),
    "people": _at(OPERATOR, "/people"),
    "devices": _at(OPERATOR, "/devices"),
    "access": _at(OPERATOR, "/access"),
    "looks": _at(OPERATOR, "/looks"),
    "reach": _at(OPERATOR, "/reach"),
    "settings": _at(OPERATOR, "/settings"),
    "statements": _at(OPERATOR, "/statements"),
    "waivers": _at(OPERATOR, "/waivers"),
    "waiver-grant": _at(OPERATOR, "/waivers/grant"),
    "waiver-revoke": Shown(OPERATOR, lambda house: f"/waivers/{waiver_of(house)}/revoke"),
    "watch": _at(AUTHOR, f"{_POLICY}/watch"),
    "watch-country": _at(AUTHOR, f"{_POLICY}/watch/country"),
    "announce": _at(AUTHOR, "/policies/soon/announce"),
    "missing": _at(SECURITY, "/policies/nothing"),
    "missing-signed-out": _at("", "/nothing"),
    "policy-asked": _at(SECURITY, _POLICY),
    "policy-declined-in-silence": _at(SECURITY, _POLICY, _decline_in_silence),
    "policy-in-force": _at(OPERATOR, f"{_POLICY}?revision=1"),
    "policy-paused": _at(OPERATOR, "/policies/all-pause"),
    "policy-retracted": _at(AUTHOR, "/policies/all-error"),
    "policy-mail": _mail(SECURITY, f"{_POLICY}/mails/2/correction.en"),
    "write-begin": _at(AUTHOR, "/write"),
    "write": _at(AUTHOR, f"/write?policy={POLICY}"),
    "write-wrong": _at(AUTHOR, f"/write?policy={POLICY}", _write_amiss),
    "retract": _at(OPERATOR, "/policies/games/retract"),
    "retract-in-silence": _at(OPERATOR, "/policies/games/retract", _retract_in_silence),
    "pause": _at(OPERATOR, "/policies/games/pause"),
    "pause-in-silence": _at(OPERATOR, "/policies/games/pause", _pause_in_silence),
    "stopped": _at(OPERATOR, "/policies/all-error/stopped?still=1"),
    "stopped-going-on": _at(OPERATOR, "/policies/all-error/stopped"),
    "own-blocked": _own("u1"),
    "own-report-asked": _own("u4", _check_again),
    "own-clear": _own("clean1"),
    "own-unseen": _own("unseen"),
    "own-code": _own("unseen", _ask_for_code),
    "own-code-wrong": _own("unseen", _wrong_code),
    "own-missing": _at("", "/own/nothing"),
    "mails": _at("", "/exercise/mails"),
    **{f"mail-{kind}": _mail("", f"/exercise/mails/{kind}.en.html") for kind in NoticeKind},
}
"""By the name of its screenshot."""
