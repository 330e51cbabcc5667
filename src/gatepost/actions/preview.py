"""Preview: whom a policy would hit. Writes nothing; a look at names is recorded."""

from dataclasses import dataclass

from gatepost.actions.assess import Assessed, assess
from gatepost.actions.basis import ahead
from gatepost.actions.change import changing, looking
from gatepost.actions.site import Site
from gatepost.actions.who import ADMIN, AUTHOR, acting, looking_as
from gatepost.core.ledger.events import NamesLooked
from gatepost.core.policy.policy import Policy
from gatepost.core.problem import Problem
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.canonical import digest
from gatepost.documents.policy_file import read_policy
from gatepost.storage import people


@dataclass(frozen=True, slots=True)
class Previewed:
    """`names`: of the people hit, only where they were asked for with a purpose."""

    assessed: Assessed
    names: tuple[str, ...] | None = None


def preview_policy(site: Site, by: str | None, data: bytes, file: str) -> Previewed | Refusal | tuple[Problem, ...]:
    """The impact of a policy file over the fleet as it stands."""
    policy = read_policy(data, file)
    if not isinstance(policy, Policy):
        return policy
    with looking(site) as conn:
        actor = looking_as(conn, by, AUTHOR, "approver", ADMIN)
        if isinstance(actor, Refusal):
            return actor
        assessed = assess(conn, site, policy, site.clock.now())
    return assessed if isinstance(assessed, Refusal) else Previewed(assessed)


def preview_names(
    site: Site, by: str | None, data: bytes, file: str, purpose: str
) -> Previewed | Refusal | tuple[Problem, ...]:
    """The same with the names of those hit; who looked, at whom and why is recorded in the ledger (I-34)."""
    policy = read_policy(data, file)
    if not isinstance(policy, Policy):
        return policy
    if not purpose.strip():
        return Refusal(Code.PURPOSE_MISSING, "Names are shown for a stated purpose only: add --purpose TEXT.")
    with looking(site) as conn:
        actor = looking_as(conn, by, AUTHOR, ADMIN)
        if isinstance(actor, Refusal):
            return actor
    assessed_in = ahead(site, lambda conn: assess(conn, site, policy, site.clock.now()))
    with changing(site) as change:
        actor = acting(change, by, AUTHOR, ADMIN)
        if isinstance(actor, Refusal):
            return actor
        assessed = assessed_in(change)
        if isinstance(assessed, Refusal):
            return assessed
        hit = sorted(assessed.impact.hit_people)
        change.record(NamesLooked(digest(data), tuple(hit), change.words(purpose)))
        named = people.load(change.conn, hit)
    names = tuple(
        sorted(f"{person.name} <{person.emails[0] if person.emails else person.id}>" for person in named.values())
    )
    return Previewed(assessed, names)
