"""Preview: how many a policy would hit. It names nobody: names are for a policy that was approved (names.py).

Counts can name too, if few people are behind them. So none are given over an audience of one to four people, and none
that differ from those of an earlier answer by so few (core/change/differencing.py).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Connection

from gatepost.actions.about import Rows, about_data
from gatepost.actions.alone import naming
from gatepost.actions.assess import Assessed, assess
from gatepost.actions.change import Change, changing, looking
from gatepost.actions.fleet import read_fleet
from gatepost.actions.site import Site
from gatepost.actions.who import ADMIN, AUTHOR, looking_as
from gatepost.core.change.differencing import Allowed, Scoped, Watch, scoped
from gatepost.core.instant import Instant
from gatepost.core.policy.policy import Policy
from gatepost.core.problem import Problem
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.canonical import canonical
from gatepost.documents.policy_data import scope_data, scope_from_data
from gatepost.documents.policy_file import read_policy
from gatepost.storage import exceptions, previews

if TYPE_CHECKING:
    from gatepost.fleet_index.fleet import Fleet

Answer = TypeVar("Answer")

Looked = tuple[Assessed, dict[str, Rows]]

NEAR = (
    "An earlier preview or proposal differs from this one by the devices of one to four people: the two together would "
    "say what is on their phones. Preview what you had, or change its people and devices by five people or more; or "
    "propose it: approvers, and the ledger, then see that you did."
)


@dataclass(frozen=True, slots=True)
class Previewed:
    """`allowed`: what of the impact may be shown. `about`: what is known of the apps and their owners."""

    assessed: Assessed
    allowed: Allowed
    about: dict[str, Rows]


def preview_policy(site: Site, by: str | None, data: bytes, file: str) -> Previewed | Refusal | tuple[Problem, ...]:
    """The impact of a policy file over the fleet as it stands. Remembers the file's scope, and nobody in it."""
    policy = read_policy(data, file)
    if not isinstance(policy, Policy):
        return policy

    def look(conn: Connection, watch: Watch) -> Looked | Refusal:
        return look_at(conn, site, policy, site.clock.now(), read_fleet(conn), watch)

    found = watched(site, by, policy, look)
    if isinstance(found, Refusal):
        return found
    (assessed, about), allowed = found
    return Refusal(Code.DIFFERENCING, NEAR) if allowed.too_near else Previewed(assessed, allowed, about)


def look_at(
    conn: Connection, site: Site, policy: Policy, at: Instant, fleet: "Fleet", watch: Watch
) -> Looked | Refusal:
    """What a policy would do to a fleet, with warnings that name whom they rest on; and what is known of its apps."""
    assessed = assess(conn, site, policy, at, fleet, watch)
    if isinstance(assessed, Refusal):
        return assessed
    shown = replace(assessed, warnings=naming(assessed.warnings, assessed.alone))
    return shown, about_data(conn, assessed.about)


def watched(
    site: Site, by: str | None, policy: Policy, look: Callable[[Connection, Watch], Answer | Refusal]
) -> tuple[Answer, Allowed] | Refusal:
    """What `look` found, and what of it may be answered: too few or too near, and none of its counts may, nor is it
    remembered; else it is."""
    while True:
        with looking(site) as conn:
            actor = looking_as(conn, site.clock.now(), by, AUTHOR, "approver", ADMIN)
            if isinstance(actor, Refusal):
                return actor
            watch = watching(conn, site, policy)
            found = look(conn, watch)
        if isinstance(found, Refusal):
            return found
        allowed = watch.answer()
        if allowed.withheld or answered(site, policy, watch):
            return found, allowed


def watching(conn: Connection, site: Site, policy: Policy) -> Watch:
    """What a policy's audience is held against: the scopes that were answered lately."""
    now = site.clock.now()
    mine = scoped(policy)
    before = [one for one in _remembered(conn, site, now) if one != mine]
    return Watch(policy, before, now, exceptions.waived(conn))


def _remembered(conn: Connection, site: Site, now: Instant) -> list[Scoped]:
    texts = previews.remembered(conn, now - site.settings.rails.previews_remembered)
    return [scope_from_data(json.loads(text)) for text in texts]


def answered(site: Site, policy: Policy, watch: Watch) -> bool:
    """Remember that this scope is answered. False if others were meanwhile, so that it has to be held against them."""
    with changing(site) as change:
        mine = scoped(policy)
        if not set(_remembered(change.conn, site, change.now)) <= {mine, *watch.before}:
            return False
        remember_scope(change, policy)
        return True


def remember_scope(change: Change, policy: Policy) -> None:
    text = canonical(scope_data(scoped(policy))).decode()
    previews.remember(change.conn, text, change.now, change.now - change.site.settings.rails.previews_remembered)
