"""The apps that a policy names, as people read them beside a preview, a proposal or a policy."""

from collections import defaultdict
from collections.abc import Iterable

from gatepost.cli.output import Lines
from gatepost.core.change.proposal import NamedApp


def apps_named(apps: Iterable[NamedApp]) -> Lines:
    """One line for each thing that brought apps in; those that cannot be matched are marked."""
    by: dict[str, list[str]] = defaultdict(list)
    for app in apps:
        by[app.by].append(app.id if app.spellings else f"{app.id} (no identifier)")
    yield from (f"Apps by {what}: {', '.join(names)}." for what, names in by.items())
