"""Roles by a provider's word as the verifier sees them, in ledgers that a dishonest site has written (I-12)."""

from pathlib import Path

import pytest

from gatepost.core.instant import HOUR
from gatepost.core.ledger import events
from gatepost.core.ledger.access_events import RolesByProvider
from gatepost.core.ledger.leaf import SYSTEM
from gatepost.core.ledger.privacy_events import PersonErased
from tests.ledger.houses import ADMIN, LEGAL, SECURITY, House, staffed

ZOE = "p_zoe"


def given(house: House, *roles: str, person: str = ZOE, by: str = SYSTEM, lasts: int = HOUR) -> int:
    return house.say(by, RolesByProvider(person, roles, house.now() + lasts))


def test_an_author_by_the_providers_word_proposes(tmp_path: Path) -> None:
    """And what others approved is announced, though the word's end has come."""
    house = staffed(tmp_path)
    given(house, "author")
    house.propose(by=ZOE)
    house.approve(SECURITY, "security")
    house.approve(LEGAL, "legal")
    house.announce(at=house.now() + 2 * HOUR)
    assert house.codes() == set()


def lapsed(house: House) -> None:
    given(house, "author", lasts=1000)


def taken_back(house: House) -> None:
    given(house, "author")
    given(house)


def of_another_role(house: House) -> None:
    given(house, "author")
    given(house, "helpdesk", "auditor", "operator")


def revoked(house: House) -> None:
    given(house, "author")
    house.say(ADMIN, events.RoleRevoked(ZOE, "author"))


def erased(house: House) -> None:
    given(house, "author")
    house.say(ADMIN, PersonErased(ZOE, (), {}, (), ""))


def somebody_elses(house: House) -> None:
    given(house, "author", person="p_another")


@pytest.mark.parametrize("over", [lapsed, taken_back, of_another_role, revoked, erased, somebody_elses])
def test_nobody_proposes_by_a_word_that_is_over(tmp_path: Path, over: object) -> None:
    """At its end, after another word, after an administrator took it, or with the person."""
    house = staffed(tmp_path)
    assert callable(over)
    over(house)
    house.propose(by=ZOE)
    assert house.codes() == {"author"}


def test_what_an_administrator_granted_outlives_the_word(tmp_path: Path) -> None:
    """A word takes nothing but what a word gave."""
    house = staffed(tmp_path)
    house.grant(ZOE, "author")
    given(house, "author")
    given(house)
    house.propose(by=ZOE)
    assert house.codes() == set()


@pytest.mark.parametrize("role", ["admin", "approver:legal", "approver:", "Author", "", "author "])
def test_a_word_gives_nothing_that_a_quorum_rests_on(tmp_path: Path, role: str) -> None:
    """Only administrators grant it, so nobody who runs a provider makes an approver or an administrator."""
    house = staffed(tmp_path)
    given(house, "author", role)
    assert house.codes() == {"provider"}


def test_an_administrator_by_the_providers_word_grants_nothing(tmp_path: Path) -> None:
    """What such an entry would give does not count for what comes after it either."""
    house = staffed(tmp_path)
    given(house, "admin")
    house.grant("p_puppet", "approver:legal", by=ZOE)
    assert house.codes() == {"provider", "grant"}


@pytest.mark.parametrize("by", [ADMIN, ZOE, "provider"])
def test_nobody_speaks_as_the_provider(tmp_path: Path, by: str) -> None:
    """The site alone took its word: an entry by anybody gives no role."""
    house = staffed(tmp_path)
    given(house, "author", by=by)
    house.propose(by=ZOE)
    assert house.codes() == {"provider", "author"}


def test_the_providers_name_grants_nothing(tmp_path: Path) -> None:
    """Neither a role nor a key is granted by whoever calls themselves the provider."""
    house = staffed(tmp_path)
    house.grant(ZOE, "author", by="provider")
    house.add_key(ZOE, by="provider")
    assert house.codes() == {"grant"}
