"""A notice: one mail to one person, and the states it passes through."""

from enum import StrEnum
from typing import Final


class NoticeKind(StrEnum):
    ANNOUNCEMENT = "announcement"
    REMINDER = "reminder"
    UPDATE = "update"
    BLOCKED = "blocked"
    RESTORED = "restored"
    CORRECTION = "correction"
    WITHDRAWAL = "withdrawal"
    ENDED = "ended"
    APPROVAL_ASKED = "approval-asked"
    APPROVAL_RESULT = "approval-result"
    WAIVER_RESULT = "waiver-result"
    WAIVER_ENDS = "waiver-ends"
    WAIVER_ASKED = "waiver-asked"
    DEVICE_PASSWORD = "device-password"  # noqa: S105  # a kind of mail
    DOOR_ASKED = "door-asked"
    LOOKS = "looks"
    SIGN_IN = "sign-in"
    ACTIVATION_ASKED = "activation-asked"
    ACTIVATION_RESULT = "activation-result"
    ACCESS = "access"
    CODE = "code"
    RAILS = "rails"


class NoticeState(StrEnum):
    """accepted, refused, withdrawn and uncertain are final, except that an uncertain one may be sent again under its
    own Message-ID while its policy stands (RFC 1047: the reply to the final dot may be lost)."""

    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    UNCERTAIN = "uncertain"


ABOUT_SITE: Final = frozenset(
    {
        NoticeKind.DEVICE_PASSWORD,
        NoticeKind.WAIVER_ASKED,
        NoticeKind.DOOR_ASKED,
        NoticeKind.LOOKS,
        NoticeKind.SIGN_IN,
        NoticeKind.ACTIVATION_ASKED,
        NoticeKind.ACTIVATION_RESULT,
        NoticeKind.ACCESS,
        NoticeKind.CODE,
        NoticeKind.RAILS,
    }
)
"""Mails about no policy: what somebody did or asks, to whom it may concern."""

ABOUT_APPROVAL: Final = frozenset({NoticeKind.APPROVAL_ASKED, NoticeKind.APPROVAL_RESULT})
"""Mails to those who decide; all others about a policy are to those whom it concerns."""

REACHED: Final = frozenset({NoticeState.ACCEPTED, NoticeState.UNCERTAIN})
"""Who may have the mail in the inbox, and so must have its correction (I-24)."""
