"""Granting and taking away roles and keys. Nobody grants one to themselves.

Where there are two administrators with a key, what a quorum can rest on waits for both (actions/confirm.py).
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection

from gatepost.actions.access_mail import tell_holders
from gatepost.actions.change import Change, changing, looking, new_ref
from gatepost.actions.hold import recheck_quorums
from gatepost.actions.site import Site
from gatepost.actions.who import ADMIN, APPROVER, AUDITOR, ROLES, Actor, acting, looking_as
from gatepost.core.change.two_administrators import Act, Asked, waits
from gatepost.core.fleet.person import Kind, Person
from gatepost.core.ledger.events import KeyAdded, KeyRevoked, RoleGranted, RoleRevoked
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.deadline import instant_text
from gatepost.signatures import ssh
from gatepost.storage import access, people, sitemeta

FINGERPRINT = "SHA256:"
"""How the name of a key begins."""


@dataclass(frozen=True, slots=True)
class Granted:
    """`new`: false if it was held, or waited, already. `held`: policies that this took the quorum from. `waits`: it
    does not count before two administrators have signed it. `signed_by`: those who have at once. `by_provider`: the
    provider gave what was taken, and gives it again when they sign in there, as long as its groups say so."""

    person: str
    role: str
    new: bool = True
    held: tuple[str, ...] = ()
    waits: bool = False
    signed_by: tuple[str, ...] = ()
    by_provider: bool = False


@dataclass(frozen=True, slots=True)
class KeyRecorded:
    """As of a role."""

    person: str
    fingerprint: str
    held: tuple[str, ...] = ()
    waits: bool = False
    signed_by: tuple[str, ...] = ()


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
        if refusal := _unfit(person, actor, "grants a role to"):
            return refusal
        if any(grant.role == role for grant in access.grants(change.conn, person.ref)):
            return Granted(person.id, role, new=False)
        asked = _ask(change, Act.ROLE_GRANTED, RoleGranted(person.ref, role), role)
        return Granted(person.id, role, asked.new, waits=asked.waits)


def _unfit(person: Person, actor: Actor, does: str) -> Refusal | None:
    if person.ref == actor.ref:
        return Refusal(Code.SELF_GRANT, f"Nobody {does} themselves; another administrator has to.")
    if not person.working:
        return Refusal(Code.PERSON_LEFT, f"{person.id} has left; import people first if they are back.")
    return None


@dataclass(frozen=True, slots=True)
class _Asked:
    new: bool
    waits: bool


def _ask(change: Change, act: Act, event: RoleGranted | RoleRevoked | KeyAdded | KeyRevoked, name: str) -> _Asked:
    """Record it, unless just this waits already and goes on waiting: signatures that were given for it stay good."""
    if _waiting(change.conn, act, event.person, name) and waits(
        act, event.person, name, access.administrators(change.conn), change.now
    ):
        return _Asked(new=False, waits=True)
    entry = change.record(event)
    waiting = _waiting(change.conn, act, event.person, name)
    tell_holders(change, entry, Asked(entry, act, event.person, name), waits=waiting)
    return _Asked(new=True, waits=waiting)


def _waiting(conn: Connection, act: Act, person: str, name: str) -> bool:
    return any((one.asked.act, one.asked.person, one.asked.name) == (act, person, name) for one in access.waiting(conn))


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
    """Take a role away, or what waits to be one; live policies that lose their quorum by it are held at warn (I-14)."""
    with changing(site) as change:
        actor = acting(change, by, ADMIN)
        if isinstance(actor, Refusal):
            return actor
        person = people.find(change.conn, name)
        held = access.held(change.conn, change.now, person.ref) if person else []
        grounds = {grant.granted_by for grant in held if grant.role == role}
        if person is None or not (grounds or _waiting(change.conn, Act.ROLE_GRANTED, person.ref, role)):
            return Refusal(Code.ROLE_MISSING, f"{name} does not hold {role}; `role list` shows who holds what.")
        if grounds and role == ADMIN and len(access.holders(change.conn, ADMIN)) == 1:
            return Refusal(Code.LAST_ADMINISTRATOR, "The last administrator stays; grant admin to somebody else first.")
        asked = _ask(change, Act.ROLE_REVOKED, RoleRevoked(person.ref, role), role)
        by_provider = access.PROVIDER in grounds
        return Granted(
            person.id, role, new=False, held=recheck_quorums(change), waits=asked.waits, by_provider=by_provider
        )


def list_roles(site: Site, by: str | None) -> list[dict[str, object]] | Refusal:
    """Who holds which role; then what waits. `waits`: "" for what counts, else what was asked (Act). `until`: of what
    the provider gave (`granted_by`: provider), when it ends unless they sign in there before; "" of any other."""
    with looking(site) as conn:
        actor = looking_as(conn, site.clock.now(), by, ADMIN, AUDITOR)
        if isinstance(actor, Refusal):
            return actor
        named = Named(conn)
        held: list[dict[str, object]] = [
            {
                "person": named.id(grant.person),
                "role": grant.role,
                "granted_by": named.id(grant.granted_by),
                "entry": grant.entry,
                "confirmed_by": [named.id(ref) for ref in grant.confirmed_by],
                "until": "" if grant.until is None else instant_text(grant.until),
                "waits": "",
            }
            for grant in access.held(conn, site.clock.now())
        ]
        waiting = _what_waits(conn, named, "role", (Act.ROLE_GRANTED, Act.ROLE_REVOKED))
        return held + [row | {"until": ""} for row in waiting]


class Named:
    """People's ids by pseudonym; the pseudonym itself of whom nobody knows any more. Few are asked for, each once."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._ids: dict[str, str] = {}

    def id(self, ref: str) -> str:
        if ref not in self._ids:
            person = people.load(self._conn, [ref]).get(ref)
            self._ids[ref] = person.id if person else ref
        return self._ids[ref]


def _what_waits(conn: Connection, named: Named, what: str, acts: Collection[Act]) -> list[dict[str, object]]:
    """What was asked, by whom, and who has signed it so far. `what`: under which the role or fingerprint stands."""
    return [
        {
            "person": named.id(one.asked.person),
            what: one.asked.name,
            "granted_by": named.id(one.asked_by),
            "entry": one.asked.entry,
            "confirmed_by": [named.id(yes.person) for yes in access.yeses(conn, one.asked.entry)],
            "waits": one.asked.act.value,
        }
        for one in access.waiting(conn)
        if one.asked.act in acts
    ]


def add_key(site: Site, by: str | None, name: str, public_key: str) -> KeyRecorded | Refusal:
    """Record somebody's public SSH key, or a passkey that they registered (by its fingerprint), with which they sign
    approvals."""
    line = _line(site, public_key.strip())
    if isinstance(line, Refusal):
        return line
    with changing(site) as change:
        actor = acting(change, by, ADMIN)
        if isinstance(actor, Refusal):
            return actor
        person = people.find(change.conn, name)
        if person is None:
            return Refusal(Code.NO_SUCH_PERSON, f"Nobody here is known as {name}; import people first.")
        if refusal := _unfit(person, actor, "records a key for"):
            return refusal
        fingerprint = ssh.fingerprint(line)
        if _belongs_to_another(change.conn, fingerprint, person.ref):
            return Refusal(Code.KEY_KNOWN, f"The key {fingerprint} is recorded already; `key list` shows for whom.")
        asked = _ask(change, Act.KEY_ADDED, KeyAdded(person.ref, fingerprint, line), fingerprint)
        return KeyRecorded(person.id, fingerprint, waits=asked.waits)


def _line(site: Site, given: str) -> str | Refusal:
    if given.startswith(FINGERPRINT):
        with looking(site) as conn:
            found = access.passkey(conn, fingerprint=given)
        if found is None:
            return Refusal(Code.KEY_UNKNOWN, f"Nobody has registered a passkey {given}: its owner does, by page.")
        return found.public_key
    try:
        return ssh.parse_public_key(given)
    except ValueError as error:
        return Refusal(Code.KEY_UNKNOWN, f"That is not a public SSH key that can be used: {error}")


def _belongs_to_another(conn: Connection, fingerprint: str, person: str) -> bool:
    """Whether a key is recorded, or waits to be for somebody else."""
    waiting = (one.asked for one in access.waiting(conn))
    others = any(asked.name == fingerprint and asked.person != person for asked in waiting)
    registered = access.passkey(conn, fingerprint=fingerprint)
    others = others or (registered is not None and registered.person != person)
    return others or access.key(conn, fingerprint) is not None


def revoke_key(site: Site, by: str | None, fingerprint: str) -> KeyRecorded | Refusal:
    """Take a key away, or what waits to be one."""
    with changing(site) as change:
        actor = acting(change, by, ADMIN)
        if isinstance(actor, Refusal):
            return actor
        key = access.key(change.conn, fingerprint)
        waiting = (one.asked.person for one in access.waiting(change.conn) if one.asked.name == fingerprint)
        owner = key.person if key else next(waiting, None)
        if owner is None:
            return Refusal(Code.KEY_UNKNOWN, f"No key {fingerprint} is recorded; `key list` shows all.")
        asked = _ask(change, Act.KEY_REVOKED, KeyRevoked(owner, fingerprint), fingerprint)
        return KeyRecorded(Named(change.conn).id(owner), fingerprint, recheck_quorums(change), asked.waits)


def list_keys(site: Site, by: str | None) -> list[dict[str, object]] | Refusal:
    """The keys; then what waits, as of roles."""
    with looking(site) as conn:
        actor = looking_as(conn, site.clock.now(), by, ADMIN, AUDITOR)
        if isinstance(actor, Refusal):
            return actor
        named = Named(conn)
        recorded: list[dict[str, object]] = [
            {
                "person": named.id(key.person),
                "fingerprint": key.fingerprint,
                "public_key": key.public_key,
                "granted_by": named.id(key.added_by),
                "entry": key.entry,
                "confirmed_by": [named.id(ref) for ref in key.confirmed_by],
                "waits": "",
            }
            for key in access.keys_of(conn)
        ]
        return recorded + _what_waits(conn, named, "fingerprint", (Act.KEY_ADDED, Act.KEY_REVOKED))


def first_administrator(change: Change, email: str) -> Actor | Refusal:
    """The one person who gets a role from nobody: whoever makes the site names them."""
    person = taken_in(change, email)
    if isinstance(person, Refusal):
        return person
    change.record(RoleGranted(person.ref, ADMIN))
    sitemeta.put(change.conn, sitemeta.FIRST_ADMINISTRATOR, email)
    return Actor(person, frozenset({ADMIN}))
