"""Signing in at the site's OpenID provider: by its word that somebody signed in there, in answer to this browser.

Nothing is written before the provider's word holds: whoever only begins, or comes back with something made up, makes
nobody wait who writes.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from gatepost.actions.change import changing, looking
from gatepost.actions.provider_roles import given_by, take_word
from gatepost.actions.sign_in import begin, closed, digest, official
from gatepost.actions.site import Site
from gatepost.actions.who import unacknowledged
from gatepost.clock import system_now
from gatepost.core.fleet.person import Person
from gatepost.core.instant import Instant
from gatepost.core.refusal import Code, Refusal
from gatepost.identity.id_token import Doubtful, Expected, Stated, read
from gatepost.identity.provider import Away, Denied, Provider
from gatepost.signatures import attempt
from gatepost.signatures.attempt import Attempt
from gatepost.storage import access, people, sessions

BACK = "sign-in/back"
"""The page to which the provider sends a browser."""


@dataclass(frozen=True, slots=True)
class Begun:
    """`address`: of the provider, where the browser goes. `kept`: what it keeps meanwhile."""

    address: str
    kept: str


def ask_provider(site: Site, provider: Provider, url: str, *, fresh: bool = False) -> Begun | Refusal:
    """Where somebody signs in. `url`: where our pages are. `fresh`: being signed in there already is not enough."""
    if refusal := closed(site):
        return refusal
    begun, kept = attempt.begin(site.link_key, system_now(), fresh=fresh)
    about = {
        "state": begun.state,
        "nonce": begun.nonce,
        "code_challenge": begun.challenge,
        "code_challenge_method": "S256",
    }
    # max_age makes it say when somebody signed in there (Core section 3.1.2.1), prompt makes it ask them.
    about |= {"max_age": "0", "prompt": "login"} if fresh else {}
    try:
        return Begun(provider.address(f"{url}/{BACK}", about), kept)
    except Away as error:
        return _away(error)


def sign_in_by_provider(
    site: Site, provider: Provider, url: str, kept: str, said: Mapping[str, str], before: str = ""
) -> str | Refusal:
    """Take the provider's word; the secret of a new session. `kept`: by the browser; `said`: the fields with which it
    came back. `before`: the secret of the session that it has, which ends."""
    found = attempt.opened(site.link_key, kept, system_now())
    if found is None or said.get("state") != found.state:
        return _refused("This sign-in was not begun in this browser, or more than ten minutes ago: begin again.")
    if said.get("iss", provider.client.issuer) != provider.client.issuer:  # RFC 9207
        return _refused("Another provider than ours sent you here.")
    if "code" not in said:
        return _refused(f"The provider did not sign you in: {_word(said.get('error', 'it does not say why'))}.")
    try:
        stated = _stated(provider, f"{url}/{BACK}", found, said["code"])
    except Away as error:
        return _away(error)
    except Denied as error:
        return _refused(f"The provider takes nothing back for this sign-in: {_word(str(error))}. Begin again.")
    except Doubtful as error:
        return _refused(f"The provider's answer proves nothing: {error}. Begin again, or ask an administrator.")
    return _begun(site, found, stated, before)


def _stated(provider: Provider, back: str, found: Attempt, code: str) -> Stated:
    """Away, Denied, Doubtful."""
    token = provider.redeem(code, found.verifier, back)
    since = found.begun_at if found.fresh else None
    return read(token, provider, Expected(found.nonce, system_now(), since))


def _begun(site: Site, found: Attempt, stated: Stated, before: str) -> str | Refusal:
    name = _name(stated.claims, site.settings.sign_in.claim)
    if isinstance(name, Refusal):
        return name
    given = given_by(site, stated.claims)
    if isinstance(given, Refusal):
        return given
    with looking(site) as conn:
        person = _somebody(site, conn, name, given)
    if isinstance(person, Refusal):
        return person
    with changing(site) as change:
        person = _somebody(site, change.conn, name, given)
        if isinstance(person, Refusal):
            return person
        if not sessions.use_up(change.conn, digest(found.secret), system_now()):
            return _refused("This sign-in was used already: begin again.")
        take_word(change, person.ref, given)
        actor = official(change.conn, change.now, ref=person.ref)
        if actor is None:
            return _no_role(site, name)
        return begin(change, actor, "provider", before, _proved_at(stated, change.now))


def _somebody(site: Site, conn: Connection, name: str, given: Collection[str]) -> Person | Refusal:
    """Whom the provider means, if they hold a role here, or get one by its word."""
    if refusal := unacknowledged(conn):
        return refusal
    person = people.find(conn, name)
    if person is None or not (person.working and person.emails and _names(name, person)):
        return _no_role(site, name)
    return person if given or access.roles_of(conn, site.clock.now(), person.ref) else _no_role(site, name)


def _no_role(site: Site, name: str) -> Refusal:
    groups = any(site.settings.sign_in.groups.values())
    return _refused(
        f"You signed in at the provider as {_word(name)}, and nobody of this name holds a role here: an"
        f" administrator grants one with `role grant`{', or has you put into a group there' if groups else ''}."
    )


def _names(name: str, person: Person) -> bool:
    """Whether this is somebody's name letter by letter, but for upper and lower case. People are found by more: "ß" as
    "ss", "ſ" as "s". At a provider, two who differ by that are two people."""
    return _lower(name) in {_lower(known) for known in (person.id, *person.emails, *person.logins)}


def _lower(name: str) -> str:
    """A letter outside ASCII never becomes one inside: the Kelvin sign is no k."""
    return "".join(sign.lower() if sign.isascii() or not sign.lower().isascii() else sign for sign in name)


def _name(claims: Mapping[str, object], claim: str) -> str | Refusal:
    """Whom the provider means."""
    value = claims.get(claim)
    if not isinstance(value, str) or not value:
        return _refused(f"The provider does not say your {claim}, by which we know people: tell an administrator.")
    if claim == "email" and claims.get("email_verified") is not True:
        return _refused("The provider does not say that your mail address is verified, so it could be anybody's.")
    return value


def _proved_at(stated: Stated, now: Instant) -> Instant | None:
    """By the site's clock, which in an exercise is another than the machine's."""
    if stated.signed_in_at is None:
        return None
    return now - max(system_now() - stated.signed_in_at, 0)


def _word(text: str) -> str:
    """What others say, so short and plain that it can stand in a sentence of ours."""
    return "".join(sign for sign in text[:100] if sign.isprintable())


def _away(error: Away) -> Refusal:
    return Refusal(
        Code.PROVIDER_AWAY,
        f"The provider at which people sign in cannot be used: {_word(str(error))}. Try again in a while; whoever has"
        " to stop a policy now does it by command.",
    )


def _refused(text: str) -> Refusal:
    return Refusal(Code.SIGN_IN_REFUSED, text)
