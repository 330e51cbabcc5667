"""Tokens: a program that shows one acts for a person at the API, within scopes, until a date."""

import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from gatepost.actions.change import changing, looking
from gatepost.actions.site import Site
from gatepost.actions.who import ADMIN, AUDITOR, acting, find_actor, lacks_role, looking_as, unacknowledged
from gatepost.core.instant import DAY, Instant
from gatepost.core.ledger.token_events import TokenAdded, TokenRevoked
from gatepost.core.refusal import Code, Refusal
from gatepost.core.token import LONGEST, Scope
from gatepost.documents.deadline import instant_text
from gatepost.storage import people, tokens
from gatepost.storage.tokens import Token

PREFIX: Final = "gatepost"
"""Before every token, so that programs that look for secrets in the wrong place know one."""


@dataclass(frozen=True, slots=True)
class NewToken:
    """`secret` is shown this once: the whole of what a program shows."""

    token: str
    person: str
    scopes: tuple[Scope, ...]
    until: Instant
    secret: str


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whoever shows a good token. `person`: by id."""

    token: str
    person: str
    scopes: frozenset[Scope]


def add_token(site: Site, by: str | None, person: str, scopes: Collection[Scope], until: Instant) -> NewToken | Refusal:
    """Make a token for oneself, or as an administrator for somebody else; `person`: "" for oneself.

    It lets nobody do what that person's roles do not, and an approval needs their signature all the same.
    """
    with changing(site) as change:
        actor = acting(change, by)
        if isinstance(actor, Refusal):
            return actor
        owner = find_actor(change.conn, change.now, person) if person else actor
        if isinstance(owner, Refusal):
            return owner
        if owner.ref != actor.ref and (refusal := lacks_role(actor, ADMIN)):
            return refusal
        if not change.now < until <= change.now + LONGEST:
            text = f"A token ends after now, and within {LONGEST // DAY} days; {instant_text(until)} is not."
            return Refusal(Code.UNTIL_INVALID, text)
        name, secret = secrets.token_hex(6), secrets.token_hex(32)
        token = Token(name, owner.ref, frozenset(scopes), until, change.now)
        tokens.add(change.conn, token, _digest(secret))
        change.record(TokenAdded(name, owner.ref, tuple(sorted(token.scopes)), until))
        return NewToken(name, owner.person.id, tuple(sorted(token.scopes)), until, f"{PREFIX}_{name}_{secret}")


def _digest(secret: str) -> bytes:
    """Of 256 random bits: nobody finds them by trying, so that no salt and no slow hash are needed."""
    return hashlib.sha256(secret.encode()).digest()


def list_tokens(site: Site, by: str | None) -> list[dict[str, object]] | Refusal:
    """Everybody's, for administrators and auditors; else one's own. Never a secret."""
    with looking(site) as conn:
        actor = looking_as(conn, site.clock.now(), by)
        if isinstance(actor, Refusal):
            return actor
        found = tokens.every(conn, actor.ref if lacks_role(actor, ADMIN, AUDITOR) else None)
        names = people.load(conn, {token.person for token in found})
        now = site.clock.now()
        return [
            {
                "token": token.token,
                "person": names[token.person].id if token.person in names else token.person,
                "scopes": sorted(token.scopes),
                "until": instant_text(token.until),
                "over": token.until <= now,
                "added_at": instant_text(token.added_at),
            }
            for token in found
        ]


def revoke_token(site: Site, by: str | None, name: str) -> dict[str, object] | Refusal:
    """From now on nobody acts by it. By whose it is, or by an administrator."""
    with changing(site) as change:
        actor = acting(change, by)
        if isinstance(actor, Refusal):
            return actor
        found = tokens.find(change.conn, name)
        if found is None or (found[0].person != actor.ref and not actor.has(ADMIN)):
            return Refusal(Code.NO_SUCH_TOKEN, f"There is no token {name} that you may revoke; `token list` shows all.")
        change.record(TokenRevoked(name, found[0].person))
        tokens.remove(change.conn, name)
        return {"token": name, "revoked": True}


def bearer(site: Site, shown: str, scope: Scope) -> Bearer | Refusal:
    """Whoever shows this token, if it may be used for something of this scope now.

    A restored site answers nobody until it was acknowledged: it may not know which tokens were revoked.
    """
    name, secret = _parts(shown)
    with looking(site) as conn:
        found = tokens.find(conn, name)
        digest = found[1] if found else b""
        if not hmac.compare_digest(_digest(secret), digest) or found is None or found[0].until <= site.clock.now():
            text = "This token is none of this site's, or it has expired, or was revoked: `gatepost token add`."
            return Refusal(Code.TOKEN_INVALID, text)
        if refusal := unacknowledged(conn):
            return refusal
        token = found[0]
        owner = people.load(conn, [token.person])[token.person]
        actor = find_actor(conn, site.clock.now(), owner.id)
        if isinstance(actor, Refusal):
            return actor
        if not actor.roles:
            return Refusal(Code.ROLE_MISSING, f"{owner.id} holds no role any more, so a program may not act for them.")
        if scope not in token.scopes:
            text = f"This token is for {', '.join(sorted(token.scopes))}; this needs one for {scope}."
            return Refusal(Code.SCOPE_MISSING, text)
        return Bearer(name, owner.id, token.scopes)


def _parts(shown: str) -> tuple[str, str]:
    """A token's name and its secret; both "" of what is none."""
    prefix, _, rest = shown.partition("_")
    name, _, secret = rest.partition("_")
    return (name, secret) if prefix == PREFIX and secret.isascii() else ("", "")
