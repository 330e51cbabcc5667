"""Errors as problem details (RFC 9457): a status for machinery, a stable code for programs, a sentence for people."""

from collections.abc import Iterable
from typing import Any, Final

from gatepost.core.problem import Problem
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.data import Schema, as_data

TYPE: Final = b"application/problem+json"

_FORBIDDEN: Final = frozenset(
    {
        Code.ROLE_MISSING,
        Code.SCOPE_MISSING,
        Code.PERSON_LEFT,
        Code.AUTHOR_APPROVES,
        Code.OWES_AUTHOR,
        Code.OWES_BENEFICIARY,
        Code.GRANTED_TOO_LATE,
        Code.ROLE_NOT_ASKED,
        Code.WAIVER_FOR_ONESELF,
        Code.SIGNATURE_MISSING,
        Code.SIGNATURE_INVALID,
    }
)
"""This person may not, or not so."""

_UNFIT: Final = frozenset(
    {
        Code.CODE_WRONG,
        Code.DATE_AHEAD,
        Code.DOCUMENT_INVALID,
        Code.EXAMPLE_FAILS,
        Code.LABEL_UNFIT,
        Code.NECESSITY_MISSING,
        Code.PRESS_MISSING,
        Code.PURPOSE_MISSING,
        Code.REASON_NAMES,
        Code.REPORT_AHEAD,
        Code.SELECTOR_UNKNOWN,
        Code.UNTIL_INVALID,
        Code.WAIVER_TOO_LONG,
    }
)
"""What was sent cannot be taken as it is. Everything else is so because of how things stand: 409."""


class Fault(Exception):
    """What stops a request. `problems`: each thing wrong with what was sent. `headers`: of the answer."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        problems: tuple[Problem, ...] = (),
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.problems, self.headers = problems, headers

    def data(self, url: str) -> dict[str, Any]:
        """The problem details. `url`: of the API; below it every type has an address."""
        said: dict[str, Any] = {
            "type": f"{url}/problems/{self.code}",
            "title": title(self.code),
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }
        return said | ({"problems": as_data(self.problems)} if self.problems else {})


def title(code: str) -> str:
    return code.replace("_", " ").capitalize()


def refused(refusal: Refusal) -> Fault:
    """What an action refused."""
    return Fault(status_of(refusal.code), refusal.code.value, refusal.text)


def status_of(code: Code) -> int:
    """The HTTP status of a refusal."""
    if code.value.startswith("no_such_"):
        return 404
    if code is Code.TOKEN_INVALID:
        return 401
    if code in (Code.CODES_SPENT, Code.CHECKS_SPENT):
        return 429
    if code is Code.SITE_NOT_ACKNOWLEDGED:
        return 503
    return 403 if code in _FORBIDDEN else 422 if code in _UNFIT else 409


def invalid(problems: Iterable[Problem]) -> Fault:
    """Everything that is wrong with what was sent."""
    found = tuple(problems)
    return Fault(422, "invalid", "; ".join(map(str, found[:3])), found)


OURS: Final = {
    "malformed": "The request cannot be read.",
    "token_missing": "There is no Authorization: Bearer TOKEN.",
    "not_found": "There is nothing at this address.",
    "method_not_allowed": "It does not work by this method.",
    "under_way": "The same request is being answered just now.",
    "too_slow": "The body did not come in time.",
    "too_large": "The body is too long.",
    "unsupported_media_type": "The body is not application/json.",
    "invalid": "Fields are wrong; each is named in `problems`.",
    "idempotency_key_used": "This Idempotency-Key was used within a day for another request.",
    "failed": "Something broke; the site's log says what.",
    "unavailable": "The database cannot be used now.",
}
"""The codes besides those of refusals, with what each means."""

SCHEMA: Final[Schema] = {
    "type": "object",
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "enum": [*OURS, *(code.value for code in Code)]},
        "problems": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "file": {"type": "string"},
                    "line": {"type": "integer"},
                    "column": {"type": "integer"},
                    "field": {"type": "string"},
                    "text": {"type": "string"},
                },
                "required": ["file", "line", "column", "field", "text"],
            },
        },
    },
    "required": ["type", "title", "status", "detail", "code"],
}
"""Of Fault.data."""
