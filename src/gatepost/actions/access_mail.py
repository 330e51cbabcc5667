"""Everybody who holds a role is told of each role and key that decisions can rest on: who gave or took it."""

from dataclasses import asdict

from gatepost.actions.change import Change
from gatepost.actions.outbox import compose, enqueue
from gatepost.actions.who import ADMIN
from gatepost.core.change.two_administrators import LEFT_AFTER, Act, Asked, weighs
from gatepost.core.notice.notice import NoticeKind
from gatepost.notify.facts import AccessFacts
from gatepost.storage import access, people

LEFT = "administrator_left"
PASSKEY_REGISTERED, PASSKEY_REMOVED = "passkey_registered", "passkey_removed"
"""What is told besides acts."""


def tell_holders(change: Change, entry: int, asked: Asked, *, waits: bool, confirmed_by: tuple[str, ...] = ()) -> None:
    """If a quorum can rest on it; once when it is asked, and once when it comes to count: by this entry.

    `confirmed_by`: pseudonyms.
    """
    granted = Act.ROLE_GRANTED if asked.act is Act.ROLE_REVOKED else asked.act
    if not weighs(granted, asked.name, of_administrator=True):
        return
    known = people.load(change.conn, {*confirmed_by, asked.person})
    names = tuple(known[ref].name for ref in confirmed_by if ref in known)
    _tell(change, entry, asked.person, AccessFacts(asked.act.value, "", asked.name, names, waits), {})


def tell_left(change: Change, entry: int, person: str) -> None:
    """An administrator is no longer among the people; they are told too."""
    _tell(change, entry, person, AccessFacts(LEFT, "", ADMIN), {"until": change.now + LEFT_AFTER})


def tell_passkey(change: Change, entry: int, person: str, act: str, fingerprint: str) -> None:
    """Somebody signs in with a passkey from now on, or does not any more; first of all its owner is told."""
    _tell(change, entry, person, AccessFacts(act, "", fingerprint), {})


def _tell(change: Change, entry: int, person: str, told: AccessFacts, more: dict[str, object]) -> None:
    """An exercise tells nobody: who holds a role there holds it in play."""
    if change.site.exercise:
        return
    holders = {grant.person for grant in access.held(change.conn, change.now)}
    known = people.load(change.conn, {*holders, person, change.by})
    whose, by = known[person], known.get(change.by)
    facts: dict[str, object] = {
        "by": by.name if by else change.by,
        "at": change.now,
        "about": told.name,
        "access": asdict(told) | {"person": f"{whose.name} ({whose.id})"},
        **more,
    }
    enqueue(
        change,
        (
            compose(change, "", 0, NoticeKind.ACCESS, one.ref, step=str(entry), facts=facts)
            for one in known.values()
            if one.emails and (one.ref == person or (one.working and one.ref in holders))
        ),
    )
