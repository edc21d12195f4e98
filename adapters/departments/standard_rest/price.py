"""What a mapping may cost. A declaration is a program: without a price a path of a hundred signs
makes a value of a million parts, and each further sign more of them.

Two bounds: which expressions a path may hold is looked at when it is registered, and how much work
one answer is worth is counted while it is read. Pure but for the purse of the reading thread.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jmespath.functions import Functions
from jmespath.visitor import Options, TreeInterpreter

from adapters.contract.errors import AdapterMalformed

_ALLOWED = frozenset(
    {
        "and_expression",
        "comparator",
        "current",
        "field",
        "filter_projection",
        "flatten",
        "function_expression",
        "identity",
        "index",
        "index_expression",
        "key_val_pair",
        "literal",
        "multi_select_dict",
        "multi_select_list",
        "not_expression",
        "or_expression",
        "pipe",
        "projection",
        "slice",
        "subexpression",
        "value_projection",
    }
)
FUNCTIONS = frozenset(
    {
        "abs",
        "avg",
        "ceil",
        "contains",
        "ends_with",
        "floor",
        "from_json",
        "join",
        "keys",
        "length",
        "max",
        "merge",
        "min",
        "not_null",
        "reverse",
        "sort",
        "starts_with",
        "sum",
        "to_array",
        "to_number",
        "to_string",
        "type",
        "values",
    }
)
_MOST_NODES, _MOST_DEPTH = 64, 24
_LEAST_UNITS, _BYTES_PER_UNIT = 20_000, 4
_SIGNS_PER_UNIT = 16
_STEP, _CALL = 4, 8
"""Units of a step, and of a comparison or call: a unit is about a microsecond."""
_ALONE = 20_000
"""What one path may cost that is looked at outside of an answer."""


class TooDear(AdapterMalformed):
    """The mapping does more work than its answer is worth."""

    def __init__(self) -> None:
        super().__init__("too_complex", "the mapping does more work than the answer is worth")


def refuse_unpriced(expression: str, tree: Any) -> None:
    """Raise ValueError for an expression whose cost cannot be known from its form."""
    waiting, count = [(tree, 0)], 0
    while waiting:
        node, depth = waiting.pop()
        count += 1
        if count > _MOST_NODES or depth > _MOST_DEPTH:
            raise ValueError(
                f"{expression:.60} is too long: a path has at most {_MOST_NODES} parts"
            )
        kind = node["type"]
        if kind not in _ALLOWED:
            raise ValueError(f"{expression:.60} holds {kind}, which a path may not")
        if kind == "function_expression" and node["value"] not in FUNCTIONS:
            raise ValueError(
                f"{expression:.60} calls {node['value']:.30}; a path may call "
                f"{', '.join(sorted(FUNCTIONS))}"
            )
        waiting += [(child, depth + 1) for child in node["children"] if isinstance(child, dict)]


class _Purse(threading.local):
    left: int | None = None


_PURSE = _Purse()


def begin_spending(size: int) -> int | None:
    """From here on, the work that an answer of so many bytes is worth, for all paths that read it;
    work beyond it raises `TooDear`. Gives what `end_spending` wants.
    """
    before, _PURSE.left = _PURSE.left, _LEAST_UNITS + size // _BYTES_PER_UNIT
    return before


def end_spending(before: int | None) -> None:
    """As before."""
    _PURSE.left = before


@contextmanager
def spending(size: int) -> Iterator[None]:
    """Both, around a block."""
    before = begin_spending(size)
    try:
        yield
    finally:
        end_spending(before)


def spend(units: int) -> None:
    """Take work off what the answer being read is worth; about a microsecond each."""
    if _PURSE.left is None:
        return
    _PURSE.left -= units
    if _PURSE.left < 0:
        raise TooDear


def _charge(value: Any) -> None:
    """Count all parts of a value, also those that it holds twice: whoever looks at it does."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            waiting += part.values()
            spend(len(part))
        elif isinstance(part, list):
            waiting += part
            spend(len(part))
        elif isinstance(part, str):
            spend(len(part) // _SIGNS_PER_UNIT)


class Interpreter(TreeInterpreter):
    """jmespath's own, with a price on every step, and on what a step looks at as a whole."""

    def __init__(self, calls: Functions) -> None:
        super().__init__(Options(custom_functions=calls))
        self._calls = calls

    def evaluate(self, tree: Any, value: Any) -> Any:
        """What an expression finds. Raises `TooDear`, and the library's own errors."""
        if _PURSE.left is None:
            with spending(_ALONE):
                return self.evaluate(tree, value)
        found = self.visit(tree, value)
        if found is not value:
            _charge(found)
        return found

    def visit(self, node: Any, *args: Any) -> Any:
        spend(_STEP)
        return super().visit(node, *args)

    def visit_comparator(self, node: Any, value: Any) -> Any:
        spend(_CALL)
        sides = [self.visit(child, value) for child in node["children"]]
        for side in sides:
            _charge(side)
        known: Any = {**node, "children": [_literal(side) for side in sides]}
        return super().visit_comparator(known, value)

    def visit_function_expression(self, node: Any, value: Any) -> Any:
        spend(_CALL)
        given = [self.visit(child, value) for child in node["children"]]
        for argument in given:
            _charge(argument)
        return self._calls.call_function(node["value"], given)

    def visit_flatten(self, node: Any, value: Any) -> Any:
        base = self.visit(node["children"][0], value)
        if isinstance(base, list):
            spend(sum(len(part) if isinstance(part, list) else 1 for part in base))
        known: Any = {**node, "children": [_literal(base)]}
        return super().visit_flatten(known, value)


def _literal(value: Any) -> Any:
    """What was found already, as the library's interpreter takes it."""
    return {"type": "literal", "children": [], "value": value}
