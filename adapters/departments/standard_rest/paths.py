"""Paths into a department's answer: JMESPath, with plain dotted paths compiled to closures (they
are nearly all).
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from adapters.contract.errors import AdapterMalformed

_PLAIN = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)


@lru_cache(maxsize=4096)
def compile_path(expression: str) -> Callable[[Any], Any]:
    """A function that finds the value or None. `@` is the value itself. Raises ValueError for a
    malformed expression.
    """
    if expression == "@":
        return lambda value: value
    if _PLAIN.fullmatch(expression):
        return _plain(tuple(expression.split(".")))
    try:
        search = jmespath.compile(expression).search
    except JMESPathError as error:
        raise ValueError(f"{expression!r} is not a path: {error}") from error

    def find(value: Any) -> Any:
        try:
            return search(value)
        except JMESPathError as error:
            raise AdapterMalformed(
                "schema_violation", f"{expression} does not fit the answer"
            ) from error

    return find


def _plain(keys: tuple[str, ...]) -> Callable[[Any], Any]:
    if len(keys) == 1:
        only = keys[0]
        return lambda value: value.get(only) if isinstance(value, dict) else None

    def find(value: Any) -> Any:
        for key in keys:
            if not isinstance(value, dict):
                return None
            value = value.get(key)
        return value

    return find
