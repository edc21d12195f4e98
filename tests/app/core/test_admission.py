"""Who is let in when not all can be, and how the limit finds itself."""

from pathlib import Path

import pytest

from app.api.table import RouteTable, priority_of
from app.core.admission import LAG_BOUNDS, Admission, Priority, retry_after
from app.core.context import trace_id_for
from app.core.settings import Settings
from app.main import create_app
from auth.principal import Principal, Role
from tests.fixtures.databases import ON_SQLITE


def filled(count, priority=Priority.RECORD):
    admission = Admission(100)
    for _ in range(count):
        assert admission.enter(priority)
    return admission


@pytest.mark.parametrize(
    ("taken", "allowed"), [(49, "0123"), (50, "012"), (80, "01"), (100, "0"), (356, "")]
)
def test_a_lower_priority_is_always_refused_before_a_higher_one(taken, allowed):
    admission = filled(taken)
    assert (
        "".join(
            str(int(p)) for p in Priority if admission.in_flight < {0: 356, 1: 100, 2: 80, 3: 50}[p]
        )
        == allowed
    )
    for priority in reversed(Priority):
        before = admission.in_flight
        assert admission.enter(priority) == (str(int(priority)) in allowed)
        admission.in_flight = before


def test_refusals_are_counted_and_who_leaves_makes_room():
    admission = filled(356)
    assert not admission.enter(Priority.RECORD)
    admission.leave(Priority.RECORD)
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
    admission = filled(60, Priority.TASK)
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


def scope_of(method, path, urgency=b"", role=None):
    """A request as admission sees it: of a caller with a role, or of nobody."""
    table = RouteTable(
        create_app(Settings(secret_key="x" * 32, issuer="i", audience="a", jwks_file=Path("none")))
    )
    scope = {
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(b"priority", urgency)] if urgency else [],
        "state": {},
    }
    scope["state"]["declared"] = table.of(scope)
    if role is not None:
        scope["state"]["principal"] = Principal("x", frozenset({role}), None, "000000")
    return scope


@pytest.mark.parametrize(
    ("method", "path", "urgency", "role", "wanted"),
    [
        ("PUT", "/v1/inspections/x", b"", Role.INSPECTOR, Priority.RECORD),
        ("PUT", "/v1/inspections/x", b"", Role.PATROLLER, Priority.PREFETCH),
        ("POST", "/v1/tasks", b"", Role.TEAM_LEADER, Priority.RECORD),
        ("GET", "/v1/records", b"", Role.SUPERVISOR, Priority.PULL),
        ("GET", "/v1/records", b"", Role.INSPECTOR, Priority.PREFETCH),
        ("POST", "/v1/profiles:batch", b"", Role.INSPECTOR, Priority.PREFETCH),
        ("PUT", "/v1/inspections/x", b"u=7", Role.INSPECTOR, Priority.RECORD),
        ("GET", "/nothing/here", b"", Role.INSPECTOR, Priority.PULL),
        ("DELETE", "/v1/tasks", b"", Role.TEAM_LEADER, Priority.PULL),
        ("PUT", "/v1/inspections/x", b"", None, None),
        ("GET", "/m", b"", None, None),
    ],
)
def test_what_a_known_caller_may_do_says_how_urgent_it_is(method, path, urgency, role, wanted):
    assert priority_of(scope_of(method, path, urgency, role)) is wanted


@ON_SQLITE
async def test_a_task_makes_a_look_up_urgent_only_where_it_is_the_callers(gateway):
    task = await gateway.task("91310115MA1YYY024Y")
    for subject, told, urgency, wanted in (
        ("inspector-1", task, b"", Priority.TASK),
        ("inspector-1", task, b"u=7", Priority.PREFETCH),
        ("inspector-2", task, b"", Priority.PULL),
        ("inspector-1", "0" * 36, b"", Priority.PULL),
        ("inspector-1", "", b"", Priority.PULL),
    ):
        scope = {
            "method": "GET",
            "path": "/v1/profiles/x",
            "query_string": f"purpose=inspection&task={told}".encode(),
            "headers": [(b"priority", urgency)] if urgency else [],
            "app": gateway.app,
            "state": {
                "principal": Principal(subject, frozenset({Role.INSPECTOR}), "fire", "330100")
            },
        }
        scope["state"]["declared"] = RouteTable(gateway.app).of(scope)
        assert priority_of(scope) is wanted, (subject, told)


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
def test_operators_probes_are_exempt(path):
    scope = scope_of("GET", path)
    assert scope["state"]["declared"].is_probe
    assert priority_of(scope) is None


@pytest.mark.parametrize("wanted", list(Priority))
def test_who_yields_first_waits_longest(wanted):
    assert retry_after(wanted) == str(1 + int(wanted))


def test_an_idle_gateway_that_is_paused_is_not_overloaded():
    admission = filled(10)
    for _ in range(8 * 3):
        admission.adjust(0.5)
    assert admission.limit == 100


def test_what_was_taken_away_comes_back_when_all_is_well():
    admission = filled(60, Priority.TASK)
    for _ in range(100):
        admission.press()
        admission.adjust(0.0)
    assert admission.limit < 70
    for _ in range(60):
        admission.leave(Priority.TASK)
    for _ in range(100):
        admission.adjust(0.0)
    assert admission.limit == 100


def test_what_was_taken_away_does_not_come_back_in_the_midst_of_an_overload():
    admission = filled(70, Priority.TASK)
    for _ in range(5):
        admission.press()
        admission.adjust(0.0)
    low = admission.limit
    admission.in_flight = int(low * 0.6)  # neither idle nor full: others are being refused
    for _ in range(50):
        admission.adjust(0.0)
    assert admission.limit == low < 100


def test_records_that_wait_for_the_database_let_no_more_look_ups_in():
    admission = filled(70, Priority.TASK)
    for _ in range(60):
        assert admission.enter(Priority.RECORD)
    for _ in range(50):
        admission.adjust(0.0)
    assert admission.limit == 100
    for _ in range(60):
        admission.leave(Priority.RECORD)
    for _ in range(10):
        assert admission.enter(Priority.TASK)
    admission.adjust(0.0)
    assert admission.limit > 100, "look-ups alone fill it: it may grow"


@pytest.mark.parametrize(
    "given",
    ["", "rubbish", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "00-4BF9-x-01"],
)
def test_a_trace_context_that_is_none_gets_a_new_trace(given):
    assert len(trace_id_for(given)) == 32
    assert trace_id_for(given) != trace_id_for(given)
