"""Rules of law as functions: each guard is named, so that its row in the table of rules, and the
test that fails without it, can be checked against the code. Pure.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
GUARDS: dict[str, str] = {}
"""By rule: the function that guards it, as `module.function`."""
OFF: set[str] = set()
"""Rules whose guards say nothing: filled by the campaign alone, which looks who notices."""


def rule(name: str, *, without: Any) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Declare the guard of a rule, and what it would say if there were no such rule."""

    def declare(guard: Callable[P, T]) -> Callable[P, T]:
        GUARDS[name] = f"{guard.__module__}.{guard.__qualname__}"

        @wraps(guard)
        def asked(*args: P.args, **kwargs: P.kwargs) -> T:
            return without if OFF and name in OFF else guard(*args, **kwargs)

        return asked

    return declare
