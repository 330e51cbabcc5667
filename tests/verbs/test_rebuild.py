"""Rebuilding: the tables say what the ledger says, and the doors what the tables say."""

import pytest
from sqlalchemy import Connection

from gatepost.actions import ledger as ledger_actions
from gatepost.actions import standing
from gatepost.actions.access import grant_role, list_roles
from gatepost.actions.change import changing
from gatepost.actions.ledger import rebuild, show
from gatepost.core.policy.verdict import Standing
from gatepost.core.refusal import Code
from gatepost.doors.entry import RULE, encode_standing, identity_key, mode_key, rule_key
from gatepost.storage import feed, identities
from gatepost.storage.identities import Identity
from gatepost.storage.reading import Contents
from tests.verbs.houses import LEGAL, TIKTOK, House, good, nothing_written, refused

CERTIFICATE = "ab" * 32


@pytest.fixture
def blocked(house: House) -> House:
    """u0's phone is blocked, and known by a certificate too; u1's is clean."""
    house.people("u0", "u1")
    house.phone("u0", [TIKTOK])
    house.phone("u1")
    ref = next(row[0] for row in house.tables()["devices"] if "phone-u0" in row)
    with changing(house.site) as change:
        identities.attach(change.conn, Identity("certificate", CERTIFICATE, ref))
        standing.refresh(change, (ref,))
    house.announce()
    house.deliver()
    house.set("2020-07-12T00:00:00Z")
    assert house.word("u0") == "block"
    return house


def at_doors(house: House) -> dict[bytes, bytes]:
    with house.site.store.reading() as conn:
        return {key: value for key, value in feed.after(conn, 0, 10**9)[1] if value is not None}


def test_doors_are_told_what_the_rebuilt_tables_say(blocked: House) -> None:
    """I-1, I-33: a row that was changed behind our back, and what doors were told since, are both put right, with an
    entry of its own in the ledger."""
    right = at_doors(blocked)
    with blocked.site.store.writing() as conn:
        conn.exec_driver_sql("UPDATE revisions SET stage = 'ended'")
        conn.exec_driver_sql("DELETE FROM due")
        lost = {key: None for key in right if not key.startswith(b"m:")}
        stray = encode_standing(Standing("nobodys", (), None, ()))
        feed.publish(conn, lost | {rule_key(99): right[next(key for key in right if key.startswith(RULE))]})
        feed.publish(conn, {identity_key("stray"): stray, mode_key("stray"): b"enforce"})
    done = good(rebuild(blocked.site, None, check=False))
    assert done.differing == ("revisions",)
    assert at_doors(blocked) == right
    assert blocked.word("u0") == "block"
    (entry,) = good(show(blocked.site, None, 0, ("TablesRebuilt",), 10))
    assert entry["data"] == {"entries": done.entries, "differing": ["revisions"]}
    blocked.sound()


def test_many_devices_are_told_in_parts(blocked: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A retraction does not wait for all of them: beyond a part they follow in changes of their own, before the verb
    ends."""
    monkeypatch.setattr(standing, "PART", 1)
    right = at_doors(blocked)
    with blocked.site.store.writing() as conn:
        before = feed.publish(conn, dict.fromkeys(key for key in right if key.startswith(b"e:")))
    good(rebuild(blocked.site, None, check=False))
    with blocked.site.store.reading() as conn:
        assert feed.position(conn) >= before + 3
    assert at_doors(blocked) == right


def test_a_sound_site_is_rebuilt_without_a_difference(blocked: House) -> None:
    """Rebuilding what is right changes nothing for anybody, and nobody is told anything; `--check` writes nothing."""
    before, mails = at_doors(blocked), blocked.tables()["notices"]
    with nothing_written(blocked):
        assert good(rebuild(blocked.site, None, check=True)).differing == ()
    assert good(rebuild(blocked.site, None, check=False)).differing == ()
    assert (at_doors(blocked), blocked.tables()["notices"]) == (before, mails)
    blocked.pass_time()
    assert blocked.tables()["notices"] == mails
    blocked.sound()


def test_only_who_may_rebuilds(blocked: House) -> None:
    """An approver is no auditor."""
    with nothing_written(blocked):
        refused(rebuild(blocked.site, LEGAL, check=False), Code.ROLE_MISSING)


def test_what_is_written_while_the_ledger_is_folded_is_kept(blocked: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """I-33: the ledger is folded before the change that swaps the tables; a role granted in between stands after it."""
    fold = ledger_actions._folded

    def folded_slowly(conn: Connection) -> tuple[Contents, int]:
        found = fold(conn)
        good(grant_role(blocked.site, None, "late@corp.example", "auditor"))
        return found

    with monkeypatch.context() as slow:
        slow.setattr(ledger_actions, "_folded", folded_slowly)
        assert good(rebuild(blocked.site, None, check=False)).differing == ()
    assert "auditor" in {row["role"] for row in good(list_roles(blocked.site, None))}
    blocked.sound()
