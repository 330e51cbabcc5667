"""Erasing somebody: nothing of them stays but pseudonyms, and every proof holds."""

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import get_type_hints

import pytest

from gatepost.actions import (
    access,
    backup,
    device_passwords,
    erase,
    import_devices,
    ledger,
    mentions,
    person_record,
    waive,
)
from gatepost.actions.change import Change, changing
from gatepost.actions.doors import hear_door
from gatepost.actions.site import Site
from gatepost.clock import boot_elapsed
from gatepost.core.fleet.naming import names_any
from gatepost.core.instant import DAY, MINUTE, SECOND
from gatepost.core.ledger.codec import EVENTS
from gatepost.core.refusal import Code
from gatepost.doors.report import Report
from gatepost.storage import people, sitemeta
from gatepost.storage.belongings import KEPT
from gatepost.storage.schema import metadata
from tests.verbs import seeded
from tests.verbs.houses import ADMIN, OPERATOR, POLICY, TIKTOK, House, good, refused, reopen

WRITTEN: dict[object, object] = {str: "x", int: 1, bool: True, tuple[str, ...]: ()}
WRITTEN |= {Mapping[str, str]: {}, Mapping[str, int]: {}}

GONE = "Their time here is over."


def erased(house: House) -> erase.Erased:
    """Their role is gone already; they leave, and are erased."""
    seeded.leave(house)
    return good(erase.erase(house.site, OPERATOR, seeded.ID, GONE, wait=lambda _: seeded.doors_did_their_part(house)))


def test_no_trace_is_left_on_the_disk(house: House, tmp_path: Path) -> None:
    """After an erasure neither a name nor an identifier is in any file of the site, in UTF-8, UTF-16 or base64,
    whatever the case; the ledger and the stand-alone verifier hold, and folding gives the tables (I-32, I-33)."""
    seeded.seed(house)
    site = house.site.directory
    assert {line.partition(": ")[2] for line in seeded.traces(site)} >= set(seeded.CANARIES) - {seeded.OLD_MAIL}
    done = erased(house)
    assert done.finished
    assert seeded.traces(site) == []
    assert done.rows["devices"] == 2
    assert done.rows["people"] == 1
    house.sound()
    good(ledger.export(house.site, None, tmp_path / "export"))
    assert seeded.traces(tmp_path) == []


def test_every_table_is_clean_of_their_pseudonym_or_says_why_not(house: House) -> None:
    """Completeness by introspection: a new table with people in it has to be thought about."""
    whose = seeded.seed(house)
    pseudonyms = {whose.ref, *whose.devices}
    stood = _standing(house, pseudonyms)
    assert {
        "people",
        "devices",
        "notices",
        "audience",
        "due",
        "outcomes",
        "waivers",
        "attestations",
        "approvals",
    } <= stood
    erased(house)
    still = _standing(house, pseudonyms)
    assert still <= set(KEPT)
    assert still >= {"ledger", "proposals"}
    assert not {"waivers", "attestations"} & still, "what somebody benefited from goes with them"


def test_words_in_an_event_about_somebody_are_known_as_theirs() -> None:
    """Completeness by introspection: what a new event says of a person or a device in words is erased with them, and
    shown to them; but the reason of an erasure, which is refused if it names them."""
    whom = {"person", "people", "device", "devices", "subject"}
    found = set()
    for name, event in EVENTS.items():
        fields = get_type_hints(event)
        words = [field for field in fields if field.endswith("_hash")]
        if not words or not whom & fields.keys():
            continue
        given = {field: WRITTEN[shape] for field, shape in fields.items()} | dict.fromkeys(words, "words")
        given |= {field: "d_1" if fields[field] is str else ("d_1",) for field in whom & fields.keys()}
        if mentions.about_in(event(**given), {"d_1"}) != "words":
            found.add(name)
    assert found == {"PersonErased"}


def test_why_somebody_got_a_device_password_goes_with_them(house: House) -> None:
    """Such as a stay in hospital: it is shown to them while they are here, and no row keeps it afterwards."""
    seeded.seed(house)
    good(device_passwords.issue(house.site, OPERATOR, seeded.PHONE, reason="Back from hospital"))
    record = good(person_record.export(house.site, None, seeded.ID, "They asked"))
    assert "Back from hospital" in record["words"]
    erased(house)
    assert not any(_says(row, {"hospital"}) for row in house.tables()["texts"])


def _standing(house: House, pseudonyms: set[str]) -> set[str]:
    """The tables in which one of these stands anywhere."""
    with house.site.store.reading() as conn:
        return {
            table.name
            for table in metadata.sorted_tables
            if any(_says(tuple(row), pseudonyms) for row in conn.execute(table.select()))
        }


def _says(row: tuple[object, ...], words: set[str]) -> bool:
    text = " ".join(each.decode("utf-8", "replace") if isinstance(each, bytes) else str(each) for each in row)
    return any(word in text for word in words)


def test_what_others_have_is_not_touched(house: House) -> None:
    """Only theirs goes: a colleague keeps device, mails, sightings and verdict, and loses but the name of a sponsor."""
    seeded.seed(house)
    before = house.verdict("bea").outcome
    erased(house)
    assert house.verdict("bea").outcome is before
    with house.site.store.reading() as conn:
        bea = people.find(conn, "bea@corp.example")
        assert bea is not None
        assert bea.sponsor == ""
        kept = conn.execute(metadata.tables["sightings"].select()).mappings().all()
    assert [row["identity"] for row in kept] == ["beas-own"]


def test_an_import_that_names_them_again_makes_a_new_pseudonym(house: House) -> None:
    """Erased is erased: who comes back is somebody new, is told anew, and is blocked again in time (I-10)."""
    whose = seeded.seed(house)
    erased(house)
    house.people_rows(seeded.row(logins=seeded.LOGIN))
    house.devices(house.phone_row("q", [TIKTOK], id=seeded.PHONE, eas_device_id=seeded.EAS) | {"owner": seeded.ID})
    with house.site.store.reading() as conn:
        again = people.find(conn, seeded.ID)
    assert again is not None
    assert again.ref != whose.ref
    assert seeded.MAIL in {letter.recipient for letter in house.deliver()}


def test_the_door_s_entries_go_and_so_does_what_took_them_away(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stream keeps no key of theirs once every door has heard of the deletion; until then it does, and the answer
    names the door that is behind."""
    seeded.seed(house)
    seeded.leave(house)
    hear_door(house.site, "slow", Report(0, ""))
    monkeypatch.setattr(erase, "DOORS_MAY_TAKE", 0)
    done = good(erase.erase(house.site, OPERATOR, seeded.ID, GONE))
    assert not done.finished
    assert ("slow", False) in [(door.name, door.erased) for door in done.doors]
    assert {line.partition(": ")[2] for line in seeded.traces(house.site.directory)} >= {seeded.EAS, seeded.CERTIFICATE}
    seeded.doors_did_their_part(house)
    house.pass_time()
    assert seeded.traces(house.site.directory) == []
    with house.site.store.reading() as conn:
        assert sitemeta.get(conn, sitemeta.ERASING) == ""
        assert sitemeta.number(conn, sitemeta.GONE_UNTIL) > 0


def test_an_erasure_that_was_cut_off_is_finished_by_the_worker(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after the commit: the rows are gone, the files are not clean yet, and the worker cleans them."""
    seeded.seed(house)
    seeded.leave(house)

    def cut(*_: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(erase, "finish_erasures", cut)
        patched.setattr(erase, "DOORS_MAY_TAKE", 0)
        with pytest.raises(KeyboardInterrupt):
            erase.erase(house.site, OPERATOR, seeded.ID, GONE)
    seeded.doors_did_their_part(house)
    house.pass_time()
    assert seeded.traces(house.site.directory) == []


def test_a_site_restored_from_an_older_backup_erases_them_again(house: House, tmp_path: Path) -> None:
    """The backup still holds them, and the answer says so; what is brought back from it is told who was erased, and
    does it again before it acts."""
    seeded.seed(house)
    file = tmp_path / "older.backup"
    made = good(backup.backup(house.site, None, file))
    done = erased(house)
    assert done.backups == (str(file),)
    back = tmp_path / "back"
    assert backup.restore(file, back, house.site.directory / erase.ERASED) is None
    assert seeded.traces(back)
    again = reopen(back)
    said = good(backup.acknowledge(again.site, None, str(made["checkpoint"])))
    assert said["erased_again"] == 1
    seeded.doors_did_their_part(again)
    again.pass_time()
    assert seeded.traces(back) == []
    again.sound()
    again.close()


def test_exports_of_them_are_removed(house: House, tmp_path: Path) -> None:
    """What the site wrote about them, and still stands where it was written, goes with them."""
    seeded.seed(house)
    good(person_record.export(house.site, OPERATOR, seeded.ID, "they asked", tmp_path / "out"))
    assert seeded.traces(tmp_path)
    done = erased(house)
    assert len(done.files) == 2
    assert seeded.traces(tmp_path) == []


def test_the_first_administrator_can_be_erased_and_another_one_stands_in(house: House) -> None:
    """Commands that name nobody are another administrator's then; the address is not kept as a setting."""
    good(access.grant_role(house.site, None, OPERATOR, "admin"))
    good(access.revoke_role(house.site, OPERATOR, ADMIN, "admin"))
    with house.site.store.writing() as conn:
        first = people.find(conn, ADMIN)
        assert first is not None
        people.retire(conn, [first.ref], house.now())
    good(erase.erase(house.site, OPERATOR, ADMIN, GONE))
    assert seeded.traces(house.site.directory, canaries=(ADMIN,)) == []
    house.clock(house.now() + DAY)


def test_who_may_and_what_for(house: House) -> None:
    """An operator or an administrator, for a stated reason; nobody else, and nothing is written where it is refused."""
    seeded.seed(house)
    seeded.leave(house)
    refused(erase.erase(house.site, "bea@corp.example", seeded.ID, GONE), Code.ROLE_MISSING)
    refused(erase.erase(house.site, OPERATOR, seeded.ID, " "), Code.PURPOSE_MISSING)
    refused(erase.erase(house.site, OPERATOR, seeded.ID, f"{seeded.LOGIN} asked"), Code.REASON_NAMES)
    part = seeded.LOGIN.partition("@")[0].partition(".")[0]
    refused(erase.erase(house.site, OPERATOR, seeded.ID, f"{part.upper()}, left"), Code.REASON_NAMES)
    refused(erase.erase(house.site, OPERATOR, "nobody", GONE), Code.NO_SUCH_PERSON)


def test_a_shared_device_needs_another_keeper_first(house: House) -> None:
    """Others open their mail with it: it is not erased with whoever keeps it."""
    house.people("cara", "bea")
    house.phone("cara", shared=True)
    with house.site.store.writing() as conn:
        cara = people.find(conn, "cara@corp.example")
        assert cara is not None
        people.retire(conn, [cara.ref], house.now())
    refused(erase.erase(house.site, OPERATOR, "cara@corp.example", GONE), Code.DEVICE_SHARED)
    good(import_devices.check_out(house.site, None, "phone-cara", "another keeper"))
    house.phone("bea", id="phone-cara", shared=True, eas_device_id="EASphone-cara")
    good(erase.erase(house.site, OPERATOR, "cara@corp.example", GONE))


def test_a_correction_is_sent_before_its_reader_is_erased(house: House) -> None:
    """I-24: who is owed the word that it was an error hears it; then they can be erased."""
    seeded.seed(house)
    seeded.leave(house)
    house.retract()
    refused(erase.erase(house.site, OPERATOR, seeded.ID, GONE), Code.MAIL_OWED)
    seeded.doors_did_their_part(house)
    house.later(DAY)
    assert seeded.MAIL in {letter.recipient for letter in house.deliver()}
    good(erase.erase(house.site, OPERATOR, seeded.ID, GONE, wait=lambda _: seeded.doors_did_their_part(house)))
    house.sound()


@pytest.mark.parametrize(
    ("names", "text", "named"),
    [
        ({"Ann Becker"}, "We asked ANN BECKER.", True),
        ({"will"}, "It will be over.", False),
        ({"a7"}, "told a7 by phone", True),
        ({"ann@x.example"}, "joann@x.example wrote", False),
        ({"Zoë Çelik"}, "zoë çelik", True),
        (set(), "anything", False),
    ],
)
def test_a_text_names_somebody_by_whole_words_that_mean_them(names: set[str], text: str, named: bool) -> None:
    """Free text that names somebody goes with them; a login that is an everyday word means nobody."""
    assert names_any(names)(text) is named


def test_the_search_for_traces_finds_what_it_looks_for(tmp_path: Path) -> None:
    """The tests above prove something only if each form of a canary would be found."""
    name = seeded.MAIL
    for data in (
        name.upper().encode(),
        name.encode("utf-16-le"),
        *(base64.b64encode(b"x" * n + name.encode()) for n in range(3)),
    ):
        (tmp_path / "file").write_bytes(b"before" + data + b"after")
        assert f"file: {name}" in seeded.traces(tmp_path)


@pytest.mark.parametrize("renamed", [False, True])
def test_what_is_written_while_traces_are_looked_for_goes_too(
    house: House, monkeypatch: pytest.MonkeyPatch, renamed: bool
) -> None:
    """The look is made before the change: what names them since, by whatever name they have by then, is found in it."""
    seeded.seed(house)
    house.people("carl")
    until, new = house.now() + DAY, "quillon-x77"

    @contextmanager
    def after_others(site: Site) -> Iterator[Change]:
        monkeypatch.setattr(erase, "changing", changing)
        if renamed:
            house.people_rows(seeded.row(logins=new))
            seeded.leave(house)
        reason = f"{new if renamed else seeded.NAME} asked for it"
        good(waive.grant_waiver(site, OPERATOR, POLICY, person="carl@corp.example", until=until, reason=reason))
        assert any(_says(row, {"asked for it"}) for row in house.tables()["texts"])
        with changing(site) as change:
            yield change

    monkeypatch.setattr(erase, "changing", after_others)
    assert erased(house).finished
    assert not any(_says(row, {"asked for it"}) for row in house.tables()["texts"])
    assert seeded.traces(house.site.directory) == []


def test_no_writer_waits_for_an_erasure_behind_a_long_read(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """I-18: somebody who reads for long keeps the log from being emptied, not a retraction from being written; the
    worker tries again minutes later, and does not write the file anew for that."""
    monkeypatch.setattr(erase, "TRIES", 1)
    seeded.seed(house)
    seeded.leave(house)
    with house.site.store.reading() as conn:
        conn.exec_driver_sql("SELECT 1 FROM people").all()
        started = boot_elapsed()
        done = good(erase.erase(house.site, OPERATOR, seeded.ID, GONE, lambda _: seeded.doors_did_their_part(house)))
        assert not done.finished
        assert not erase.go_on_erasing(house.site), "it is not tried again at once"
        house.set(house.now() + 3 * MINUTE)
        monkeypatch.setattr(type(house.site.store), "write_anew", _never)
        assert not erase.go_on_erasing(house.site)
        assert boot_elapsed() - started < 10 * SECOND
    house.set(house.now() + 3 * MINUTE)
    erase.go_on_erasing(house.site)
    assert seeded.traces(house.site.directory) == []
    with house.site.store.reading() as conn:
        assert sitemeta.get(conn, sitemeta.ERASING) == ""


def _never(_: object) -> None:
    raise AssertionError("the file was written anew already")
