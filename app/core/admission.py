"""How many requests the gateway takes at once, and who goes first when it cannot take all.

The limit finds itself: it shrinks by a tenth while the gateway cannot keep up (its loop lags, or it
had to leave a department unasked), and grows while it is used and all is well. Records of visits
have a reserve; what nobody waits for yields first.
"""

import asyncio
from bisect import bisect_left
from collections.abc import Callable
from enum import IntEnum
from typing import Any, TypeVar, cast

from starlette.types import ASGIApp, Receive, Scope, Send

from app.core.problems import problem, trace_id_in

_LEAST, _INITIAL, _MOST = 32, 2048, 8192
_SHRINK, _GROW = 0.9, 1.05
_RECORDS = 256
_USED_SHARE = 0.8
_YIELD_SHARE = 0.4
_LONGEST_LAG, _LATE_PERIODS = 0.1, 3
"""One pause means nothing; three tenths of a second in a row that each saw one mean that the
gateway cannot keep up.
"""
_HEADROOM = 1.2
_LOOK_SECONDS, _LOOKS_PER_PERIOD = 0.05, 2
LAG_BOUNDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0)
"""Seconds; buckets in which the lag of the event loop is counted, twenty times a second."""


class Priority(IntEnum):
    """Who goes first: lower is more urgent."""

    RECORD = 0
    TASK = 1
    PULL = 2
    PREFETCH = 3


SHARES = {Priority.RECORD: 1.3, Priority.TASK: 1.0, Priority.PULL: 0.8, Priority.PREFETCH: 0.5}
"""Share of the limit up to which each priority is taken: a lower one is always refused before a
higher one.
"""


class Admission:
    """Counts what is in flight. `adjust` is called ten times a second with how late that call was,
    in seconds.
    """

    __slots__ = (
        "_estimate",
        "_initial",
        "_late",
        "_pressed",
        "_records",
        "in_flight",
        "lags",
        "limit",
        "refused",
    )

    def __init__(self, initial: int = _INITIAL) -> None:
        self._estimate = self._initial = float(initial)
        self._pressed = False
        self._late = self._records = 0
        """Periods in a row that were late; records among what is in flight: they wait for the
        database, and say nothing of how many look-ups departments can take.
        """
        self.limit = initial
        self.in_flight = 0
        self.lags = [0] * (len(LAG_BOUNDS) + 1)
        self.refused = dict.fromkeys(Priority, 0)

    def has_room(self, priority: Priority) -> bool:
        """Whether a request would be taken now. Records wait for the database while they hold a
        place: however small the limit has become, some are kept for them.
        """
        room = self.limit * SHARES[priority]
        if priority is Priority.RECORD:
            room = max(room, self.limit + _RECORDS)
        return self.in_flight < room

    def enter(self, priority: Priority) -> bool:
        """Take a request; False if it must be refused. Every request taken must `leave`."""
        if not self.has_room(priority):
            self.refused[priority] += 1
            return False
        self.in_flight += 1
        self._records += priority is Priority.RECORD
        return True

    def leave(self, priority: Priority) -> None:
        """A request that was taken as such is answered."""
        self.in_flight -= 1
        self._records -= priority is Priority.RECORD

    @property
    def is_busy(self) -> bool:
        """Whether what can wait should wait."""
        return self.in_flight >= self.limit * _YIELD_SHARE

    def look(self, lag: float) -> float:
        """Count how late the event loop runs."""
        self.lags[bisect_left(LAG_BOUNDS, lag)] += 1
        return lag

    def press(self) -> None:
        """The gateway could not do for a request what it should have done."""
        self._pressed = True

    def adjust(self, lag: float) -> None:
        """Shrink or grow. A late look at the loop counts only while there is enough to do: an idle
        gateway that is paused is not overloaded. What was taken away comes back when little is
        asked: in the midst of an overload it would let in what no department can answer.
        """
        is_late = lag > _LONGEST_LAG and self.in_flight >= _LEAST
        self._late = self._late + 1 if is_late else 0
        if self._pressed or self._late >= _LATE_PERIODS:
            self._estimate = max(
                float(_LEAST),
                min(self._estimate, max(self.in_flight, _LEAST) * _HEADROOM) * _SHRINK,
            )
        elif not self._late and self.in_flight - self._records >= self._estimate * _USED_SHARE:
            self._estimate = min(float(_MOST), self._estimate * _GROW + 1)
        elif not self._late and not self.is_busy and self._estimate < self._initial:
            self._estimate = min(self._initial, self._estimate * _GROW + 1)
        self._pressed = False
        self.limit = int(self._estimate)


async def keep_adjusting(admission: Admission) -> None:
    """Adjust until cancelled; how late each turn comes is how late the event loop runs."""
    loop = asyncio.get_running_loop()
    while True:
        worst = 0.0
        for _ in range(_LOOKS_PER_PERIOD):
            due = loop.time() + _LOOK_SECONDS
            await asyncio.sleep(_LOOK_SECONDS)
            worst = max(worst, admission.look(max(loop.time() - due, 0.0)))
        admission.adjust(worst)


def retry_after(priority: Priority) -> str:
    """Seconds after which a refused caller may come again: who yields first waits longest."""
    return str(1 + int(priority))


PriorityOf = Callable[[Scope], Priority | None]
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def takes(priority: Priority | PriorityOf | None) -> Callable[[Endpoint], Endpoint]:
    """Declare a route's priority, beside its permission. A function tells it from the request; None
    exempts the route from admission (operators' probes).
    """
    told = priority if callable(priority) else lambda _scope: priority

    def declare(endpoint: Endpoint) -> Endpoint:
        endpoint.priority = told  # type: ignore[attr-defined]  # read by `declared_priority`
        endpoint.is_probe = priority is None  # type: ignore[attr-defined]  # read by `is_probe`
        return endpoint

    return declare


def takes_form(most_bytes: int) -> Callable[[Endpoint], Endpoint]:
    """Declare that an open route reads a body from whoever sends it, of at most so many bytes. Any
    other open route gets none.
    """

    def declare(endpoint: Endpoint) -> Endpoint:
        endpoint.form_bytes = most_bytes  # type: ignore[attr-defined]  # read by `form_bytes`
        return endpoint

    return declare


def form_bytes(endpoint: Any) -> int:
    """How long a stranger's body may be, by what an endpoint declares with `takes_form`."""
    return int(getattr(endpoint, "form_bytes", 0))


def declared_priority(endpoint: Any) -> PriorityOf | None:
    """What an endpoint declares with `takes`; None if nothing."""
    return cast("PriorityOf | None", getattr(endpoint, "priority", None))


def is_probe(endpoint: Any) -> bool:
    """Whether an endpoint is exempt from admission."""
    return bool(getattr(endpoint, "is_probe", False))


class Admitted:
    """ASGI middleware: takes or refuses every request but those of exempt routes."""

    def __init__(self, app: ASGIApp, *, admission: Admission, priority_of: PriorityOf) -> None:
        self._app = app
        self._admission = admission
        self._priority_of = priority_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        priority = self._priority_of(scope) if scope["type"] == "http" else None
        if priority is None:
            await self._app(scope, receive, send)
            return
        if not self._admission.enter(priority):
            headers = {"Retry-After": retry_after(priority)}
            busy = problem("server.busy", trace_id_in(scope), headers=headers)
            await busy(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            self._admission.leave(priority)
