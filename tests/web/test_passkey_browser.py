"""Passkeys in a real browser, with the authenticator that Chromium has for tests: what the script asks and sends."""

import sys
from pathlib import Path
from typing import Any

import pytest

from gatepost.actions import access, ledger, views
from gatepost.web import app as web
from tests.servers.chromium import chromium
from tests.servers.daemon import Daemon
from tests.servers.ports import free_port
from tests.verbs.conftest import Build
from tests.verbs.houses import POLICY, SECURITY, good
from tests.web.test_passkeys import newest
from tests.web.visiting import Browser


@pytest.mark.needs("chromium")
def test_a_browser_s_passkey_is_registered_signs_in_and_approves(build: Build, tmp_path: Path) -> None:
    """I-12: from the button to the ledger, through Chromium, whose assertion is the signature under the yes."""
    port = free_port()
    url = f"http://localhost:{port}"
    house = build(web__sign_in="mail", web__url=url, web__listen=f"127.0.0.1:{port}")
    signed = Browser(web.application(house.site, url, ""))
    signed.post("/sign-in", address=SECURITY)
    letter, *_ = house.deliver()
    path = letter.message.replace(b"=\r\n", b"").replace(b"=3D", b"=").decode().split(url, 1)[1].split()[0]
    assert signed.post(path).status == 303
    command = [sys.executable, "-m", "gatepost", "web", "--site", str(house.site.directory)]
    profile = tmp_path / "profile"
    profile.mkdir()
    with Daemon(command, tmp_path / "web.log", port), chromium(profile) as page:
        page("Network.setCookie", name="gatepost", value=signed.cookies["gatepost"], url=url)
        page.authenticator()
        page.go(f"{url}/passkeys")
        page.click("Add a passkey")
        page.wait("document.body.innerText.includes('SHA256:')")
        page("Network.clearBrowserCookies")
        page.go(f"{url}/sign-in")
        page.click("Sign in with a passkey")
        page.wait("location.pathname === '/today'")
        good(access.add_key(house.site, None, SECURITY, newest(house)))
        house.propose()
        page.go(f"{url}/policies/{POLICY}")
        page.click("by a touch")
        page.wait("document.body.innerText.includes('approved as security')")
    assert good(views.show_policy(house.site, POLICY))["stage"] == "approved"
    rows: Any = good(ledger.show(house.site, None, 0, ("PolicyApproved",), 9))
    assert [row["data"]["fingerprint"] for row in rows] == [newest(house)]
