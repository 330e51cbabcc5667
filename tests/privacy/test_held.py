"""The registry of what is held about people knows every table."""

from gatepost.core.privacy.held import HELD, IMPERSONAL
from gatepost.storage.retention import KINDS
from gatepost.storage.schema import metadata

ABOUT_SOMEBODY = {
    "by",
    "person",
    "people",
    "owner",
    "name",
    "email",
    "login",
    "device",
    "subject",
    "author",
    "asker",
    "sponsor",
    "text",
    "leaf",
    "bytes",
}
"""What columns are called that can lead to somebody, or that hold whatever somebody wrote."""


def test_every_table_is_in_the_registry_once() -> None:
    """A new table has its place: among what is held about people, with why and for how long, or among the others."""
    named = [table for held in HELD for table in held.tables]
    assert len(named) == len(set(named))
    assert not set(named) & IMPERSONAL
    assert set(named) | IMPERSONAL == set(metadata.tables)


def test_what_is_said_to_be_about_nobody_has_no_column_about_somebody() -> None:
    """A table is not called impersonal while it holds a reference to a person, a device or free text."""
    found = {
        table: columns & ABOUT_SOMEBODY
        for table in IMPERSONAL
        if (columns := {word for column in metadata.tables[table].c for word in column.name.split("_")})
        & ABOUT_SOMEBODY
    }
    assert found == {}
    assert "owner" in metadata.tables["devices"].c, "the words are those that the schema uses"


def test_terms_are_those_that_the_worker_goes_by() -> None:
    """What the sheet says ends a kind is what erases it: the worker's own list has the same tables under each term."""
    said = {table: set(held.terms) for held in HELD for table in held.tables}
    assert KINDS
    for term, kinds in KINDS.items():
        assert {table: term in said[table] for table in kinds} == dict.fromkeys(kinds, True), term
