"""Every page that there is, and how one comes to see it on a furnished site."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from playwright.sync_api import Browser, Page

from gatepost.actions.letter import Letter
from gatepost.core.notice.notice import NoticeKind
from tests.browser.chromium import Eyes
from tests.browser.furnished import AUDIT, HELP, Say, furnish, link_in, waiver_of
from tests.browser.serving import served
from tests.verbs.houses import AUTHOR, OPERATOR, POLICY, SECURITY, Builder, House
from tests.web.own import address_of

_POLICY: Final = f"/policies/{POLICY}"


@dataclass
class Place:
    """A furnished site, and the pages of whoever looks at it: one each, signed in once. `say`: as furnish has it, for
    what they type."""

    house: House
    browser: Browser
    eyes: Eyes
    say: Say = str
    pages: dict[str, Page] = field(default_factory=dict)

    def page(self, who: str) -> Page:
        """`who`: a mail address, "" for somebody who is not signed in."""
        if who not in self.pages:
            self.pages[who] = self.eyes.page(self.browser)
            if who:
                sign_in(self.house, self.pages[who], who)
        return self.pages[who]


@contextmanager
def furnished(builder: Builder, browser: Browser, say: Say = str) -> Iterator[Place]:
    """A site that is served, with something on every page."""
    house = furnish(builder, say)
    with served(house) as url:
        place = Place(house, browser, Eyes(url), say)
        yield place
        for page in place.pages.values():
            page.context.close()


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
    since no script, and so no axe, runs where our pages show one. `status`: what it is answered with."""

    who: str
    path: Callable[[House], str]
    then: Callable[[Place, Page], None] | None = None
    is_mail: bool = False
    status: int = 200

    def open(self, place: Place) -> Page:
        page = place.page(self.who)
        if self.is_mail:
            mail = page.request.get(self.path(place.house))
            assert mail.status == self.status
            page.goto("about:blank")
            page.set_content(mail.text())
            return page
        answer = page.goto(self.path(place.house))
        assert answer is not None
        assert answer.status == self.status, answer.url
        if self.then is not None:
            self.then(place, page)
        return page


def _at(who: str, path: str, then: Callable[[Place, Page], None] | None = None, status: int = 200) -> Shown:
    return Shown(who, lambda _house: path, then, status=status)


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


def _look_up(user: str, device: str = "") -> Callable[[Place, Page], None]:
    def look_up(place: Place, page: Page) -> None:
        page.get_by_label("Whose phone").fill(user)
        page.get_by_label("Which, if you know").fill(device)
        page.get_by_label("What for").fill(place.say("called us, no mail since this morning"))
        page.get_by_role("button", name="Look it up").click()
        page.get_by_role("link", name="Look up another").wait_for()

    return look_up


def _name(button: str, who: str = "", field: str = "Name or mail address") -> Callable[[Place, Page], None]:
    """Write whom one looks for, where that is asked, and what for; press the button, and see what comes."""

    def name(place: Place, page: Page) -> None:
        if who:
            page.get_by_label(field, exact=True).fill(who)
        page.get_by_label("What for").fill(place.say("an audit of phones"))
        page.get_by_role("button", name=button).click()
        page.get_by_role("button", name=button).wait_for(state="detached")

    return name


EVERY: Final[Mapping[str, Shown]] = {
    "sign-in": _at("", "/sign-in"),
    "sign-in-sent": _at("", "/sign-in", _ask),
    "sign-in-button": _at("", "/sign-in", _follow),
    "sign-in-over": _at("", "/sign-in/nothing", status=410),
    "today": _at(SECURITY, "/"),
    "today-author": _at(AUTHOR, "/today"),
    "policies": _at(SECURITY, "/policies"),
    "apps": _at(SECURITY, "/apps"),
    "doors": _at(SECURITY, "/doors"),
    "ledger": _at(SECURITY, "/ledger"),
    "ledger-none": _at(SECURITY, "/ledger?policy=nothing"),
    "ledger-entry": _at(SECURITY, "/ledger/1"),
    "help-desk": _at(HELP, "/help-desk"),
    "help-desk-phones": _at(HELP, "/help-desk", _look_up("unseen@corp.example")),
    "help-desk-blocked": _at(HELP, "/help-desk", _look_up("u1@corp.example", "phone-u1")),
    "help-desk-unknown": _at(HELP, "/help-desk", _look_up("u1@corp.example", "EASnothing")),
    "people": _at(OPERATOR, "/people"),
    "people-found": _at(OPERATOR, "/people", _name("Search", "clean")),
    "person": _at(OPERATOR, "/people", _name("Search", "u2@corp.example")),
    "devices": _at(OPERATOR, "/devices"),
    "access": _at(AUDIT, "/access"),
    "access-refused": _at(OPERATOR, "/access", status=403),
    "looks": _at(OPERATOR, "/looks"),
    "looks-of-late": _at(AUDIT, "/looks"),
    "looks-at": _at(AUDIT, "/looks", _name("Show the looks at them", "u1@corp.example", "Mail address")),
    "reach": _at(OPERATOR, "/reach"),
    "settings": _at(OPERATOR, "/settings"),
    "statements": _at(OPERATOR, "/statements"),
    "statements-named": _at(OPERATOR, "/statements", _name("Show whose they are")),
    "waivers": _at(OPERATOR, "/waivers"),
    "waivers-named": _at(OPERATOR, "/waivers", _name("Show whom they are for")),
    "waiver-grant": _at(OPERATOR, "/waivers/grant"),
    "waiver-revoke": Shown(OPERATOR, lambda house: f"/waivers/{waiver_of(house)}/revoke"),
    "watch": _at(AUTHOR, f"{_POLICY}/watch"),
    "watch-country": _at(AUTHOR, f"{_POLICY}/watch/country"),
    "watch-untold": _at(OPERATOR, f"{_POLICY}/watch", _name("Show their names")),
    "announce": _at(AUTHOR, "/policies/soon/announce"),
    "missing": _at(SECURITY, "/policies/nothing", status=404),
    "missing-signed-out": _at("", "/nothing", status=404),
    "policy-asked": _at(SECURITY, _POLICY),
    "policy-declined-in-silence": _at(SECURITY, _POLICY, _decline_in_silence),
    "policy-in-force": _at(OPERATOR, f"{_POLICY}?revision=1"),
    "policy-paused": _at(OPERATOR, "/policies/all-pause"),
    "policy-retracted": _at(AUTHOR, "/policies/all-error"),
    "policy-past": _at(AUTHOR, f"{_POLICY}?at=2020-07-08T12:00"),
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
    "own-missing": _at("", "/own/nothing", status=404),
    "passkeys": _at(SECURITY, "/passkeys"),
    "mails": _at("", "/exercise/mails"),
    **{f"mail-{kind}": _mail("", f"/exercise/mails/{kind}.en.html") for kind in NoticeKind},
}
"""By the name of its screenshot."""
