"""Deadlines, timeouts, hedges and the cache as pure rules."""

import itertools
import random
from datetime import UTC, datetime, timedelta

import pytest
from msgspec import structs

from adapters.contract import Outcome
from adapters.dispatch.cache import AnswerCache, Freshness
from adapters.dispatch.hedging import hedge_after
from adapters.dispatch.reply import Reply
from adapters.dispatch.timeouts import BOUNDS, Latencies, attempt_seconds
from adapters.transport.heads import told_ms
from app.profile.request import LONGEST_BATCH_MS, clamp_ms

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "wanted"), [(None, 2000), (0, 100), (5, 100), (-3, 100), (700, 700), (9000, 2000)]
)
def test_the_deadline_is_clamped(asked, wanted):
    assert clamp_ms(asked, 2000) == wanted


def test_a_batch_may_wait_longer():
    assert clamp_ms(60_000, 2000, LONGEST_BATCH_MS) == 10_000


def test_departments_are_told_what_is_left_less_a_hop():
    assert told_ms(10.0, 9.0) == 980
    assert told_ms(10.0, 9.999) == 1


def filled(*times, every=0.1):
    latencies, clock = Latencies(), itertools.count()
    for seconds, count in times:
        for _ in range(count):
            latencies.record(seconds, next(clock) * every)
    return latencies


def test_quantiles_are_of_the_buckets_and_need_enough_samples():
    assert filled((0.02, 100)).quantile(0.5) is None
    latencies = filled((0.02, 950), (1.0, 50))
    assert 0.02 <= latencies.quantile(0.5) <= 0.024
    assert 1.0 <= latencies.quantile(0.99) <= 1.2
    assert sum(latencies.ever) == 1000
    assert all(b / a == pytest.approx(1.2) for a, b in itertools.pairwise(BOUNDS))


def test_old_times_are_forgotten():
    latencies = filled((0.02, 40_000), (1.0, 40_000))
    assert latencies.quantile(0.4) > 0.5


def test_attempts_may_take_what_the_department_usually_takes():
    assert attempt_seconds(filled((0.005, 300)), 1.9) == 0.1
    assert 1.2 <= attempt_seconds(filled((1.2, 300)), 1.9) <= 1.5
    assert attempt_seconds(filled((1.2, 300)), 0.5) == 0.5
    assert attempt_seconds(Latencies(), 1.9) == 1.9


def test_one_moment_tells_nothing_of_what_is_usual():
    """The first answers of a crowd come quickly; the last ones had to wait for all the others."""
    assert attempt_seconds(filled((0.03, 3000), every=0.001), 1.9) == 1.9
    assert attempt_seconds(filled((0.03, 3000), every=0.002), 1.9) == 0.1


@pytest.mark.parametrize(
    ("replicas", "closed", "busy", "hedges"),
    [(1, True, 0.1, True), (0, True, 0.1, False), (1, False, 0.1, False), (1, True, 0.9, False)],
)
def test_hedges_only_where_it_helps(replicas, closed, busy, hedges):
    after = hedge_after(filled((0.02, 200)), replicas, breaker_closed=closed, utilisation=busy)
    assert (after is not None) == hedges
    assert after in (None, 0.03)


def test_no_hedge_while_little_is_known():
    assert hedge_after(Latencies(), 1, breaker_closed=True, utilisation=0.0) is None


def kept(size, at=NOW):
    return Reply(Outcome.FRESH, None, 1, None, b"x" * size, at, at, 1, "d")


def test_the_cache_is_bounded_in_bytes_and_counts_what_it_holds():
    cache = AnswerCache(most_bytes=10_240)
    for index in range(5):
        cache.keep((str(index),), kept(3000))
    assert len(cache) == 3
    always = Freshness(timedelta(hours=1), timedelta(hours=1))
    assert cache.stale(("0",), always, NOW) is None
    assert cache.fresh(("4",), always, NOW + timedelta(minutes=59)) is not None
    assert cache.fresh(("4",), always, NOW + timedelta(hours=1)) is None
    assert cache.fresh(("4",), Freshness(), NOW) is None
    cache.keep(("4",), kept(9000))
    assert len(cache) == 1
    cache.forget(("4",), NOW)
    cache.forget(("4",), NOW)
    cache.keep(("5",), kept(10_240))
    assert len(cache) == 1
    cache.keep(("5",), kept(10_241))
    assert len(cache) == 0, "what is known to be outdated is not kept for want of room"
    for index in range(100):
        cache.keep((str(index),), kept(1))
    assert len(cache) == 20, "small answers take room too"


def test_what_fits_stays_however_often_it_is_kept_anew():
    """A department that fell silent is spoken for while the others are asked on and on."""
    cache, always = (
        AnswerCache(most_bytes=100_000),
        Freshness(timedelta(hours=1), timedelta(hours=1)),
    )
    cache.keep(("silent",), kept(2000))
    for turn in range(1000):
        for index in range(20):
            cache.keep((str(index),), kept(1500 + turn % 30))
    assert cache.stale(("silent",), always, NOW) is not None
    assert len(cache) == 21


def test_whatever_the_cache_gives_is_what_was_kept_last():
    """Against a plain dict, over many rounds of the block."""
    seed = 11
    print("seed", seed)
    rng, cache, plain = random.Random(seed), AnswerCache(most_bytes=20_000), {}
    always, found = Freshness(timedelta(hours=1), timedelta(hours=1)), 0
    for _ in range(20_000):
        key = (str(rng.randrange(12)),)
        if rng.random() < 0.1:
            cache.forget(key, NOW)
            plain.pop(key, None)
        elif rng.random() < 0.5:
            answered = Reply(
                Outcome.FRESH,
                None,
                1,
                None,
                rng.randbytes(rng.randrange(1, 6000)),
                NOW,
                NOW,
                1,
                "d",
            )
            cache.keep(key, answered)
            plain[key] = answered.encoded
        told = cache.stale(key, always, NOW)
        if told is not None:
            found += 1
            assert told.encoded == plain[key]
    assert found > 5000


def test_what_has_no_data_is_not_kept():
    cache = AnswerCache()
    cache.keep(("x",), Reply(Outcome.NOT_FOUND, "no_record", 1))
    assert len(cache) == 0


def test_where_answers_come_too_fast_to_stay_only_some_are_kept():
    """And what is kept stays a minute; when it becomes quieter, all are kept again."""
    cache, always = (
        AnswerCache(most_bytes=1 << 20, stay_seconds=60.0),
        Freshness(timedelta(hours=1), timedelta(hours=1)),
    )
    at, kept_at = NOW, {}

    def come(count, seconds_between, name):
        nonlocal at
        stayed = 0
        for index in range(count):
            at += timedelta(seconds=seconds_between)
            key = (f"{name}{index}",)
            cache.keep(key, structs.replace(kept(1500), fetched_at=at))
            if cache.stale(key, always, at) is not None:
                kept_at[key] = at
                stayed += 1
        return stayed

    assert come(100, 1.0, "quiet") == 100
    come(20_000, 0.001, "learning")
    assert come(20_000, 0.001, "loud") < 1000
    ages = [
        (at - when).total_seconds()
        for key, when in kept_at.items()
        if cache.stale(key, always, at) is not None
    ]
    assert max(ages) > 15
    come(300, 1.0, "quieter")
    assert come(100, 1.0, "again") == 100
