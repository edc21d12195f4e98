"""Rules of law as functions: each guard is named, so that its row in the table of rules, and the
test that fails without it, can be checked against the code. Pure.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import wraps
from typing import Any, NamedTuple, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
GUARDS: dict[str, str] = {}
"""By rule: the function that guards it, as `module.function`."""
OFF: set[str] = set()
"""Rules whose guards say nothing: filled by the campaign alone, which looks who notices."""


class Switch(NamedTuple):
    """What a rule does in a region (`block` or `warn`), until a day or for good."""

    mode: str
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Switches:
    """By rule and region, what regions have switched. A region that blocks is not overruled by one
    around it or within it.
    """

    by_place: Mapping[tuple[str, str], Switch] = field(default_factory=dict)

    def warns(self, name: str, region: str, on: date) -> bool:
        """Whether a rule only warns in a region on a day; never where the region is not known."""
        if not self.by_place or not region:
            return False
        around = (self.by_place.get((name, region[:n].ljust(6, "0"))) for n in (6, 4, 2, 0))
        modes = {s.mode for s in around if s and (s.valid_to is None or on <= s.valid_to)}
        return modes == {"warn"}


NOT_SWITCHED = Switches()


def rule(name: str, *, without: Any) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Declare the guard of a rule, and what it would say if there were no such rule."""

    def declare(guard: Callable[P, T]) -> Callable[P, T]:
        GUARDS[name] = f"{guard.__module__}.{guard.__qualname__}"

        @wraps(guard)
        def asked(*args: P.args, **kwargs: P.kwargs) -> T:
            return without if OFF and name in OFF else guard(*args, **kwargs)

        return asked

    return declare
