"""What holds for every test: missing packages, full-size tests, steady random cases."""

import os
import shutil
from collections.abc import Sequence
from glob import glob

import pytest
from hypothesis import settings
from sqlalchemy import Connection, Engine, event
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

settings.register_profile("steady", derandomize=True, deadline=None, database=None)
settings.register_profile("thorough", deadline=None, database=None, max_examples=2000)
settings.load_profile("steady")

# Each test's site has an engine of its own, which would compile every statement again: a fifth of the suite's time. So
# all engines of a test process share what was compiled, as those of one database would.
_COMPILED: dict[object, object] = {}
SQLiteDialect_pysqlite.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign]
SQLiteDialect_pysqlite.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign]


@event.listens_for(Engine, "engine_connect")
def _share_compiled(conn: Connection) -> None:
    conn.execution_options(compiled_cache=_COMPILED)


PROGRAMS = {
    "nginx-light": ("nginx",),
    "haproxy": ("haproxy",),
    "postfix": ("smtp-sink", "smtp-source"),
    "openssh-client": ("ssh-keygen",),
    "wrk": ("wrk",),
    "curl": ("curl",),
    "sogo": ("sogod",),
    "sogo-activesync": ("/usr/lib/GNUstep/SOGo/ActiveSync.SOGo/ActiveSync",),
    "postgresql": ("/usr/lib/postgresql/*/bin/initdb", "psql"),
    "memcached": ("memcached",),
    "dovecot-imapd": ("/usr/lib/dovecot/imap",),
    "dovecot-auth-lua": ("/usr/lib/dovecot/modules/auth/libauthdb_lua.so",),
    "lua-cjson": ("/usr/lib/*/lua/5.4/cjson.so",),
    "libwbxml2-utils": ("wbxml2xml",),
    "iproute2": ("ip",),
    "chromium": ("chromium",),
}
"""Debian package to the programs that tests use from it, by name or by path."""


def missing(package: str) -> Sequence[str]:
    """The package's programs that are not here; servers live where only root's PATH looks."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"])
    return [program for program in PROGRAMS[package] if not (shutil.which(program, path=path) or glob(program))]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a package that is not here. Where CI is set everything must run, so there it is a failure."""
    for marker in item.iter_markers("needs"):
        (package,) = marker.args
        if programs := missing(package):
            text = f"needs the Debian package {package} ({', '.join(programs)} not found)"
            pytest.fail(text, pytrace=False) if os.environ.get("CI") else pytest.skip(text)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Full sizes run only when asked for by `-m long`."""
    if config.option.markexpr:
        return
    long = [item for item in items if item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=long)
    items[:] = [item for item in items if item not in long]
