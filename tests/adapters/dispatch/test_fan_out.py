"""The fan-out on a virtual clock: whatever an adapter does, every section has an outcome by the deadline."""

import asyncio
import random
import socket
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import uvloop

from adapters.contract import (
    AdapterError,
    AdapterMalformed,
    AdapterTimedOut,
    AdapterUnavailable,
    Outcome,
    SectionAnswer,
)
from adapters.contract.manifest import Capacity
from adapters.contract.sections import CommonRecord
from adapters.dispatch.breaker import BreakerRules, BreakerState
from adapters.dispatch.cache import AnswerCache, Freshness
from adapters.dispatch.dispatcher import Dispatcher
from adapters.dispatch.fan_out import FanOut
from adapters.dispatch.lane import Lane
from adapters.dispatch.limits import AdaptiveLimit
from adapters.dispatch.question import Question, Route, awaiting
from adapters.dispatch.retries import Budget
from adapters.dispatch.timeouts import BOUNDS
from adapters.transport.heads import RoutedQuery
from tests.fixtures.virtual import run

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ANSWER = SectionAnswer(CommonRecord(), NOW, "digest")


class World:
    """A dispatcher, and departments by name that behave as a test says."""

    def __init__(self, *, fresh=0, stale=3600, capacity=16, replicas=0, unhurried=1.4):
        self.late = []
        self.calls = Counter()
        self.told_off = Counter()
        self.dispatcher = Dispatcher(
            AnswerCache(),
            self.now,
            random.Random(7).random,
            lambda q, a: self.late.append((q, a)),
            unhurried=unhurried,
        )
        self.freshness = Freshness(timedelta(seconds=fresh), timedelta(seconds=stale))
        self.capacity, self.replicas = capacity, replicas

    def now(self):
        return NOW + timedelta(seconds=self.dispatcher.time() - 1000)

    def lane(self, name):
        if name not in self.dispatcher.lanes:
            limit = AdaptiveLimit(self.capacity, most=max(self.capacity, 16))
            capacity = Capacity(initial=self.capacity)
            self.dispatcher.lanes[name] = Lane(
                name, capacity, random.Random(7).random, limit, BreakerRules(), 1 + self.replicas
            )
        return self.dispatcher.lanes[name]

    def question(
        self,
        name,
        fetch,
        *,
        business="91110105MA0YYY014T",
        version=1,
        repeatable=True,
        patient=False,
        no_cache=False,
    ):
        async def counted(query):
            self.calls[name] += 1
            try:
                return await fetch(query)
            except asyncio.CancelledError:
                self.told_off[name] += 1
                raise

        route = Route(
            name,
            name,
            f"{name}@{version}",
            CommonRecord,
            self.lane(name),
            awaiting(counted, name),
            self.freshness,
            repeatable=repeatable,
            replicas=self.replicas,
        )
        query = RoutedQuery(business, "uscc", None, "patrol", "unit", "r", 0.0)
        return Question(route, query, (route.label, business), patient, no_cache)

    async def ask(self, *questions, seconds=1.0, caller=None):
        """By one of two callers in turn, unless one is named."""
        self.asked = getattr(self, "asked", 0) + 1
        caller = caller or f"caller-{self.asked % 2}"
        fan_out = FanOut(self.dispatcher, self.dispatcher.time() + seconds, caller=caller)
        fan_out.begin(questions)
        try:
            await fan_out.whole
        finally:
            fan_out.cancel()
        return fan_out.replies


def scene(**settings):
    """Runs a test's coroutine with a world, on a virtual clock."""

    def decorate(play):
        def test(*instance):
            async def whole():
                return await play(*instance, World(**settings))

            run(whole())

        test.__name__ = play.__name__
        return test

    return decorate


async def honest(_query):
    return ANSWER


def taking(seconds, answer=ANSWER):
    async def fetch(_query):
        await asyncio.sleep(seconds)
        return answer

    return fetch


def raising(error):
    async def fetch(_query):
        raise error

    return fetch


def in_turn(*fetches):
    """A department that behaves differently each time."""
    waiting = list(fetches)

    async def fetch(query):
        return await (waiting.pop(0) if len(waiting) > 1 else waiting[0])(query)

    return fetch


RESET = AdapterUnavailable("connection_lost", again=True)


@pytest.mark.parametrize(
    ("fetch", "outcome", "reason"),
    [
        (honest, Outcome.FRESH, None),
        (raising(AdapterUnavailable("connect_failed")), Outcome.UNAVAILABLE, "connect_failed"),
        (raising(AdapterMalformed("schema_violation")), Outcome.MALFORMED, "schema_violation"),
        (raising(RuntimeError("a bug of the adapter")), Outcome.UNAVAILABLE, "adapter_failed"),
        (raising(TimeoutError()), Outcome.TIMED_OUT, "deadline_exceeded"),
        (taking(60), Outcome.TIMED_OUT, "deadline_exceeded"),
    ],
)
def test_one_bad_department_leaves_the_other_untouched(fetch, outcome, reason):
    async def play():
        world = World()
        begun = world.dispatcher.time()
        answers = await world.ask(world.question("bad", fetch), world.question("good", honest))
        assert (answers["bad"].outcome, answers["bad"].reason) == (outcome, reason)
        assert answers["good"].outcome is Outcome.FRESH
        assert world.dispatcher.time() - begun <= 1.001

    run(play())


@scene()
async def test_no_attempt_is_begun_with_too_little_time(world):
    answer = (await world.ask(world.question("x", honest), seconds=0.015))["x"]
    assert (answer.outcome, answer.reason, world.calls["x"]) == (
        Outcome.TIMED_OUT,
        "too_little_time",
        0,
    )


@scene()
async def test_no_record_and_not_applicable_are_answers(world):
    none = taking(0, SectionAnswer(None, NOW, "d", "no_record"))
    elsewhere = taking(0, SectionAnswer(None, None, "d", "not_a_social_organisation"))
    answers = await world.ask(world.question("a", none), world.question("b", elsewhere))
    assert [answers[n].outcome for n in "ab"] == [Outcome.NOT_FOUND, Outcome.NOT_APPLICABLE]
    assert all(answers[n].is_current for n in "ab")


@scene()
async def test_a_short_deadline_asks_whoever_can_answer_in_it(world):
    answer = (await world.ask(world.question("x", honest), seconds=0.05))["x"]
    assert (answer.outcome, world.calls["x"]) == (Outcome.FRESH, 1)
    for _ in range(192):  # this department usually needs 60 ms
        world.lane("y").latencies.record(0.06, 0.0)
    answer = (await world.ask(world.question("y", honest), seconds=0.05))["y"]
    assert (answer.reason, world.calls["y"]) == ("too_little_time", 0)


class TestReplicas:
    @scene(replicas=1)
    async def test_a_replica_stands_in_where_the_first_address_refuses(self, world):
        asked = []

        async def only_the_second(query):
            asked.append(query.replica)
            if query.replica == 0:
                raise RESET
            return ANSWER

        answer = (await world.ask(world.question("x", only_the_second)))["x"]
        assert (answer.outcome, asked) == (Outcome.FRESH, [0, 1])

    @scene(replicas=1)
    async def test_each_address_has_its_own_breaker(self, world):
        asked = []

        async def only_the_second(query):
            asked.append(query.replica)
            if query.replica == 0:
                raise AdapterUnavailable("connect_failed", again=False)
            return ANSWER

        for _ in range(5):
            await world.ask(world.question("x", only_the_second, no_cache=True))
        first, second = world.lane("x").breakers
        assert (first.state, second.state) == (BreakerState.OPEN, BreakerState.CLOSED)
        asked.clear()
        answer = (await world.ask(world.question("x", only_the_second, no_cache=True)))["x"]
        assert (answer.outcome, asked) == (Outcome.FRESH, [1])


class TestRetries:
    @scene()
    async def test_a_reset_before_the_body_is_asked_once_more(self, world):
        answer = (await world.ask(world.question("x", in_turn(raising(RESET), honest))))["x"]
        assert (answer.outcome, answer.attempts, world.calls["x"]) == (Outcome.FRESH, 2, 2)
        assert 25 <= answer.elapsed_ms <= 250

    @scene()
    async def test_never_twice(self, world):
        world.lane("x").retries = Budget(1.0, 10.0)  # so that only the count can stop it
        answer = (await world.ask(world.question("x", raising(RESET))))["x"]
        assert (answer.reason, world.calls["x"]) == ("connection_lost", 2)

    @pytest.mark.parametrize(
        ("error", "repeatable"),
        [
            (AdapterUnavailable("upstream_error"), True),
            (AdapterMalformed("encoding"), True),
            (RESET, False),
        ],
    )
    def test_what_is_not_safe_is_not_repeated(self, error, repeatable):
        async def play():
            world = World()
            await world.ask(world.question("x", raising(error), repeatable=repeatable))
            assert world.calls["x"] == 1

        run(play())

    @scene()
    async def test_the_departments_own_wish_is_honoured_or_the_retry_is_left(self, world):
        soon = AdapterUnavailable("upstream_busy", again=True, retry_after=1.0)
        answer = (await world.ask(world.question("x", in_turn(raising(soon), honest)), seconds=2))[
            "x"
        ]
        assert (answer.outcome, answer.elapsed_ms >= 1000) == (Outcome.FRESH, True)
        late = AdapterUnavailable("upstream_busy", again=True, retry_after=5.0)
        answer = (await world.ask(world.question("y", in_turn(raising(late), honest)), seconds=2))[
            "y"
        ]
        assert (answer.outcome, world.calls["y"]) == (Outcome.SHED, 1)

    @scene()
    async def test_a_failing_department_is_not_stormed(self, world):
        lane = world.lane("x")
        for index in range(200):
            lane.breaker.state = lane.breaker.state.CLOSED
            await world.ask(world.question("x", raising(RESET), business=str(index)))
        seconds = world.dispatcher.time() - 1000
        assert lane.asked["retried"] <= 200 * 0.1 + seconds + 2


class TestBreaker:
    @scene()
    async def test_it_opens_after_five_failed_connects_and_probes_after_a_while(self, world):
        down = raising(AdapterUnavailable("connect_failed"))
        for index in range(5):
            await world.ask(world.question("x", down, business=str(index)))
        answer = (await world.ask(world.question("x", honest, business="b")))["x"]
        assert (answer.outcome, answer.reason, world.calls["x"]) == (
            Outcome.BREAKER_OPEN,
            "breaker_open",
            5,
        )
        await asyncio.sleep(7)
        assert (await world.ask(world.question("x", honest, business="c")))[
            "x"
        ].outcome is Outcome.FRESH

    @scene(capacity=1)
    async def test_questions_that_only_waited_take_no_probe_and_it_closes_again(self, world):
        down = raising(AdapterUnavailable("connect_failed"))
        for index in range(5):
            await world.ask(world.question("x", down, business=str(index)))
        await asyncio.sleep(7)
        slow = [
            world.ask(world.question("x", taking(0.9), business=f"p{n}"), seconds=2)
            for n in range(3)
        ]
        await asyncio.gather(*slow)
        for index in range(6):
            await world.ask(world.question("x", honest, business=f"q{index}"))
        assert world.lane("x").breaker.state == 0

    @scene(capacity=1)
    async def test_who_would_be_refused_does_not_queue_first(self, world):
        stuck = asyncio.create_task(
            world.ask(world.question("x", taking(60), business="s"), seconds=60)
        )
        await asyncio.sleep(0.01)
        for _ in range(5):
            world.lane("x").breaker.failed(world.dispatcher.time(), connecting=True)
        answer = (await world.ask(world.question("x", honest, business="b")))["x"]
        assert (answer.reason, answer.elapsed_ms) == ("breaker_open", 0)
        stuck.cancel()
        await asyncio.wait([stuck])

    @scene()
    async def test_another_departments_breaker_stays_closed(self, world):
        for index in range(30):
            await world.ask(
                world.question("x", raising(AdapterMalformed("encoding")), business=str(index))
            )
        answers = await world.ask(
            world.question("x", honest, business="z"), world.question("y", honest, business="z")
        )
        assert [answers[n].outcome for n in "xy"] == [Outcome.BREAKER_OPEN, Outcome.FRESH]

    @pytest.mark.parametrize("error", ["encoding", "schema_violation", "too_complex"])
    def test_the_content_of_one_record_or_what_one_caller_sees_opens_none(self, error):
        async def play(world):
            for _ in range(40):  # one record, seen by two
                await world.ask(world.question("x", raising(AdapterMalformed(error))))
            for index in range(40):  # many records, seen by one
                question = world.question(
                    "y", raising(AdapterMalformed(error)), business=str(index)
                )
                await world.ask(question, caller="hostile")
            answers = await world.ask(
                world.question("x", honest, business="z"), world.question("y", honest, business="z")
            )
            assert [answers[n].outcome for n in "xy"] == [Outcome.FRESH, Outcome.FRESH]

        async def whole():
            await play(World())

        run(whole())

    @scene()
    async def test_refusals_of_the_caller_do_not_count(self, world):
        for index in range(40):
            await world.ask(
                world.question(
                    "x", raising(AdapterUnavailable("request_refused")), business=str(index)
                )
            )
        assert (await world.ask(world.question("x", honest, business="z")))[
            "x"
        ].outcome is Outcome.FRESH


class TestBulkhead:
    @scene(capacity=4)
    async def test_who_finds_no_place_waits_and_is_served_in_turn(self, world):
        questions = [world.question("x", taking(0.1), business=str(i)) for i in range(12)]
        answers = await asyncio.gather(*(world.ask(q) for q in questions))
        assert {a["x"].outcome for a in answers} == {Outcome.FRESH}
        assert max(a["x"].elapsed_ms for a in answers) <= 330

    @scene(capacity=4)
    async def test_waiting_ends_after_half_a_second_and_the_queue_is_bounded(self, world):
        questions = [world.question("x", taking(60), business=str(i)) for i in range(40)]
        answers = [
            a["x"] for a in await asyncio.gather(*(world.ask(q, seconds=2) for q in questions))
        ]
        shed = [a for a in answers if a.reason == "queue_full"]
        assert len(shed) == 36
        assert {a.elapsed_ms for a in shed if a.elapsed_ms} <= set(range(500, 520))
        assert sum(a.elapsed_ms == 0 for a in shed) == 20

    @scene(capacity=4)
    async def test_a_department_in_trouble_takes_no_place_of_another(self, world):
        stuck = [world.ask(world.question("x", taking(60), business=str(i))) for i in range(30)]
        fine = [world.ask(world.question("y", taking(0.01), business=str(i))) for i in range(4)]
        answers = await asyncio.gather(*stuck, *fine)
        assert all(a["y"].outcome is Outcome.FRESH for a in answers[30:])


class TestSingleFlight:
    @scene()
    async def test_equal_questions_share_one_call(self, world):
        answers = await asyncio.gather(
            *(world.ask(world.question("x", taking(0.1))) for _ in range(20))
        )
        assert world.calls["x"] == 1
        assert all(a["x"].outcome is Outcome.FRESH for a in answers)

    @scene()
    async def test_one_callers_leaving_does_not_end_the_others_question(self, world):
        first = asyncio.create_task(world.ask(world.question("x", taking(0.1))))
        second = asyncio.create_task(world.ask(world.question("x", taking(0.1))))
        await asyncio.sleep(0.01)
        first.cancel()
        assert (await second)["x"].outcome is Outcome.FRESH
        assert world.told_off["x"] == 0

    @scene()
    async def test_who_has_more_time_does_not_join_who_has_less(self, world):
        hasty = asyncio.create_task(world.ask(world.question("x", taking(0.5)), seconds=0.3))
        await asyncio.sleep(0.01)
        assert (await world.ask(world.question("x", taking(0.5)), seconds=1.5))[
            "x"
        ].outcome is Outcome.FRESH
        assert (await hasty)["x"].outcome is Outcome.TIMED_OUT


class TestCancellation:
    @scene()
    async def test_a_cancelled_look_up_cancels_its_questions(self, world):
        task = asyncio.create_task(
            world.ask(world.question("a", taking(60)), world.question("b", taking(60)), seconds=90)
        )
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait([task])
        await asyncio.sleep(0)
        assert (world.told_off["a"], world.told_off["b"]) == (1, 1)
        assert all(
            lane.in_flight == 0 and not lane.active for lane in world.dispatcher.lanes.values()
        )

    @scene()
    async def test_nothing_is_left_after_many(self, world):
        for index in range(500):
            fan_out = FanOut(world.dispatcher, world.dispatcher.time() + 9)
            fan_out.begin([world.question("x", taking(5), business=str(index))])
            await asyncio.sleep(0)
            fan_out.cancel()
        await asyncio.sleep(0.1)
        lane = world.lane("x")
        assert (lane.in_flight, lane.late, len(lane.active), len(lane.waiting)) == (0, 0, 0, 0)


class TestTimeouts:
    @scene()
    async def test_a_slow_but_honest_department_gets_its_turn(self, world):
        for index in range(250):
            answers = await world.ask(
                world.question("x", taking(1.2), business=str(index)), seconds=2
            )
            assert answers["x"].outcome is Outcome.FRESH

    @scene()
    async def test_a_quick_one_that_hangs_is_cut_long_before_the_deadline(self, world):
        for index in range(350):
            await world.ask(world.question("x", taking(0.02), business=str(index)), seconds=2)
        answer = (await world.ask(world.question("x", taking(60), business="z"), seconds=2))["x"]
        assert (answer.outcome, answer.reason) == (Outcome.TIMED_OUT, "slower_than_usual")
        assert 100 <= answer.elapsed_ms <= 130

    @staticmethod
    async def quiet(world, count=200):
        """So many quick answers, one after another, and then none for a minute."""
        for index in range(count):
            await world.ask(
                world.question("x", taking(0.03), business=f"quiet{index}"), seconds=1.5
            )
        await asyncio.sleep(60)

    @scene(capacity=16)
    async def test_one_that_becomes_slower_after_a_quiet_night_is_not_down(self, world):
        """The morning's burst: what is cut teaches that it takes longer, and opens no breaker."""
        await self.quiet(world)
        assert world.lane("x").latencies.usual < 0.1
        for wave in range(8):
            asked = [
                world.ask(world.question("x", taking(0.35), business=f"{wave}-{n}"), seconds=1.5)
                for n in range(16)
            ]
            found = await asyncio.gather(*(asyncio.create_task(work) for work in asked))
        assert {answers["x"].outcome for answers in found} == {Outcome.FRESH}
        assert not world.lane("x").breaker.state

    @scene(capacity=16)
    async def test_one_that_was_quick_and_answers_nobody_is_shut_all_the_same(self, world):
        await self.quiet(world)
        for wave in range(8):
            asked = [
                world.ask(world.question("x", taking(30), business=f"{wave}-{n}"), seconds=1.5)
                for n in range(16)
            ]
            await asyncio.gather(*(asyncio.create_task(work) for work in asked))
        assert world.lane("x").breaker.state
        assert world.calls["x"] < 200 + 7 * 16

    @scene(capacity=16)
    async def test_a_probe_has_all_the_time_there_is(self, world):
        """What shut it may have been a burst: its probes are not cut by what was usual before."""
        await self.quiet(world)
        for _ in range(5):
            world.lane("x").breaker.failed(world.dispatcher.time(), connecting=True)
        await asyncio.sleep(7)
        for n in range(3):
            found = await world.ask(
                world.question("x", taking(0.6), business=f"probe{n}"), seconds=1.5
            )
            assert found["x"].outcome is Outcome.FRESH
        assert not world.lane("x").breaker.state

    @scene()
    async def test_a_patient_question_is_not_cut(self, world):
        for index in range(350):
            await world.ask(world.question("x", taking(0.02), business=str(index)), seconds=2)
        patient = world.question("x", taking(5), business="z", patient=True)
        assert (await world.ask(patient, seconds=8))["x"].outcome is Outcome.FRESH

    @scene()
    async def test_asking_anew_is_no_leave_to_hang(self, world):
        for index in range(350):
            await world.ask(world.question("x", taking(0.02), business=str(index)), seconds=2)
        answer = (
            await world.ask(world.question("x", taking(60), business="z", no_cache=True), seconds=2)
        )["x"]
        assert answer.reason == "slower_than_usual"

    @scene()
    async def test_a_late_answer_refills_the_cache_and_is_reported(self, world):
        answer = (await world.ask(world.question("x", taking(2.5)), seconds=1))["x"]
        assert answer.outcome is Outcome.TIMED_OUT
        await asyncio.sleep(2)
        assert [a.outcome for _, a in world.late] == [Outcome.FRESH]
        stale = (await world.ask(world.question("x", taking(60)), seconds=1))["x"]
        assert (stale.outcome, stale.reason) == (Outcome.STALE, "deadline_exceeded")

    @scene()
    async def test_late_answers_are_waited_for_three_seconds_and_few_at_once(self, world):
        await asyncio.gather(
            *(world.ask(world.question("x", taking(60), business=str(i))) for i in range(16))
        )
        assert world.lane("x").late == 8
        await asyncio.sleep(3.1)
        assert (world.lane("x").late, world.lane("x").in_flight, world.told_off["x"]) == (0, 0, 16)


class TestHedging:
    @staticmethod
    def twin(slow_every):
        count = 0

        async def fetch(query):
            nonlocal count
            count += not query.replica
            await asyncio.sleep(1.5 if not query.replica and count % slow_every == 0 else 0.02)
            return ANSWER

        return fetch

    @scene(replicas=1)
    async def test_a_replica_is_asked_when_the_first_is_late_and_seldom(self, world):
        fetch, slow = self.twin(40), 0
        for index in range(1000):
            slow += (await world.ask(world.question("x", fetch, business=str(index)), seconds=2))[
                "x"
            ].elapsed_ms > 200
        extra = world.lane("x").asked["hedged"]
        assert 0 < extra <= 1000 * 0.03 + 1
        assert slow <= 3

    @scene(replicas=1)
    async def test_a_replica_is_spared_where_many_are_late(self, world):
        fetch = self.twin(25)
        for index in range(600):
            await world.ask(world.question("x", fetch, business=str(index)), seconds=2)
        assert 0 < world.lane("x").asked["hedged"] <= 600 * 0.03 + 1

    @scene()
    async def test_without_replicas_nobody_is_asked_twice(self, world):
        fetch = self.twin(40)
        for index in range(200):
            await world.ask(world.question("x", fetch, business=str(index)), seconds=2)
        assert world.lane("x").asked["hedged"] == 0


class TestCache:
    @scene(fresh=900)
    async def test_a_fresh_answer_is_used_again_and_marked(self, world):
        await world.ask(world.question("x", honest))
        again = (await world.ask(world.question("x", honest)))["x"]
        assert (again.outcome, again.is_current, world.calls["x"]) == (Outcome.CACHED, True, 1)
        await asyncio.sleep(901)
        assert (await world.ask(world.question("x", honest)))["x"].outcome is Outcome.FRESH

    @scene(fresh=900)
    async def test_who_insists_asks_the_department(self, world):
        await world.ask(world.question("x", honest))
        assert (await world.ask(world.question("x", honest, no_cache=True)))[
            "x"
        ].outcome is Outcome.FRESH

    @scene()
    async def test_memories_are_of_one_version_marked_stale_and_age(self, world):
        broken = raising(AdapterUnavailable("connection_lost"))
        await world.ask(world.question("x", honest))
        stale = (await world.ask(world.question("x", broken)))["x"]
        assert (stale.outcome, stale.reason, stale.is_current) == (
            Outcome.STALE,
            "connection_lost",
            False,
        )
        assert (await world.ask(world.question("x", broken, version=2)))[
            "x"
        ].outcome is Outcome.UNAVAILABLE
        await asyncio.sleep(3601)
        assert (await world.ask(world.question("x", broken)))["x"].outcome is Outcome.UNAVAILABLE

    @scene(fresh=900)
    async def test_no_record_ends_what_was_known_before(self, world):
        await world.ask(world.question("x", honest))
        none = taking(0, SectionAnswer(None, NOW, "d", "no_record"))
        assert (await world.ask(world.question("x", none, no_cache=True)))[
            "x"
        ].outcome is Outcome.NOT_FOUND
        assert (await world.ask(world.question("x", none)))["x"].outcome is Outcome.NOT_FOUND
        broken = raising(AdapterUnavailable("connection_lost"))
        assert (await world.ask(world.question("x", broken)))["x"].outcome is Outcome.UNAVAILABLE

    @scene()
    async def test_a_late_answer_replaces_no_newer_one(self, world):
        old, new = (
            SectionAnswer(CommonRecord(), NOW, "old"),
            SectionAnswer(CommonRecord(), NOW, "new"),
        )
        assert (await world.ask(world.question("x", taking(2.5, old)), seconds=1))[
            "x"
        ].outcome is Outcome.TIMED_OUT
        assert (await world.ask(world.question("x", taking(0, new))))["x"].digest == "new"
        await asyncio.sleep(3)
        assert [a.digest for _, a in world.late] == ["old"]
        broken = raising(AdapterUnavailable("upstream_error"))
        assert (await world.ask(world.question("x", broken)))["x"].digest == "new"

    @scene(stale=0)
    async def test_where_nothing_old_may_be_shown_nothing_is(self, world):
        await world.ask(world.question("x", honest))
        broken = raising(AdapterError("upstream_error"))
        assert (await world.ask(world.question("x", broken)))["x"].outcome is Outcome.UNAVAILABLE


class TestLooks:
    """The one clock of the dispatcher rests while nothing is due."""

    @scene()
    async def test_quick_answers_need_no_look(self, world):
        await world.ask(world.question("a", taking(0.02)), world.question("b", taking(0.05)))
        assert world.dispatcher.looks == 0
        await asyncio.sleep(5)
        assert world.dispatcher.looks == 1, "one that was asked for and found nothing"

    @scene()
    async def test_an_attempt_is_cut_when_it_is_due(self, world):
        world.lane("a").latencies.usual = 0.2
        begun = world.dispatcher.time()
        found = await world.ask(world.question("a", taking(3)))
        assert found["a"].reason == "slower_than_usual"
        assert world.dispatcher.time() - begun == pytest.approx(0.2, abs=0.011)
        assert world.dispatcher.looks == 1

    @scene(capacity=4)
    async def test_those_who_wait_for_a_place_are_looked_after_every_ten_milliseconds_at_most(
        self, world
    ):
        asked = [world.ask(world.question("a", taking(0.5), business=str(n))) for n in range(12)]
        tasks = [asyncio.create_task(work) for work in asked]
        await asyncio.wait(tasks)
        assert 10 < world.dispatcher.looks < 130

    @scene()
    async def test_a_look_that_comes_a_little_early_does_what_it_came_for(self, world):
        """Loops round their timers to milliseconds."""
        world.lane("a").latencies.usual = 0.2
        loop = asyncio.get_running_loop()
        call_at = loop.call_at
        loop.call_at = lambda when, *act, **more: call_at(when - 0.0005, *act, **more)
        found = await world.ask(world.question("a", taking(3)))
        assert (found["a"].reason, world.dispatcher.looks) == ("slower_than_usual", 1)

    @scene()
    async def test_the_clock_goes_on_after_everything_was_called_off(self, world):
        world.lane("a").latencies.usual = 0.2
        first = asyncio.create_task(world.ask(world.question("a", taking(3))))
        await asyncio.sleep(0.01)
        world.dispatcher.cancel_all()
        begun = world.dispatcher.time()
        await world.ask(world.question("a", taking(3), business="another"))
        assert world.dispatcher.time() - begun < 0.3
        await first


class TestFairness:
    """What a caller in a hurry makes of a department is not held against it."""

    @scene(capacity=64)
    async def test_callers_in_a_hurry_shut_nobody_out(self, world):
        for n in range(40):
            found = await world.ask(world.question("a", taking(0.3), business=str(n)), seconds=0.12)
            assert found["a"].outcome is Outcome.TIMED_OUT
        found = await world.ask(world.question("a", taking(0.3), business="patient"), seconds=2)
        assert found["a"].outcome is Outcome.FRESH
        ever = world.lane("a").latencies.ever
        assert (
            sum(count for bound, count in zip(BOUNDS, ever, strict=False) if bound < 0.25) == 0
        ), "a cut is no latency"
        assert sum(ever) == 41, "those that came late are"
        assert not world.lane("a").breaker.state

    @staticmethod
    async def hang(world):
        """Twenty-five callers at once, with time enough, of a department that does not answer."""
        asked = [
            world.ask(world.question("a", taking(30), business=str(n)), seconds=1.5)
            for n in range(25)
        ]
        await asyncio.wait([asyncio.create_task(work) for work in asked])

    @scene(capacity=64)
    async def test_a_department_that_hangs_for_everybody_is_shut(self, world):
        await self.hang(world)
        found = await world.ask(world.question("a", taking(30), business="next"), seconds=2)
        assert found["a"].reason == "breaker_open"

    @scene(capacity=64)
    async def test_adapters_that_give_up_by_themselves_are_judged_alike(self, world):
        """Those that await end at the query's deadline, a little after they were cut or a little before."""
        for early in (-0.01, 0.01):
            for n in range(40):

                async def gives_up(_query, seconds=0.12 + early):
                    await asyncio.sleep(seconds)
                    raise AdapterTimedOut

                await world.ask(world.question("a", gives_up, business=f"{n}{early}"), seconds=0.12)
        await asyncio.sleep(0.1)
        assert not world.lane("a").breaker.state
        assert world.lane("a").breaker.failed_lately == 0

        async def dead(_query):
            await asyncio.sleep(1.52)
            raise AdapterTimedOut

        asked = [
            world.ask(world.question("a", dead, business=f"dead{n}"), seconds=1.5)
            for n in range(25)
        ]
        await asyncio.wait([asyncio.create_task(work) for work in asked])
        assert world.lane("a").breaker.state

    @scene(capacity=64)
    async def test_a_department_whose_usual_time_nobody_gives_is_shut_all_the_same(self, world):
        world.lane("a").latencies.usual = 2.5
        asked = [
            world.ask(world.question("a", taking(30), business=str(n)), seconds=1.97)
            for n in range(25)
        ]
        await asyncio.wait([asyncio.create_task(work) for work in asked])
        assert world.lane("a").breaker.state

    @scene(capacity=64, unhurried=0.35)
    async def test_where_deadlines_are_short_a_dead_department_is_shut_too(self, world):
        asked = [
            world.ask(world.question("a", taking(30), business=str(n)), seconds=0.47)
            for n in range(25)
        ]
        await asyncio.wait([asyncio.create_task(work) for work in asked])
        assert world.lane("a").breaker.state

    @scene(capacity=4)
    async def test_a_department_that_asks_to_be_left_alone_is_left_alone(self, world):
        busy = raising(AdapterUnavailable("upstream_busy", retry_after=3.0))
        asked = [world.ask(world.question("a", busy, business=str(n))) for n in range(20)]
        tasks = [asyncio.create_task(work) for work in asked]
        await asyncio.wait(tasks)
        assert world.calls["a"] <= 4
        assert {task.result()["a"].reason for task in tasks} == {"upstream_busy"}
        await asyncio.sleep(2)
        assert (await world.ask(world.question("a", honest, business="early")))[
            "a"
        ].reason == "upstream_busy"
        await asyncio.sleep(1)
        assert (await world.ask(world.question("a", honest, business="later")))[
            "a"
        ].outcome is Outcome.FRESH

    @scene(capacity=64)
    async def test_a_probe_in_a_hurry_leaves_the_breaker_as_it_is(self, world):
        await self.hang(world)
        lane = world.lane("a")
        assert lane.breaker.state
        await asyncio.sleep(70)
        for n in range(8):
            await world.ask(world.question("a", taking(0.3), business=f"hurry{n}"), seconds=0.12)
        for n in range(3):
            found = await world.ask(
                world.question("a", taking(0.3), business=f"probe{n}"), seconds=2
            )
            assert found["a"].outcome is Outcome.FRESH
        assert not lane.breaker.state

    @scene(capacity=4)
    async def test_a_retry_takes_nobodys_place(self, world):
        flaky = in_turn(raising(AdapterUnavailable("connect_failed", again=True)), taking(0.01))
        first = asyncio.create_task(world.ask(world.question("a", flaky)))
        await asyncio.sleep(0.001)
        others = [
            asyncio.create_task(world.ask(world.question("a", taking(0.9), business=str(n))))
            for n in range(4)
        ]
        found = await first
        assert found["a"].reason == "connect_failed"
        assert world.calls["a"] == 5
        await asyncio.wait(others)
        assert world.lane("a").in_flight == 0


@pytest.mark.parametrize("loop_factory", [asyncio.SelectorEventLoop, uvloop.new_event_loop])
def test_a_gateway_that_is_late_itself_reads_what_has_come_before_it_blames_anybody(loop_factory):
    """The department answers in time; the loop is held up meanwhile, as by a thousand look-ups at once."""

    async def play():
        world = World()
        world.lane("a").latencies.usual = 0.1
        mine, theirs = socket.socketpair()
        mine.setblocking(False)

        async def fetch(_query):
            await asyncio.get_running_loop().sock_recv(mine, 1)
            return ANSWER

        asked = asyncio.create_task(world.ask(world.question("a", fetch)))
        await asyncio.sleep(0.01)
        theirs.send(b"x")
        time.sleep(0.3)  # noqa: ASYNC251 - holds up the loop on purpose
        found = await asked
        mine.close()
        theirs.close()
        return found["a"]

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        assert runner.run(play()).outcome is Outcome.FRESH


class TestInstead:
    """What one answer says makes others superfluous, or asks somebody else."""

    @scene()
    async def test_whoever_is_asked_in_vain_is_not_blamed(self, world):
        for index in range(30):
            fan_out = FanOut(world.dispatcher, world.dispatcher.time() + 2)
            fan_out.begin([world.question("x", taking(1), business=f"b{index}")])
            await asyncio.sleep(0.005)
            fan_out.instead({"x"}, [])
            fan_out.cancel()
        await asyncio.sleep(3)
        lane = world.lane("x")
        assert (lane.late, lane.in_flight, len(lane.active), lane.breaker.state) == (0, 0, 0, 0)
        assert lane.latencies.sum_seconds == 0
        assert world.told_off["x"] == 30

    @scene()
    async def test_the_deadline_tells_nothing_that_was_withdrawn_meanwhile(self, world):
        """Both are under way for somebody who can wait longer; at the first one's deadline, what
        comes of the one withdraws the other.
        """
        questions = [world.question(name, taking(5)) for name in "ab"]
        patient = FanOut(world.dispatcher, world.dispatcher.time() + 9)
        patient.begin(questions)
        told = []

        def heard(section, _reply):
            told.append(section)
            if section == "a":
                fan_out.instead({"b"}, [])

        fan_out = FanOut(world.dispatcher, world.dispatcher.time() + 0.3, heard)
        fan_out.begin(questions)
        await fan_out.whole
        assert told == ["a"]
        await patient.whole
        assert {r.outcome for r in patient.replies.values()} <= {Outcome.FRESH, Outcome.TIMED_OUT}

    @scene(fresh=900)
    async def test_all_that_is_asked_instead_comes_before_the_whole_is_there(self, world):
        """One of them is kept and comes at once, the other takes its time."""
        kept, slow = (
            world.question("b", honest, version=2),
            world.question("c", taking(0.2), version=2),
        )
        await world.ask(kept)
        told = []

        def heard(section, _reply):
            told.append(section)
            if section == "a":
                fan_out.instead({"b", "c"}, [kept, slow])

        fan_out = FanOut(world.dispatcher, world.dispatcher.time() + 1, heard)
        firsts = [world.question(name, taking(9)) for name in "bc"]
        fan_out.begin([world.question("a", taking(0.05)), *firsts])
        await fan_out.whole
        assert told == ["a", "b", "c"]
        assert fan_out.replies["c"].outcome is Outcome.FRESH
