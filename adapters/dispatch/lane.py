"""Everything that is known of one department: what it can take, how it fares, what it has been
asked. Pure.

One lane per adapter, never shared: what one department does changes nothing for another.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import Any

from adapters.contract.errors import AdapterError, NothingTold
from adapters.contract.manifest import Capacity
from adapters.dispatch.breaker import Breaker, BreakerRules
from adapters.dispatch.hedging import BUDGET_SHARE
from adapters.dispatch.limits import AdaptiveLimit
from adapters.dispatch.retries import Budget
from adapters.dispatch.timeouts import Latencies

NEUTRAL = frozenset({"credentials_rejected", "request_refused", "gateway_full", "echo_missing"})
"""Failures that say nothing about the department's health: 4xx, the gateway's own, and a
"no record" that names nobody.
"""
OF_CONTENT = frozenset(
    {
        "too_large",
        "compression_refused",
        "encoding",
        "deceptive_text",
        "not_parsable",
        "too_complex",
        "duplicate_key",
        "wrong_business",
        "schema_violation",
        "as_of_invalid",
        "adapter_failed",
    }
)
"""Failures that the content of one record may cause."""
BUSY = "upstream_busy"
_UNREACHED = frozenset({"connect_failed", "name_unresolved", "tls_failed"})
_SLOW_SHARE = 0.9
_MOST_SPOILT, _SPOILT_SECONDS = 64, 10.0
_SPOILT_BUSINESSES, _SPOILT_CALLERS = 3, 2
LONGEST_REST = 5.0
"""Seconds for which a department may ask to be left alone (`Retry-After`)."""
QUEUE_FACTOR = 4
"""At most this many times the limit wait for a place."""


class Spoilt:
    """Answers lately whose content was at fault. One record is at fault for itself; the department
    is only where several businesses are, and several callers saw it.
    """

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: deque[tuple[float, str, str]] = deque(maxlen=_MOST_SPOILT)

    def blames(self, now: float, business: str, callers: Iterable[str]) -> bool:
        """Count one, and say whether it is the department's by now."""
        self._seen.extend((now, business, caller) for caller in callers)
        lately = [row for row in self._seen if now - row[0] <= _SPOILT_SECONDS]
        businesses, who = {row[1] for row in lately}, {row[2] for row in lately}
        return len(businesses) >= _SPOILT_BUSINESSES and len(who) >= _SPOILT_CALLERS


def is_neutral(
    error: AdapterError, spoilt: Spoilt, now: float, business: str, callers: Iterable[str]
) -> bool:
    """Whether a failure says nothing about the department's health."""
    if error.code in NEUTRAL or isinstance(error, NothingTold):
        return True
    if error.code in OF_CONTENT:
        return not spoilt.blames(now, business, callers)
    return error.code == BUSY and not error.again


class Lane:
    """Counters, breaker, limit and budgets of one adapter."""

    __slots__ = (
        "_random", "_rules", "active", "adapter_id", "asked", "breaker", "breakers", "capacity",
        "hedges", "in_flight", "late", "latencies", "limit", "outcomes", "rests_until", "retries",
        "spoilt", "waiting",
    )  # fmt: skip

    def __init__(
        self,
        adapter_id: str,
        capacity: Capacity,
        random: Callable[[], float],
        limit: AdaptiveLimit,
        rules: BreakerRules,
        addresses: int = 1,
    ) -> None:
        self.adapter_id = adapter_id
        self.capacity = capacity
        self.limit = limit
        self._rules, self._random = rules, random
        self.breakers = tuple(Breaker(rules, random) for _ in range(addresses))
        """One for each address: a replica may be well while the first is down."""
        self.breaker = self.breakers[0]
        self.retries = Budget(0.1, 1.0)
        self.hedges = Budget(BUDGET_SHARE, 0.0)
        self.latencies = Latencies()
        self.in_flight = 0
        self.late = 0
        self.rests_until = 0.0
        self.spoilt = Spoilt()
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

    def fill(self, now: float) -> None:
        """Give free places to those who wait for them, longest waiting first."""
        while self.waiting and self.has_room:
            flight = self.waiting.popleft()
            if not flight.settled:
                flight.begin(now)

    def declare(self, addresses: int) -> None:
        """Give every address that is declared now its breaker; those that are known stay."""
        for _ in range(addresses - len(self.breakers)):
            self.breakers = (*self.breakers, Breaker(self._rules, self._random))

    def open_address(self, now: float, replicas: int, prefer: int = 0) -> int | None:
        """An address that may be asked: the preferred one, else the first that may; None where all
        breakers are open.
        """
        if not self.breakers[prefer].is_shut(now):
            return prefer
        known = self.breakers[: 1 + replicas]
        return next((i for i, b in enumerate(known) if not b.is_shut(now)), None)

    def succeeded(self, seconds: float, allowed: float, now: float, address: int = 0) -> None:
        """An answer came after so many seconds, of those that it was allowed."""
        self.latencies.record(seconds, now)
        self.limit.record(seconds, self.in_flight + 1)
        self.breakers[address].succeeded(now, slow=seconds > allowed * _SLOW_SHARE)

    def failed(
        self,
        error: AdapterError,
        now: float,
        *,
        is_probe: bool,
        address: int = 0,
        business: str = "",
        callers: Iterable[str] = (),
    ) -> None:
        """A failure came; what the caller did wrong does not count against the department, nor does
        the content of one record, or what one caller alone sees.
        """
        if error.code == BUSY:
            self.limit.dropped()
            self.rests_until = max(
                self.rests_until, now + min(error.retry_after or 0.0, LONGEST_REST)
            )
        breaker = self.breakers[address]
        if is_neutral(error, self.spoilt, now, business, callers):
            if is_probe:
                breaker.abandoned()
        else:
            breaker.failed(now, connecting=error.code in _UNREACHED)

    def timed_out(
        self, seconds: float, now: float, address: int = 0, *, is_blamed: bool = True
    ) -> None:
        """An attempt was cut after so many seconds; its department would have taken longer."""
        self.latencies.record_cut(seconds, now)
        if is_blamed:
            self.breakers[address].failed(now)
