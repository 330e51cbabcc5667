"""In which groups the provider says that somebody is, as its ID token has it."""

from collections.abc import Mapping
from typing import Any, Final

MOST: Final = 2000
"""More groups than this nobody is in whose provider tells us of those that concern us."""


class Unsaid(Exception):
    """Nobody can tell them from this token; the text says why."""


def groups(claims: Mapping[str, Any], claim: str) -> frozenset[str]:
    """The groups that this claim names: a list of names, or one name. None, where it does not stand there. Unsaid.

    A provider that leaves it out for its length says so: by `_claim_names` (OpenID Connect Core 1.0 section 5.6.2), or
    Entra ID by `hasgroups`. That is not to be in no group.
    """
    elsewhere = claims.get("_claim_names")
    if (isinstance(elsewhere, Mapping) and claim in elsewhere) or (claim == "groups" and claims.get("hasgroups")):
        raise Unsaid("says that you are in more groups than it names here")
    said = claims.get(claim)
    named = [] if said is None else [said] if isinstance(said, str) else said
    if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
        raise Unsaid("names your groups in a way that cannot be read")
    if len(named) > MOST:
        raise Unsaid(f"names more than {MOST:,} groups of yours")
    return frozenset(named)
