"""The OpenAPI document says what is there, and what is there keeps to it, whatever is asked."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from gatepost.core.token import Scope
from gatepost.web.api.serve import OPERATIONS
from tests.verbs.houses import ADMIN, POLICY, SECURITY, Builder, House
from tests.web.asking import URL
from tests.web.calling import API, api, call, token

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    allow_header_conformance,
]


@pytest.fixture
def announced(builder: Builder) -> Iterator[House]:
    """A site with a policy that is announced; sound at the end, whatever was asked."""
    house = builder.build(web__api=True, rails__large_impact_percent=0)
    house.owners(2)
    house.announce()
    yield house
    house.sound()
    house.close()


REJECTED = ["4xx"]
"""How a request that breaks the document is answered; with 413 too, which a document that is long enough gets."""


def test_the_document_is_anybodys_and_whole(announced: House) -> None:
    """It names every operation once, with its scope and a sentence, and needs no token."""
    found = call(api(announced), "", "/openapi.json").data
    assert found["openapi"] == "3.1.0"
    assert found["servers"] == [{"url": f"{URL}{API}"}]
    named = {
        (method.upper(), path, each["security"][0]["token"][0], each["operationId"])
        for path, methods in found["paths"].items()
        for method, each in methods.items()
    }
    assert named == {(one.method, one.path, one.scope.value, one.name) for one in OPERATIONS}
    assert len({one.name for one in OPERATIONS}) == len(OPERATIONS)
    for methods in found["paths"].values():
        for each in methods.values():
            assert re.match(r"[A-Z].*\.$", each["summary"]), each["summary"]


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_whatever_is_asked_is_answered_as_the_document_says(announced: House, mode: GenerationMode) -> None:
    """Requests that keep to the document, and such as break it: none breaks us, each has a status and a body that the
    document has, what breaks it is refused, and afterwards the ledger still gives the tables (I-31, I-33)."""
    schema = schemathesis.openapi.from_asgi(f"{API}/openapi.json", api(announced))
    schema.config.checks.negative_data_rejection.expected_statuses = REJECTED
    everything, approving = token(announced, ADMIN), token(announced, SECURITY)
    checks = [*CHECKS, negative_data_rejection] if mode is GenerationMode.NEGATIVE else CHECKS
    answered = Counter[int]()
    for operation in OPERATIONS:
        shown = approving if operation.scope is Scope.APPROVE else everything
        strategy = schema[operation.path][operation.method].as_strategy(generation_mode=mode)
        asks(strategy, {"Authorization": f"Bearer {shown}"}, checks, answered)
    assert answered.total() >= 3 * len(OPERATIONS)
    assert answered[200 if mode is GenerationMode.POSITIVE else 422] >= 20


def asks(
    cases: st.SearchStrategy[Case[Any]], headers: dict[str, str], checks: list[Any], answered: Counter[int]
) -> None:
    """A few requests of one operation, about the policy that is there where they keep to the document."""

    @settings(max_examples=6, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(case=cases, known=st.booleans())
    def each(case: Case[Any], known: bool) -> None:
        if known and negative_data_rejection not in checks and "policy" in case.path_parameters:
            case.path_parameters["policy"] = POLICY
        response = case.call(headers=headers)
        case.validate_response(response, checks=checks)
        answered[response.status_code] += 1

    each()
