"""Masks (docs/sources.md): server side, before serialising, idempotent. Pure."""

import re
from collections.abc import Callable
from functools import lru_cache
from operator import attrgetter, is_not
from typing import Any

from msgspec import Struct, inspect, structs

from adapters.contract.numbers import numbers_of_persons


def id_number(value: str) -> str:
    """Hides the birth date: 110105********002X (R-SSX art 12); other texts keep nothing but their
    length.
    """
    if re.fullmatch(r"\d{6}[\d*]{8}\d{3}[\dXx]", value):
        return value[:6] + "********" + value[14:]
    return "*" * len(value)


def phone(value: str) -> str:
    """Mobile numbers keep three and four digits; others keep the last two."""
    if re.fullmatch(r"1\d{2}[\d*]{4}\d{4}", value):
        return value[:3] + "****" + value[7:]
    return "*" * max(len(value) - 2, 0) + value[-2:]


def free_text(value: str) -> str:
    """Masks the numbers of persons inside a text, and leaves all others alone."""
    found = numbers_of_persons(value)
    if not found:
        return value
    signs = list(value)
    for number in found:
        for place in number.hidden:
            signs[place] = "*"
    return "".join(signs)


MASKS: dict[str, Callable[[str], str]] = {
    "id_number": id_number,
    "phone": phone,
    "free_text": free_text,
}


def mask(rule: str, value: Any) -> Any:
    """Apply a rule to every text of a value, however nested; the value itself where nothing
    changes.
    """
    if isinstance(value, str):
        return MASKS[rule](value)
    if isinstance(value, list):
        shown = [mask(rule, item) for item in value]
        return shown if any(map(is_not, shown, value)) else value
    if isinstance(value, dict):
        return {key: mask(rule, item) for key, item in value.items()}
    if isinstance(value, Struct):
        return _masked_struct(rule, value)
    return value


def _masked_struct(rule: str, value: Struct) -> Struct:
    """The struct itself if nothing in it changes."""
    names, read = _texts_of(type(value))
    changed: dict[str, Any] = {}
    for name, told in zip(names, read(value), strict=True):
        if told:
            shown = mask(rule, told)
            if shown is not told and shown != told:
                changed[name] = shown
    return structs.replace(value, **changed) if changed else value


@lru_cache(maxsize=256)
def _texts_of(shape: type[Struct]) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """The fields of a shape that may hold a text, and how all of them are read at once."""
    fields = inspect.type_info(shape).fields  # type: ignore[attr-defined]  # of structs
    names = tuple(field.name for field in fields if _may_hold_text(field.type))
    if len(names) > 1:
        return names, attrgetter(*names)
    return names, lambda value: tuple(getattr(value, name) for name in names)


_TEXTLESS = (
    inspect.NoneType,
    inspect.BoolType,
    inspect.IntType,
    inspect.FloatType,
    inspect.DateType,
    inspect.LiteralType,
)


def _may_hold_text(kind: inspect.Type) -> bool:
    """Whether a value of a type could hold a text that is anybody's own; what is not known may."""
    if isinstance(kind, inspect.UnionType):
        return any(map(_may_hold_text, kind.types))
    return not isinstance(kind, _TEXTLESS)
