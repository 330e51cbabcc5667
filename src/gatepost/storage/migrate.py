"""Bringing a database to this version's tables, and telling whether it is there."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from gatepost.storage.store import Store, store_version


def upgrade(store: Store) -> None:
    """Run the migrations that are missing, each in the one transaction."""
    config = _config()
    with store.writing() as conn:
        config.attributes["connection"] = conn
        command.upgrade(config, "head")


def version(store: Store) -> str | None:
    """The database's version; None before its first migration."""
    with store.reading() as conn:
        return store_version(conn)


def newest() -> str | None:
    """The version that this program writes."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.set_main_option("path_separator", "os")
    return config
