"""Once a month whoever stands for privacy hears who looked at people by name."""

import email
import email.policy
from typing import get_args

import pytest

from gatepost.actions import access, decide, looks_digest, names
from gatepost.actions.letter import Letter
from gatepost.actions.looks import What
from gatepost.notify.phrases import Phrases
from gatepost.notify.render import LANGUAGES, load_templates
from tests.verbs.houses import OPERATOR, POLICY, PRIVACY, House, good

HELPDESK = "help@corp.example"


@pytest.fixture
def looked(house: House) -> House:
    """In July the help desk looked at two people's phones, and an operator at the names of all three."""
    good(access.grant_role(house.site, None, HELPDESK, "helpdesk"))
    house.owners(3)
    house.announce(deadline="2020-09-30")
    house.deliver()
    for name in ("u0", "u0", "u1"):
        person = f"{name}@corp.example"
        good(decide.look_up(house.site, HELPDESK, person, f"phone-{name}", None, f"a call about {name[-1]}"))
    good(names.name_people(house.site, OPERATOR, POLICY, "to tell them"))
    return house


def digests(house: House) -> list[Letter]:
    return [letter for letter in house.deliver() if b"Gatepost-Notice: looks" in letter.message]


def text_of(letter: Letter) -> str:
    body = email.message_from_bytes(letter.message, policy=email.policy.default).get_body(("plain",))
    assert body is not None
    return " ".join(str(body.get_content()).split())


def test_when_a_month_is_over_its_looks_are_told_once(looked: House) -> None:
    """Who looked, how often, at how many, what for; to whoever holds the privacy role, once, after the month."""
    looked.set("2020-07-31T23:59:00Z")
    assert digests(looked) == []
    looked.set("2020-08-01T00:01:00Z")
    (letter,) = digests(looked)
    assert letter.recipient == PRIVACY
    text = text_of(letter)
    assert "Looks: 3. Different people: 2. For: a call about 0 · a call about 1" in text
    assert f"({POLICY}). Looks: 1. Different people: 3. For: to tell them" in text
    looked.set("2020-08-20T00:00:00Z")
    looked.set("2020-09-02T00:00:00Z")
    assert digests(looked) == []
    looked.sound()


def test_a_digest_names_nobody_who_was_looked_at(looked: House) -> None:
    """It is for watching the watchers: neither names, addresses, devices nor pseudonyms of the others stand in it."""
    looked.set("2020-08-01T00:01:00Z")
    (letter,) = digests(looked)
    text = text_of(letter)
    with looked.site.store.reading() as conn:
        known = [
            *conn.exec_driver_sql("SELECT ref, id, name FROM people WHERE id LIKE 'u%'"),
            *conn.exec_driver_sql("SELECT ref, id, id FROM devices"),
        ]
    assert len(known) == 6
    for row in known:
        assert not any(str(cell) in text for cell in row), row


def test_there_are_words_for_every_sort_of_look() -> None:
    """Whatever is recorded can be told, in every language."""
    for language in LANGUAGES:
        phrases = Phrases(language, load_templates()[f"texts/{language}.toml"])
        assert all(f"looks_{what}" in phrases for what in get_args(What))


def test_no_looks_no_mail(house: House) -> None:
    """A month in which nobody looked ends in silence."""
    house.owners(1)
    house.announce(deadline="2020-09-30")
    house.deliver()
    house.set("2020-08-02T00:00:00Z")
    assert digests(house) == []


def test_many_purposes_are_cut_short(looked: House) -> None:
    """A digest is to be read: a handful of purposes is written out, and dots say that there are more."""
    for number in range(looks_digest.MOST_PURPOSES + 2):
        good(names.name_people(looked.site, OPERATOR, POLICY, f"purpose {number}"))
    looked.set("2020-08-01T00:01:00Z")
    (letter,) = digests(looked)
    text = text_of(letter)
    assert "purpose 3" in text
    assert "purpose 5" not in text
    assert "· ..." in text
