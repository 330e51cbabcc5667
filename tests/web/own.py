"""Somebody's own page, as they come to it: by the link in a mail."""

import email
import html
import re
from email.message import EmailMessage
from email.policy import default
from urllib.parse import urlencode

from gatepost.actions.letter import Letter
from gatepost.actions.own_link import own_address
from gatepost.storage import people
from gatepost.web.pages.frame import CLOSED
from tests.verbs.houses import POLICY, TIKTOK, House, nothing_written
from tests.web.asking import URL, application, send

LINK = re.compile(rf"{re.escape(URL)}(/own/[\w=-]+)")
CODE = re.compile(r"\b[A-Z2-7]{4}-[A-Z2-7]{4}\b")
OURS = {"sec-fetch-site": "same-origin"}


def two_are_told(house: House) -> None:
    """u0 and u1 have a phone with the app, u0 a tablet without it too, and they were told of the policy."""
    house.people("u0", "u1")
    house.devices(
        house.phone_row("u0", [TIKTOK]),
        house.phone_row("u0", [], id="tablet-u0", form="tablet", platform="ipados"),
        house.phone_row("u1", [TIKTOK]),
    )
    house.announce()
    house.deliver()


def parsed(letter: Letter) -> EmailMessage:
    return email.message_from_bytes(letter.message, _class=EmailMessage, policy=default)


def link_in(letter: Letter, kind: str = "plain") -> str | None:
    body = parsed(letter).get_body((kind,))
    assert body is not None
    found = set(LINK.findall(body.get_content()))
    assert len(found) <= 1
    return found.pop() if found else None


def address_of(house: House, name: str, policy: str = POLICY) -> str:
    """Of somebody's page, as their mails have it."""
    with house.site.store.reading() as conn:
        person = people.find(conn, f"{name}@corp.example")
    assert person is not None
    return own_address(house.site, person.ref, policy, house.now())


def link_for(house: House, name: str, policy: str = POLICY) -> str:
    """The same without the site."""
    return address_of(house, name, policy).removeprefix(URL)


def press(house: House, path: str, fields: dict[str, str] | bytes, **headers: str) -> tuple[int, dict[str, str], str]:
    """Send a form to a page, from the site's own pages unless said otherwise."""
    body = fields if isinstance(fields, bytes) else urlencode(fields).encode()
    told = {"content-type": "application/x-www-form-urlencoded", "authorization": ""} | (headers or OURS)
    status, answered, page = send(application(house), path, body, **told)
    return status, answered, page.decode()


def answer(house: House, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], str]:
    """The page; asking for it changes nothing."""
    with nothing_written(house):
        status, told, body = send(application(house), path, method=method, authorization="", **headers)
    return status, told, body.decode()


def shown(house: House, name: str, policy: str = POLICY) -> str:
    """The visible words of somebody's page."""
    status, headers, page = answer(house, link_for(house, name, policy))
    assert status == 200, page
    assert CLOSED.items() <= headers.items()
    return words(page)


def words(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())
