"""By what a section may be counted: what many businesses share, never what names one. Pure."""

from functools import lru_cache
from typing import Any

from msgspec import inspect

from adapters.contract import shape_of

COMMON = frozenset({"trade", "division"})
"""Dimensions that every section may be counted by."""


@lru_cache(maxsize=256)
def dimensions_of(section: str) -> frozenset[str]:
    """Those of every section, and its fields of few given values."""
    shape: Any = inspect.type_info(shape_of(section))
    return COMMON | {field.encode_name for field in shape.fields if _is_closed(field.type)}


def _is_closed(kind: inspect.Type) -> bool:
    """Whether a field has one of a few given values, or none."""
    if isinstance(kind, inspect.UnionType):
        return all(_is_closed(one) or isinstance(one, inspect.NoneType) for one in kind.types)
    return isinstance(kind, inspect.LiteralType | inspect.BoolType | inspect.EnumType)
