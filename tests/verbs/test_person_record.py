"""Everything held on one person, for that person."""

import json
import re
from pathlib import Path

from gatepost.actions import person_record
from gatepost.core.ledger.events import NamesLooked
from gatepost.core.refusal import Code
from gatepost.documents.person_export import as_text
from gatepost.storage.belongings import KEPT, Whose, conditions
from gatepost.storage.schema import metadata
from tests.verbs import seeded
from tests.verbs.conftest import Build
from tests.verbs.doorside import see, sighting
from tests.verbs.houses import OPERATOR, POLICY, House, good, refused
from tests.verbs.test_retention import events

PURPOSE = "They asked for it."
BESIDE_ROWS = {
    "ledger": "its entries, by pseudonym",
    "entries": "what doors are told is made of devices, logins and due rules",
    "proposals": "the impact stands there by pseudonym, with everybody else's",
    "texts": "the words written about them",
    "revisions": "what they wrote as authors is the organisation's",
}
"""Tables whose rows are not shown as they are, and what is shown in their place, or why nothing."""


def test_every_table_that_holds_somebody_is_in_the_record(house: House) -> None:
    """Completeness by introspection: whoever stands in a table finds that table in what they are given."""
    whose = seeded.seed(house)
    record = good(person_record.export(house.site, OPERATOR, seeded.ID, PURPOSE))
    words = {whose.ref, *whose.devices, *seeded.CANARIES, *(name.casefold() for name in seeded.CANARIES)}
    with house.site.store.reading() as conn:
        holding = {
            table.name
            for table in metadata.sorted_tables
            if any(_says(tuple(row), words) for row in conn.execute(table.select()))
        }
    shown = {table for table, rows in record["tables"].items() if rows}
    assert holding - shown <= set(BESIDE_ROWS) | {"people"}, "a table that holds people and is not shown"
    assert len(shown) >= 14
    assert "sightings" in shown


def _says(row: tuple[object, ...], words: set[str]) -> bool:
    text = " ".join(each.decode("utf-8", "replace") if isinstance(each, bytes) else str(each) for each in row)
    return any(word in text for word in words)


def test_a_table_with_people_or_devices_in_it_belongs_to_somebody() -> None:
    """A new table with a column of people or of devices has to be thought about: it is theirs, or kept for a reason."""
    columns = {"person", "device", "owner", "login", "subject", "given_by", "author", "by", "granted_by", "added_by"}
    about = {table.name for table in metadata.sorted_tables if columns & {column.name for column in table.columns}}
    whose = Whose("p_x", ("d_x",), (), (), (), frozenset())
    theirs = {table.name for table in conditions(whose)}
    assert about <= theirs | set(KEPT), about - theirs - set(KEPT)
    assert len(about) > 15


def test_it_says_what_is_known_in_words(house: House, tmp_path: Path) -> None:
    """The verdict of now with its reasons, each mail with its text, looks with their purpose: in a text that a person
    can read and in JSON, both for their owner's eyes only."""
    seeded.seed(house)
    record = good(person_record.export(house.site, OPERATOR, seeded.ID, PURPOSE, tmp_path / "out"))
    phone = next(device for device in record["devices"] if device["id"] == seeded.PHONE)
    assert (phone["verdict"], phone["found"]) == ("warn", ["tiktok"])
    assert phone["reasons"][0]["policy"] == POLICY
    assert any("About phones" in mail["subject"] and seeded.NAME in mail["text"] for mail in record["mails"])
    assert [look["purpose"] for look in record["looks"]] == [f"{seeded.MAIL} wrote to us", PURPOSE]
    assert f"{seeded.NAME} travels" in record["words"]
    assert {"WaiverGranted", "PolicyApproved", "NamesLooked"} <= {entry["event"] for entry in record["entries"]}
    text = (tmp_path / "out" / "person.txt").read_text()
    for part in (seeded.NAME, seeded.PHONE, seeded.LOGIN, seeded.OLD_LOGIN, seeded.EAS.casefold(), seeded.CERTIFICATE):
        assert part in text
    assert json.loads((tmp_path / "out" / "person.json").read_text()) == json.loads(json.dumps(record))
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "out").iterdir())


def test_the_text_says_words_and_no_codes(house: House) -> None:
    """A person reads `warn` and a policy's name, not 1 and the number of a rule; the JSON keeps what tables hold."""
    seeded.seed(house)
    record = good(person_record.export(house.site, OPERATOR, seeded.ID, PURPOSE))
    text = as_text(record)
    (due, *_) = record["tables"]["due"]
    assert isinstance(due["finding"], int)
    assert f"policy: {POLICY}, revision 1" in text
    assert "finding: present" in text
    assert "outcome: warn" in text
    assert "visibility: full" in text
    assert "event: waiver granted" in text
    assert not re.search(r"(?m)^(rule|cell|finding|outcome|visibility|awaits): ?\d", text)


def test_it_names_nobody_else(house: House) -> None:
    """What is theirs is shown, and not what is others': a look at several shows one pseudonym."""
    whose = seeded.seed(house)
    with house.site.store.reading() as conn:
        others = {row.ref for row in conn.execute(metadata.tables["people"].select())} - {whose.ref}
        theirs = {row.ref for row in conn.execute(metadata.tables["devices"].select())} - set(whose.devices)
    record = good(person_record.export(house.site, OPERATOR, seeded.ID, PURPOSE))
    entries = json.dumps(record["entries"])
    assert len(others) > 3
    granters = {row["granted_by"] for row in record["tables"]["roles"]}
    assert not [ref for ref in theirs if ref in entries]
    assert not [ref for ref in others - granters if ref in json.dumps(record["looks"])]


def test_the_look_is_recorded_and_needs_a_purpose(house: House) -> None:
    """I-34: who reads what is held on somebody else says why; whoever asks for their own need not; both are looks."""
    seeded.seed(house)
    site = house.site
    before = len(events(house, NamesLooked))
    refused(person_record.export(site, OPERATOR, seeded.ID, ""), Code.PURPOSE_MISSING)
    refused(person_record.export(site, "bea@corp.example", seeded.ID, PURPOSE), Code.ROLE_MISSING)
    refused(person_record.export(site, "bea@corp.example", "nobody@corp.example", PURPOSE), Code.ROLE_MISSING)
    refused(person_record.export(site, OPERATOR, "nobody@corp.example", PURPOSE), Code.NO_SUCH_PERSON)
    assert len(events(house, NamesLooked)) == before
    good(person_record.export(site, OPERATOR, seeded.ID, PURPOSE))
    good(person_record.export(site, seeded.ID, seeded.ID, ""))
    assert len(events(house, NamesLooked)) == before + 2
    house.sound()


def test_signs_that_cannot_be_seen_stay_out_of_the_text(house: House) -> None:
    """I-36: what a client calls itself comes from anywhere, and steers no terminal that shows the text."""
    house.people("ann")
    see(house, sighting("ann@corp.example", "x", house.now(), user_agent="phone\u202eann"))
    record = good(person_record.export(house.site, OPERATOR, "ann@corp.example", PURPOSE))
    text = as_text(record)
    assert "\u202e" not in text
    assert "phoneann" in text


def test_somebody_who_left_is_shown_what_is_still_held(build: Build) -> None:
    """Their logins are free for others, and what doors saw under them is found all the same."""
    house = build()
    seeded.seed(house)
    seeded.leave(house)
    record = good(person_record.export(house.site, OPERATOR, seeded.ID, PURPOSE))
    assert {row["login"] for row in record["tables"]["sightings"]} >= {seeded.LOGIN, seeded.OLD_LOGIN}
