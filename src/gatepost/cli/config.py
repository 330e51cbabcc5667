"""gatepost config: the site's settings."""

from cyclopts import App

from gatepost.cli.output import Lines
from gatepost.cli.session import Given
from gatepost.config import FILE, Settings, load_settings

app = App(name="config")


@app.command
def check(*, session: Given) -> int:
    """Read gatepost.toml and say everything that is wrong with it."""
    return session.out.answer(load_settings(session.directory), lambda _: {"ok": True, "file": FILE}, _good)


def _good(settings: Settings) -> Lines:
    kind = "an exercise" if settings.site.exercise else "a live site"
    yield f"{FILE} is good: {settings.site.name}, {kind}, with {_doors(settings)}."


def _doors(settings: Settings) -> str:
    return ", ".join(f"door {name} on {at.listen}" for name, at in settings.doors.items())
