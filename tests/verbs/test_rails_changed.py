"""Whoever edits [rails] in gatepost.toml leaves an entry and mails, and two processes do not go back and forth."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from gatepost import worker
from gatepost.actions import access, backup, ledger
from gatepost.actions.change import looking
from gatepost.actions.doctor import examine
from gatepost.actions.health import not_ready
from gatepost.actions.once import Once
from gatepost.actions.passing import beat
from gatepost.actions.site import Site
from gatepost.config import FILE
from gatepost.core.refusal import Code
from gatepost.storage import ledger as entries
from gatepost.storage import sitemeta
from gatepost.wiring import provider_of, sender_of
from tests.verbs.conftest import Build
from tests.verbs.houses import ADMIN, OPERATOR, ROLES, House, good, nothing_written, refused, reopen

WEAK = ('minimum_notice = "24h"', 'minimum_notice = "1h"')


@pytest.fixture
def live(build: Build) -> House:
    """A live site whose rails were recorded, and whose outbox is empty."""
    house = build(exercise=False)
    grant(house, "u0@corp.example")
    house.deliver()
    return house


def grant(house: House, person: str) -> None:
    """A change that tells nobody."""
    good(access.grant_role(house.site, None, person, "helpdesk"))


def edit(house: House, before: str, after: str) -> None:
    path = house.site.directory / FILE
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1
    path.write_text(text.replace(before, after), encoding="utf-8")


@pytest.fixture
def again(live: House) -> Iterator[Callable[..., House]]:
    """Another process of this site, which reads the file after an edit."""

    def start(*change: str) -> House:
        if change:
            edit(live, *change)
        house = reopen(live.site.directory)
        started.append(house)
        return house

    started: list[House] = []
    yield start
    for house in started:
        house.close()


def changes(house: House) -> list[dict[str, object]]:
    """What RailsChanged says, oldest first."""
    return [row["data"] for row in good(ledger.show(house.site, None, 0, ("RailsChanged",), 99))]  # type: ignore[misc]


def notice(house: House) -> list[str]:
    """What each of them says of the minimum notice now."""
    return [each["after"]["rails.minimum_notice"] for each in changes(house)]  # type: ignore[index]


def test_nothing_is_said_when_a_site_is_made(live: House) -> None:
    """A site begins with the rails that init wrote: no entry, no mail, and the database has them."""
    assert "RailsChanged" not in live.ledger()
    with looking(live.site) as conn:
        assert json.loads(sitemeta.get(conn, sitemeta.RAILS))["rails.minimum_notice"] == '"24h"'


def test_the_next_change_begins_with_the_edit(live: House, again: Callable[..., House]) -> None:
    """I-31: first the entry that says under which rails, by nobody; then what was done. The verifier takes both."""
    size = len(live.ledger())
    house = again(*WEAK)
    assert len(house.ledger()) == size
    grant(house, "u1@corp.example")
    rows = good(ledger.show(house.site, None, size, (), 99))
    assert [row["event"] for row in rows][:1] == ["RailsChanged"]
    assert rows[0]["by"] == "system"
    assert rows[0]["data"] == {"before": {"rails.minimum_notice": '"24h"'}, "after": {"rails.minimum_notice": '"1h"'}}
    assert len(rows) > 1
    house.sound()


def test_everybody_who_holds_a_role_is_told_once(again: Callable[..., House]) -> None:
    """By mail, what stands there and what stood there; whatever else they do, not again."""
    house = again(*WEAK)
    for person in ("u1@corp.example", "u2@corp.example"):
        grant(house, person)
    told = [letter for letter in house.deliver() if b"rails.minimum_notice" in letter.message]
    assert sorted(letter.recipient for letter in told) == sorted({ADMIN, *ROLES, "u0@corp.example"})
    assert b'"1h"' in told[0].message
    assert b'"24h"' in told[0].message


def test_an_exercise_records_and_tells_nobody(build: Build) -> None:
    """I-19: there it is in play."""
    first = build()
    grant(first, "u0@corp.example")
    edit(first, *WEAK)
    with closing(reopen(first.site.directory)) as house:
        grant(house, "u1@corp.example")
        assert notice(house) == ['"1h"']
        assert not [letter for letter in house.deliver() if b"rails" in letter.message]
        house.sound()


def test_an_older_process_writes_nothing_back(live: House, again: Callable[..., House]) -> None:
    """Old and new take turns: one entry. The old one says that it goes by older rails, once, and is not ready."""
    new = again(*WEAK)
    beat(live.site)
    for turn in range(3):
        for house in (new, live):
            grant(house, f"u{turn}-{id(house)}@corp.example")
    assert notice(live) == ['"1h"']
    assert "restart" in not_ready(live.site)
    assert not not_ready(new.site)
    assert [worker._overtaken(live.site) for _ in range(3)] == [True, False, False]
    assert not worker._overtaken(new.site)


def test_rails_that_were_put_back_in_the_file_are_seen_where_they_act(live: House, again: Callable[..., House]) -> None:
    """A process that was started under weak rails records them, though the file is as before and others changed another
    rail meanwhile; each process does so once, so that it comes to rest."""
    weak = again(*WEAK)
    strong = again(WEAK[1], WEAK[0])
    other = again("first_batch = 50", "first_batch = 51")
    for turn in range(3):
        for house in (other, weak, strong, live):
            grant(house, f"u{turn}-{id(house)}@corp.example")
    said = changes(live)
    assert [sorted(each["after"]) for each in said] == [  # type: ignore[call-overload]
        ["rails.first_batch"],
        ["rails.first_batch", "rails.minimum_notice"],
    ]
    assert notice_of_last(said) == '"1h"'
    live.sound()


def notice_of_last(said: list[dict[str, object]]) -> str:
    return said[-1]["after"]["rails.minimum_notice"]  # type: ignore[index,no-any-return]


def test_a_refused_change_writes_nothing(again: Callable[..., House]) -> None:
    """The next one that does something records; looking records nothing."""
    house = again(*WEAK)
    with nothing_written(house):
        refused(access.grant_role(house.site, OPERATOR, "u1@corp.example", "helpdesk"), Code.ROLE_MISSING)
        with looking(house.site):
            pass
    grant(house, "u1@corp.example")
    assert notice(house) == ['"1h"']


def test_a_change_that_failed_is_recorded_by_the_next(
    again: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    """I-31: what was rolled back was not recorded."""
    house = again(*WEAK)
    with monkeypatch.context() as patch:
        patch.setattr(entries, "set_head", _cut_off)
        with pytest.raises(RuntimeError, match="cut off"):
            grant(house, "u1@corp.example")
    assert notice(house) == []
    grant(house, "u1@corp.example")
    assert notice(house) == ['"1h"']


def _cut_off(*_: object) -> None:
    raise RuntimeError("cut off")


def test_what_makes_no_entry_records_too(again: Callable[..., House]) -> None:
    """A worker's heartbeat, say: nothing that is written goes by rails that nobody recorded."""
    house = again(*WEAK)
    beat(house.site)
    assert notice(house) == ['"1h"']
    house.sound()


def test_a_site_from_before_begins_silently(live: House, again: Callable[..., House]) -> None:
    """Nobody knows what stood in the file of a site that recorded none; from then on each edit is seen."""
    with closing(sqlite3.connect(live.site.store.path)) as conn, conn:
        conn.execute("DELETE FROM site WHERE key = 'rails'")
    house = again(*WEAK)
    grant(house, "u1@corp.example")
    assert changes(house) == []
    third = again('minimum_notice = "1h"', 'minimum_notice = "2h"')
    grant(third, "u2@corp.example")
    assert notice(house) == ['"2h"']


def test_a_request_under_a_key_names_its_own_entry(live: House, again: Callable[..., House]) -> None:
    """I-39: not that of the rails, which it did not ask for."""
    house = again(*WEAK)
    once = Once("t", "k", "asked")
    size = len(live.ledger())
    good(access.grant_role(replace(house.site, once=once), None, "u1@corp.example", "helpdesk"))
    assert once.entry is not None
    assert house.ledger()[size] == "RailsChanged"
    assert once.entry > size


def test_a_backup_says_the_ledger_just_before_its_entry(again: Callable[..., House]) -> None:
    """Also where it is the first change under other rails."""
    house = again(*WEAK)
    good(backup.backup(house.site, None, house.site.directory / "kept"))
    rows = good(ledger.show(house.site, None, 0, ("BackupMade", "RailsChanged"), 9))
    assert [row["event"] for row in rows] == ["RailsChanged", "BackupMade"]
    assert rows[1]["data"]["size"] == rows[1]["index"]  # type: ignore[index]


def test_the_doctor_says_when_they_changed(live: House, again: Callable[..., House]) -> None:
    """Never; not recorded yet; an hour ago, and where."""
    assert rails_finding(live.site) == ("ok", "nobody changed them since they are recorded")
    house = again(*WEAK)
    assert rails_finding(house.site)[0] == "warn"
    grant(house, "u1@corp.example")
    result, found = rails_finding(house.site)
    entry = house.ledger().index("RailsChanged")
    assert result == "ok"
    assert found.startswith("they changed last ")
    assert found.endswith(f" ago: `gatepost ledger show` has entry {entry}")


def rails_finding(site: Site) -> tuple[str, str]:
    found = next(each for each in examine(site, sender_of, provider_of) if each.check == "rails")
    return found.result, found.found
