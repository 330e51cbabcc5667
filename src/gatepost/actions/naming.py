"""Which apps a policy names: as the catalogue stands, as they were approved, and what lies between the two."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection

from gatepost.actions.live import proposal_of
from gatepost.actions.lookup import unknown_apps
from gatepost.core.change.proposal import NamedApp
from gatepost.core.change.stage import LIVE, PENDING
from gatepost.core.fleet.app import App, AppList
from gatepost.core.policy.named import named_by
from gatepost.core.policy.policy import Policy
from gatepost.core.refusal import Code, Refusal
from gatepost.storage import catalogue, policies


def resolve(conn: Connection, policy: Policy) -> tuple[NamedApp, ...] | Refusal:
    """The policy's apps as the catalogue stands, each once and in order, with what brought it in."""
    apps, lists = catalogue.apps(conn), catalogue.lists(conn)
    for name in policy.lists:
        if name not in lists:
            return Refusal(
                Code.NO_SUCH_LIST, f"There is no list {name} in the catalogue; `apps list` shows what there is."
            )
    named = named_by(policy, apps, lists)
    if refusal := unknown_apps(named, apps):
        return refusal
    for country in policy.publisher_countries:
        if not any(app.publisher_country == country for app in apps.values()):
            return Refusal(Code.NO_SUCH_APP, f"Of no app in the catalogue is the publisher known to be in {country}.")
    return frozen(named, apps)


def frozen(named: Mapping[str, str], apps: Mapping[str, App]) -> tuple[NamedApp, ...]:
    """These apps with the identifiers that they have now. `named`: by id, what brought each in."""
    return tuple(
        NamedApp(
            app.id,
            app.name,
            app.publisher,
            by,
            {platform.value: names for platform, names in sorted(app.identifiers.items())},
        )
        for name, by in named.items()
        for app in [apps[name]]
    )


class Differing(NamedTuple):
    """Apps of the catalogue as it stands against those that were approved. `other`: have other identifiers now."""

    added: tuple[NamedApp, ...]
    gone: tuple[NamedApp, ...]
    other: tuple[NamedApp, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        return (
            *(f"{app.id} would come in ({app.by})" for app in self.added),
            *(f"{app.id} would fall out ({app.by})" for app in self.gone),
            *(f"{app.id} has other identifiers" for app in self.other),
        )


def differing(approved: Iterable[NamedApp], now: Iterable[NamedApp]) -> Differing:
    before, after = {app.id: app for app in approved}, {app.id: app for app in now}
    return Differing(
        added=tuple(app for name, app in after.items() if name not in before),
        gone=tuple(app for name, app in before.items() if name not in after),
        other=tuple(app for name, app in after.items() if name in before and before[name].spellings != app.spellings),
    )


@dataclass(frozen=True, slots=True)
class Concerned:
    """A policy that is proposed, approved or live, and what a change of the catalogue would change in it. Nothing of
    it comes into the revision that was proposed: what approvers saw stays."""

    policy: str
    revision: int
    stage: str
    changes: tuple[str, ...]


def drifts(conn: Connection, apps: Mapping[str, App], lists: Mapping[str, AppList]) -> dict[tuple[str, int], Concerned]:
    """Every revision that is not over and whose apps would be others by this catalogue."""
    found = {}
    for revision in policies.in_stages(conn, *PENDING, *LIVE):
        proposal = proposal_of(conn, revision)
        named = {name: by for name, by in named_by(proposal.policy, apps, lists).items() if name in apps}
        changes = differing(proposal.apps, frozen(named, apps)).sentences
        if changes:
            key = (revision.policy, revision.revision)
            found[key] = Concerned(revision.policy, revision.revision, revision.stage.value, changes)
    return found
