"""The questions under way: who asks what of whom, joined where equal, moved on by one ticker. Pure.

One callback looks for attempts that are late, when the first of them is due; no question needs a
timer or a task of its own.
"""

from collections.abc import Callable
from datetime import datetime
from itertools import chain

from adapters.dispatch.cache import AnswerCache, Key
from adapters.dispatch.deadline import UNHURRIED_SECONDS
from adapters.dispatch.earlier import Earlier
from adapters.dispatch.flight import Flight, FlightContext, OnLate
from adapters.dispatch.lane import Lane
from adapters.dispatch.question import Question, Waiter
from adapters.dispatch.replies import Replies
from adapters.dispatch.reply import Reply
from adapters.dispatch.ticker import NEVER, Ticker


class Dispatcher:
    """Flights and lanes of one process. `now` is the wall clock, `random` gives numbers in [0, 1).

    `unhurried`: seconds that an attempt of a caller in no hurry has. `on_late` hears of answers
    that came after everybody had left. `earlier` keeps answers beyond this process's memory.
    """

    def __init__(
        self,
        cache: AnswerCache,
        now: Callable[[], datetime],
        random: Callable[[], float],
        on_late: OnLate,
        *,
        unhurried: float = UNHURRIED_SECONDS,
        earlier: Earlier | None = None,
    ) -> None:
        self.cache = cache
        self.now = now
        self.random = random
        self.lanes: dict[str, Lane] = {}
        self.replies = Replies(cache, now, earlier)
        self.recalls = earlier is not None
        self._flying: dict[Key, Flight] = {}
        self._ticker = Ticker(self._move_all)
        self.time = self._ticker.time
        self._context = FlightContext(
            self._ticker, self.replies, self._flying, random, unhurried, on_late
        )

    @property
    def looks(self) -> int:
        """How often somebody looked for what is late."""
        return self._ticker.looks

    def ask(self, question: Question, waiter: Waiter, now: float) -> Reply | Flight:
        """A fresh enough answer at once, or the flight that will bring one."""
        reply = self.replies.fresh(question)
        if reply is not None:
            return reply
        flight = self._flying.get(question.key)
        if flight is not None and flight.serves(waiter):
            flight.waiters.append(waiter)
            question.route.lane.asked["joined"] += 1
            return flight
        flight = self._flying[question.key] = Flight(self._context, question, waiter, now)
        flight.start(now)
        return flight

    def _move_all(self, now: float) -> float:
        return min(self._move(lane, now) for lane in self.lanes.values())

    def _move(self, lane: Lane, now: float) -> float:
        """Move what is late; returns when to look again."""
        for attempt in tuple(lane.active):
            attempt.move(now)
        waiting = lane.waiting
        while waiting and (waiting[0].settled or waiting[0].queued_until <= now):
            waiting.popleft().give_up("queue_full", now)
        if waiting:
            lane.fill(self.time())
        return now if waiting else min((attempt.due for attempt in lane.active), default=NEVER)

    def cancel_all(self) -> None:
        """End every call, at shutdown."""
        self._ticker.stop()
        for attempt in tuple(chain.from_iterable(lane.active for lane in self.lanes.values())):
            attempt.cancel()
