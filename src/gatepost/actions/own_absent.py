"""From somebody's own page: that an app is not on a device of theirs, stated with a code that went to their mailbox.

The link alone states nothing: whoever has it may be somebody else. The mail with the code is all that is kept of the
question, and the code itself is kept nowhere: it is made from the mail's id when the mail is written.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from gatepost.actions.change import changing, looking
from gatepost.actions.exempt import give
from gatepost.actions.outbox import compose, enqueue
from gatepost.actions.own_page import Page, page_of
from gatepost.actions.site import Site
from gatepost.actions.who import acting
from gatepost.core.change.proposal import NamedApp
from gatepost.core.instant import DAY, HOUR, Instant
from gatepost.core.notice.notice import NoticeKind, NoticeState
from gatepost.core.refusal import Code, Refusal
from gatepost.notify.own import AbsentFacts
from gatepost.notify.untrusted import one_line
from gatepost.signatures.link import is_code
from gatepost.storage import notices
from gatepost.storage.devices import Member
from gatepost.storage.notices import Notice

LASTS: Final = HOUR
"""How long a code counts."""

MOST: Final = 10
"""Codes for one person in a day: whoever found a link fills nobody's mailbox."""

_LOST: Final = frozenset({NoticeState.REFUSED, NoticeState.WITHDRAWN})


@dataclass(frozen=True, slots=True)
class _Question:
    """What is to be stated, of what. `notice`: the mail whose code completes it, if one counts now."""

    page: Page
    member: Member
    apps: list[NamedApp]
    notice: Notice | None

    @property
    def ends(self) -> Instant:
        return self.page.now + self.page.site.settings.attestations.longest

    def facts(self, until: Instant) -> AbsentFacts:
        apps = tuple(app.name for app in self.apps)
        return AbsentFacts(self.page.told(), self.page.named(self.member), apps, until, self.ends)


def send_code(site: Site, token: str, device: str) -> AbsentFacts | Refusal:
    """Send the person a code, if none that counts is on its way or there; what it would complete."""
    with looking(site) as conn:
        question = _question(site, conn, token, device)
        if isinstance(question, Refusal):
            return question
        if question.notice is not None:
            return question.facts(question.notice.facts["until"])
    with changing(site) as change:
        question = _question(site, change.conn, token, device)
        if isinstance(question, Refusal):
            return question
        if question.notice is not None:  # sent while this waited for its turn
            return question.facts(question.notice.facts["until"])
        person, ref = question.page.person, question.member.device.ref
        actor = acting(change, person.id)
        if isinstance(actor, Refusal):
            return actor
        if sum(1 for _ in _codes(change.conn, person.ref, change.now)) >= MOST:
            return Refusal(
                Code.CODES_SPENT,
                f"{MOST} codes were sent in a day; go on tomorrow, or have the statement recorded for you.",
            )
        facts = {"device": ref, "until": change.now + LASTS}
        kind, step = NoticeKind.CODE, f"{ref}@{change.now}"
        enqueue(change, [compose(change, "", 0, kind, person.ref, step=step, facts=facts)])
        return question.facts(change.now + LASTS)


def waiting_code(site: Site, token: str, device: str) -> AbsentFacts | Refusal:
    """What the code that counts now would complete."""
    with looking(site) as conn:
        question = _question(site, conn, token, device)
        if isinstance(question, Refusal):
            return question
        return _wrong() if question.notice is None else question.facts(question.notice.facts["until"])


def state_absent(site: Site, token: str, device: str, typed: str) -> tuple[str, ...] | Refusal:
    """Record the person's statement if they typed the code that counts now; the apps that it is about. A code counts
    once."""
    with looking(site) as conn:  # guesses are answered without keeping anybody from writing
        question = _question(site, conn, token, device)
        if isinstance(question, Refusal):
            return question
        if not _fits(site, question.notice, typed):
            return _wrong()
    with changing(site) as change:
        question = _question(site, change.conn, token, device)
        if isinstance(question, Refusal):
            return question
        notice = question.notice
        if notice is None or not _fits(site, notice, typed):
            return _wrong()
        actor = acting(change, question.page.person.id)
        if isinstance(actor, Refusal):
            return actor
        notices.put_facts(change.conn, notice.id, {**notice.facts, "used": True})
        given = give(change, question.member.device, [app.id for app in question.apps], question.ends)
        return tuple(one.app for one in given)


def _question(site: Site, conn: Connection, token: str, device: str) -> _Question | Refusal:
    page = page_of(site, conn, token)
    if page is None:
        return Refusal(Code.NO_SUCH_PERSON, "This link opens nothing any more; the newest mail has a newer one.")
    named = [one for one in page.members if one_line(one.device.id) == device]  # as the page shows it
    if len(named) != 1:
        return Refusal(Code.NO_SUCH_DEVICE, "This is no device of yours; open your page again.")
    (member,) = named
    apps = page.unseen(member)
    if not apps:
        text = "Nothing is to be stated of this device: open your page again to see how it stands."
        return Refusal(Code.NOT_CONCERNED, text)
    counting = [
        notice
        for notice in _codes(conn, page.person.ref, page.now)
        if notice.facts["device"] == member.device.ref and notice.facts["until"] > page.now
        if "used" not in notice.facts and notice.state not in _LOST
    ]
    return _Question(page, member, apps, counting[-1] if counting else None)


def _codes(conn: Connection, person: str, now: Instant) -> Iterator[Notice]:
    """The mails with codes that somebody got in a day, oldest first."""
    for notice in notices.of_person(conn, person):
        if notice.kind is NoticeKind.CODE and notice.created_at > now - DAY:
            yield notice


def _fits(site: Site, notice: Notice | None, typed: str) -> bool:
    return notice is not None and is_code(site.link_key, notice.id, typed)


def _wrong() -> Refusal:
    return Refusal(Code.CODE_WRONG, "This is not the code of the newest mail, or it no longer counts; ask for another.")
