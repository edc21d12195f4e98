"""One question to one department on its way: waiting for a place, asked, asked again, hedged, cut,
answered. Pure.

Callers who ask the same join the flight instead of asking again. Nothing here waits: the ticker
moves what is late.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from msgspec import structs

from adapters.contract import AdapterError, Asking, SectionAnswer
from adapters.dispatch.cache import Key
from adapters.dispatch.deadline import LATE_SECONDS, LEAST_ATTEMPT_SECONDS
from adapters.dispatch.hedging import hedge_after
from adapters.dispatch.lane import Lane
from adapters.dispatch.question import Question, Waiter
from adapters.dispatch.replies import Replies
from adapters.dispatch.reply import Reply
from adapters.dispatch.retries import pause
from adapters.dispatch.ticker import Ticker
from adapters.dispatch.timeouts import BLAMED_SECONDS, attempt_seconds, is_fair
from adapters.transport.heads import HOP_SECONDS

_MOST_ATTEMPTS = 2
_LONGEST_WAIT = 0.5
_JOIN_SLACK = 0.1
_SOON = 0.01
_OUT_OF_TIME = "deadline_exceeded"
MOST_LATE = 8
"""So many answers of one department may still come after their deadline to refill the cache."""

OnLate = Callable[[Question, Reply], None]


@dataclass(frozen=True, slots=True)
class FlightContext:
    """What all flights of one process share."""

    ticker: Ticker
    replies: Replies
    flying: "dict[Key, Flight]"
    random: Callable[[], float]
    unhurried: float
    """Seconds that an attempt of a caller in no hurry has."""
    on_late: OnLate


class Attempt:
    """One call to the department."""

    __slots__ = (
        "address", "asking", "cut_at", "flight", "hedge_at", "is_fair", "is_late", "is_probe",
        "lane", "started",
    )  # fmt: skip

    def __init__(
        self,
        flight: "Flight",
        started: float,
        cut_at: float,
        address: int,
        *,
        is_fair: bool,
        is_probe: bool,
    ) -> None:
        self.address = address
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
        time, lane = flight.context.ticker.time, self.lane
        now = time()
        self.leave()
        if answer is not None and not flight.question.fits(answer):
            answer, error = None, AdapterError("adapter_failed", "another section's shape")
        if answer is not None:
            allowed = max(self.cut_at - self.started, flight.blamed_from) if self.is_fair else inf
            lane.succeeded(now - self.started, allowed, now, self.address)
            flight.answered(self, answer, now)
        elif error is not None:
            if error.code != _OUT_OF_TIME:
                lane.failed(
                    error,
                    now,
                    is_probe=self.is_probe,
                    address=self.address,
                    business=flight.question.query.business_id,
                    callers={waiter.caller for waiter in flight.waiters},
                )
            elif not self.is_late:
                self._ran_out(now, flight.blamed_from)
            flight.failed(self, error, now)
        if lane.waiting:
            lane.fill(time())

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
            self.lane.breakers[self.address].abandoned()
        if self.asking is not None:
            self.asking.cancel()

    def move(self, now: float) -> None:
        """Cut what is too late; ask a replica too where that is due."""
        if self.cut_at <= now:
            self.cut(now)
        elif self.hedge_at is not None and self.hedge_at <= now and self.flight is not None:
            self.flight.hedge(self, now)

    def cut(self, now: float) -> None:
        """It took too long: wait for a late answer in the background if there is room, else end
        it.
        """
        flight, lane = self.flight, self.lane
        if flight is None:
            return
        if not self.is_late:
            self._ran_out(now, flight.blamed_from)
        if self.is_late or lane.late >= MOST_LATE or not flight.question.route.freshness.stale:
            self.leave()
            if self.asking is not None:
                self.asking.cancel()
        else:
            self.is_late = True
            lane.in_flight -= 1
            lane.late += 1
            self.cut_at = max(flight.deadline, now) + LATE_SECONDS
            self.hedge_at = None
        flight.attempt_cut(self, now)

    def _ran_out(self, now: float, blamed_from: float) -> None:
        """Learn from it only if the department had as long as it may take."""
        if self.is_fair:
            blamed = self.is_probe or self.cut_at - self.started >= blamed_from
            self.lane.timed_out(now - self.started, now, self.address, is_blamed=blamed)
        elif self.is_probe:
            self.lane.breakers[self.address].abandoned()


class Flight:
    """A question under way, and all who wait for its answer."""

    __slots__ = (
        "attempts", "context", "deadline", "question", "queued_until", "recalling", "running",
        "settled", "started", "waiters", "why",
    )  # fmt: skip

    def __init__(
        self, context: FlightContext, question: Question, waiter: Waiter, started: float
    ) -> None:
        self.context = context
        self.question = question
        self.waiters: list[Waiter] = [waiter]
        self.deadline = waiter.deadline
        self.started = started
        self.attempts = 0
        self.running: list[Attempt] = []
        self.queued_until = 0.0
        self.settled = False
        self.recalling: bool | None = None
        """Whether what was known earlier is being looked for; None where nobody has."""
        self.why: str | None = None
        """Why it was given up, while that is being looked for."""

    @property
    def blamed_from(self) -> float:
        """Seconds that an attempt must have had to count against the department."""
        return min(BLAMED_SECONDS, self.context.unhurried)

    def serves(self, waiter: Waiter) -> bool:
        """Whether a caller with this deadline loses nothing by joining."""
        return not self.settled and waiter.deadline <= self.deadline + _JOIN_SLACK

    def start(self, now: float) -> None:
        """Ask, wait for a place, or say why not."""
        lane = self.question.route.lane
        lane.retries.earn()
        if self.deadline - now < lane.latencies.least:
            self.give_up("too_little_time", now)
        elif lane.breaker.state and lane.open_address(now, self.question.route.replicas) is None:
            self.give_up("breaker_open", now)
        elif lane.rests_until > now:
            self.give_up("upstream_busy", now)
        elif lane.has_room:
            self.begin(now)
        elif lane.may_queue:
            until = self.deadline - lane.latencies.least
            self.queued_until = min(until, now + _LONGEST_WAIT)
            lane.waiting.append(self)
            self.context.ticker.watch(now + _SOON)
        else:
            self.give_up("queue_full", now)

    def begin(self, now: float, prefer: int = 0) -> None:
        """There is a place: call the department, unless its breakers opened meanwhile or it asked
        to be left alone. A replica stands in where the first address may not be asked.
        """
        lane = self.question.route.lane
        if lane.rests_until > now:
            self.give_up("upstream_busy", now)
            return
        if not (prefer or lane.breaker.state):
            self.attempt(now)
            return
        address = lane.open_address(now, self.question.route.replicas, prefer)
        if address is not None and lane.breakers[address].allows(now):
            self.attempt(now, address, is_probe=bool(lane.breakers[address].state))
        else:
            self.give_up("breaker_open", now)

    def attempt(self, now: float, replica: int = 0, *, is_probe: bool = False) -> None:
        """Call the department."""
        question, lane = self.question, self.question.route.lane
        left = self.deadline - now
        unbounded = question.patient or is_probe
        allowed = left if unbounded else attempt_seconds(lane.latencies, left)
        fair = is_fair(lane.latencies, allowed, self.context.unhurried)
        attempt = Attempt(self, now, now + allowed, replica, is_fair=fair, is_probe=is_probe)
        self.attempts += 1
        self.running.append(attempt)
        lane.in_flight += 1
        lane.active[attempt] = None
        if question.route.replicas and not replica:
            lane.hedges.earn()
            after = self._hedge_after(lane)
            attempt.hedge_at = None if after is None else now + after
        query = question.query
        if replica or is_probe:
            query = structs.replace(query, replica=replica, anew=is_probe)
        self.context.ticker.watch(attempt.due)
        try:
            attempt.asking = question.route.begin(query, attempt.told)
        except AdapterError as error:
            attempt.told(None, error)

    def _hedge_after(self, lane: Lane) -> float | None:
        return hedge_after(
            lane.latencies,
            self.question.route.replicas,
            breaker_closed=not lane.breaker.state,
            utilisation=lane.in_flight / lane.limit.value,
        )

    def hedge(self, attempt: Attempt, now: float) -> None:
        """The first attempt is late: ask a replica too, if the budget allows."""
        attempt.hedge_at = None
        lane = self.question.route.lane
        in_time = self.deadline - now >= LEAST_ATTEMPT_SECONDS
        may = in_time and self.attempts < _MOST_ATTEMPTS and lane.has_room
        may = may and lane.rests_until <= now and not lane.breakers[1].is_shut(now)
        if may and lane.hedges.take(now):
            lane.asked["hedged"] += 1
            probe = not lane.breakers[1].allows(now) or bool(lane.breakers[1].state)
            self.attempt(now, replica=1, is_probe=probe)

    def answered(self, attempt: Attempt, answer: SectionAnswer, now: float) -> None:
        """The first answer wins; other attempts are called off."""
        self.running.remove(attempt)
        while self.running:
            self.running.pop().cancel()
        seconds, late = now - self.started, self.settled
        reply = self.context.replies.received(
            self.question, answer, seconds, self.attempts, late=late
        )
        if late:
            self.question.route.lane.asked["late"] += 1
            self.context.on_late(self.question, reply)
        self.settle(reply)

    def failed(self, attempt: Attempt, error: AdapterError, now: float) -> None:
        """Try once more where that is safe, else say why it failed."""
        self.running.remove(attempt)
        if self.settled or self.running:
            return
        seconds = pause(self.context.random, error.retry_after)
        lane = self.question.route.lane
        safe = error.again and self.question.route.repeatable
        in_time = self.deadline - now - seconds >= LEAST_ATTEMPT_SECONDS
        may = safe and in_time and self.attempts < _MOST_ATTEMPTS
        if may and lane.retries.take(now):
            lane.asked["retried"] += 1
            other = 1 if self.question.route.replicas and not attempt.address else 0
            self.context.ticker.later(now + seconds, lambda: self._again(error, other))
        else:
            self.give_up(error.code, now)

    def _again(self, error: AdapterError, address: int) -> None:
        """Ask once more, at a replica where there is one, if the department still has room: whoever
        has not asked goes first.
        """
        if self.settled:
            return
        now = self.context.ticker.time()
        if self.question.route.lane.has_room:
            self.begin(now, address)
        else:
            self.give_up(error.code, now)

    def attempt_cut(self, attempt: Attempt, now: float) -> None:
        """An attempt ran out of its time; a late one may still refill the cache."""
        if not attempt.is_late or attempt.flight is None:
            self.running.remove(attempt)
        if not self.settled and all(a.is_late for a in self.running):
            in_time = now < self.deadline - HOP_SECONDS
            self.give_up("slower_than_usual" if in_time else "deadline_exceeded", now)

    def unanswered(self, code: str, now: float) -> Reply:
        """What a caller is told who gets no current answer."""
        seconds = now - self.started
        return self.context.replies.unanswered(self.question, code, seconds, self.attempts)

    def give_up(self, code: str, now: float) -> None:
        """Settle without a current answer."""
        if self.settled:
            return
        if self.recalls():
            self.why = self.why or code
        else:
            self.settle(self.unanswered(code, now))

    def recalls(self) -> bool:
        """Whether what was known earlier is being looked for: that is begun once, where it is of
        use and may be kept elsewhere alone.
        """
        if self.recalling is None and not self.settled:
            replies, question = self.context.replies, self.question
            earlier = replies.earlier if question.route.freshness.stale else None
            self.recalling = earlier is not None and not replies.remembers(question)
            if self.recalling and earlier is not None:
                earlier.look(question.key, self._recalled)
        return bool(self.recalling)

    def _recalled(self) -> None:
        self.recalling = False
        if self.why is not None:
            self.give_up(self.why, self.context.ticker.time())

    def settle(self, reply: Reply) -> None:
        """Tell everybody who waits."""
        if self.settled:
            return
        self._landed()
        self.question.route.lane.outcomes[reply.outcome] += 1
        waiters, self.waiters = self.waiters, []
        for waiter in waiters:
            waiter.section_settled(self.question.route.section, reply)

    def _landed(self) -> None:
        """Nobody joins any more."""
        self.settled = True
        key, flying = self.question.key, self.context.flying
        if flying.get(key) is self:
            del flying[key]

    def leave(self, waiter: Waiter, now: float, *, gone: bool) -> None:
        """A caller stops waiting; the last one to leave ends the flight.

        `gone`: the connection is of no use to anybody and is freed at once. Otherwise (a deadline)
        the attempts are cut, which lets a late answer refill the cache.
        """
        if waiter in self.waiters:
            self.waiters.remove(waiter)
        if self.waiters or self.settled:
            return
        self._landed()
        for attempt in tuple(self.running):
            if gone:
                self.running.remove(attempt)
                attempt.cancel()
            elif not attempt.is_late:
                attempt.cut(now)
