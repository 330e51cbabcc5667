"""Rows whose key is one of many."""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, func, select


def among(column: ColumnElement[Any], texts: Iterable[str]) -> ColumnElement[bool]:
    """Whether a text column is one of these, in one parameter however many they are.

    As a list of parameters, two thousand of them take longer to write into the statement than to be found.
    """
    listed = func.json_each(json.dumps(list(texts))).table_valued("value")
    return column.in_(select(listed.c.value))
