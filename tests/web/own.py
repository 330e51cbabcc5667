"""Somebody's own page, as they come to it: by the link in a mail."""

import email
import html
import re
from email.message import EmailMessage
from email.policy import default

from gatepost.actions.letter import Letter
from gatepost.actions.own_link import own_address
from gatepost.storage import people
from gatepost.web.pages.frame import CLOSED
from tests.verbs.houses import POLICY, House, nothing_written
from tests.web.asking import URL, application, send

LINK = re.compile(rf"{re.escape(URL)}(/own/[\w=-]+)")


def parsed(letter: Letter) -> EmailMessage:
    return email.message_from_bytes(letter.message, _class=EmailMessage, policy=default)


def link_in(letter: Letter, kind: str = "plain") -> str | None:
    body = parsed(letter).get_body((kind,))
    assert body is not None
    found = set(LINK.findall(body.get_content()))
    assert len(found) <= 1
    return found.pop() if found else None


def link_for(house: House, name: str, policy: str = POLICY) -> str:
    with house.site.store.reading() as conn:
        person = people.find(conn, f"{name}@corp.example")
    assert person is not None
    return own_address(house.site, person.ref, policy, house.now()).removeprefix(URL)


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
