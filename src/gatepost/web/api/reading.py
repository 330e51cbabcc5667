"""A request's parts, read with care: its token, its key, its fields. Fault for what cannot be read."""

import re
from collections.abc import Mapping
from typing import Any, Final, get_origin
from urllib.parse import parse_qsl

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gatepost.core.problem import Problem
from gatepost.doors.authzen import Headers
from gatepost.doors.evaluation import BadRequest, read
from gatepost.web.api.asked import Asked
from gatepost.web.api.problem import Fault, invalid

REALM: Final = b'Bearer realm="gatepost"'

KEY: Final = re.compile(r'"([\x20\x21\x23-\x5b\x5d-\x7e]{1,255})"|([!#-+\--\[\]-~]{1,255})')
"""A string of structured fields (RFC 9651 3.3.3) without escapes; or the same bare, as many clients send it."""

_MOST_FIELDS: Final = 60


def shown_token(headers: Headers) -> str:
    """What stands behind Authorization: Bearer (RFC 6750 2.1)."""
    shown = [value for name, value in headers if name == b"authorization"]
    scheme, _, token = shown[0].partition(b" ") if len(shown) == 1 else (b"", b"", b"")
    if scheme.lower() != b"bearer" or not token.strip():
        text = "Show a token: Authorization: Bearer TOKEN; `gatepost token add` makes one."
        raise Fault(401, "token_missing", text, headers=((b"www-authenticate", REALM),))
    return token.strip().decode("latin-1")


def key_of(headers: Headers) -> str:
    """The Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07, 2.1); "" if there is none."""
    sent = [value.strip().decode("latin-1") for name, value in headers if name == b"idempotency-key"]
    if not sent:
        return ""
    found = KEY.fullmatch(sent[0]) if len(sent) == 1 else None
    if found is None:
        raise Fault(400, "malformed", 'Idempotency-Key is no string of 1 to 255 visible signs, such as "7f3e9a1c".')
    return found[1] or found[2]


def query_fields(query: bytes, asked: type[Asked]) -> dict[str, Any]:
    """A query's fields; those of which there may be several as tuples."""
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise Fault(400, "malformed", f"The query cannot be read: {error}.") from None
    several = {
        field.alias or name for name, field in asked.model_fields.items() if get_origin(field.annotation) is tuple
    }
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if name in several:
            fields[name] = (*fields.get(name, ()), value)
        elif name in fields:
            raise invalid([Problem("query", 0, 0, name, "stands there more than once")])
        else:
            fields[name] = value
    return fields


def body_fields(body: bytes) -> dict[str, Any]:
    """A body's JSON object; none is an empty one."""
    try:
        return read(body) if body else {}
    except BadRequest as bad:
        raise Fault(400, "malformed", f"{str(bad)[:1].upper()}{str(bad)[1:]}.") from None


def fields_of(asked: type[Asked], path: Mapping[str, str], sent: Mapping[str, Any], where: str) -> Asked:
    """All that is asked. `where` the fields besides those of the path stand: "query" or "body"."""
    if both := sorted(path.keys() & sent.keys()):
        raise invalid(Problem(where, 0, 0, name, "stands in the address already") for name in both)
    try:
        return asked.model_validate({**sent, **path})
    except ValidationError as error:
        raise invalid(_problem(detail, path, where) for detail in error.errors(include_url=False)) from None


def _problem(detail: ErrorDetails, path: Mapping[str, str], where: str) -> Problem:
    first = str(detail["loc"][0]) if detail["loc"] else ""
    place = ".".join(str(step) for step in detail["loc"])
    return Problem("address" if first in path else where, 0, 0, place, detail["msg"])
