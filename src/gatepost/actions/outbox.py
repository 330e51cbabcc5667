"""Putting mails in the outbox, inside the change that they are about."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gatepost.core.instant import Instant
from gatepost.core.notice.notice import NoticeKind, NoticeState
from gatepost.notify.message import message_id
from gatepost.storage import notices
from gatepost.storage.notices import Notice

if TYPE_CHECKING:  # a change tells of the rails by itself (rails_mail)
    from gatepost.actions.change import Change


def compose(
    change: "Change",
    policy: str,
    revision: int,
    kind: NoticeKind,
    person: str,
    *,
    step: str = "",
    facts: Mapping[str, Any] | None = None,
    not_before: Instant | None = None,
    awaits: int = 0,
    thread: Sequence[Notice] = (),
) -> Notice:
    """A notice with its own Message-ID, in reply to what the person has of the policy."""
    token = secrets.token_hex(12)
    answered = answers(kind, thread)
    return Notice(
        id=token,
        policy=policy,
        revision=revision,
        kind=kind,
        person=person,
        step=step,
        state=NoticeState.QUEUED,
        message_id=message_id(token, domain(change)),
        in_reply_to=answered,
        references=" ".join(notice.message_id for notice in thread),
        facts=facts or {},
        created_at=change.now,
        not_before=change.now if not_before is None else not_before,
        awaits=awaits,
    )


def tell_of(
    change: "Change", kind: NoticeKind, person: str, by: str, about: str, *, note: str = "", device: str = ""
) -> None:
    """Tell somebody what was just done, by whom (a name), of no policy. `about`: a password's public part, or a door;
    each is told of once at an instant."""
    facts: dict[str, Any] = {"by": by, "at": change.now, "about": about, "note": note}
    if device:
        facts["device"] = device
    enqueue(change, [compose(change, "", 0, kind, person, step=f"{about}@{change.now}", facts=facts)])


def answers(kind: NoticeKind, thread: Sequence[Notice]) -> str:
    """The Message-ID that a mail replies to: a correction the person's announcement, others the last one."""
    if not thread:
        return ""
    first = [notice for notice in thread if notice.kind is NoticeKind.ANNOUNCEMENT]
    closing = kind in (NoticeKind.CORRECTION, NoticeKind.WITHDRAWAL)
    return (first[-1] if closing and first else thread[-1]).message_id


def domain(change: "Change") -> str:
    """The right-hand side of our Message-IDs: the sender's domain."""
    return change.site.settings.smtp.sender.rpartition("@")[2]


def enqueue(change: "Change", new: Iterable[Notice]) -> int:
    """How many of these were not in the outbox yet."""
    return notices.queue(change.conn, list(new))
