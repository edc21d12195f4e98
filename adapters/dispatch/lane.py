"""Everything that is known of one department: what it can take, how it fares, what it has been
asked. Pure.

One lane per adapter, never shared: what one department does changes nothing for another.
"""

from collections import Counter, deque
from collections.abc import Callable
from typing import Any

from adapters.contract.errors import AdapterError
from adapters.contract.manifest import Capacity
from adapters.dispatch.breaker import Breaker, BreakerRules
from adapters.dispatch.hedging import BUDGET_SHARE
from adapters.dispatch.limits import AdaptiveLimit
from adapters.dispatch.retries import Budget
from adapters.dispatch.timeouts import Latencies

_NEUTRAL = frozenset({"credentials_rejected", "request_refused", "gateway_full"})
"""Failures that say nothing about the department's health: 4xx, and the gateway's own."""
_BUSY = "upstream_busy"
_UNREACHED = frozenset({"connect_failed", "name_unresolved", "tls_failed"})
_SLOW_SHARE = 0.9
LONGEST_REST = 5.0
"""Seconds for which a department may ask to be left alone (`Retry-After`)."""
QUEUE_FACTOR = 4
"""At most this many times the limit wait for a place."""


class Lane:
    """Counters, breaker, limit and budgets of one adapter."""

    __slots__ = (
        "active", "adapter_id", "asked", "breaker", "capacity", "hedges", "in_flight", "late",
        "latencies", "limit", "outcomes",
        "rests_until", "retries", "waiting",
    )  # fmt: skip

    def __init__(
        self,
        adapter_id: str,
        capacity: Capacity,
        random: Callable[[], float],
        limit: AdaptiveLimit,
        rules: BreakerRules,
    ) -> None:
        self.adapter_id = adapter_id
        self.capacity = capacity
        self.limit = limit
        self.breaker = Breaker(rules, random)
        self.retries = Budget(0.1, 1.0)
        self.hedges = Budget(BUDGET_SHARE, 0.0)
        self.latencies = Latencies()
        self.in_flight = 0
        self.late = 0
        self.rests_until = 0.0
        # Attempts and flights (`flight`): this room only holds them, in the order in which they
        # came.
        self.active: dict[Any, None] = {}
        self.waiting: deque[Any] = deque()
        self.asked: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()

    @property
    def has_room(self) -> bool:
        """Whether one more question may be under way."""
        return self.in_flight < self.limit.value

    @property
    def may_queue(self) -> bool:
        """Whether one more question may wait for a place."""
        return len(self.waiting) < self.limit.value * QUEUE_FACTOR

    def succeeded(self, seconds: float, allowed: float, now: float) -> None:
        """An answer came after so many seconds, of those that it was allowed."""
        self.latencies.record(seconds, now)
        self.limit.record(seconds, self.in_flight + 1)
        self.breaker.succeeded(now, slow=seconds > allowed * _SLOW_SHARE)

    def failed(self, error: AdapterError, now: float, *, is_probe: bool) -> None:
        """A failure came; what the caller did wrong does not count against the department."""
        if error.code == _BUSY:
            self.limit.dropped()
            self.rests_until = max(
                self.rests_until, now + min(error.retry_after or 0.0, LONGEST_REST)
            )
        if error.code in _NEUTRAL or (error.code == _BUSY and not error.again):
            if is_probe:
                self.breaker.abandoned()
        else:
            self.breaker.failed(now, connecting=error.code in _UNREACHED)

    def timed_out(self, seconds: float, now: float) -> None:
        """An attempt was cut; its time counts as the least that it would have taken."""
        self.latencies.record(seconds, now)
        self.breaker.failed(now)
