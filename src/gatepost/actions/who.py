"""Who acts, and whether they may."""

from dataclasses import dataclass

from sqlalchemy import Connection

from gatepost.actions.change import Change
from gatepost.core.change.two_administrators import ADMIN as ADMIN
from gatepost.core.change.two_administrators import APPROVER as APPROVER
from gatepost.core.fleet.person import Person
from gatepost.core.instant import Instant
from gatepost.core.refusal import Code, Refusal
from gatepost.storage import access, people, sitemeta

AUTHOR = "author"
OPERATOR = "operator"
HELPDESK = "helpdesk"
AUDITOR = "auditor"

MAY_ANNOUNCE = (AUTHOR, OPERATOR)
"""Who may have people told of a policy."""

MAY_RETRACT = (AUTHOR, "approver", OPERATOR)
MAY_PAUSE = (OPERATOR, "approver")
"""Who may stop a policy for good, and for a while."""

ROLES = (ADMIN, AUTHOR, OPERATOR, HELPDESK, AUDITOR)
"""The roles besides approver:NAME."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts, with the roles held now."""

    person: Person
    roles: frozenset[str]

    @property
    def ref(self) -> str:
        return self.person.ref

    def has(self, role: str) -> bool:
        """Whether the role is held. An administrator may do everything but approve; "approver" means any."""
        if role == "approver":
            return any(held.startswith(APPROVER) for held in self.roles)
        return role in self.roles or (ADMIN in self.roles and not role.startswith(APPROVER))


def find_actor(conn: Connection, now: Instant, name: str | None) -> Actor | Refusal:
    """The person named by `--as`, else the first administrator, with the roles that count at this instant."""
    named = name or sitemeta.get(conn, sitemeta.FIRST_ADMINISTRATOR)
    person = people.find(conn, named)
    if person is None:
        return Refusal(Code.NO_SUCH_PERSON, f"Nobody here is known as {named}; import people, or correct --as.")
    if not person.working:
        return Refusal(Code.PERSON_LEFT, f"{named} has left and cannot act.")
    return Actor(person, access.roles_of(conn, now, person.ref))


def acting(change: Change, name: str | None, *roles: str, restored: bool = False) -> Actor | Refusal:
    """The actor, who holds one of these roles; the change is theirs from here on.

    A restored site acts for nobody until its newest outside checkpoint was acknowledged (`restored`: allowed even so).
    """
    if not restored and (refusal := unacknowledged(change.conn)):
        return refusal
    actor = looking_as(change.conn, change.now, name, *roles)
    if isinstance(actor, Actor):
        change.by = actor.ref
    return actor


def unacknowledged(conn: Connection) -> Refusal | None:
    """Why a restored site acts for nobody yet."""
    if not sitemeta.get(conn, sitemeta.UNACKNOWLEDGED):
        return None
    return Refusal(
        Code.SITE_NOT_ACKNOWLEDGED,
        "This site was restored from a backup. Show the newest checkpoint known outside (it stands in every "
        "approval mail) with `gatepost acknowledge FILE` before anything else.",
    )


def looking_as(conn: Connection, now: Instant, name: str | None, *roles: str) -> Actor | Refusal:
    """The actor, who holds one of these roles (any role will do if none is named)."""
    actor = find_actor(conn, now, name)
    if isinstance(actor, Refusal) or not roles:
        return actor
    return lacks_role(actor, *roles) or actor


def lacks_role(actor: Actor, *roles: str) -> Refusal | None:
    """Why the actor may not: holds none of these."""
    if any(actor.has(role) for role in roles):
        return None
    return Refusal(
        Code.ROLE_MISSING,
        f"{actor.person.id} holds none of the roles {', '.join(roles)}; an administrator grants one with `role grant`.",
    )
