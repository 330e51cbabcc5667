"""A database and a program of two versions never touch one another unasked."""

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from gatepost.core.refusal import Code, Refusal
from gatepost.storage.migrate import newest, upgrade, version
from gatepost.storage.schema import metadata
from gatepost.storage.store import VERSION, Store
from gatepost.wiring import init_site, open_site, upgrade_site


def test_the_migrations_give_the_tables_that_the_program_writes(tmp_path: Path) -> None:
    """From nothing through every migration to exactly schema.py; the version that the program names is the newest."""
    (tmp_path / "new.sqlite").touch()
    store = Store(tmp_path / "new.sqlite")
    upgrade(store)
    with store.reading() as conn:
        assert compare_metadata(MigrationContext.configure(conn), metadata) == []
    assert version(store) == newest() == VERSION
    store.close()


def _at(directory: Path, number: str) -> None:
    """Write another version into a site's database."""
    store = Store(directory / "gatepost.db")
    with store.writing() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = ?", (number,))
    store.close()


def test_a_site_of_another_version_is_refused_until_it_is_upgraded(tmp_path: Path) -> None:
    """An older database waits for `gatepost upgrade`, a newer one for a newer program; nothing is written before."""
    made = init_site(tmp_path / "site", exercise=True)
    assert not isinstance(made, Refusal | tuple)
    made.store.close()
    for number, word in (("0000", "gatepost upgrade"), ("9999", "newer program")):
        _at(tmp_path / "site", number)
        answer = open_site(tmp_path / "site")
        assert isinstance(answer, Refusal)
        assert answer.code is Code.SITE_OUTDATED
        assert word in answer.text
    _at(tmp_path / "site", VERSION)
    assert upgrade_site(tmp_path / "site") == VERSION
    opened = open_site(tmp_path / "site")
    assert not isinstance(opened, Refusal | tuple)
    opened.store.close()
