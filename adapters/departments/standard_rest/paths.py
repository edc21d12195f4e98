"""Paths into a department's answer: JMESPath with `from_json`, nearly all of them plain (names,
indexes, `@attribute`) and compiled to closures.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import jmespath
from jmespath import functions
from jmespath.exceptions import JMESPathError

from adapters.contract.errors import AdapterMalformed
from adapters.departments.standard_rest.price import Interpreter, refuse_unpriced, spend
from adapters.transport.documents import TEXT, parse_json
from adapters.transport.guard import Limits

_NAME = r'(?:[A-Za-z_]\w*|"(?:[^"\\]|\\.)+")'
_STEP = rf"{_NAME}(?:\[\d+\])*"
_PLAIN = re.compile(rf"{_STEP}(?:\.{_STEP})*", re.ASCII)
_TOKEN = re.compile(r'([A-Za-z_]\w*)|"((?:[^"\\]|\\.)+)"|\[(\d+)\]', re.ASCII)
_CONSTANT = re.compile(r"\s*['`]")
_ABSENT = object()


class Path(NamedTuple):
    """A compiled path. `find` gives the value or None; `tells` says whether it leads to something
    that is there, be it null or empty.
    """

    find: Callable[[Any], Any]
    tells: Callable[[Any], bool]


class _Functions(functions.Functions):
    @functions.signature({"types": ["string", "null", "object"]})
    def _func_from_json(self, told: str | dict[str, Any] | None) -> Any:
        """What a text of JSON holds, within the bounds of an answer; a blank one holds nothing."""
        text = _text_of(told)
        if isinstance(text, dict):
            raise AdapterMalformed("not_parsable", "an object stands where a text of JSON belongs")
        text = (text or "").strip("\ufeff \t\r\n")
        spend(len(text) // _BYTES_PER_UNIT)
        return parse_json(text, _BOUNDS) if text else None


_BOUNDS = Limits()
_BYTES_PER_UNIT = 2
_CALLS = _Functions()


@lru_cache(maxsize=4096)
def compile_path(expression: str, *, strict: bool = False) -> Path:
    """`@` is the value itself. Raises ValueError for a malformed expression, and where `strict` for
    one whose cost cannot be known from its form: of those that were taken before, the work that an
    answer is worth is the bound.
    """
    if expression == "@":
        return Path(_text_of, bool)
    if _PLAIN.fullmatch(expression):
        return _plain(_steps(expression))
    try:
        tree = jmespath.compile(expression).parsed
    except JMESPathError as error:
        raise ValueError(_refusal(expression, error)) from error
    except RecursionError:
        raise ValueError(f"{expression:.60} is nested too deep") from None
    if strict:
        refuse_unpriced(expression, tree)
    interpreter = Interpreter(_CALLS)

    def find(value: Any) -> Any:
        try:
            return _text_of(interpreter.evaluate(tree, value))
        except JMESPathError as error:
            raise AdapterMalformed(
                "schema_violation", f"{expression} does not fit the answer"
            ) from error

    constant = _CONSTANT.match(expression) is not None
    return Path(find, lambda value: not constant and _holds_anything(find(value)))


def _holds_anything(value: Any) -> bool:
    """Whether an expression found something: one that makes a list or an object makes it of nothing
    too.
    """
    if isinstance(value, list | dict) and value:
        parts = value.values() if isinstance(value, dict) else value
        return any(part is not None for part in parts)
    return value is not None


def _refusal(expression: str, error: JMESPathError) -> str:
    if not expression.isascii() or "@" in expression or "-" in expression:
        quoted = ".".join(
            part if part.startswith('"') or not part else f'"{part}"'
            for part in expression.split(".")
        )
        return (
            f"{expression!r} is not a path: a name with Chinese characters, @ or - stands in "
            f"double quotes (请用双引号括起字段名): {quoted}"
        )
    return f"{expression!r} is not a path: {error}"


def _steps(expression: str) -> tuple[str | int, ...]:
    return tuple(
        int(index) if index else bare or re.sub(r"\\(.)", r"\1", quoted)
        for bare, quoted, index in _TOKEN.findall(expression)
    )


def _plain(steps: tuple[str | int, ...]) -> Path:
    def walk(value: Any) -> Any:
        for step in steps:
            if isinstance(step, str):
                if not isinstance(value, dict):
                    return _ABSENT
                value = value.get(step, _ABSENT)
            elif isinstance(value, list):
                # An empty list that is there says that nothing is in it.
                value = value[step] if step < len(value) else None
            else:
                return _ABSENT
        return value

    def find(value: Any) -> Any:
        found = walk(value)
        return None if found is _ABSENT else _text_of(found)

    if len(steps) == 1 and isinstance(steps[0], str):
        only = steps[0]
        return Path(
            lambda value: _text_of(value.get(only)) if isinstance(value, dict) else None,
            lambda value: isinstance(value, dict) and only in value,
        )
    return Path(find, lambda value: walk(value) is not _ABSENT)


def _text_of(value: Any) -> Any:
    """The text of an element that has attributes too."""
    return value[TEXT] if isinstance(value, dict) and TEXT in value else value


def scalar_of(value: Any) -> Any:
    """What is told where no object belongs: of several elements that have attributes the texts; of
    one with attributes alone nothing.
    """
    if isinstance(value, list):
        return [_text_of(item) for item in value]
    if isinstance(value, dict) and value and all(name.startswith("@") for name in value):
        return None
    return value
