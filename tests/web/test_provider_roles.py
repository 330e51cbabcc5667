"""Roles by the groups of an OpenID provider that runs in a process of its own: for a while, and never a quorum's."""

import re
from collections.abc import Iterator
from typing import Any, NoReturn

import pytest

from gatepost.actions import access, announce, approve, erase, ledger, propose, tokens
from gatepost.actions.access import list_roles
from gatepost.actions.change import changing
from gatepost.actions.person_record import export
from gatepost.config import FILE
from gatepost.core.instant import DAY, MINUTE
from gatepost.core.ledger.access_events import RolesByProvider
from gatepost.core.refusal import Code
from gatepost.core.token import Scope
from gatepost.documents.deadline import instant_text
from gatepost.documents.person_export import as_text
from gatepost.identity.groups import MOST
from gatepost.storage import people
from gatepost.storage.store import Store
from gatepost.web import app as web
from tests.servers.provider import Running
from tests.verbs.conftest import Build
from tests.verbs.houses import ADMIN, POLICY, ROLES, House, good, memo, refused, reopen
from tests.web.asking import URL
from tests.web.at_provider import Place, come_back, go, provider_for
from tests.web.authenticator import Authenticator
from tests.web.test_passkeys import register
from tests.web.test_passkeys import sign_in as sign_in_by_passkey
from tests.web.visiting import Browser, Visit, words

ZOE = "zoe@corp.example"
LAST = 10 * MINUTE


@pytest.fixture
def there(shared: Place) -> Iterator[Running]:
    """The provider, at which Zoe is in the group that writes policies."""
    shared.running.person("zoe", email=ZOE, email_verified=True, groups=["staff", "writers"])
    yield shared.running
    shared.running.lie()


@pytest.fixture
def house(shared: Place, build: Build) -> House:
    """A site that knows Zoe, and gives her no role of its own."""
    house = shared.house(
        build,
        sign_in__author_groups=("writers", "editors"),
        sign_in__operator_groups=("night-shift",),
        sign_in__roles_last=LAST,
    )
    house.people("zoe")
    return house


def browser_at(house: House) -> Browser:
    return Browser(web.application(house.site, URL, "", provider_for(house)))


def sign_in(browser: Browser, there: Running, groups: object = ("staff", "writers"), **claims: object) -> Visit:
    there.lie(groups=groups, **claims)
    return come_back(browser, go(browser, there, "zoe"))


def roles(house: House) -> list[tuple[object, object]]:
    """Zoe's, each with who granted it."""
    return [(row["role"], row["granted_by"]) for row in good(list_roles(house.site, None)) if row["person"] == ZOE]


def entries(house: House, since: int) -> list[Any]:
    rows = good(ledger.show(house.site, None, since, ("RolesByProvider", "SignedIn"), 9))
    return [(row["event"], row["by"], row["data"]) for row in rows]


def test_a_group_gives_a_role_until_an_instant(house: House, there: Running) -> None:
    """I-31, I-33: who held none signs in and acts in it; the ledger says what the provider gave, and until when."""
    browser, before = browser_at(house), len(house.ledger())
    assert sign_in(browser, there).status == 303
    assert browser.get("/today").status == 200
    given, signed_in = entries(house, before)
    (row,) = [row for row in good(list_roles(house.site, None)) if row["person"] == ZOE]
    assert given[:2] == ("RolesByProvider", "system")
    assert given[2]["roles"] == ["author"]
    assert given[2]["until"] - house.now() <= LAST
    assert signed_in == ("SignedIn", ZOE, {"way": "provider"})
    assert (row["role"], row["granted_by"], row["until"]) == ("author", "provider", instant_text(given[2]["until"]))
    assert good(propose.propose(house.site, ZOE, memo(), "memo.yaml")).policy == POLICY
    refused(announce.announce(house.site, ZOE, POLICY), Code.QUORUM_MISSING)
    house.sound()


def test_what_the_groups_no_longer_say_ends_at_the_next_sign_in(house: House, there: Running) -> None:
    """And what an administrator granted, neither the one nor the other touches."""
    good(access.grant_role(house.site, None, ZOE, "helpdesk"))
    browser = browser_at(house)
    assert sign_in(browser, there, ["writers", "night-shift"]).status == 303
    assert roles(house) == [("helpdesk", ADMIN), ("author", "provider"), ("operator", "provider")]
    assert sign_in(browser, there, ["night-shift"]).status == 303
    assert roles(house) == [("helpdesk", ADMIN), ("operator", "provider")]
    assert sign_in(browser, there, []).status == 303
    assert roles(house) == [("helpdesk", ADMIN)]
    before = len(house.ledger())
    assert sign_in(browser, there, None).status == 303
    assert [event for event, _, _ in entries(house, before)] == ["SignedIn"], "nothing was given, nothing is said"
    house.sound()


def test_a_role_can_be_granted_here_beside_it(house: House, there: Running) -> None:
    """An administrator's grant of the same role stays when the group goes."""
    browser = browser_at(house)
    sign_in(browser, there)
    assert good(access.grant_role(house.site, None, ZOE, "author")).new
    assert roles(house) == [("author", ADMIN), ("author", "provider")]
    assert sign_in(browser, there, []).status == 303
    assert roles(house) == [("author", ADMIN)]
    house.sound()


def test_who_loses_the_last_role_is_refused(house: House, there: Running) -> None:
    """Their other sessions end with it, and a passkey of theirs opens nothing."""
    browser, authenticator = browser_at(house), Authenticator()
    sign_in(browser, there)
    assert register(browser, authenticator).status == 303
    elsewhere = browser_at(house)
    gone = sign_in(elsewhere, there, ["staff"])
    assert gone.status == 403
    assert "group" in words(gone.text)
    assert roles(house) == []
    assert browser.get("/today").status == 303
    assert sign_in_by_passkey(elsewhere, authenticator).status == 403
    house.sound()


def test_a_role_by_a_group_lapses(house: House, there: Running) -> None:
    """Though no worker runs: neither a session, nor a passkey, nor a token, nor a command has it at its end."""
    browser, authenticator = browser_at(house), Authenticator()
    sign_in(browser, there)
    register(browser, authenticator)
    token = good(tokens.add_token(house.site, ZOE, "", [Scope.LOOK], house.now() + DAY)).secret
    assert good(tokens.bearer(house.site, token, Scope.LOOK)).person == ZOE
    house.clock(house.now() + LAST - MINUTE)
    assert browser.get("/today").status == 200
    house.clock(house.now() + MINUTE)
    assert browser.get("/today").status == 303
    assert sign_in_by_passkey(browser, authenticator).status == 403
    refused(tokens.bearer(house.site, token, Scope.LOOK), Code.ROLE_MISSING)
    refused(propose.propose(house.site, ZOE, memo(), "memo.yaml"), Code.ROLE_MISSING)
    assert roles(house) == []
    assert sign_in(browser, there).status == 303
    assert sign_in_by_passkey(browser_at(house), authenticator).status == 303
    house.sound()


def test_a_passkey_does_not_lengthen_it(house: House, there: Running) -> None:
    """Only the provider says again what its groups give."""
    browser, authenticator = browser_at(house), Authenticator()
    sign_in(browser, there)
    register(browser, authenticator)
    house.clock(house.now() + LAST - MINUTE)
    assert sign_in_by_passkey(browser, authenticator).status == 303
    assert browser.get("/today").status == 200
    house.clock(house.now() + MINUTE)
    assert browser.get("/today").status == 303


def test_the_session_is_another_once_a_role_lapsed(house: House, there: Running) -> None:
    """Who goes on in a role of their own has a new secret, and no page of the role that ended."""
    good(access.grant_role(house.site, None, ZOE, "helpdesk"))
    browser = browser_at(house)
    sign_in(browser, there)
    assert browser.get("/write").status == 200
    held = browser.cookies["__Host-gatepost"]
    house.clock(house.now() + LAST)
    assert browser.get("/write").status == 403
    assert browser.cookies["__Host-gatepost"] != held


def test_an_administrator_takes_it_at_once(house: House, there: Running) -> None:
    """Until they sign in at the provider again: so the command says to take them out of the group."""
    browser = browser_at(house)
    sign_in(browser, there)
    taken = good(access.revoke_role(house.site, None, ZOE, "author"))
    assert taken.by_provider
    assert roles(house) == []
    assert browser.get("/today").status == 303
    house.sound()
    sign_in(browser, there)
    assert roles(house) == [("author", "provider")]
    house.sound()


def test_no_quorum_rests_on_it(house: House, there: Running) -> None:
    """I-12, I-14: whoever the provider made an author approves nothing, and when that ends, what others approved
    stands."""
    house.owners(3)
    sign_in(browser_at(house), there)
    proposed = good(propose.propose(house.site, ZOE, memo(), "memo.yaml"))
    refused(approve.approve(house.site, ZOE, POLICY, "security"), Code.ROLE_MISSING)
    house.approve(POLICY, *(who for who, role in ROLES.items() if role.partition(":")[2] in proposed.approvals))
    good(announce.announce(house.site, ZOE, POLICY))
    house.deliver()
    house.set("2020-07-12T00:00:00Z")
    assert roles(house) == []
    assert house.word("u0") == "block"
    assert "QuorumLost" not in house.ledger()
    house.sound()


def test_no_entry_makes_the_provider_give_more(house: House) -> None:
    """I-12: whatever such an entry says, what a quorum can rest on is nobody's by it."""
    with changing(house.site) as change:
        person = people.find(change.conn, ZOE)
        assert person is not None
        said = ("admin", "approver:security", "author")
        change.record(RolesByProvider(person.ref, said, change.now + LAST))
    assert roles(house) == [("author", "provider")]


FORMS: list[tuple[object, bool]] = [
    ("writers", True),
    (["writers"] * MOST, True),
    (["editors", "editors"], True),
    ("xwriters", False),
    ("writers staff", False),
    (["Writers", " writers", "writers\n", "/writers"], False),
    ("", False),
    ([], False),
    (None, False),
]


def test_a_group_is_its_whole_name(house: House, there: Running) -> None:
    """Letter by letter, in a list or alone: no part of a name, and no other spelling, gives anything."""
    browser = browser_at(house)
    for groups, gives in FORMS:
        assert (sign_in(browser, there, groups).status == 303) is gives, groups
        assert roles(house) == ([("author", "provider")] if gives else []), groups


UNSAID: list[dict[str, object]] = [
    {"groups": ["writers"] * (MOST + 1)},
    {"groups": ["writers", 1]},
    {"groups": {"writers": True}},
    {"groups": 1},
    {"groups": False},
    {"groups": None, "_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://x.example"}}},
    {"groups": ["staff"], "_claim_names": {"groups": "src1"}},
    {"groups": None, "hasgroups": True},
]


def test_groups_that_are_not_said_take_nothing_away(house: House, there: Running) -> None:
    """Left out for their length (OpenID Connect Core 5.6.2), too many, or unreadable: the refusal says what to do."""
    assert sign_in(browser_at(house), there).status == 303
    before = len(house.ledger())
    for claims in UNSAID:
        visit = sign_in(browser_at(house), there, **claims)
        assert visit.status == 403, claims
        assert "its claim groups" in words(visit.text), claims
    assert len(house.ledger()) == before
    assert roles(house) == [("author", "provider")]
    assert sign_in(browser_at(house), there, _claim_names={"address": "src1"}).status == 303


def test_another_claim_names_them(shared: Place, there: Running, build: Build) -> None:
    """As `roles` of an app at Entra ID, where `hasgroups` speaks of another claim."""
    house = shared.house(build, sign_in__groups_claim="roles", sign_in__auditor_groups=("Gatepost.Auditor",))
    house.people("zoe")
    assert sign_in(browser_at(house), there, ["x"], roles=["Gatepost.Auditor"], hasgroups=True).status == 303
    assert roles(house) == [("auditor", "provider")]


def test_a_site_that_asks_no_groups_takes_back_what_they_gave(house: House, there: Running) -> None:
    """Once no group is named in the settings any more, the next sign-in ends it, whatever the token says."""
    good(access.grant_role(house.site, None, ZOE, "helpdesk"))
    sign_in(browser_at(house), there)
    file = house.site.directory / FILE
    file.write_text(re.sub(r"(?m)^(\w+_groups) = .*", r"\1 = []", file.read_text()))
    anew = reopen(house.site.directory)
    assert sign_in(browser_at(anew), there, hasgroups=True).status == 303
    assert roles(anew) == [("helpdesk", ADMIN)]
    anew.close()


def test_strangers_write_nothing_for_a_group(house: House, there: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """I-18: who is not among the people, or in no group that gives a role, comes not to write."""

    def writing(_store: Store) -> NoReturn:
        raise AssertionError("a stranger writes")

    monkeypatch.setattr(Store, "writing", writing)
    assert sign_in(browser_at(house), there, ["staff"]).status == 403
    assert sign_in(browser_at(house), there, ["writers"], email="nobody@corp.example").status == 403


def test_who_has_left_gets_nothing(house: House, there: Running) -> None:
    """A group does not bring back who is no longer among the people."""
    sign_in(browser_at(house), there)
    leave(house)
    assert sign_in(browser_at(house), there).status == 403
    refused(propose.propose(house.site, ZOE, memo(), "memo.yaml"), Code.PERSON_LEFT)


def leave(house: House) -> None:
    with house.site.store.writing() as conn:
        person = people.find(conn, ZOE)
        assert person is not None
        people.retire(conn, [person.ref], house.now())


def test_it_is_shown_and_erased_with_the_person(house: House, there: Running) -> None:
    """`people export` has it, whoever has left keeps it from nothing, and no trace stays."""
    sign_in(browser_at(house), there)
    record = good(export(house.site, ZOE, ZOE, ""))
    assert [row["role"] for row in record["tables"]["provider_roles"]] == ["author"]
    assert "What the groups of the provider let you do here" in as_text(record)
    leave(house)
    good(erase.erase(house.site, None, ZOE, "over", wait=lambda _: None))
    assert house.tables()["provider_roles"] == []
    house.sound()


def test_the_page_of_roles_says_whence(house: House, there: Running) -> None:
    """The console and its file: a group at the provider, and until when."""
    good(access.grant_role(house.site, None, ZOE, "auditor"))
    browser = browser_at(house)
    sign_in(browser, there)
    assert f"{ZOE} author A group at the provider, until" in words(browser.get("/access").text)
    assert f"{ZOE},author,provider," in browser.get("/access.csv").text
