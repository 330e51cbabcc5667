"""AuthZEN at the site: the verdicts of the doors, with the policies behind them, and searches.

The database is asked in a thread of its own, all evaluations of one request in one moment.
"""

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Final

from gatepost.actions.decide import Decided
from gatepost.actions.evaluate import Evaluate, evaluating, search_resources, search_subjects
from gatepost.actions.site import Site
from gatepost.core.instant import NEVER, Instant
from gatepost.core.policy.explain import reasons_data
from gatepost.core.policy.verdict import Outcome
from gatepost.core.refusal import Refusal
from gatepost.documents.canonical import digest
from gatepost.documents.deadline import instant_text
from gatepost.doors.authzen import EVALUATION, EVALUATIONS, SEARCH, AuthZen, Forbidden, Handle
from gatepost.doors.evaluation import (
    MAILBOX,
    OPEN,
    Answer,
    BadRequest,
    Fields,
    NotKnown,
    Question,
    entity,
    evaluation,
    evaluations,
    fingerprint,
    object_in,
    optional_text,
    properties_of,
    question,
    subject_of,
)
from gatepost.doors.judge import REASON

PAGE: Final = 100
"""Results at once, where the caller asks for no other number, and at most."""


def site_authzen(site: Site, url: str) -> AuthZen:
    """The endpoints of a site."""

    def one(asked: Fields) -> Answer:
        with evaluating(site) as decide:
            return evaluation(asked, lambda each: decision(decide, each))

    def several(asked: Fields) -> Answer:
        with evaluating(site) as decide:
            return evaluations(asked, lambda each: decision(decide, each))

    def subjects(asked: Fields) -> Answer:
        return _subjects(site, asked)

    def resources(asked: Fields) -> Answer:
        return _resources(site, asked)

    def actions(asked: Fields) -> Answer:
        return _actions(site, asked)

    handles = {
        EVALUATION: one,
        EVALUATIONS: several,
        SEARCH + "subject": subjects,
        SEARCH + "resource": resources,
        SEARCH + "action": actions,
    }
    return AuthZen(url, {path: _in_thread(handle) for path, handle in handles.items()})


def _in_thread(handle: Callable[[Fields], Answer]) -> Handle:
    async def handled(asked: Fields) -> Answer:
        return await asyncio.to_thread(handle, asked)

    return handled


def decision(decide: Evaluate, asked: Question) -> Answer:
    """The site's answer: the verdict, what it rests on, and the policies behind it, but not their apps (I-37)."""
    decided = decide(asked)
    verdict = decided.verdict
    reason = REASON[verdict.outcome] if decided.recognised == "known" else decided.recognised
    context = {
        "reason_code": reason,
        "verdict": verdict.outcome.word,
        "policies": _policies(decided),
        "at": instant_text(decided.at),
        "valid_until": _text(verdict.valid_until),
        "reported_at": _text(verdict.reported_at),
        "position": verdict.position,
    }
    return {"decision": verdict.outcome is not Outcome.BLOCK, "context": context}


def _policies(decided: Decided) -> list[dict[str, object]]:
    reasons = reasons_data(decided.verdict, instant_text)
    return [{name: value for name, value in reason.items() if name != "app"} for reason in reasons]


def _text(at: Instant | None) -> str | None:
    return None if at is None or at == NEVER else instant_text(at)


# --- searches (8): whatever is found would be answered by true


def _subjects(site: Site, asked: Fields) -> Answer:
    (kind,) = entity(asked, "subject", "type")
    (action,) = entity(asked, "action")
    resource, mailbox = entity(asked, "resource")
    asker = Question(mailbox, _device_told(asked), fingerprint(properties_of(asked, "subject")))
    page = Page(asked)
    if (action, resource) != (OPEN, MAILBOX):
        return page.of([])
    found = search_subjects(site, site.settings.web.token_purpose, page.digest, kind, asker)
    return page.of([{"type": kind, "id": each} for each in _allowed(found)])


def _device_told(asked: Fields) -> str:
    properties, context = properties_of(asked, "subject"), object_in(asked, "context")
    return optional_text(properties, "device") or optional_text(context, "device")


def _resources(site: Site, asked: Fields) -> Answer:
    entity(asked, "subject")
    (action,) = entity(asked, "action")
    (kind,) = entity(asked, "resource", "type")
    page = Page(asked)
    if (action, kind) != (OPEN, MAILBOX):
        return page.of([])
    try:
        asker = subject_of(asked)
    except NotKnown:
        return page.of([])
    found = search_resources(site, site.settings.web.token_purpose, page.digest, asker)
    return page.of([{"type": kind, "id": each} for each in _allowed(found)])


def _actions(site: Site, asked: Fields) -> Answer:
    page = Page(asked)
    try:
        asker = question(asked | {"action": {"name": OPEN}})
    except NotKnown:
        return page.of([])
    with evaluating(site) as decide:
        return page.of([{"name": OPEN}] if decision(decide, asker)["decision"] else [])


def _allowed(found: list[str] | Refusal) -> list[str]:
    if isinstance(found, Refusal):
        raise Forbidden(found.text)
    return found


class Page:
    """Which part of the results is asked for (8.2). `digest`: of the search, whatever its page.

    A token says after which result the page begins, so that results which come and go meanwhile shift nothing.
    """

    def __init__(self, asked: Fields) -> None:
        page = object_in(asked, "page")
        search = {name: value for name, value in asked.items() if name != "page"}
        self.digest = digest(json.dumps(search, sort_keys=True).encode())
        limit = page.get("limit")
        if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 0):
            raise BadRequest("page.limit is not a number of results")
        self._limit = min(limit or PAGE, PAGE)
        self._after = self._opened(optional_text(page, "token") if page.get("token") != "" else "")

    def of(self, results: list[dict[str, str]]) -> Answer:
        """The answer, of all results in the order of their last field."""
        rest = [result for result in results if _place(result) > self._after]
        shown = rest[: self._limit]
        more = self._sealed(_place(shown[-1])) if len(rest) > len(shown) else ""
        return {"results": shown, "page": {"next_token": more, "count": len(shown), "total": len(results)}}

    def _sealed(self, place: str) -> str:
        return base64.urlsafe_b64encode(self._mark + place.encode()).decode()

    def _opened(self, token: str) -> str:
        if not token:
            return ""
        try:
            opened = base64.b64decode(token, b"-_", validate=True)
            if opened.startswith(self._mark):
                return opened.removeprefix(self._mark).decode()
        except ValueError:
            pass
        raise BadRequest("page.token is none that this search was answered by")

    @property
    def _mark(self) -> bytes:
        """What binds a token to its search."""
        return self.digest[:16].encode()


def _place(result: dict[str, str]) -> str:
    return result.get("id") or result["name"]
