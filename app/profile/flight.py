"""One question to one department on its way: waiting for a place, asked, asked again, hedged, cut, answered. Pure.

Callers who ask the same join the flight instead of asking again. Nothing here waits: the board's clock moves what is late.
"""

from collections.abc import Callable
from math import inf
from typing import Protocol

from msgspec import Struct, structs

from adapters.contract import AdapterError, AdapterQuery, Asking, SectionAnswer
from adapters.transport.backoff import pause
from adapters.transport.heads import HOP_SECONDS
from app.profile.answered import Answered, Begin
from app.profile.cache import Freshness, Key
from app.profile.deadline import LATE_SECONDS, LEAST_ATTEMPT_SECONDS
from app.profile.hedging import hedge_after
from app.profile.lanes import Lane
from app.profile.timeouts import attempt_seconds, is_fair

_MOST_ATTEMPTS = 2
_LONGEST_WAIT = 0.5
_JOIN_SLACK = 0.1
_SOON = 0.01
_OUT_OF_TIME = "deadline_exceeded"
MOST_LATE = 8
"""So many answers of one department may still come after their deadline to refill the cache."""


class Route(Struct, frozen=True):
    """What all questions to one adapter have in common."""

    section: str
    department: str
    label: str
    shape: type[Struct]
    lane: Lane
    begin: Begin
    freshness: Freshness = Freshness()
    repeatable: bool = True
    replicas: int = 0

    @property
    def kept(self) -> bool:
        """Whether an answer may be used again at all."""
        return bool(self.freshness.fresh or self.freshness.stale)


class Question(Struct, frozen=True):
    """What is asked of one department now. `key` is equal for questions that one answer serves."""

    route: Route
    query: AdapterQuery
    key: Key
    patient: bool = False
    """Wait for the department as long as the deadline lets, whatever it usually takes."""
    anew: bool = False
    """Ask even where a fresh enough answer is kept."""


class Waiter(Protocol):
    """Who waits for a section."""

    deadline: float

    def section_settled(self, section: str, answered: Answered) -> None:
        """The section's outcome is known."""


class Tower(Protocol):
    """What a flight needs of the board it belongs to."""

    time: Callable[[], float]
    random: Callable[[], float]
    unhurried: float
    """Seconds that an attempt of a caller in no hurry has."""

    def watch(self, due: float) -> None:
        """Notice what is late at this loop time."""

    def fill(self, lane: Lane) -> None:
        """Give free places to those who wait."""

    def later(self, when: float, act: Callable[[], None]) -> None:
        """Do something at a loop time."""

    def landed(self, flight: "Flight", answered: Answered | None) -> None:
        """A flight is settled; None if everybody left."""

    def received(self, flight: "Flight", answer: SectionAnswer, now: float) -> Answered:
        """What an answer becomes."""
        ...

    def unanswered(self, flight: "Flight", code: str, now: float) -> Answered:
        """What a failure becomes."""
        ...


class Attempt:
    """One call to the department."""

    __slots__ = ("asking", "cut_at", "flight", "hedge_at", "is_fair", "is_late", "is_probe", "lane", "started")

    def __init__(self, flight: "Flight", started: float, cut_at: float, *, is_fair: bool, is_probe: bool) -> None:
        self.is_fair = is_fair
        self.is_probe = is_probe
        self.flight: Flight | None = flight
        self.lane = flight.question.route.lane
        self.started = started
        self.cut_at = cut_at
        self.hedge_at: float | None = None
        self.asking: Asking | None = None
        self.is_late = False

    @property
    def due(self) -> float:
        """The loop time at which something is to be done if no answer has come."""
        return self.cut_at if self.hedge_at is None else min(self.cut_at, self.hedge_at)

    def told(self, answer: SectionAnswer | None, error: AdapterError | None) -> None:
        """The department answered, or failed to."""
        flight = self.flight
        if flight is None:
            return
        board, lane = flight.board, self.lane
        now = board.time()
        self.leave()
        if answer is not None:
            lane.succeeded(now - self.started, self.cut_at - self.started if self.is_fair else inf, now)
            flight.answered(self, answer, now)
        elif error is not None:
            if error.code != _OUT_OF_TIME:
                lane.failed(error, now, is_probe=self.is_probe)
            elif not self.is_late:
                self._ran_out(now)
            flight.failed(self, error, now)
        if lane.waiting:
            board.fill(lane)

    def leave(self) -> None:
        """No longer under way."""
        self.flight = None
        if self.lane.active.pop(self, False) is None:
            if self.is_late:
                self.lane.late -= 1
            else:
                self.lane.in_flight -= 1

    def cancel(self) -> None:
        """Free the connection; the department is neither praised nor blamed."""
        self.leave()
        if self.is_probe:
            self.lane.breaker.abandoned()
        if self.asking is not None:
            self.asking.cancel()

    def move(self, now: float) -> None:
        """Cut what is too late; ask a replica too where that is due."""
        if self.cut_at <= now:
            self.cut(now)
        elif self.hedge_at is not None and self.hedge_at <= now and self.flight is not None:
            self.flight.hedge(self, now)

    def cut(self, now: float) -> None:
        """It took too long: wait for a late answer in the background if there is room, else end it."""
        flight, lane = self.flight, self.lane
        if flight is None:
            return
        if self.is_late or lane.late >= MOST_LATE or not flight.question.route.freshness.stale:
            if not self.is_late:
                self._ran_out(now)
            self.leave()
            if self.asking is not None:
                self.asking.cancel()
        else:
            self._ran_out(now)
            self.is_late = True
            lane.in_flight -= 1
            lane.late += 1
            self.cut_at = max(flight.deadline, now) + LATE_SECONDS
            self.hedge_at = None
        flight.attempt_cut(self, now)

    def _ran_out(self, now: float) -> None:
        """Blame the department only if it had as long as it may take."""
        if self.is_fair:
            self.lane.timed_out(now - self.started, now)
        elif self.is_probe:
            self.lane.breaker.abandoned()


class Flight:
    """A question under way, and all who wait for its answer."""

    __slots__ = ("attempts", "board", "deadline", "question", "queued_until", "running", "settled", "started", "waiters")

    def __init__(self, board: Tower, question: Question, waiter: Waiter, started: float) -> None:
        self.board = board
        self.question = question
        self.waiters: list[Waiter] = [waiter]
        self.deadline = waiter.deadline
        self.started = started
        self.attempts = 0
        self.running: list[Attempt] = []
        self.queued_until = 0.0
        self.settled = False

    def serves(self, waiter: Waiter) -> bool:
        """Whether a caller with this deadline loses nothing by joining."""
        return not self.settled and waiter.deadline <= self.deadline + _JOIN_SLACK

    def start(self, now: float) -> None:
        """Ask, wait for a place, or say why not."""
        lane = self.question.route.lane
        lane.retries.earn()
        if self.deadline - now < LEAST_ATTEMPT_SECONDS:
            self.give_up("too_little_time", now)
        elif lane.breaker.is_shut(now):
            self.give_up("breaker_open", now)
        elif lane.rests_until > now:
            self.give_up("upstream_busy", now)
        elif lane.has_room:
            self.begin(now)
        elif lane.may_queue:
            self.queued_until = min(self.deadline - LEAST_ATTEMPT_SECONDS, now + _LONGEST_WAIT)
            lane.waiting.append(self)
            self.board.watch(now + _SOON)
        else:
            self.give_up("queue_full", now)

    def begin(self, now: float) -> None:
        """There is a place: call the department, unless its breaker opened meanwhile or it asked to be left alone."""
        breaker = self.question.route.lane.breaker
        if self.question.route.lane.rests_until > now:
            self.give_up("upstream_busy", now)
        elif breaker.allows(now):
            self.attempt(now, is_probe=bool(breaker.state))
        else:
            self.give_up("breaker_open", now)

    def attempt(self, now: float, replica: int = 0, *, is_probe: bool = False) -> None:
        """Call the department."""
        question, lane = self.question, self.question.route.lane
        left = self.deadline - now
        allowed = left if question.patient else attempt_seconds(lane.latencies, left)
        attempt = Attempt(
            self, now, now + allowed, is_fair=is_fair(lane.latencies, allowed, self.board.unhurried), is_probe=is_probe
        )
        self.attempts += 1
        self.running.append(attempt)
        lane.in_flight += 1
        lane.active[attempt] = None
        if question.route.replicas and not replica:
            lane.hedges.earn()
            after = self._hedge_after(lane)
            attempt.hedge_at = None if after is None else now + after
        query = question.query if not replica else structs.replace(question.query, replica=replica)
        self.board.watch(attempt.due)
        try:
            attempt.asking = question.route.begin(query, attempt.told)
        except AdapterError as error:
            attempt.told(None, error)

    def _hedge_after(self, lane: Lane) -> float | None:
        utilisation = lane.in_flight / lane.limit.value
        closed = not lane.breaker.state
        return hedge_after(lane.latencies, self.question.route.replicas, breaker_closed=closed, utilisation=utilisation)

    def hedge(self, attempt: Attempt, now: float) -> None:
        """The first attempt is late: ask a replica too, if the budget allows."""
        attempt.hedge_at = None
        lane = self.question.route.lane
        in_time = self.deadline - now >= LEAST_ATTEMPT_SECONDS
        if in_time and self.attempts < _MOST_ATTEMPTS and lane.has_room and lane.rests_until <= now and lane.hedges.take(now):
            lane.asked["hedged"] += 1
            self.attempt(now, replica=1)

    def answered(self, attempt: Attempt, answer: SectionAnswer, now: float) -> None:
        """The first answer wins; other attempts are called off."""
        self.running.remove(attempt)
        while self.running:
            self.running.pop().cancel()
        self.settle(self.board.received(self, answer, now))

    def failed(self, attempt: Attempt, error: AdapterError, now: float) -> None:
        """Try once more where that is safe, else say why it failed."""
        self.running.remove(attempt)
        if self.settled or self.running:
            return
        seconds = pause(self.board.random, error.retry_after)
        lane = self.question.route.lane
        enough = self.deadline - now - seconds >= LEAST_ATTEMPT_SECONDS
        if (
            error.again
            and self.question.route.repeatable
            and self.attempts < _MOST_ATTEMPTS
            and enough
            and lane.retries.take(now)
        ):
            lane.asked["retried"] += 1
            self.board.later(now + seconds, lambda: self._again(error))
        else:
            self.give_up(error.code, now)

    def _again(self, error: AdapterError) -> None:
        """Ask once more, if the department still has room: whoever has not asked yet goes first."""
        if self.settled:
            return
        if self.question.route.lane.has_room:
            self.begin(self.board.time())
        else:
            self.give_up(error.code, self.board.time())

    def attempt_cut(self, attempt: Attempt, now: float) -> None:
        """An attempt ran out of its time; a late one may still refill the cache."""
        if not attempt.is_late or attempt.flight is None:
            self.running.remove(attempt)
        if not self.settled and all(a.is_late for a in self.running):
            in_time = now < self.deadline - HOP_SECONDS
            self.give_up("slower_than_usual" if in_time else "deadline_exceeded", now)

    def give_up(self, code: str, now: float) -> None:
        """Settle without a current answer."""
        if not self.settled:
            self.settle(self.board.unanswered(self, code, now))

    def settle(self, answered: Answered) -> None:
        """Tell everybody who waits."""
        if self.settled:
            return
        self.settled = True
        self.board.landed(self, answered)
        waiters, self.waiters = self.waiters, []
        for waiter in waiters:
            waiter.section_settled(self.question.route.section, answered)

    def leave(self, waiter: Waiter, now: float, *, gone: bool) -> None:
        """A caller stops waiting: at its deadline, or because it is `gone`. The last one to leave ends the flight."""
        if waiter in self.waiters:
            self.waiters.remove(waiter)
        if self.waiters or self.settled:
            return
        self.settled = True
        self.board.landed(self, None)
        for attempt in tuple(self.running):
            if gone:
                self.running.remove(attempt)
                attempt.cancel()
            elif not attempt.is_late:
                attempt.cut(now)
