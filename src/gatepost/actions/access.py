"""Granting and taking away roles and keys. Nobody grants one to themselves."""

from dataclasses import dataclass

from gatepost.actions.change import Change, changing, looking, new_ref
from gatepost.actions.hold import recheck_quorums
from gatepost.actions.site import Site
from gatepost.actions.who import ADMIN, APPROVER, AUDITOR, ROLES, Actor, acting, looking_as
from gatepost.core.fleet.person import Kind, Person
from gatepost.core.ledger.events import KeyAdded, KeyRevoked, RoleGranted, RoleRevoked
from gatepost.core.refusal import Code, Refusal
from gatepost.signatures import ssh
from gatepost.storage import access, people, sitemeta


@dataclass(frozen=True, slots=True)
class Granted:
    """`new`: false if it was held already. `held`: policies that this took the quorum from."""

    person: str
    role: str
    new: bool = True
    held: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyRecorded:
    person: str
    fingerprint: str
    held: tuple[str, ...] = ()


def grant_role(site: Site, by: str | None, name: str, role: str) -> Granted | Refusal:
    """Give somebody a role. Somebody not known yet is taken in by mail address."""
    if role not in ROLES and not (role.startswith(APPROVER) and role != APPROVER):
        return Refusal(
            Code.ROLE_MISSING, f"There is no role {role}; the roles are {', '.join(ROLES)} and approver:NAME."
        )
    with changing(site) as change:
        actor = acting(change, by, ADMIN)
        if isinstance(actor, Refusal):
            return actor
        person = people.find(change.conn, name) or taken_in(change, name)
        if isinstance(person, Refusal):
            return person
        if person.ref == actor.ref:
            return Refusal(Code.SELF_GRANT, "Nobody grants a role to themselves; another administrator has to.")
        if any(grant.role == role for grant in access.grants(change.conn, person.ref)):
            return Granted(person.id, role, new=False)
        change.record(RoleGranted(person.ref, role))
        return Granted(person.id, role)


def is_address(email: str) -> bool:
    """Whether this can be somebody's mail address: something on both sides of an @, nothing that cannot be seen."""
    local, _, domain = email.partition("@")
    return bool(local and domain) and not any(letter.isspace() or not letter.isprintable() for letter in email)


def taken_in(change: Change, email: str) -> Person | Refusal:
    """A new person known by a mail address alone; an import fills in the rest."""
    if not is_address(email):
        return Refusal(Code.NO_SUCH_PERSON, f"Nobody here is known as {email!r}, and that is not a mail address.")
    settings = change.site.settings.site
    person = Person(
        ref=new_ref("p"),
        id=email,
        name=email.partition("@")[0],
        kind=Kind.EMPLOYEE,
        country="",
        time_zone=settings.default_time_zone,
        locale=settings.default_locale,
        emails=(email,),
        logins=(email.casefold(),),
        groups=frozenset(),
    )
    people.save(change.conn, [person])
    return person


def revoke_role(site: Site, by: str | None, name: str, role: str) -> Granted | Refusal:
    """Take a role away; policies on their way that lose their quorum are held at warn (I-14)."""
    with changing(site) as change:
        actor = acting(change, by, ADMIN)
        if isinstance(actor, Refusal):
            return actor
        person = people.find(change.conn, name)
        if person is None or not any(grant.role == role for grant in access.grants(change.conn, person.ref)):
            return Refusal(Code.ROLE_MISSING, f"{name} does not hold {role}; `role list` shows who holds what.")
        if role == ADMIN and len(access.holders(change.conn, ADMIN)) == 1:
            return Refusal(Code.LAST_ADMINISTRATOR, "The last administrator stays; grant admin to somebody else first.")
        change.record(RoleRevoked(person.ref, role))
        return Granted(person.id, role, new=False, held=recheck_quorums(change))


def list_roles(site: Site, by: str | None) -> list[dict[str, object]] | Refusal:
    with looking(site) as conn:
        actor = looking_as(conn, by, ADMIN, AUDITOR)
        if isinstance(actor, Refusal):
            return actor
        grants = access.grants(conn)
        names = people.load(conn, {grant.person for grant in grants} | {grant.granted_by for grant in grants})
        return [
            {
                "person": names[grant.person].id if grant.person in names else grant.person,
                "role": grant.role,
                "granted_by": names[grant.granted_by].id if grant.granted_by in names else grant.granted_by,
                "entry": grant.entry,
            }
            for grant in grants
        ]


def add_key(site: Site, by: str | None, name: str, public_key: str) -> KeyRecorded | Refusal:
    """Record somebody's public SSH key, with which they sign approvals."""
    try:
        line = ssh.parse_public_key(public_key)
    except ValueError as error:
        return Refusal(Code.KEY_UNKNOWN, f"That is not a public SSH key that can be used: {error}")
    with changing(site) as change:
        actor = acting(change, by, ADMIN)
        if isinstance(actor, Refusal):
            return actor
        person = people.find(change.conn, name)
        if person is None:
            return Refusal(Code.NO_SUCH_PERSON, f"Nobody here is known as {name}; import people first.")
        if person.ref == actor.ref:
            return Refusal(Code.SELF_GRANT, "Nobody records a key for themselves; another administrator has to.")
        fingerprint = ssh.fingerprint(line)
        if access.key(change.conn, fingerprint):
            return Refusal(Code.KEY_KNOWN, f"The key {fingerprint} is recorded already; `key list` shows for whom.")
        change.record(KeyAdded(person.ref, fingerprint, line))
        return KeyRecorded(person.id, fingerprint)


def revoke_key(site: Site, by: str | None, fingerprint: str) -> KeyRecorded | Refusal:
    with changing(site) as change:
        actor = acting(change, by, ADMIN)
        if isinstance(actor, Refusal):
            return actor
        key = access.key(change.conn, fingerprint)
        if key is None:
            return Refusal(Code.KEY_UNKNOWN, f"No key {fingerprint} is recorded; `key list` shows all.")
        change.record(KeyRevoked(key.person, fingerprint))
        owner = people.load(change.conn, [key.person]).get(key.person)
        return KeyRecorded(owner.id if owner else key.person, fingerprint, recheck_quorums(change))


def list_keys(site: Site, by: str | None) -> list[dict[str, object]] | Refusal:
    with looking(site) as conn:
        actor = looking_as(conn, by, ADMIN, AUDITOR)
        if isinstance(actor, Refusal):
            return actor
        keys = access.keys_of(conn)
        names = people.load(conn, {key.person for key in keys})
        return [
            {
                "person": names[key.person].id if key.person in names else key.person,
                "fingerprint": key.fingerprint,
                "public_key": key.public_key,
                "entry": key.entry,
            }
            for key in keys
        ]


def first_administrator(change: Change, email: str) -> Actor | Refusal:
    """The one person who gets a role from nobody: whoever makes the site names them."""
    person = taken_in(change, email)
    if isinstance(person, Refusal):
        return person
    change.record(RoleGranted(person.ref, ADMIN))
    sitemeta.put(change.conn, sitemeta.FIRST_ADMINISTRATOR, email)
    return Actor(person, frozenset({ADMIN}))
