"""Looks at people by name, as an auditor reads them: who looked, at what, how often, at how many, and what for."""

from typing import NamedTuple

from gatepost.actions.change import looking
from gatepost.actions.looks import looks
from gatepost.actions.looks_digest import told
from gatepost.actions.site import Site
from gatepost.actions.who import ADMIN, APPROVER, AUDITOR, lacks_role, looking_as
from gatepost.core.instant import DAY, Instant
from gatepost.core.refusal import Refusal

SPAN = 31 * DAY


class Looked(NamedTuple):
    """As the digest has it. `by`: a name, or a pseudonym once nobody knows whose; `policy`: "" where it was about none.
    `people`: how many different ones."""

    by: str
    what: str
    policy: str
    times: int
    people: int
    purposes: tuple[str, ...]


def looks_of_late(site: Site, by: str | None) -> tuple[Instant, list[Looked]] | Refusal:
    """Since when, and the looks since; at whom, this does not say. For auditors, administrators, and the roles that
    agree to what is looked for, who hear the same by mail once a month."""
    privacy = [f"{APPROVER}{role}" for role in site.settings.rails.activation_roles]
    with looking(site) as conn:
        actor = looking_as(conn, site.clock.now(), by)
        if isinstance(actor, Refusal):
            return actor
        if refusal := lacks_role(actor, AUDITOR, ADMIN, *privacy):
            return refusal
        since = max(0, site.clock.now() - SPAN)
        return since, [
            Looked(row["by"], row["what"], row["policy"], row["times"], row["people"], tuple(row["purposes"]))
            for row in told(conn, looks(conn, since))
        ]
