"""The site is away from its door: its database gone, held by somebody, or something else in its place."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from tests.journeys.conftest import Serve
from tests.journeys.program import configure, eventually
from tests.journeys.story import Story
from tests.servers.mail_sink import MailSink

HANNAS = ("hanna@example.com", "HANNAPHONE1")
CLEOS = ("cleo@example.com", "CLEOPHONE1")


@contextlib.contextmanager
def gone(database: Path) -> Iterator[None]:
    """The files are not there."""
    away = database.parent / "away"
    away.mkdir()
    for path in database.parent.glob(f"{database.name}*"):
        path.rename(away / path.name)
    yield
    for path in away.iterdir():
        path.rename(database.parent / path.name)
    away.rmdir()


@contextlib.contextmanager
def held(database: Path) -> Iterator[None]:
    """Somebody writes and does not come to an end."""
    connection = sqlite3.connect(database)
    connection.execute("BEGIN EXCLUSIVE")
    yield
    connection.rollback()
    connection.close()


@contextlib.contextmanager
def nonsense(database: Path) -> Iterator[None]:
    """There is something else in its place."""
    with gone(database):
        database.write_bytes(b"this is no database" * 1000)
        yield
        for path in database.parent.glob(f"{database.name}*"):
            path.unlink()


def test_the_last_good_copy_goes_on(ready: Story, mails: MailSink, serve: Serve) -> None:
    """I-26, I-29: whatever became of the database, a door that runs goes on, one that is started decides the same, and
    when the site is back it is followed again."""
    whole = serve(ready.site)
    ready.announce()
    ready.accepted("announcement", "hanna@example.com", "E2")
    ready.say("clock set 2020-07-12")
    assert ready.waits_for(403, *HANNAS).reason == "blocked"
    assert whole.stop() == 0, whole.log
    database = ready.site / "gatepost.db"
    for away in (gone, held, nonsense):
        running = serve(ready.site, "door", "run")
        with away(database):
            assert [ready.ask(*phone).status for phone in (HANNAS, CLEOS)] == [403, 204], away
            running.kill()
            again = serve(ready.site, "door", "run")
            assert [ready.ask(*phone).status for phone in (HANNAS, CLEOS)] == [403, 204], away
        assert again.stop() == 0
    with gone(database):
        configure(ready.site, door__copy_expires_after="1s")
        expiring = serve(ready.site, "door", "run")
        eventually(lambda: ready.ask(*CLEOS) == (503, "expired"), "the copy is too old")
        assert ready.ask(*HANNAS) == (503, "expired")
        assert expiring.stop() == 0
    serve(ready.site)
    ready.say("policy retract no-tiktok --because error --reason oops")
    assert [ready.ask(*phone).status for phone in (HANNAS, CLEOS)] == [204, 204]
    ready.holds()
