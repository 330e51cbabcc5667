"""Which apps a policy names: by id, by a list, by their publisher's country, and as successors of these."""

from collections.abc import Iterable, Iterator, Mapping

from gatepost.core.fleet.app import App, AppList
from gatepost.core.policy.policy import Policy


def named_by(policy: Policy, apps: Mapping[str, App], lists: Mapping[str, AppList]) -> dict[str, str]:
    """Every app that the policy names in this catalogue, once and in order, with what first brought it in.

    `app`, `list L`, `publisher country C` or `successor of A`. A list that is not in the catalogue brings nothing in;
    an app that is not is named all the same.
    """
    found: dict[str, str] = {}
    for app, by in _written(policy, apps, lists):
        found.setdefault(app, by)
    return {**found, **_successors(found, apps)} if policy.successors else found


def _written(policy: Policy, apps: Mapping[str, App], lists: Mapping[str, AppList]) -> Iterator[tuple[str, str]]:
    yield from ((app, "app") for app in policy.apps)
    for name in policy.lists:
        if name in lists:
            yield from ((app, f"list {name}") for app in lists[name].apps)
    for country in policy.publisher_countries:
        seated = [app.id for app in apps.values() if app.publisher_country == country]
        yield from ((app, f"publisher country {country}") for app in seated)


def _successors(found: Iterable[str], apps: Mapping[str, App]) -> dict[str, str]:
    """What took the place of these, and of what did, and so on."""
    seen, later = set(found), dict[str, str]()
    waiting = [*found]
    for name in waiting:  # grows while it is gone through
        for successor in apps[name].successors if name in apps else ():
            if successor not in seen:
                seen.add(successor)
                later[successor] = f"successor of {name}"
                waiting.append(successor)
    return later
