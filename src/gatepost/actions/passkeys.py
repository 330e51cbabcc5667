"""Passkeys: registering one, removing it, signing in with it, and the signature that it makes under a yes.

Whoever registers one needs nobody else for it: it signs in as them and no more. Their yes it carries once
administrators have added it as a key (actions/access.py), under all the laws of keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from gatepost.actions.access_mail import PASSKEY_REGISTERED, PASSKEY_REMOVED, tell_passkey
from gatepost.actions.change import changing, looking
from gatepost.actions.sign_in import Visitor, begin, closed, digest, official, stale
from gatepost.actions.site import Site
from gatepost.actions.who import ADMIN, Actor, acting, unacknowledged
from gatepost.clock import system_now
from gatepost.core.instant import Instant
from gatepost.core.ledger.access_events import PasskeyRegistered, PasskeyRemoved
from gatepost.core.refusal import Code, Refusal
from gatepost.signatures import attempt, passkey, ssh
from gatepost.signatures.attempt import Attempt
from gatepost.signatures.base64url import b64
from gatepost.signatures.passkey import Bound, Registered
from gatepost.storage import access, sessions

MOST = 10
"""Passkeys of one person."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a browser is asked, in base64url, and how it is kept meanwhile, sealed, in the form."""

    challenge: str
    kept: str


@dataclass(frozen=True, slots=True)
class Owned:
    """`signs`: it is one of the person's keys, so that their yes can rest on it. `waits`: it was added as one, and
    does not count yet."""

    credential: str
    fingerprint: str
    registered_at: Instant
    signs: bool
    waits: bool


def challenge(site: Site) -> Challenge | Refusal:
    """Writes nothing: anybody can ask."""
    if refusal := closed(site):
        return refusal
    begun, kept = attempt.begin(site.link_key, system_now(), fresh=True)
    return Challenge(b64(begun.for_passkey), kept)


def passkeys_of(site: Site, person: str) -> tuple[Owned, ...]:
    """Somebody's (by pseudonym)."""
    with looking(site) as conn:
        keys = {key.fingerprint for key in access.keys_of(conn, person)}
        waiting = {one.asked.name for one in access.waiting(conn)}
        return tuple(
            Owned(
                one.credential, one.fingerprint, one.registered_at, one.fingerprint in keys, one.fingerprint in waiting
            )
            for one in access.passkeys_of(conn, person)
        )


def register(site: Site, visitor: Visitor, bound: Bound, fields: Mapping[str, str]) -> str | Refusal:
    """Whoever is signed in has this passkey from now on; its fingerprint. `fields`: of the form, with what the browser
    says. All who hold a role are told, as of a key."""
    if refusal := stale(site, visitor):
        return refusal
    made = _made(site, bound, fields)
    if isinstance(made, Refusal):
        return made
    found, registered = made
    fingerprint = ssh.fingerprint(registered.public_key)
    with changing(site) as change:
        actor = acting(change, visitor.actor.person.id)
        if isinstance(actor, Refusal):
            return actor
        if refusal := _unfit(change.conn, actor, registered, fingerprint):
            return refusal
        if not sessions.use_up(change.conn, digest(found.secret), system_now()):
            return _over()
        entry = change.record(PasskeyRegistered(registered.credential, fingerprint, registered.public_key))
        tell_passkey(change, entry, actor.ref, PASSKEY_REGISTERED, fingerprint)
        return fingerprint


def _made(site: Site, bound: Bound, fields: Mapping[str, str]) -> tuple[Attempt, Registered] | Refusal:
    found = attempt.opened(site.link_key, fields.get("kept", ""), system_now())
    if found is None:
        return _over()
    try:
        said = [passkey.unb64(fields.get(name, "")) for name in ("client_data", "authenticator_data")]
        return found, passkey.registered(said[0], said[1], found.for_passkey, bound)
    except ValueError as error:
        return Refusal(Code.PASSKEY_UNFIT, f"This passkey cannot be taken: {error}. Try another authenticator.")


def _unfit(conn: Connection, actor: Actor, registered: Registered, fingerprint: str) -> Refusal | None:
    if access.passkey(conn, credential=registered.credential) or access.passkey(conn, fingerprint=fingerprint):
        return Refusal(Code.KEY_KNOWN, "This passkey is registered already.")
    if len(access.passkeys_of(conn, actor.ref)) >= MOST:
        return Refusal(Code.PASSKEY_UNFIT, f"Nobody has more than {MOST} passkeys: remove one first.")
    return None


def remove(site: Site, by: str | None, fingerprint: str, stays: str = "") -> str | Refusal:
    """It signs in nobody any more: by its owner, or an administrator. As a key it stays until `key revoke`.

    Its owner's sessions end: it may have begun any of them. `stays`: the secret of the one that does not.
    """
    with changing(site) as change:
        actor = acting(change, by)
        if isinstance(actor, Refusal):
            return actor
        found = access.passkey(change.conn, fingerprint=fingerprint)
        if found is None or (found.person != actor.ref and not actor.has(ADMIN)):
            return Refusal(Code.KEY_UNKNOWN, f"You have no passkey {fingerprint}.")
        entry = change.record(PasskeyRemoved(found.person, fingerprint))
        sessions.end_others(change.conn, found.person, digest(stays))
        tell_passkey(change, entry, found.person, PASSKEY_REMOVED, fingerprint)
        return fingerprint


def sign_in_by_passkey(site: Site, bound: Bound, fields: Mapping[str, str], before: str = "") -> str | Refusal:
    """The secret of a new session. `before`: that of the session which the browser has, which ends."""
    found = attempt.opened(site.link_key, fields.get("kept", ""), system_now())
    if found is None:
        return _over()
    # Looked at first: whoever makes something up makes nobody wait who writes.
    with looking(site) as conn:
        owner = _owner(conn, site.clock.now(), found, bound, fields)
    if isinstance(owner, Refusal):
        return owner
    with changing(site) as change:
        owner = _owner(change.conn, change.now, found, bound, fields)
        if isinstance(owner, Refusal):
            return owner
        if not sessions.use_up(change.conn, digest(found.secret), system_now()):
            return _over()
        return begin(change, owner, "passkey", before, change.now)


def _owner(conn: Connection, now: Instant, found: Attempt, bound: Bound, fields: Mapping[str, str]) -> Actor | Refusal:
    """Who has shown, with a passkey of theirs, who they are."""
    if refusal := unacknowledged(conn):
        return refusal
    known = access.passkey(conn, credential=fields.get("credential", ""))
    if known is None or not passkey.asserts(known.public_key, fields, found.for_passkey, bound):
        return Refusal(Code.SIGN_IN_REFUSED, "This passkey signs in nobody here: it is not registered, or was removed.")
    owner = official(conn, now, ref=known.person)
    return owner or Refusal(
        Code.SIGN_IN_REFUSED,
        "Whose passkey this is holds no role here any more. One by the provider counts again once you sign in there.",
    )


def signature_of(site: Site, actor: Actor, message: str, bound: Bound, fields: Mapping[str, str]) -> str | Refusal:
    """The signature over a message that the actor's passkey made, armoured: whether it is a key of theirs, the verb
    asks."""
    with looking(site) as conn:
        known = access.passkey(conn, credential=fields.get("credential", ""))
    if known is not None and known.person == actor.ref:
        made = passkey.signed_by(known.public_key, fields, message, bound)
        if made:
            return made
    return Refusal(
        Code.SIGNATURE_INVALID, "That was no touch of a passkey of yours, for what stands here now: look and try again."
    )


def _over() -> Refusal:
    return Refusal(Code.SIGN_IN_REFUSED, "This page is older than ten minutes, or was used already: begin again.")
