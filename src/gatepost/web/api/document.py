"""The OpenAPI document (3.1), made from the operations themselves."""

import re
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any, Final

from gatepost.core.instant import HOUR
from gatepost.core.token import ANSWERS_KEPT
from gatepost.documents.data import Schema
from gatepost.web.api.operation import Operation
from gatepost.web.api.problem import SCHEMA, TYPE
from gatepost.web.api.reading import KEY

_JSON: Final = "application/json"

_DONE_BEFORE: Final[Schema] = {
    "type": "object",
    "description": "Under this Idempotency-Key it was done before, by this entry of the ledger; the answer was lost.",
    "properties": {"done_before": {"const": True}, "entry": {"type": "integer"}},
    "required": ["done_before", "entry"],
    "additionalProperties": False,
}

_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": f"The same key with the same body within {ANSWERS_KEPT // HOUR} hours is the same request: it is"
    " done once, and answered alike. A refusal uses no key up.",
    "schema": {"type": "string", "pattern": f"^({KEY.pattern})$"},
}


def openapi(operations: Iterable[Operation], url: str) -> dict[str, Any]:
    """The document. `url`: of the API."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Gatepost",
            "version": version("gatepost"),
            "description": "The verbs and the looks of the command line. Who may is decided by the roles of the person"
            " whose token is shown, and by the token's scopes.",
        },
        "servers": [{"url": url}],
        "paths": paths,
        "components": {
            "schemas": {"Problem": SCHEMA, "DoneBefore": _DONE_BEFORE},
            "responses": {
                "Problem": {
                    "description": "Refused, or not possible (RFC 9457).",
                    "content": {TYPE.decode(): {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }
            },
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _described(operation: Operation) -> dict[str, Any]:
    first, _, more = operation.about.partition("\n\n")
    asked = operation.asked.model_json_schema()
    answer = operation.answer
    if operation.remembers:
        answer = {"anyOf": [answer, {"$ref": "#/components/schemas/DoneBefore"}]}
    found: dict[str, Any] = {
        "operationId": operation.name,
        "summary": " ".join(first.split()),
        "security": [{"token": [operation.scope.value]}],
        "parameters": [*_parameters(operation, asked), *([_KEY] if operation.remembers else [])],
        "responses": {
            "200": {"description": "Done.", "content": {_JSON: {"schema": answer}}},
            "default": {"$ref": "#/components/responses/Problem"},
        },
    }
    if more:
        found["description"] = more
    if operation.method == "POST":
        found["requestBody"] = _body(operation, asked)
    return found


def _in_path(operation: Operation) -> list[str]:
    return re.findall(r"\{(\w+)\}", operation.path)


def _parameters(operation: Operation, asked: Schema) -> list[dict[str, Any]]:
    """Those of the path, and of a look's query."""
    found = []
    for name, schema in asked["properties"].items() if "properties" in asked else ():
        where = "path" if name in _in_path(operation) else "query"
        if where == "query" and operation.method == "POST":
            continue
        required = name in asked.get("required", ())
        found.append({"name": name, "in": where, "required": required, "schema": _sent(schema, required)})
    return found


def _sent(schema: Schema, required: bool) -> Schema:
    """A query has no null: what need not be there is left out."""
    parts: list[Schema] = [part for part in schema.get("anyOf", ()) if part != {"type": "null"}]
    if required or not parts:
        return schema
    return {name: value for name, value in schema.items() if name not in ("anyOf", "default")} | parts[0]


def _body(operation: Operation, asked: Schema) -> dict[str, Any]:
    path = _in_path(operation)
    properties = {name: schema for name, schema in asked.get("properties", {}).items() if name not in path}
    required = [name for name in asked.get("required", ()) if name not in path]
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = required
    return {"required": bool(required), "content": {_JSON: {"schema": schema}}}
