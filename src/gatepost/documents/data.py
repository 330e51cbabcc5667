"""Answers as JSON data, and the JSON Schema of such data: what --json prints and what the API sends."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints


def as_data(value: object) -> object:
    """What json.dumps takes: dataclasses, named tuples by field; enums by value or word; sets sorted; paths as text."""
    if isinstance(value, Enum):
        return getattr(value, "word", value.value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_data(getattr(value, field.name)) for field in fields(value)}
    if hasattr(value, "_asdict"):  # a named tuple
        return as_data(value._asdict())
    if isinstance(value, Mapping):
        return {str(as_data(key)): as_data(item) for key, item in value.items()}
    if isinstance(value, AbstractSet):
        return sorted(map(as_data, value), key=str)
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return [as_data(item) for item in value]
    return str(value) if isinstance(value, Path) else value


Schema = dict[str, Any]

_PLAIN: Final[Mapping[Any, Schema]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    object: {},
    Any: {},
}


def data_schema(kind: Any) -> Schema:
    """The JSON Schema (2020-12) of what `as_data` makes of values of this type. TypeError for a type without one."""
    origin, parts = get_origin(kind), get_args(kind)
    if kind in _PLAIN:
        return dict(_PLAIN[kind])
    if origin in (Union, UnionType):
        return {"anyOf": [data_schema(part) for part in parts]}
    if origin is Literal:
        return {"enum": list(parts)}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"enum": [as_data(one) for one in kind]}
    if is_dataclass(kind) or hasattr(kind, "_fields") or hasattr(kind, "__total__"):
        return _fields_schema(get_type_hints(kind))
    if origin is not None and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": data_schema(parts[1])}
    if origin is not None and issubclass(origin, Iterable):
        return {"type": "array", "items": data_schema(parts[0])}
    raise TypeError(f"{kind} has no JSON Schema")


def _fields_schema(hints: Mapping[str, Any]) -> Schema:
    """A dataclass, named tuple or typed dictionary: all its fields, always."""
    properties = {name: data_schema(hint) for name, hint in hints.items()}
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}
