"""Circuit breaker of one department: a department that is down is not asked again and again. Pure;
times are in seconds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

_BUCKETS = 10


class BreakerState(IntEnum):
    """As metrics show it."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


@dataclass(frozen=True, slots=True)
class BreakerRules:
    """When it opens, for how long, and what closes it again."""

    least_calls: int = 20
    failing_share: float = 0.5
    slow_share: float = 0.8
    connect_failures: int = 5
    open_seconds: float = 5.0
    longest_open_seconds: float = 60.0
    jitter: float = 0.2
    probes: int = 3


class Breaker:
    """Counts the last ten seconds in buckets of one. `random` gives numbers in [0, 1): open periods
    of a fleet must not align.
    """

    __slots__ = (
        "_calls", "_failed", "_missed", "_opened", "_passed", "_probing", "_random", "_rules",
        "_second", "_slow", "_until",
        "state",
    )  # fmt: skip

    def __init__(self, rules: BreakerRules, random: Callable[[], float]) -> None:
        self._rules = rules
        self._random = random
        self.state = BreakerState.CLOSED
        self._second = -1
        self._opened = 0
        self._until = 0.0
        self._forget()

    def _forget(self) -> None:
        self._calls, self._failed, self._slow = [0] * _BUCKETS, [0] * _BUCKETS, [0] * _BUCKETS
        self._missed = self._probing = self._passed = 0

    @property
    def failed_lately(self) -> int:
        """Calls that failed in the last ten seconds."""
        return sum(self._failed)

    def is_shut(self, now: float) -> bool:
        """Whether asking would be refused now; takes no probe."""
        if self.state is BreakerState.OPEN:
            return now < self._until
        return (
            self.state is BreakerState.HALF_OPEN
            and self._probing >= self._rules.probes
            and now < self._until
        )

    def allows(self, now: float) -> bool:
        """Whether the department may be asked; while half open the first few questions are let
        through as probes.

        Probes of which nothing is heard are given up after as long as the breaker is open at first:
        it can never stay half open.
        """
        if self.state is BreakerState.CLOSED:
            return True
        if self.is_shut(now):
            return False
        if self.state is BreakerState.OPEN or self._probing >= self._rules.probes:
            self.state = BreakerState.HALF_OPEN
            self._probing = self._passed = 0
            self._until = now + self._rules.open_seconds
        self._probing += 1
        return True

    def succeeded(self, now: float, *, slow: bool = False) -> None:
        """An answer came; `slow` if it took nearly all the time an attempt may have."""
        second = int(now)
        self._calls[second % _BUCKETS if second == self._second else self._place(now)] += 1
        if self.state is BreakerState.CLOSED and not slow:
            self._missed = 0
            return
        place = self._place(now)
        self._missed = 0
        if self.state is BreakerState.HALF_OPEN:
            self._passed += 1
            if self._passed >= self._rules.probes:
                self.state, self._opened = BreakerState.CLOSED, 0
                self._forget()
        elif slow:
            self._slow[place] += 1
            self._judge(now)

    def failed(self, now: float, *, connecting: bool = False) -> None:
        """No usable answer came; `connecting` if the department could not even be reached."""
        place = self._place(now)
        self._calls[place] += 1
        self._failed[place] += 1
        self._missed = self._missed + 1 if connecting else 0
        if self.state is BreakerState.HALF_OPEN or self._missed >= self._rules.connect_failures:
            self._open(now)
        else:
            self._judge(now)

    def abandoned(self) -> None:
        """A question ended without telling anything about the department (the caller went away)."""
        if self.state is BreakerState.HALF_OPEN and self._probing:
            self._probing -= 1

    def _place(self, now: float) -> int:
        second = int(now)
        if second != self._second:
            for passed in range(max(self._second + 1, second - _BUCKETS + 1), second + 1):
                place = passed % _BUCKETS
                self._calls[place] = self._failed[place] = self._slow[place] = 0
            self._second = second
        return second % _BUCKETS

    def _judge(self, now: float) -> None:
        calls = sum(self._calls)
        if self.state is not BreakerState.CLOSED or calls < self._rules.least_calls:
            return
        rules = self._rules
        if (
            self.failed_lately >= calls * rules.failing_share
            or sum(self._slow) >= calls * rules.slow_share
        ):
            self._open(now)

    def _open(self, now: float) -> None:
        if self.state is BreakerState.OPEN:
            return
        seconds = min(self._rules.open_seconds * 2**self._opened, self._rules.longest_open_seconds)
        self._until = now + seconds * (1 + self._rules.jitter * (2 * self._random() - 1))
        self._opened = min(self._opened + 1, 16)
        self.state = BreakerState.OPEN
        self._forget()
