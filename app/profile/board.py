"""The questions under way: who asks what of whom, joined where equal, moved on by one clock. Pure of frameworks.

One callback looks for attempts that are late, when the first of them is due; no question needs a timer or a task of its own.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import chain

from adapters.contract import REASONS, AdapterError, AdapterQuery, Asking, Outcome, SectionAnswer, Told
from adapters.transport.scan import encode
from app.profile.answered import Answered, Fetch, decoded
from app.profile.cache import AnswerCache, Kept, Key
from app.profile.deadline import LONGEST_MS, UNHURRIED_SHARE
from app.profile.flight import Flight, Question, Waiter
from app.profile.lanes import Lane

log = logging.getLogger("onevisit.engine")
_PAUSE_SECONDS = 0.01
"""At least so long between two looks."""
_BEHIND_SECONDS, _PASS_SECONDS = 0.005, 0.001
"""A look that comes so late waits for one pass of the loop, in which answers that have arrived are read."""
_NEVER = float("inf")

OnLate = Callable[[Question, Answered], None]


class Board:
    """Flights and lanes of one process. `now` is the wall clock, `random` gives numbers in [0, 1)."""

    def __init__(
        self,
        cache: AnswerCache,
        now: Callable[[], datetime],
        random: Callable[[], float],
        on_late: OnLate,
        *,
        unhurried: float = UNHURRIED_SHARE * LONGEST_MS / 1000,
    ) -> None:
        self.unhurried = unhurried
        self.cache = cache
        self.now = now
        self.random = random
        self.lanes: dict[str, Lane] = {}
        self._on_late = on_late
        self._loop = asyncio.get_running_loop()
        self.time = self._loop.time
        self._flying: dict[Key, Flight] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._due = _NEVER
        self._judged: float | None = None

    def ask(self, question: Question, waiter: Waiter, now: float) -> Answered | Flight:
        """A fresh enough answer at once, or the flight that will bring one."""
        route = question.route
        if route.freshness.fresh and not question.anew:
            known = self.cache.fresh(question.key, route.freshness, self.now())
            if known is not None:
                return self._used_again(question, known, Outcome.CACHED, None, 0, 0)
        flight = self._flying.get(question.key)
        if flight is not None and flight.serves(waiter):
            flight.waiters.append(waiter)
            route.lane.asked["joined"] += 1
            return flight
        flight = self._flying[question.key] = Flight(self, question, waiter, now)
        flight.start(now)
        return flight

    def landed(self, flight: Flight, answered: Answered | None) -> None:
        """A flight is settled (None: everybody left)."""
        key = flight.question.key
        if self._flying.get(key) is flight:
            del self._flying[key]
        if answered is not None:
            flight.question.route.lane.outcomes[answered.outcome] += 1

    def received(self, flight: Flight, answer: SectionAnswer, now: float) -> Answered:
        """What an answer becomes; it is remembered. An answer to a flight that was over already is reported as late."""
        question, data = flight.question, answer.data
        encoded = None if data is None else answer.encoded or encode(data)
        reason = answer.reason
        answered = Answered(
            Outcome.FRESH if data is not None else REASONS[reason or "no_record"].outcome,
            reason if data is not None else reason or "no_record",
            round((now - flight.started) * 1000),
            data,
            encoded,
            answer.as_of,
            self.now(),
            max(flight.attempts, answer.attempts),
            answer.source_digest,
        )
        self._remember(flight, answered, now)
        if flight.settled:
            question.route.lane.asked["late"] += 1
            self._on_late(question, answered)
        return answered

    def _remember(self, flight: Flight, answered: Answered, now: float) -> None:
        """Keep what was said last: "no record" ends what was known before, and a late answer replaces no newer one."""
        key, at = flight.question.key, answered.fetched_at
        if at is not None and flight.settled and self.cache.holds_newer(key, at - timedelta(seconds=now - flight.started)):
            return
        if answered.encoded is None:
            self.cache.forget(key)
        elif flight.question.route.kept:
            self.cache.keep(key, answered)

    def unanswered(self, flight: Flight, code: str, now: float) -> Answered:
        """What a failure becomes: the last-known answer, marked, or the outcome of its reason."""
        question, elapsed = flight.question, round((now - flight.started) * 1000)
        route = question.route
        known = self.cache.stale(question.key, route.freshness, self.now()) if route.freshness.stale else None
        if known is not None:
            return self._used_again(question, known, Outcome.STALE, code, elapsed, flight.attempts)
        return Answered(REASONS[code].outcome, code, elapsed, attempts=flight.attempts)

    def _used_again(
        self, question: Question, known: Kept, outcome: Outcome, reason: str | None, elapsed: int, attempts: int
    ) -> Answered:
        if outcome is Outcome.CACHED:
            question.route.lane.outcomes[outcome] += 1
        data = decoded(question.route.shape, known.encoded)
        return Answered(outcome, reason, elapsed, data, known.encoded, known.as_of, known.fetched_at, attempts, known.digest)

    def fill(self, lane: Lane) -> None:
        """Give free places to those who wait for them, longest waiting first."""
        while lane.waiting and lane.has_room:
            flight = lane.waiting.popleft()
            if not flight.settled:
                flight.begin(self.time())

    def later(self, when: float, act: Callable[[], None]) -> None:
        """Do something at a loop time."""
        self._loop.call_at(when, act)

    def watch(self, due: float) -> None:
        """See to it that what is late at this loop time will be noticed then, or ten milliseconds after it."""
        if due < self._due:
            if self._timer is not None:
                self._timer.cancel()
            self._due, self._judged = due, None
            self._timer = self._loop.call_at(due, self._look)

    def _look(self) -> None:
        """Cut what is late. A gateway that is late itself first reads what lies in its sockets, and judges by the time before."""
        # Loops round to milliseconds: a timer may come a little early, and must do then what it came for.
        now = max(self.time(), self._due)
        if self._judged is None and now - self._due > _BEHIND_SECONDS:
            self._judged = now
            self._timer = self._loop.call_later(_PASS_SECONDS, self._look)
            return
        judged, self._judged = self._judged or now, None
        self._due, self._timer = _NEVER, None
        due = min(self._move(lane, judged) for lane in self.lanes.values())
        if due < _NEVER:
            self.watch(max(due, self.time() + _PAUSE_SECONDS))

    def _move(self, lane: Lane, now: float) -> float:
        """Move what is late; returns when to look again."""
        for attempt in tuple(lane.active):
            attempt.move(now)
        while lane.waiting and (lane.waiting[0].settled or lane.waiting[0].queued_until <= now):
            lane.waiting.popleft().give_up("queue_full", now)
        if lane.waiting:
            self.fill(lane)
        return now if lane.waiting else min((attempt.due for attempt in lane.active), default=_NEVER)

    def cancel_all(self) -> None:
        """End every call, at shutdown."""
        if self._timer is not None:
            self._timer.cancel()
            self._due, self._timer, self._judged = _NEVER, None, None
        for attempt in tuple(chain.from_iterable(lane.active for lane in self.lanes.values())):
            attempt.cancel()


class _TaskAsking:
    """A question to an adapter that awaits: its task."""

    __slots__ = ("_task",)

    def __init__(self, task: asyncio.Task[None]) -> None:
        self._task = task

    def cancel(self) -> None:
        self._task.cancel()


def awaiting(fetch: Fetch, label: str) -> Callable[[AdapterQuery, Told], Asking]:
    """`begin` for an adapter that only offers `fetch`; whatever it raises becomes a failure with a reason."""

    async def run(query: AdapterQuery, told: Told) -> None:
        try:
            answer = await fetch(query)
        except AdapterError as error:
            told(None, error)
        except TimeoutError:
            told(None, AdapterError("deadline_exceeded"))
        except Exception as error:
            log.exception("%s failed in a way its adapter does not declare", label)
            told(None, AdapterError("adapter_failed", type(error).__name__))
        else:
            told(answer, None)

    def begin(query: AdapterQuery, told: Told) -> Asking:
        return _TaskAsking(asyncio.get_running_loop().create_task(run(query, told)))

    return begin
