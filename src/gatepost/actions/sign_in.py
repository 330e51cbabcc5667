"""Signing in without a password: a link by mail, and the session that it begins.

A link's secret stands in its mail and nowhere else: it is made from the mail's id when the mail is written. Whoever
reads the mail alone gets nowhere, because the link signs in only the browser that asked for it.
"""

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import Connection

from gatepost.actions.change import Change, changing, looking
from gatepost.actions.outbox import compose, enqueue
from gatepost.actions.site import LINK_KEY_FILE, Site
from gatepost.actions.who import Actor, unacknowledged
from gatepost.clock import system_now
from gatepost.core.instant import MINUTE, Instant
from gatepost.core.ledger.session_events import SignedIn
from gatepost.core.notice.notice import NoticeKind
from gatepost.core.refusal import Code, Refusal
from gatepost.signatures.attempt import LASTS
from gatepost.signatures.link import secret as link_secret
from gatepost.storage import access, people, sessions
from gatepost.storage.sessions import Ask, Session

LINK_LASTS = 10 * MINUTE

MOST_FOR_ONE = 3
"""Links to one person within the time that a link lasts: enough for a slow mailbox, too few to fill it."""

MOST_FOR_ALL = 60
"""The same for everybody together: whoever knows all the addresses cannot use up the mail provider's limits."""

NOTED_EVERY = MINUTE
"""How often it is written down that a session is in use."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is signed in. `token`: a new secret for the browser to keep, "" if it keeps the one it has. `proved_at`: as
    of Session."""

    actor: Actor
    token: str = ""
    proved_at: Instant | None = None


def new_secret() -> str:
    """256 bits, in letters that a cookie and an address take."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is kept of a secret. It is random, so nobody finds it by trying and it needs no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()


def ask(site: Site, url: str, address: str, browser: str) -> bool:
    """Send a link to somebody who has a role, good in the browser that holds the secret `browser`. Whether it was sent,
    which is nothing to tell whoever asked. `url`: where the pages are."""
    if not site.link_key:
        return False
    # Looked at first: nobody without a name here, and nobody too often, makes those wait who write.
    with looking(site) as conn:
        if _may_ask(conn, address, site.clock.now()) is None:
            return False
    with changing(site) as change:
        actor = _may_ask(change.conn, address, change.now)
        if actor is None:
            return False
        facts = {"link": f"{url}/sign-in", "until": change.now + LINK_LASTS}
        step = secrets.token_hex(8)
        mail = compose(change, "", 0, NoticeKind.SIGN_IN, actor.ref, step=step, facts=facts)
        token = link_secret(site.link_key, mail.id)
        sessions.add_ask(change.conn, Ask(digest(token), digest(browser), actor.ref, change.now))
        enqueue(change, [mail])
        return True


def _may_ask(conn: Connection, address: str, now: Instant) -> Actor | None:
    """Whose address this is, if a link may go there now. A restored site sends none, and lets nobody in."""
    actor, since = official(conn, now, name=address), now - LINK_LASTS
    if actor is None or unacknowledged(conn) or sessions.asked(conn, since) >= MOST_FOR_ALL:
        return None
    return actor if sessions.asked(conn, since, actor.ref) < MOST_FOR_ONE else None


def closed(site: Site) -> Refusal | None:
    """Why nobody can sign in."""
    if not site.link_key:
        return Refusal(
            Code.SITE_OUTDATED, f"{LINK_KEY_FILE} is missing: `gatepost upgrade` makes one; start again then."
        )
    with looking(site) as conn:
        return unacknowledged(conn)


def is_good(site: Site, token: str, browser: str) -> bool:
    """Whether a link would sign in this browser now. Changes nothing: programs that scan mail follow links."""
    with looking(site) as conn:
        return sessions.find_ask(conn, digest(token), digest(browser), site.clock.now() - LINK_LASTS) is not None


def sign_in(site: Site, token: str, browser: str, before: str = "") -> str | Refusal:
    """Use a link up; the secret of a new session. `before`: that of the session which the browser has, which ends."""
    # Looked at first: whoever tries links must neither make those wait who write, nor learn by waiting who does.
    if not is_good(site, token, browser):
        return _over()
    with changing(site) as change:
        found = sessions.find_ask(change.conn, digest(token), digest(browser), change.now - LINK_LASTS)
        actor = official(change.conn, change.now, ref=found.person) if found else None
        if actor is None or unacknowledged(change.conn):
            return _over()
        sessions.forget_asks(change.conn, actor.ref)
        return begin(change, actor, "mail", before, change.now)


def _over() -> Refusal:
    return Refusal(
        Code.LINK_OVER,
        "This link does not sign in here. A link works for ten minutes, once, and only in the browser that asked for"
        " it: ask for another.",
    )


def begin(change: Change, actor: Actor, way: str, before: str, proved_at: Instant | None) -> str:
    """Somebody is signed in from here on, in this way; the secret of the session. `before`: that of the session which
    the browser has, which ends. `proved_at`: as of Session."""
    sessions.end(change.conn, digest(before))
    change.by = actor.ref
    change.record(SignedIn(way))
    token = new_secret()
    sessions.begin(change.conn, Session(digest(token), actor.ref, actor.roles, change.now, change.now, proved_at))
    return token


def visit(site: Site, token: str) -> Visitor | None:
    """Whose session this is, if it has not ended; its secret is another once the roles are others."""
    with looking(site) as conn:
        session, now = sessions.find(conn, digest(token)), site.clock.now()
        actor = _going_on(site, conn, session, now)
    if session is None or actor is None:
        return None
    if actor.roles == session.roles and now - session.used_at < NOTED_EVERY:
        return Visitor(actor, "", session.proved_at)
    return _renewed(site, token)


def _renewed(site: Site, token: str) -> Visitor | None:
    with changing(site) as change:
        session = sessions.find(change.conn, digest(token))
        actor = _going_on(site, change.conn, session, change.now)
        if session is None or actor is None:
            return None
        other = new_secret() if actor.roles != session.roles else ""
        now = session._replace(digest=digest(other or token), roles=actor.roles, used_at=change.now)
        sessions.renew(change.conn, session.digest, now)
        return Visitor(actor, other, session.proved_at)


def _going_on(site: Site, conn: Connection, session: Session | None, now: Instant) -> Actor | None:
    """Whose session it is, if it has not ended. A restored site has none: it knows not who lost their roles since."""
    if session is None or unacknowledged(conn) or not _lasts(site, session, now):
        return None
    return official(conn, now, ref=session.person)


def stale(site: Site, visitor: Visitor) -> Refusal | None:
    """Why what they want to do waits until they have signed in again."""
    at, now = visitor.proved_at, site.clock.now()
    if at is not None and 0 <= now - at < site.settings.web.fresh_for:
        return None
    return Refusal(Code.SIGN_IN_AGAIN, "You signed in too long ago for this. Sign in again, then come back here.")


def sign_out(site: Site, token: str) -> None:
    """The session of this secret is over. One that is none takes nobody's time."""
    with looking(site) as conn:
        if sessions.find(conn, digest(token)) is None:
            return
    with changing(site) as change:
        sessions.end(change.conn, digest(token))


def forget_over(site: Site, conn: Connection, now: Instant) -> None:
    """Erase links and sessions whose time is over."""
    web = site.settings.web
    sessions.forget_used(conn, system_now() - LASTS)
    sessions.forget(conn, now - LINK_LASTS, now - web.session_idle, now - web.session_longest)


def _lasts(site: Site, session: Session, now: Instant) -> bool:
    """An exercise's clock may have been put back: what was in the future then has ended too."""
    web = site.settings.web
    return 0 <= now - session.used_at < web.session_idle and 0 <= now - session.begun_at < web.session_longest


def official(conn: Connection, now: Instant, *, name: str = "", ref: str = "") -> Actor | None:
    """Somebody who works here, has an address and holds a role at this instant."""
    person = people.load(conn, [ref]).get(ref) if ref else people.find(conn, name)
    if person is None or not person.working or not person.emails:
        return None
    roles = access.roles_of(conn, now, person.ref)
    return Actor(person, roles) if roles else None
