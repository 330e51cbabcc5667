"""Every flow without a mouse, and without JavaScript."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import Eyes
from tests.browser.every_page import mail_to, sign_in
from tests.browser.furnished import link_in
from tests.browser.seeing import tab_to
from tests.browser.serving import house_with_pages, served
from tests.verbs.houses import AUTHOR, LEGAL, OPERATOR, POLICY, SECURITY, TIKTOK, Builder, House, memo
from tests.web.own import CODE, address_of, parsed

pytestmark = pytest.mark.needs("chromium")

_PAGE = f"/policies/{POLICY}"
_WRITTEN = "by-keyboard"


@pytest.fixture(scope="module")
def house(builder: Builder) -> House:
    """People were told of a policy, a second revision waits for two approvers, and one person's phone shows nothing."""
    house = house_with_pages(builder)
    house.owners(5, [TIKTOK])
    house.people("unseen")
    house.devices(house.phone_row("unseen", visibility="managed-only"))
    house.announce(unseen="attest")
    house.propose(policy="second", approvals={"security": 1, "legal": 1})
    house.deliver()
    return house


@pytest.fixture(scope="module")
def eyes(house: House) -> Iterator[Eyes]:
    with served(house) as url:
        yield Eyes(url)


def by_key(page: Page, tag: str, name: str) -> None:
    tab_to(page, tag, name)
    page.keyboard.press("Enter")


def test_the_keyboard_suffices(house: House, eyes: Eyes, browser: Browser) -> None:
    """Tab, Enter, Space and letters do everything that there is to do, and what has the keyboard is always in sight
    with a ring of 3 px (WCAG 2.2, 2.1.1, 2.4.7, 2.4.11)."""
    approver = eyes.page(browser)
    sign_in_by_key(house, approver, SECURITY)
    approver.goto("/policies/second")
    by_key(approver, "button", "Approve as security")
    expect(approver.get_by_role("main")).to_contain_text("approved as security")
    answer_no(house, eyes, browser)
    state_absence(house, eyes.page(browser))
    operate(house, eyes, browser)
    eyes.saw_nothing()


def sign_in_by_key(house: House, page: Page, who: str) -> None:
    page.goto("/sign-in")
    tab_to(page, "input", "Your mail address")
    page.keyboard.type(who)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Look into your mail").wait_for()
    page.goto(link_in(house, mail_to(house, who)))
    by_key(page, "button", "Sign in")
    page.wait_for_url("**/today")


def answer_no(house: House, eyes: Eyes, browser: Browser) -> None:
    page = eyes.page(browser)
    sign_in(house, page, LEGAL)
    page.goto("/policies/second")
    tab_to(page, "textarea", "Or say no")
    page.keyboard.type("it is too soon")
    by_key(page, "button", "Decline as legal")
    expect(page.get_by_role("main")).to_contain_text("declined as legal")


def operate(house: House, eyes: Eyes, browser: Browser) -> None:
    """Pause, go on, retract."""
    page = eyes.page(browser)
    sign_in(house, page, OPERATOR)
    page.goto(_PAGE)
    by_key(page, "a", "Pause")
    page.wait_for_url("**/pause")
    tab_to(page, "textarea", "Your reason")
    page.keyboard.type("to look again")
    by_key(page, "button", f"Pause {POLICY}")
    page.wait_for_url("**/stopped")
    page.goto(_PAGE)
    by_key(page, "button", f"Resume {POLICY}")
    expect(page.get_by_role("link", name="Pause")).to_be_visible()
    by_key(page, "a", "Retract")
    page.wait_for_url("**/retract")
    tab_to(page, "input", "It was sent in error")
    page.keyboard.press("Space")
    tab_to(page, "textarea", "Your reason")
    page.keyboard.type("nobody had asked")
    by_key(page, "button", "Retract for")
    expect(page.locator("#going")).to_contain_text("retracted")


def state_absence(house: House, page: Page) -> None:
    """From one's own page, with the code from one's mailbox."""
    page.goto(address_of(house, "unseen"))
    by_key(page, "button", "The app is not on this device")
    code = page.get_by_role("textbox")
    code.wait_for()
    body = parsed(mail_to(house, "unseen@corp.example")).get_body(("plain",))
    assert body is not None
    (typed,) = CODE.findall(body.get_content())
    code.focus()
    page.keyboard.type(typed)
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_contain_text("It was stated that the app is not on this device.")


def test_writing_by_keyboard_and_without_a_script(house: House, eyes: Eyes, browser: Browser) -> None:
    """The document does not keep the keyboard; the buttons do what the script would."""
    page = eyes.page(browser, java_script_enabled=False)
    sign_in(house, page, AUTHOR)
    page.goto("/write?example=memo-2020-07-10")
    page.get_by_label("The document").fill(memo(policy=_WRITTEN).decode())
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_contain_text("Whoever carries one is told by mail.")
    page.get_by_role("button", name="Propose it").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/policies/{_WRITTEN}**")
    page.goto(_PAGE)
    page.get_by_role("link", name="Policies").click()
    page.get_by_role("link", name="Ledger", exact=True).click()
    page.get_by_label("Event").select_option("PolicyProposed")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("table")).to_contain_text(_WRITTEN)
    eyes.saw_nothing()
