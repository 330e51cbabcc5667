"""The memo's day through pages alone: an author and an approver at their desks, an employee with a phone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from gatepost.actions.corrections import write_corrections
from tests.browser.chromium import PHONE, Eyes
from tests.browser.every_page import mail_to, sign_in
from tests.browser.furnished import link_in
from tests.browser.serving import house_with_pages, served
from tests.verbs.hooks import CHECK, hook
from tests.verbs.houses import AUTHOR, EXECUTIVE, POLICY, SECURITY, TIKTOK, Builder, House, memo
from tests.web.own import parsed

pytestmark = pytest.mark.needs("chromium")

HANNA, HANNAS = "hanna@corp.example", "phone-hanna"


@pytest.fixture
def house(builder: Builder) -> House:
    """Hanna in Berlin and five others have the app on their phones, ten have not; a door follows, and somebody
    asks the device manager."""
    house = house_with_pages(builder)
    hook(house, {"manager": (CHECK,)})
    house.people("hanna", country="DE", time_zone="Europe/Berlin")
    house.devices(house.phone_row("hanna", [TIKTOK]))
    house.owners(5)
    house.owners(10, [], prefix="clean")
    house.hear("mail", 10**6)
    return house


@pytest.fixture
def eyes(house: House) -> Iterator[Eyes]:
    with served(house) as url:
        eyes = Eyes(url)
        yield eyes
        eyes.saw_nothing()


def test_the_memos_day(house: House, eyes: Eyes, browser: Browser) -> None:
    """I-10, I-12, I-24, I-27: nobody alone; told first; closed on time, open at once without the app; one act back.
    What each of them reads is what holds."""
    author, approver = eyes.page(browser), eyes.page(browser)
    sign_in(house, author, AUTHOR)
    propose(house, author)
    approve(house, approver)
    announce(house, author)
    phone = eyes.page(browser, **PHONE)
    phone.goto(link_in(house, mail_to(house, HANNA)))
    live_with_it(house, phone)
    retract(house, author)
    for page in (author, approver, phone):
        page.context.close()
    house.sound()


def propose(house: House, author: Page) -> None:
    """Ann writes it, sees whom it hits and what is wrong, and proposes it."""
    author.goto("/policies")
    author.get_by_role("link", name="Write a policy").click()
    author.get_by_role("link", name="memo-2020-07-10").click()
    document = author.get_by_label("The document")
    meaning = author.locator("#meaning")
    document.fill("policy: no-tiktok\ntitel: TikTok is not permitted\n")
    expect(meaning).to_contain_text('did you mean "title"?')
    document.fill(memo().decode())
    expect(meaning).to_contain_text("After their deadline that device gets no new mail until the app is gone.")
    expect(meaning.get_by_role("heading", name="To how many")).to_be_visible()
    author.get_by_role("button", name="Propose it").click()
    expect(author.get_by_role("main")).to_contain_text("security: 1 asked, 1 missing")
    assert f"/policies/{POLICY}" in author.url
    assert house.word("hanna") == "allow"


def approve(house: House, approver: Page) -> None:
    """The approver comes by the mail that asks, signs in, reads, and says yes."""
    asked = mail_to(house, SECURITY)
    body = parsed(asked).get_body(("plain",))
    assert body is not None
    assert POLICY in body.get_content()
    sign_in(house, approver, SECURITY)
    approver.goto("/today")
    expect(approver.get_by_role("main")).to_contain_text(f"{POLICY} waits for your approval as security")
    approver.get_by_role("main").get_by_role("link", name=POLICY).first.click()
    main = approver.get_by_role("main")
    expect(main).to_contain_text("Whoever carries one is told by mail.")
    expect(main.get_by_role("row", name="The app is there")).to_contain_text("6")
    expect(main).to_contain_text("Nobody is recorded to have asked")
    approver.get_by_text("Announcement, English").click()
    expect(main).to_contain_text("Please remove it.")
    approver.get_by_role("button", name="Approve as security").click()
    expect(main).to_contain_text("approved as security")
    house.approve(POLICY, EXECUTIVE)  # asked too, since so large a share is hit
    assert mail_to(house, AUTHOR).recipient == AUTHOR


def announce(house: House, author: Page) -> None:
    """Today leads to the page that says once more what happens."""
    author.goto("/today")
    author.get_by_role("main").get_by_role("link", name=POLICY).first.click()
    main = author.get_by_role("main")
    expect(main).to_contain_text("Please remove it.")
    assert house.word("hanna") == "allow"
    author.get_by_role("button", name=f"Announce {POLICY} to 6 people").click()
    expect(main.locator(".state").first).to_contain_text("announced")


def live_with_it(house: House, phone: Page) -> None:
    """Hanna's page: asked, then blocked at midnight in Berlin, then open by the report that she asked for."""
    main = phone.get_by_role("main")
    expect(main).to_contain_text("TikTok")
    expect(main).to_contain_text("July 10, 2020")
    assert house.word("hanna") == "warn"
    expect(phone.locator(".verdict.warned")).to_be_visible()
    house.set("2020-07-10T22:00:01Z")
    assert house.word("hanna") == "block"
    phone.goto(link_in(house, mail_to(house, HANNA)))
    expect(phone.locator(".verdict.blocked")).to_be_visible()
    phone.get_by_role("button", name="Check again now").click()
    expect(main).to_contain_text("A report was asked for")
    house.report("hanna", [])
    expect(phone.locator(".verdict.allowed")).to_be_visible(timeout=30_000)  # in place, by itself
    expect(phone.locator(".verdict.blocked")).to_have_count(0)
    assert house.word("hanna") == "allow"
    house.deliver()


def retract(house: House, author: Page) -> None:
    """One press; doors confirm and corrections go out while Ann looks on, and the page comes to rest by itself."""
    author.goto(f"/policies/{POLICY}")
    author.get_by_role("link", name="Retract").click()
    author.get_by_label("They get the correction").check()
    author.get_by_label("Your reason").fill("nobody had asked for it")
    author.get_by_role("button", name="Retract for 6 people").click()
    going = author.locator("#going")
    expect(going).to_contain_text("it blocks nobody at any door")
    expect(going).to_contain_text("What follows is still going on.")
    expect(author.get_by_role("link", name="Keep it still")).to_be_visible()
    write_corrections(house.site)
    assert mail_to(house, HANNA).recipient == HANNA
    expect(going).to_contain_text("6 of 6 told so (correction)")
    expect(going).to_contain_text("All of what follows is done.")
    expect(author.get_by_role("link", name="Keep it still")).to_have_count(0)
