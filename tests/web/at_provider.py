"""A site whose people sign in at a provider, and the way there and back."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from gatepost.identity.provider import Provider
from gatepost.wiring import provider_of
from tests.servers.provider import CLIENT, SECRET, Running, providing
from tests.verbs.conftest import Build
from tests.verbs.houses import House
from tests.web.asking import URL
from tests.web.visiting import Browser, Visit

BACK = f"{URL}/sign-in/back"


@dataclass
class Place:
    """A provider, and a folder for what a site needs of it."""

    running: Running
    folder: Path

    def settings(self, **changes: Any) -> dict[str, Any]:
        secret = self.folder / "client-secret"
        secret.write_text(SECRET + "\n")
        secret.chmod(0o600)
        return {
            "web__sign_in": "provider",
            "web__url": URL,
            "sign_in__issuer": self.running.issuer,
            "sign_in__client_id": CLIENT,
            "sign_in__client_secret_file": str(secret),
            **changes,
        }

    def house(self, build: Build, **changes: Any) -> House:
        return build(**self.settings(**changes))


@contextmanager
def place(folder: Path, back: str = BACK) -> Iterator[Place]:
    with providing(folder, back) as running:
        yield Place(running, folder)


def provider_for(house: House) -> Provider:
    found = provider_of(house.site)
    assert isinstance(found, Provider), found
    return found


def go(browser: Browser, running: Running, person: str) -> dict[str, str]:
    """From our page to the provider, and back with what it says."""
    visit = browser.get("/sign-in/provider")
    assert visit.status == 303, visit.text
    return running.sign_in(visit.headers["location"], person)


def come_back(browser: Browser, said: dict[str, str]) -> Visit:
    return browser.get("/sign-in/back", urlencode(said))
