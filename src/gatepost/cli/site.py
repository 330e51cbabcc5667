"""gatepost init, backup, restore, clock: the site as a whole."""

from pathlib import Path

from cyclopts import App

from gatepost.actions import backup as backups
from gatepost.actions import exercise
from gatepost.actions.site import Site
from gatepost.cli.data import facts
from gatepost.cli.output import Exit, Lines
from gatepost.cli.session import Given, Misuse, Source, content, instant
from gatepost.wiring import init_site, upgrade_site

clock = App(name="clock")


def init(directory: Path, /, *, exercise: bool = False, admin: str = "admin@localhost", session: Given) -> int:
    """Make a site: settings to read and change, a database, a signing key, a first administrator.

    Parameters
    ----------
    directory
        Where; a new or empty directory.
    exercise
        A site to play with: mail goes to this machine only, the clock can be set.
    admin
        The first administrator's mail address.
    """
    made = init_site(directory, exercise=exercise, admin=admin)
    if isinstance(made, Site):
        made.store.close()
    return session.out.answer(made, lambda site: _made_data(site, admin), lambda site: _made(site, admin))


def _made_data(site: Site, admin: str) -> object:
    verifier = site.note_key.verifier
    return {"directory": str(site.directory), "exercise": site.exercise, "admin": admin, "verifier_key": verifier}


def _made(site: Site, admin: str) -> Lines:
    yield f"{'An exercise' if site.exercise else 'A site'} is in {site.directory}; {admin} is its administrator."
    yield f"Its settings are in {site.directory / 'gatepost.toml'}; `gatepost config check` reads them."
    yield f"Checkpoints of its ledger verify with: {site.note_key.verifier}"


def upgrade(*, session: Given) -> int:
    """Bring the database to this version of the program. Stop the site and copy its directory before."""
    done = upgrade_site(session.directory)
    return session.out.answer(done, lambda now: {"version": now}, lambda now: [f"The database is at version {now}."])


def backup(file: Path, /, *, session: Given) -> int:
    """Write the site to one file: settings, signing key, database. Keep its checkpoint apart from it."""
    return session.act(lambda site: backups.backup(site, session.by, file), _backed_up)


def restore(file: Path, directory: Path, /, *, erased: Path | None = None, session: Given) -> int:
    """Bring a site back from a backup. It acts again once `gatepost acknowledge` has shown it the newest checkpoint.

    Parameters
    ----------
    erased
        The file `erased` of the lost site, or a copy of it: who was erased since the backup is erased again.
    """
    refusal = backups.restore(file, directory, erased)
    if refusal is not None:
        return session.out.refuse(refusal)
    text = f"The site is in {directory}. It refuses to act until `gatepost acknowledge CHECKPOINT` was given."
    return session.out.show({"directory": str(directory), "acknowledged": False}, lambda: [text], Exit.DONE)


def acknowledge(file: Source, /, *, session: Given) -> int:
    """Show a restored site the newest checkpoint known outside; - for standard input."""
    try:
        checkpoint = "\n".join(content(file)[0].decode().strip().splitlines()) + "\n"  # as a mail program saves it
    except UnicodeDecodeError:
        raise Misuse(f"{file} is not text, so no checkpoint") from None
    return session.act(lambda site: backups.acknowledge(site, session.by, checkpoint), facts)


@clock.command(name="set")
def set_clock(at: str, /, *, session: Given) -> int:
    """Set an exercise's clock.

    Parameters
    ----------
    at
        Such as 2020-07-10T12:00, in the site's own time zone unless it names one.
    """
    return session.act(lambda site: exercise.set_clock(site, session.by, instant(site, at, "AT")), facts)


def _backed_up(done: dict[str, object]) -> Lines:
    yield f"{done['entries']} entries are in {done['file']}. Keep this checkpoint elsewhere:"
    yield from str(done["checkpoint"]).splitlines()
