"""Who is let in when not all can be, and how the limit finds itself."""

from pathlib import Path

import pytest

from app.api.table import priorities_of
from app.core.admission import LAG_BOUNDS, Admission, Priority, retry_after
from app.core.context import trace_id_for
from app.core.settings import Settings
from app.main import create_app


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
        ("GET", "/nothing/here", b"", b"", Priority.PULL),
        ("DELETE", "/v1/tasks", b"", b"", Priority.PULL),
    ],
)
def test_what_a_request_does_says_how_urgent_it_is(method, path, query, urgency, wanted):
    priority_of = priorities_of(
        create_app(Settings(secret_key="x" * 32, issuer="i", audience="a", jwks_file=Path("none")))
    )
    scope = {
        "method": method,
        "path": path,
        "query_string": query,
        "headers": [(b"priority", urgency)] if urgency else [],
    }
    assert priority_of(scope) is wanted
    assert retry_after(wanted) == str(1 + int(wanted))


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
def test_operators_probes_are_exempt(path):
    app = create_app(
        Settings(secret_key="x" * 32, issuer="i", audience="a", jwks_file=Path("none"))
    )
    assert priorities_of(app)({"method": "GET", "path": path, "headers": []}) is None


@pytest.mark.parametrize(
    "given",
    ["", "rubbish", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "00-4BF9-x-01"],
)
def test_a_trace_context_that_is_none_gets_a_new_trace(given):
    assert len(trace_id_for(given)) == 32
    assert trace_id_for(given) != trace_id_for(given)
