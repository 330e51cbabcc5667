"""What somebody starts on their own page is completed by a code from their mailbox: others may have the link.

The mail with the code is all that is kept of what it would do, and the code itself is kept nowhere: it is made from the
mail's id when the mail is written.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Generic, NamedTuple, TypeVar

from sqlalchemy import Connection

from gatepost.actions.change import Change, changing, looking
from gatepost.actions.outbox import compose, enqueue
from gatepost.actions.own_page import Page, device_on
from gatepost.actions.site import Site
from gatepost.actions.who import acting
from gatepost.core.instant import DAY, HOUR, Instant
from gatepost.core.notice.notice import NoticeKind, NoticeState
from gatepost.core.refusal import Code, Refusal
from gatepost.signatures.link import is_code
from gatepost.storage import notices
from gatepost.storage.devices import Member
from gatepost.storage.notices import Notice

LASTS: Final = HOUR
"""How long a code counts."""

MOST: Final = 10
"""Codes for one person in a day: whoever found a link fills nobody's mailbox."""

_LOST: Final = frozenset({NoticeState.REFUSED, NoticeState.WITHDRAWN})

Facts = TypeVar("Facts")
Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class Wish(Generic[Facts]):
    """What a code completes, of one device. `name`: as the mail with the code keeps it. `unfit`: why it cannot be now.
    `facts`: what the page says of it, with a code that counts until then."""

    name: str
    unfit: Callable[[Page, Member], Refusal | None]
    facts: Callable[[Page, Member, Instant], Facts]


class _Question(NamedTuple):
    """What would be done, as things stand. `notice`: the mail whose code completes it, if one counts now."""

    page: Page
    member: Member
    notice: Notice | None


def send(site: Site, wish: Wish[Facts], token: str, device: str) -> Facts | Refusal:
    """Send the person a code, if none that counts is on its way or there; what it would complete."""
    with looking(site) as conn:
        question = _put(site, conn, wish, token, device)
        if isinstance(question, Refusal):
            return question
        if (told := _waits(wish, question)) is not None:
            return told
    with changing(site) as change:
        question = _put(site, change.conn, wish, token, device)
        if isinstance(question, Refusal):
            return question
        if (told := _waits(wish, question)) is not None:  # sent while this waited for its turn
            return told
        person = question.page.person
        actor = acting(change, person.id)
        if isinstance(actor, Refusal):
            return actor
        if sum(1 for _ in _sent(change.conn, person.ref, change.now)) >= MOST:
            text = f"{MOST} codes were sent in a day; go on tomorrow, or have it recorded for you."
            return Refusal(Code.CODES_SPENT, text)
        until, ref = change.now + LASTS, question.member.device.ref
        facts = {"device": ref, "until": until, "wish": wish.name}
        step = f"{wish.name} {ref}@{change.now}"
        enqueue(change, [compose(change, "", 0, NoticeKind.CODE, person.ref, step=step, facts=facts)])
        return wish.facts(question.page, question.member, until)


def waiting(site: Site, wish: Wish[Facts], token: str, device: str) -> Facts | Refusal:
    """What the code that counts now would complete."""
    with looking(site) as conn:
        question = _put(site, conn, wish, token, device)
        if isinstance(question, Refusal):
            return question
        told = _waits(wish, question)
        return _wrong() if told is None else told


def complete(
    site: Site, wish: Wish[Facts], token: str, device: str, typed: str, do: Callable[[Change, Page, Member], Done]
) -> Done | Refusal:
    """Do it, if the person typed the code that counts now. A code counts once."""
    with looking(site) as conn:  # guesses are answered without keeping anybody from writing
        question = _put(site, conn, wish, token, device)
        if isinstance(question, Refusal):
            return question
        if not _fits(site, question.notice, typed):
            return _wrong()
    with changing(site) as change:
        question = _put(site, change.conn, wish, token, device)
        if isinstance(question, Refusal):
            return question
        notice = question.notice
        if notice is None or not _fits(site, notice, typed):
            return _wrong()
        actor = acting(change, question.page.person.id)
        if isinstance(actor, Refusal):
            return actor
        notices.put_facts(change.conn, notice.id, {**notice.facts, "used": True})
        return do(change, question.page, question.member)


def _put(site: Site, conn: Connection, wish: Wish[Facts], token: str, device: str) -> _Question | Refusal:
    """By what holds in a snapshot or a change."""
    found = device_on(site, conn, token, device)
    if isinstance(found, Refusal):
        return found
    page, member = found
    return wish.unfit(page, member) or _Question(page, member, _counting(conn, page, member, wish.name))


def _waits(wish: Wish[Facts], question: _Question) -> Facts | None:
    """What the page says of the code that counts now; None if none does."""
    page, member, notice = question
    return None if notice is None else wish.facts(page, member, notice.facts["until"])


def _counting(conn: Connection, page: Page, member: Member, wish: str) -> Notice | None:
    """The mail whose code completes this now, if there is one."""
    found = [
        notice
        for notice in _sent(conn, page.person.ref, page.now)
        if notice.facts["device"] == member.device.ref and notice.facts["until"] > page.now
        if notice.facts["wish"] == wish and "used" not in notice.facts and notice.state not in _LOST
    ]
    return found[-1] if found else None


def _sent(conn: Connection, person: str, now: Instant) -> Iterator[Notice]:
    """The mails with codes that somebody got in a day, oldest first."""
    for notice in notices.of_person(conn, person):
        if notice.kind is NoticeKind.CODE and notice.created_at > now - DAY:
            yield notice


def _fits(site: Site, notice: Notice | None, typed: str) -> bool:
    return notice is not None and is_code(site.link_key, notice.id, typed)


def _wrong() -> Refusal:
    return Refusal(Code.CODE_WRONG, "This is not the code of the newest mail, or it no longer counts; ask for another.")
