"""gatepost apps: the catalogue."""

from cyclopts import App

from gatepost.actions import catalogue
from gatepost.actions.site import Site
from gatepost.cli.data import facts, listing
from gatepost.cli.output import Lines, Table
from gatepost.cli.session import Given, Source, content, instant
from gatepost.core.refusal import Code, Refusal

app = App(name="apps")


@app.command(name="list")
def every_app(*, session: Given) -> int:
    """Every app that can be spoken of, and until when it is looked for."""
    return session.act(
        lambda site: {"apps": catalogue.list_apps(site), "lists": catalogue.list_lists(site)},
        lambda found: [
            *listing(found["apps"], "id", "name", "matched", "active_until", nothing="The catalogue is empty."),
            *listing(found["lists"], "id", "title", nothing="There are no lists."),
        ],
    )


@app.command
def show(app_id: str, /, *, session: Given) -> int:
    """One app or one list: its identifiers and sources."""

    def find(site: Site) -> dict[str, object] | Refusal:
        for entry in [*catalogue.list_apps(site), *catalogue.list_lists(site)]:
            if entry["id"] == app_id:
                return entry
        return Refusal(Code.NO_SUCH_APP, f"The catalogue has no {app_id}; `apps list` shows what there is.")

    return session.act(find, facts)


@app.command
def check(file: Source, /, *, session: Given) -> int:
    """Check a catalogue file of one's own; changes nothing."""
    return session.out.answer(
        catalogue.check_entries(*content(file)), lambda _: {"ok": True}, lambda _: ["It is good."]
    )


@app.command
def add(file: Source, /, *, session: Given) -> int:
    """Add a site's own apps and lists from a file; entries of the same id are replaced."""
    data, name = content(file)
    return session.act(lambda site: catalogue.add_entries(site, session.by, data, name), _added)


@app.command
def activate(app_id: str, /, *, purpose: str = "", until: str, session: Given) -> int:
    """Begin to look for an app, or for every app of a list.

    Parameters
    ----------
    app_id
        The app's or the list's id; `apps list` shows both.
    purpose
        Why; recorded.
    until
        The last day on which it is looked for, such as 2020-12-31.
    """
    return session.act(
        lambda site: catalogue.activate(site, session.by, app_id, purpose, instant(site, until, "--until")), facts
    )


@app.command
def deactivate(app_id: str, /, *, session: Given) -> int:
    """Stop looking for an app; what was found of it is erased."""
    return session.act(lambda site: catalogue.deactivate(site, session.by, app_id), facts)


def _added(done: catalogue.CatalogueTaken) -> Lines:
    yield Table(("", "apps and lists"), [("added", ", ".join(done.added)), ("changed", ", ".join(done.changed))])
    yield from done.warnings
