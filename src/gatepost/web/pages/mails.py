"""The gallery of an exercise: every mail in every language, from invented facts, as people would get it."""

from collections.abc import Mapping
from typing import Final

from babel import Locale
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from gatepost.core.notice.notice import NoticeKind
from gatepost.notify.render import LANGUAGES, Rendered, Renderer
from gatepost.notify.samples import sample
from gatepost.web.pages.frame import MAIL, Pages

ABOUT: Final[Mapping[NoticeKind, tuple[str, str]]] = {
    NoticeKind.ANNOUNCEMENT: ("Announcement", "To everybody concerned, when a policy is announced."),
    NoticeKind.REMINDER: ("Reminder", "Before somebody's own deadline, while the app is still on a phone of theirs."),
    NoticeKind.UPDATE: (
        "Update",
        "When something about an announced policy changes: a later date, a pause that ended.",
    ),
    NoticeKind.BLOCKED: ("Blocked", "When the mail door closes on one of somebody's phones."),
    NoticeKind.RESTORED: ("Restored", "When the app is gone and the door is open again."),
    NoticeKind.CORRECTION: ("Correction", "To everybody who had any notice, when a policy was announced in error."),
    NoticeKind.WITHDRAWAL: ("Withdrawal", "The same, when we changed our mind."),
    NoticeKind.ENDED: ("Ended", "When a policy no longer applies."),
    NoticeKind.APPROVAL_ASKED: ("Approval asked", "To those who may approve a proposal."),
    NoticeKind.APPROVAL_RESULT: ("Approval result", "To whoever proposed it."),
    NoticeKind.WAIVER_RESULT: ("Waiver", "When somebody is exempted from a policy, or no longer."),
    NoticeKind.WAIVER_ENDS: ("Waiver ends", "A day before it does."),
    NoticeKind.WAIVER_ASKED: ("Waiver asked", "To those who may grant it, when somebody asks on their own page."),
    NoticeKind.DEVICE_PASSWORD: ("Device password", "To the owner of a device for which somebody made a password."),
    NoticeKind.DOOR_ASKED: ("Door asked", "To those who may agree that a door refuses earlier than the site allows."),
    NoticeKind.SIGN_IN: ("Sign-in", "To somebody with a role who asks for a link to the pages."),
    NoticeKind.ACTIVATION_ASKED: (
        "Activation asked",
        "To those who stand for privacy, when somebody asks that apps be looked for.",
    ),
    NoticeKind.ACTIVATION_RESULT: ("Activation result", "To whoever asked for it."),
    NoticeKind.LOOKS: ("Looks", "Once a month, to those who stand for privacy: who looked at people by name."),
    NoticeKind.ACCESS: (
        "Roles and keys",
        "To everybody who holds a role: who was given one, or a key, or lost it.",
    ),
    NoticeKind.RAILS: (
        "Rails",
        "To everybody who holds a role: what the site's file says under [rails] is not what it was.",
    ),
    NoticeKind.CODE: ("Code", "To whoever states on their own page that an app is not on a device of theirs."),
}
"""Title, and when it is sent."""


def routes(pages: Pages, renderer: Renderer) -> list[Route]:
    """The gallery and its mails; for an exercise only."""

    def rendered(kind: NoticeKind, language: str) -> Rendered:
        return renderer.render(kind, sample(kind, language))

    def gallery(request: Request) -> Response:
        language = request.query_params.get("language", "en")
        if language not in LANGUAGES:
            return pages.missing(f"There are no mails in {language!r}; there are {', '.join(LANGUAGES)}.")
        reader = sample(NoticeKind.ANNOUNCEMENT, language)
        mails = [(kind, *words, rendered(kind, language)) for kind, words in ABOUT.items()]
        return pages.page(
            "mails.html.j2",
            {
                "reader": {"code": language, "name": reader.name, "time_zone": reader.time_zone},
                "languages": [{"code": code, "name": Locale(code).get_display_name(code)} for code in LANGUAGES],
                "mails": [
                    {"kind": kind.value, "title": title, "when": when, "subject": mail.subject, "text": mail.text}
                    for kind, title, when, mail in mails
                ],
            },
        )

    def one(request: Request) -> Response:
        kind, language, form = (request.path_params[name] for name in ("kind", "language", "form"))
        if kind not in {each.value for each in ABOUT} or language not in LANGUAGES or form not in ("html", "txt"):
            return pages.missing("There is no such mail.")
        mail = rendered(NoticeKind(kind), language)
        return HTMLResponse(mail.html, headers=MAIL) if form == "html" else PlainTextResponse(mail.text, headers=MAIL)

    return [
        Route("/exercise/mails", gallery),
        Route("/exercise/mails/{kind}.{language}.{form}", one),
    ]
