"""Writing a policy: the document beside what it means and would do, and proposing it."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gatepost.actions import propose as proposing
from gatepost.actions import views
from gatepost.actions.draft import Draft, draft
from gatepost.actions.fleet import RecentFleet
from gatepost.actions.preview_data import hit_by, rings_shown, warnings_shown
from gatepost.actions.sign_in import Visitor
from gatepost.actions.site import Site
from gatepost.core.refusal import Refusal
from gatepost.documents.policy_file import shipped_policies
from gatepost.notify.language import choose
from gatepost.web.pages.visitors import Visitors

FILE: Final = "document"
"""What problems call it."""

LONGEST: Final = 400_000
"""Bytes of a document as a form: announcements in many languages, each letter in up to nine bytes."""

MOST_BARS: Final = 10
"""Rows of a chart before the rest is folded away."""


class Bar(NamedTuple):
    """A value, how many people are hit there (None: hidden), and that in percent of the most."""

    value: str
    people: int | None
    percent: int


class Chart(NamedTuple):
    """Where the people hit are. `others`: there are values that are not even named."""

    by: str
    bars: list[Bar]
    rest: list[Bar]
    others: bool


class WritePage:
    def __init__(self, site: Site, visitors: Visitors) -> None:
        self._site, self._visitors = site, visitors
        self._recent = RecentFleet(site)

    def routes(self) -> list[Route]:
        return [
            Route("/write", self._visitors.shows(self._begin), methods=["GET"]),
            Route("/write", self._visitors.does(self._looked, longest=LONGEST), methods=["POST"]),
            Route("/write/meaning", self._visitors.does(self._meaning, longest=LONGEST), methods=["POST"]),
            Route("/write/propose", self._visitors.does(self._propose, longest=LONGEST), methods=["POST"]),
        ]

    def _begin(self, request: Request, visitor: Visitor) -> Response:
        """Empty-handed, or from a policy or an example that is there."""
        policy, example = (request.query_params.get(name, "") for name in ("policy", "example"))
        examples = {name.removesuffix(".yaml"): text.decode() for name, text in shipped_policies().items()}
        text = examples.get(example, "")
        if policy:
            shown = views.show_policy(self._site, policy)
            if isinstance(shown, Refusal):
                return self._visitors.missing(visitor, f"There is no policy {policy} on this site.")
            text = str(shown["document"])
        if text:
            return self._page(visitor, text)
        self._recent.begin()
        return self._visitors.page(visitor, "write_begin.html.j2", {"examples": list(examples)})

    def _looked(self, _request: Request, visitor: Visitor, fields: Mapping[str, str]) -> Response:
        return self._page(visitor, fields.get("document", ""))

    def _meaning(self, _request: Request, visitor: Visitor, fields: Mapping[str, str]) -> Response:
        """What stands beside the document, alone: asked for while somebody types."""
        return self._visitors.page(visitor, "draft.html.j2", self._values(visitor, fields.get("document", "")))

    def _propose(self, _request: Request, visitor: Visitor, fields: Mapping[str, str]) -> Response:
        text = fields.get("document", "")
        done = proposing.propose(self._site, visitor.actor.person.id, text.encode(), FILE)
        if isinstance(done, proposing.Proposed):
            return self._visitors.to(f"policies/{done.policy}?revision={done.revision}")
        if isinstance(done, Refusal):
            return self._page(visitor, text, refused=done.text)
        return self._page(visitor, text)

    def _page(self, visitor: Visitor, text: str, refused: str = "") -> Response:
        values = self._values(visitor, text) | {"text": text, "refused": refused}
        wrong = bool(refused or values["problems"] or values["unread"])
        status = HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK
        return self._visitors.page(visitor, "write.html.j2", values, status)

    def _values(self, visitor: Visitor, text: str) -> dict[str, object]:
        """For the part beside the document. `unread`: why the whole of it says nothing yet."""
        found = draft(self._site, visitor.actor, text.encode(), FILE, self._recent)
        nothing: dict[str, object] = {"problems": (), "unread": "", "draft": None}
        if isinstance(found, Refusal):
            return nothing | {"unread": found.text}
        if isinstance(found, tuple):
            return nothing | {"problems": found}
        return nothing | {"draft": found} | _meaning(found, visitor.actor.person.locale)


def _meaning(found: Draft, locale: str) -> dict[str, object]:
    """As the page of a policy that was proposed calls it. `locale`: the reader's, whose language comes first."""
    proposal, seen, policy = found.proposal, found.previewed, found.proposal.policy
    return {
        "policy": {
            "policy": policy.id,
            "apps": proposal.apps,
            "consequence": policy.consequence.word,
            "deadline": policy.deadline.written,
            "impact": {"people": proposal.impact.people, "devices": proposal.impact.devices},
        },
        "asked": {
            "forms": sorted(form.value for form in policy.scope.forms),
            "unseen": policy.unseen.value,
            "first": found.first,
            "last": found.last,
            "tell_first": policy.tell_first,
            "notice": proposal.notice,
            "grace": policy.grace,
        },
        "approvals": {} if found.withheld else proposal.asked,  # how many are asked tells how many are hit
        "rings": () if found.withheld else rings_shown(seen),
        "warnings": list(warnings_shown(seen)),
        "charts": () if found.withheld else [chart for chart in map(_chart, *zip(*hit_by(seen), strict=True)) if chart],
        "languages": _read_first(locale, {mail.language for mail in found.mails}),
    }


def _chart(by: object, cells: Mapping[str, int | None], others: bool) -> Chart | None:
    """None where nobody is hit."""
    most = max((count for count in cells.values() if count), default=0)
    bars = [Bar(value or "not known", count, 100 * (count or 0) // (most or 1)) for value, count in cells.items()]
    bars.sort(key=lambda bar: (bar.people is None, -(bar.people or 0), bar.value))
    return Chart(str(by), bars[:MOST_BARS], bars[MOST_BARS:], others) if bars or others else None


def _read_first(locale: str, languages: set[str]) -> list[str]:
    mine = choose(languages, locale, "en") if languages else ""
    return sorted(languages, key=lambda language: (language != mine, language))
