"""Roles by the word of the site's provider: what its groups give, until somebody has to sign in there again.

Never what a quorum rests on. So nothing that was approved depends on it, and no quorum has to be checked when it ends.
"""

from collections.abc import Mapping

from gatepost.actions.change import Change
from gatepost.actions.site import Site
from gatepost.core.ledger.access_events import RolesByProvider
from gatepost.core.refusal import Code, Refusal
from gatepost.identity.groups import Unsaid, groups
from gatepost.storage import access


def given_by(site: Site, claims: Mapping[str, object]) -> frozenset[str] | Refusal:
    """The roles that somebody's groups at the provider give, by the settings."""
    at = site.settings.sign_in
    if not any(at.groups.values()):
        return frozenset()
    try:
        theirs = groups(claims, at.groups_claim)
    except Unsaid as error:
        return Refusal(
            Code.SIGN_IN_REFUSED,
            f"The provider {error}, so nobody can tell your roles. You were not signed in, and none of your roles was"
            " changed. Ask an administrator to have it list only groups that give a role, in its claim"
            f" {at.groups_claim}.",
        )
    return frozenset(role for role, giving in at.groups.items() if not theirs.isdisjoint(giving))


def take_word(change: Change, person: str, given: frozenset[str]) -> None:
    """They hold these by the provider's word from now on, and none of those that it gave before."""
    if given or access.provider_grants(change.conn, person):
        until = change.now + change.site.settings.sign_in.roles_last
        change.record(RolesByProvider(person, tuple(sorted(given)), until))
