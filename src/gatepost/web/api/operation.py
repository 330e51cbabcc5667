"""An operation of the API: one address and method, and the function behind it."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from gatepost.actions.site import Site
from gatepost.core.problem import Problem
from gatepost.core.refusal import Refusal
from gatepost.core.token import Scope
from gatepost.documents.data import Schema, data_schema
from gatepost.web.api.asked import Asked


class Unfit(Exception):
    """Fields that only the site can see to be wrong, each with what is."""

    def __init__(self, *wrong: tuple[str, str]) -> None:
        super().__init__(wrong)
        self.wrong = wrong


@dataclass(frozen=True, slots=True)
class Operation:
    """`path`: below /api/v1, with {names} of fields of what `does` is asked. `does(site, by, asked)` gives an answer, a
    refusal or problems, or raises Unfit; its annotations say what is asked and answered, its docstring what it is.

    `remembers`: whether it changes anything, so that an Idempotency-Key counts.
    """

    method: Literal["GET", "POST"]
    path: str
    scope: Scope
    does: Callable[[Site, str, Any], object]
    remembers: bool = False

    @property
    def name(self) -> str:
        return self.does.__name__

    @property
    def about(self) -> str:
        return inspect.getdoc(self.does) or ""

    @property
    def asked(self) -> type[Asked]:
        _site, _by, asked, _answer = get_type_hints(self.does).values()
        found: type[Asked] = asked
        return found

    @property
    def answer(self) -> Schema:
        """The JSON Schema of its answer, refusals and problems left out."""
        said = get_type_hints(self.does)["return"]
        parts = get_args(said) if get_origin(said) in (Union, UnionType) else (said,)
        good = [part for part in parts if part not in (Refusal, tuple[Problem, ...])]
        return data_schema(Union[tuple(good)])  # noqa: UP007  # of as many as there are


def look(path: str, scope: Scope, does: Callable[[Site, str, Any], object]) -> Operation:
    """An operation that changes nothing; a look at names is recorded."""
    return Operation("GET", path, scope, does)


def verb(path: str, scope: Scope, does: Callable[[Site, str, Any], object]) -> Operation:
    return Operation("POST", path, scope, does, remembers=True)
