"""Who is let in when not all can be, and how the limit finds itself."""

import zlib

import pytest

from app.core.admission import LAG_BOUNDS, Admission, Priority, priority_of, retry_after
from app.core.compression import compressed, compressed_stream, takes_gzip
from app.core.context import trace_id_for
from app.core.rates import Rates


def filled(count, priority=Priority.RECORD):
    admission = Admission(100)
    for _ in range(count):
        assert admission.enter(priority)
    return admission


@pytest.mark.parametrize(
    ("taken", "allowed"), [(49, "0123"), (50, "012"), (80, "01"), (100, "0"), (130, "")]
)
def test_a_lower_priority_is_always_refused_before_a_higher_one(taken, allowed):
    admission = filled(taken)
    assert (
        "".join(
            str(int(p))
            for p in Priority
            if admission.in_flight < admission.limit * {0: 1.3, 1: 1.0, 2: 0.8, 3: 0.5}[p]
        )
        == allowed
    )
    for priority in reversed(Priority):
        before = admission.in_flight
        assert admission.enter(priority) == (str(int(priority)) in allowed)
        admission.in_flight = before


def test_refusals_are_counted_and_who_leaves_makes_room():
    admission = filled(130)
    assert not admission.enter(Priority.RECORD)
    admission.leave()
    assert admission.enter(Priority.RECORD)
    assert admission.refused[Priority.RECORD] == 1


def test_one_pause_of_the_loop_means_nothing_three_in_a_row_do():
    admission = filled(90)
    admission.adjust(0.5)
    admission.adjust(0.5)
    assert admission.limit >= 100
    admission.adjust(0.5)
    assert admission.limit < 100


def test_pressure_shrinks_it_and_use_lets_it_grow_again():
    admission = filled(60)
    for _ in range(30):
        admission.press()
        admission.adjust(0.0)
    low = admission.limit
    assert 32 <= low < 70
    for _ in range(30):
        admission.adjust(0.0)
    assert admission.limit > low


def test_it_never_shrinks_below_the_least():
    admission = Admission(100)
    for _ in range(200):
        admission.press()
        admission.adjust(1.0)
    assert admission.limit == 32


def test_lags_are_counted_by_bucket():
    admission = Admission()
    for lag in (0.0, 0.015, 0.03, 5.0):
        admission.look(lag)
    assert sum(admission.lags) == 4
    assert admission.lags[-1] == 1
    assert admission.lags[LAG_BOUNDS.index(0.02)] == 1


@pytest.mark.parametrize(
    ("method", "path", "query", "urgency", "wanted"),
    [
        ("PUT", "/v1/inspections/x", b"", b"", Priority.RECORD),
        ("POST", "/v1/tasks", b"", b"", Priority.RECORD),
        ("GET", "/v1/profiles/x", b"purpose=inspection&task=1", b"", Priority.TASK),
        ("GET", "/v1/profiles/x", b"purpose=patrol", b"", Priority.PULL),
        ("GET", "/v1/profiles/x", b"purpose=inspection&task=1", b"u=7", Priority.PREFETCH),
        ("GET", "/v1/records", b"", b"", Priority.PULL),
        ("POST", "/v1/profiles:batch", b"", b"", Priority.PREFETCH),
        ("PUT", "/v1/inspections/x", b"", b"u=7", Priority.RECORD),
    ],
)
def test_what_a_request_does_says_how_urgent_it_is(method, path, query, urgency, wanted):
    scope = {
        "method": method,
        "path": path,
        "query_string": query,
        "headers": [(b"priority", urgency)] if urgency else [],
    }
    assert priority_of(scope) is wanted
    assert retry_after(wanted) == str(1 + int(wanted))


class TestRates:
    def test_a_burst_then_a_steady_rate(self):
        now = [0.0]
        rates = Rates(10, 5, lambda: now[0])
        assert [rates.allows("a") for _ in range(6)] == [True] * 5 + [False]
        assert rates.seconds_until_next("a") == pytest.approx(0.1)
        now[0] = 0.1
        assert rates.allows("a")
        assert rates.allows("b")
        assert rates.header_pairs("b") == (
            (b"ratelimit-policy", b'"caller";q=5;w=1'),
            (b"ratelimit", b'"caller";r=4;t=1'),
        )

    def test_no_bound_tells_nothing(self):
        rates = Rates(0, 5)
        assert all(rates.allows("a") for _ in range(100))
        assert (rates.header_pairs("a"), rates.seconds_until_next("a")) == ((), 0.0)

    def test_many_callers_are_forgotten_rather_than_kept_for_ever(self):
        rates = Rates(10, 5, lambda: 0.0)
        for number in range(50_001):
            rates.allows(str(number))
        assert len(rates._buckets) <= 50_000


@pytest.mark.parametrize(
    ("accepted", "wanted"),
    [
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("br", False),
        ("", False),
        ("identity", False),
    ],
)
def test_who_takes_gzip(accepted, wanted):
    assert takes_gzip(accepted) is wanted


async def test_every_event_of_a_packed_stream_can_be_read_when_it_has_arrived():
    async def events():
        for number in range(3):
            yield b'{"event":%d}\n' % number

    reader = zlib.decompressobj(31)
    seen = [reader.decompress(piece) async for piece in compressed_stream(events())]
    assert seen[:3] == [b'{"event":0}\n', b'{"event":1}\n', b'{"event":2}\n']
    assert reader.eof


def test_short_bodies_are_not_worth_packing():
    assert compressed(b"x" * 100) is None
    assert len(compressed(b"x" * 10_000)) < 100


@pytest.mark.parametrize(
    "given",
    ["", "rubbish", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "00-4BF9-x-01"],
)
def test_a_trace_context_that_is_none_gets_a_new_trace(given):
    assert len(trace_id_for(given)) == 32
    assert trace_id_for(given) != trace_id_for(given)
