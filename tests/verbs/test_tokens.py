"""Tokens: shown once, kept as a digest, and never more than the person whose they are."""

import json

import pytest

from gatepost.actions import access, erase, person_record, tokens
from gatepost.actions.ledger import show
from gatepost.actions.tokens import NewToken
from gatepost.core.instant import DAY
from gatepost.core.refusal import Code
from gatepost.core.token import LONGEST, Scope
from gatepost.documents.deadline import instant_text
from gatepost.storage import sitemeta
from tests.verbs.houses import ADMIN, AUTHOR, OPERATOR, SECURITY, House, good, nothing_written, refused


def made(house: House, by: str = AUTHOR, *scopes: Scope, person: str = "") -> NewToken:
    return good(tokens.add_token(house.site, by, person, scopes or [Scope.LOOK], house.now() + DAY))


def test_a_token_is_shown_once_and_kept_as_a_digest(house: House) -> None:
    """The secret is in no table and no entry; what is shown is recognised, and says whose it is."""
    done = made(house, AUTHOR, Scope.PROPOSE, Scope.LOOK)
    secret = done.secret.rpartition(f"{done.token}_")[2]
    assert len(bytes.fromhex(secret)) == 32
    assert secret not in repr(house.tables())
    found = good(tokens.bearer(house.site, done.secret, Scope.LOOK))
    assert found.person == AUTHOR
    assert found.scopes == {Scope.LOOK, Scope.PROPOSE}
    house.sound()


def test_the_ledger_says_who_made_and_revoked_it(house: House) -> None:
    """I-31: made for whom, for what, until when, by whom; and revoked by whom."""
    done = made(house, ADMIN, Scope.STOP, person=OPERATOR)
    good(tokens.revoke_token(house.site, OPERATOR, done.token))
    added, revoked = good(show(house.site, None, 0, ("TokenAdded", "TokenRevoked"), 10))
    with house.site.store.reading() as conn:
        ref = conn.exec_driver_sql("SELECT ref FROM people WHERE email = ?", (OPERATOR,)).scalar()
    assert added["by"] == ADMIN
    assert added["data"] == {"token": done.token, "person": ref, "scopes": ["stop"], "until": done.until}
    assert (revoked["by"], revoked["data"]) == (OPERATOR, {"token": done.token, "person": ref})


def test_what_is_no_token_any_more_is_nobodys(house: House) -> None:
    """Revoked, expired, never made, cut off or lengthened: all are refused alike."""
    gone, over, good_one = made(house), made(house), made(house)
    good(tokens.revoke_token(house.site, AUTHOR, gone.token))
    name, secret = good_one.token, good_one.secret.rpartition("_")[2]
    for shown in ("", "gatepost__", gone.secret, f"gatepost_{name}_", good_one.secret[:-1], f"other_{name}_{secret}"):
        refused(tokens.bearer(house.site, shown, Scope.LOOK), Code.TOKEN_INVALID)
    assert good(tokens.bearer(house.site, over.secret, Scope.LOOK)).token == over.token
    house.clock(over.until)
    refused(tokens.bearer(house.site, over.secret, Scope.LOOK), Code.TOKEN_INVALID)


def test_a_token_is_no_more_than_its_person(house: House) -> None:
    """The roles are those that the person holds when it is shown; with none it is good for nothing."""
    done = made(house)
    good(access.revoke_role(house.site, None, AUTHOR, "author"))
    refused(tokens.bearer(house.site, done.secret, Scope.LOOK), Code.ROLE_MISSING)
    good(access.grant_role(house.site, None, AUTHOR, "auditor"))
    assert good(tokens.bearer(house.site, done.secret, Scope.LOOK)).person == AUTHOR


def test_a_token_of_somebody_who_left_is_good_for_nothing(house: House) -> None:
    """People who have left cannot act, by whatever way."""
    done = made(house)
    with house.site.store.writing() as conn:
        conn.exec_driver_sql("UPDATE people SET working = 0 WHERE email = ?", (AUTHOR,))
    refused(tokens.bearer(house.site, done.secret, Scope.LOOK), Code.PERSON_LEFT)


def test_a_restored_site_knows_nobody_by_a_token(house: House) -> None:
    """It may not have heard which were revoked; so it waits until its newest checkpoint was shown."""
    done = made(house)
    with house.site.store.writing() as conn:
        sitemeta.put(conn, sitemeta.UNACKNOWLEDGED, "1")
    refused(tokens.bearer(house.site, done.secret, Scope.LOOK), Code.SITE_NOT_ACKNOWLEDGED)
    refused(tokens.bearer(house.site, f"{done.secret}x", Scope.LOOK), Code.TOKEN_INVALID)


def test_nobody_but_an_administrator_makes_one_for_another(house: House) -> None:
    """One's own anybody may make and revoke; another's only an administrator."""
    refused(tokens.add_token(house.site, AUTHOR, OPERATOR, [Scope.STOP], house.now() + DAY), Code.ROLE_MISSING)
    theirs = made(house, ADMIN, person=OPERATOR)
    with nothing_written(house):
        refused(tokens.revoke_token(house.site, AUTHOR, theirs.token), Code.NO_SUCH_TOKEN)
    good(tokens.revoke_token(house.site, ADMIN, theirs.token))
    refused(tokens.revoke_token(house.site, ADMIN, theirs.token), Code.NO_SUCH_TOKEN)


@pytest.mark.parametrize("ahead", [0, -DAY, LONGEST + DAY])
def test_every_token_has_an_end(house: House, ahead: int) -> None:
    """An end that has passed, or one that nobody will remember, is refused."""
    ends = house.now() + ahead
    refused(tokens.add_token(house.site, AUTHOR, "", [Scope.LOOK], ends), Code.UNTIL_INVALID)


def test_a_list_shows_others_to_those_who_look_after_access(house: House) -> None:
    """Administrators and auditors see all, others their own; never what recognises one."""
    good(access.grant_role(house.site, None, SECURITY, "auditor"))
    mine, theirs = made(house), made(house, OPERATOR)
    assert [row["token"] for row in good(tokens.list_tokens(house.site, AUTHOR))] == [mine.token]
    for person in (ADMIN, SECURITY):
        rows = good(tokens.list_tokens(house.site, person))
        assert {row["token"] for row in rows} == {mine.token, theirs.token}
    assert rows[0] | {"token": ""} == {
        "token": "",
        "person": AUTHOR,
        "scopes": ["look"],
        "until": instant_text(mine.until),
        "over": False,
        "added_at": rows[0]["added_at"],
    }


def test_tokens_that_are_over_are_erased(house: House) -> None:
    """The worker erases them within an hour of their end."""
    over, later = made(house), good(tokens.add_token(house.site, AUTHOR, "", [Scope.LOOK], house.now() + 9 * DAY))
    house.set(over.until + DAY)
    assert [row[0] for row in house.tables()["api_tokens"]] == [later.token]


def test_a_person_sees_their_tokens_and_takes_them_along(house: House) -> None:
    """`people export` shows them without what recognises them; `people erase` leaves none."""
    house.people("u0")
    done = made(house, "u0@corp.example")
    record = good(person_record.export(house.site, "u0@corp.example", "u0@corp.example", ""))
    (row,) = record["tables"]["api_tokens"]
    assert (row["token"], row["until"]) == (done.token, instant_text(done.until))
    assert "digest" not in json.dumps(record["tables"]["api_tokens"])
    with house.site.store.writing() as conn:
        conn.exec_driver_sql("UPDATE people SET working = 0 WHERE email = 'u0@corp.example'")
    good(erase.erase(house.site, None, "u0@corp.example", "they asked", lambda _seconds: None))
    assert house.tables()["api_tokens"] == []
