"""Passkeys in a real browser, with the authenticator that Chromium has for tests: what the script asks and sends."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from gatepost.actions import access, ledger, views
from tests.browser.chromium import Eyes
from tests.browser.every_page import sign_in
from tests.browser.serving import house_with_pages, served
from tests.verbs.houses import POLICY, SECURITY, Builder, good
from tests.web.test_passkeys import newest


@pytest.mark.needs("chromium")
def test_a_browser_s_passkey_is_registered_signs_in_and_approves(builder: Builder, browser: Browser) -> None:
    """I-12: from the button to the ledger, through Chromium, whose assertion is the signature under the yes."""
    house = house_with_pages(builder)
    with served(house) as url:
        eyes = Eyes(url)
        page = eyes.page(browser)
        main = page.get_by_role("main")
        always_touched(page)
        sign_in(house, page, SECURITY)
        page.goto("/passkeys")
        page.get_by_role("button", name="Add a passkey").click()
        expect(main).to_contain_text("SHA256:")
        page.context.clear_cookies()
        page.goto("/sign-in")
        page.get_by_role("button", name="Sign in with a passkey").click()
        page.wait_for_url("**/today")
        good(access.add_key(house.site, None, SECURITY, newest(house)))
        house.propose()
        page.goto(f"/policies/{POLICY}")
        page.get_by_role("button", name="by a touch").click()
        expect(main).to_contain_text("approved as security")
        assert good(views.show_policy(house.site, POLICY))["stage"] == "approved"
        rows: Any = good(ledger.show(house.site, None, 0, ("PolicyApproved",), 9))
        assert [row["data"]["fingerprint"] for row in rows] == [newest(house)]
        page.context.close()
        # We ask for the one kind of key that OpenSSH knows of a browser: Chromium warns that some devices lack it.
        eyes.seen = [one for one in eyes.seen if "pubKeyCredParams" not in one]
        eyes.saw_nothing()


def always_touched(page: Page) -> None:
    """It has an authenticator from now on that is always touched, by somebody whom it knows."""
    protocol = page.context.new_cdp_session(page)
    protocol.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "automaticPresenceSimulation": True}
    options |= {"hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}
    protocol.send("WebAuthn.addVirtualAuthenticator", {"options": options})
