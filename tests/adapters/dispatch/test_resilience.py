"""Breaker, budgets and limits as pure rules; times are numbers."""

import pytest

from adapters.dispatch.breaker import Breaker, BreakerRules, BreakerState
from adapters.dispatch.limits import AdaptiveLimit
from adapters.dispatch.retries import LONGEST, SHORTEST, Budget, pause


def breaker(chance=0.5):
    return Breaker(BreakerRules(), lambda: chance)


class TestBreaker:
    def test_half_of_twenty_failing_opens_it(self):
        found = breaker()
        for index in range(19):
            (found.failed if index % 2 else found.succeeded)(100.0)
        assert found.state is BreakerState.CLOSED
        found.failed(100.0)
        assert found.state is BreakerState.OPEN
        assert not found.allows(104.9)

    def test_fewer_than_half_do_not(self):
        found = breaker()
        for index in range(200):
            (found.succeeded if index % 5 else found.failed)(100.0 + index * 0.04)
        assert found.state is BreakerState.CLOSED

    def test_what_is_older_than_ten_seconds_is_forgotten(self):
        found = breaker()
        for _ in range(15):
            found.failed(100.0)
        for _ in range(15):
            found.failed(111.0)
        assert found.state is BreakerState.CLOSED

    def test_slow_answers_open_it_too(self):
        found = breaker()
        for _ in range(20):
            found.succeeded(100.0, slow=True)
        assert found.state is BreakerState.OPEN

    def test_five_failed_connects_in_a_row_open_it(self):
        found = breaker()
        for _ in range(4):
            found.failed(100.0, connecting=True)
        found.succeeded(100.0)
        for _ in range(4):
            found.failed(100.0, connecting=True)
        assert found.state is BreakerState.CLOSED
        found.failed(100.0, connecting=True)
        assert found.state is BreakerState.OPEN

    def test_three_probes_close_it_and_one_failure_doubles_the_wait(self):
        found = breaker()
        for _ in range(5):
            found.failed(100.0, connecting=True)
        assert [found.allows(105.1) for _ in range(4)] == [True, True, True, False]
        found.failed(105.2)
        assert (found.is_shut(115.19), found.is_shut(115.21)) == (True, False)
        assert [found.allows(115.3) for _ in range(3)] == [True, True, True]
        for _ in range(3):
            found.succeeded(115.4)
        assert (found.state, found.allows(115.5)) == (BreakerState.CLOSED, True)

    def test_an_abandoned_probe_gives_its_place_back(self):
        found = breaker()
        for _ in range(5):
            found.failed(100.0, connecting=True)
        for _ in range(10):
            assert found.allows(106.0)
            found.abandoned()

    def test_probes_of_which_nothing_is_heard_are_given_up(self):
        found = breaker()
        for _ in range(5):
            found.failed(100.0, connecting=True)
        assert [found.allows(106.0) for _ in range(4)] == [True, True, True, False]
        assert (found.allows(110.9), found.allows(111.1)) == (False, True)

    def test_the_wait_is_bounded_and_jittered(self):
        found = breaker(chance=0.999)
        now = 100.0
        for _ in range(12):
            found.allows(now)
            for _ in range(5):
                found.failed(now, connecting=True)
            assert found.is_shut(now)
            assert not found.is_shut(now + 72)
            now += 72


class TestBudget:
    def test_extra_calls_are_a_tenth_of_the_honest_ones_and_one_a_second(self):
        budget, taken = Budget(0.1, 1.0), 0
        for index in range(1000):
            budget.earn()
            taken += budget.take(index * 0.01)
        assert 100 <= taken <= 112

    def test_a_long_rest_saves_no_storm(self):
        budget = Budget(0.1, 1.0)
        budget.take(0.0)
        assert sum(budget.take(10_000.0) for _ in range(100)) == 10


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
def test_pauses_are_jittered_within_bounds_and_honour_the_departments_wish(chance):
    assert SHORTEST <= pause(lambda: chance) <= LONGEST
    assert pause(lambda: chance, 3.0) == 3.0


class TestAdaptiveLimit:
    def test_it_grows_while_answers_stay_quick_and_it_is_used(self):
        limit = AdaptiveLimit()
        for _ in range(4000):
            limit.record(0.02, limit.value)
        assert limit.value == 128

    def test_it_stays_where_it_is_not_used(self):
        limit = AdaptiveLimit()
        for _ in range(2000):
            limit.record(0.02, 1)
        assert limit.value == 16

    def test_it_shrinks_when_answers_slow_down_under_load(self):
        limit = AdaptiveLimit()
        for _ in range(2000):
            limit.record(0.02, limit.value)
        grown = limit.value
        for _ in range(400):
            limit.record(0.2, limit.value)
        assert limit.value < grown * 0.7

    def test_busy_answers_shrink_it_at_once_but_never_below_the_least(self):
        limit = AdaptiveLimit()
        for _ in range(100):
            limit.dropped()
        assert limit.value == 4
