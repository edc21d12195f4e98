"""What the console asks of adapters: who moved one, what rests on it, how its department answered."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import OperationalError

from adapters.dispatch.timeouts import Latencies
from app.core.deps import DATABASE
from app.registry import repository
from app.registry.measuring import KEPT_MINUTES, Measurer, measured
from app.tasks.purposes import PURPOSES
from auth.principal import Role

BEGIN = datetime(2026, 11, 28, 8, 0, tzinfo=UTC)
REASON = {"reason": "data are being checked"}


class TestHistory:
    async def test_it_says_who_did_what_and_why_the_newest_first(self, city):
        manager = city.manager("health")
        await manager.post("/v1/adapters/health:suspend", json=REASON)
        rows = (await manager.get("/v1/adapters/health/history")).json()
        assert [row["event"].rpartition(".")[2] for row in rows] == [
            "suspended", "published", "submitted", "examined", "examination_requested", "registered",
        ]  # fmt: skip
        assert (rows[0]["reason"], rows[0]["actor"], rows[1]["actor"]) == (
            REASON["reason"],
            "manager-health",
            "coordinator-2",
        )
        assert all(row["text"]["zh"] and row["text"]["en"] for row in rows)

    async def test_a_failed_exam_is_told_as_one(self, gateway, departments):
        from adapters.fakes.departments import manifest_of

        departments.set("health", "garbage")
        manager = gateway.manager("health")
        await manager.post(
            "/v1/adapters", json=manifest_of("health", departments.addresses["health"])
        )
        assert not (await gateway.examine("health"))["result"]["passed"]
        rows = (await manager.get("/v1/adapters/health/history")).json()
        assert rows[0]["event"] == "registry.adapter.examined"
        assert (rows[0]["outcome"], rows[0]["reason"]) == ("failed", None)

    @pytest.mark.parametrize("what", ["history", "measurements", "impact"])
    async def test_another_s_adapter_is_as_if_it_were_not_there(self, city, what):
        answer = await city.manager("tax").get(f"/v1/adapters/health/{what}")
        assert (answer.status_code, answer.json()["code"]) == (404, "adapter.unknown")


class TestImpact:
    async def test_agreements_purposes_and_tasks_that_rest_on_it(self, city):
        nation = city.caller("c", Role.COORDINATOR, region="000000")
        told = (await nation.get("/v1/adapters/tax/impact")).json()
        assert "seed-inspection@1" in told["agreements"]
        assert "inspection" in told["purposes"]
        await city.task("91310115MA1YYY024Y")
        # the mock departments serve Hangzhou, the task is in Shanghai: nothing of it rests on them
        assert (await nation.get("/v1/adapters/tax/impact")).json()["open_tasks"] == 0
        await city.task("91330106MA2YYY034D")
        assert (await nation.get("/v1/adapters/tax/impact")).json()["open_tasks"] == 1

    async def test_what_does_not_concern_the_caller_is_counted_and_not_named(self, city):
        own = city.caller("t", Role.DATA_MANAGER, department="tax", region="330100")
        told = (await own.get("/v1/adapters/tax/impact")).json()
        assert (told["agreements"], told["purposes"]) == ([], [])
        assert told["further_agreements"] >= 2

    async def test_a_sealed_purpose_is_not_told_to_who_may_not_know_of_it(self, city, monkeypatch):
        nation = city.caller("c", Role.COORDINATOR, region="000000")
        before = (await nation.get("/v1/adapters/tax/impact")).json()["purposes"]
        open_one = PURPOSES["inspection"]
        monkeypatch.setitem(
            PURPOSES, "inspection", replace(open_one, sealed=True, roles=frozenset({"auditor"}))
        )
        told = (await nation.get("/v1/adapters/tax/impact")).json()["purposes"]
        assert sorted({*told, "inspection"}) == before
        assert "inspection" not in told

    async def test_nothing_rests_on_what_is_not_in_service(self, city):
        nation = city.caller("c", Role.COORDINATOR, region="000000")
        await nation.post("/v1/adapters/tax:suspend", json=REASON)
        told = (await nation.get("/v1/adapters/tax/impact")).json()
        assert told == {"agreements": [], "further_agreements": 0, "purposes": [], "open_tasks": 0}


@dataclass
class Lane:
    """What a measurer reads of a department's lane."""

    adapter_id: str
    outcomes: Counter = field(default_factory=Counter)
    latencies: Latencies = field(default_factory=Latencies)

    def answered(self, seconds, outcome="fresh"):
        self.outcomes[outcome] += 1
        self.latencies.record(seconds, 0.0)


class Clock:
    def __init__(self):
        self.at = BEGIN

    def now(self):
        return self.at


@pytest.fixture
async def measuring(gateway):
    clock, lanes = Clock(), [Lane("tax"), Lane("fire")]
    database = DATABASE.of(gateway.app)
    made = [Measurer(database, clock, lambda: lanes) for _ in range(2)]
    for one in made:
        await one.step()

    def read(every=1):
        with database.read() as session:
            return measured(session, "tax", clock.at, every)

    return clock, lanes, made, read


class TestMeasurements:
    async def test_a_minute_is_written_when_it_is_over_and_adds_up_over_processes(self, measuring):
        clock, (tax, _), made, read = measuring
        for _ in range(19):
            tax.answered(0.02)
        tax.answered(2.0, "timed_out")
        for one in made:
            await one.step()
        assert read() == []
        clock.at += timedelta(minutes=1)
        for one in made:  # as if two processes had each seen the same
            await one.step()
        (told,) = read()
        assert (told.at, told.outcomes, told.timed) == (
            BEGIN,
            {"fresh": 38, "timed_out": 2},
            40,
        )
        assert 20 <= told.p50_ms <= 24
        assert told.p95_ms <= 24

    async def test_only_what_came_since_is_told_and_spans_are_gathered(self, measuring):
        clock, (tax, _), (one, _), read = measuring
        for count in (3, 0, 2):
            for _ in range(count):
                tax.answered(0.1)
            clock.at += timedelta(minutes=1)
            await one.step()
        assert [(m.at.minute, m.outcomes) for m in read()] == [(0, {"fresh": 3}), (2, {"fresh": 2})]
        assert [(m.at.minute, m.outcomes) for m in read(15)] == [(0, {"fresh": 5})]

    async def test_after_a_day_a_minute_is_forgotten(self, measuring):
        clock, (tax, _), (one, _), read = measuring
        tax.answered(0.1)
        clock.at += timedelta(minutes=1)
        await one.step()
        clock.at += timedelta(minutes=KEPT_MINUTES)
        tax.answered(0.1, "stale")
        await one.step()
        tax.answered(0.1, "cached")
        clock.at += timedelta(minutes=1)
        await one.step()
        assert [m.outcomes for m in read()] == [{"cached": 1}]

    async def test_what_cannot_be_written_waits_and_is_not_counted_twice(
        self, measuring, monkeypatch
    ):
        clock, (tax, _), (one, _), read = measuring
        tax.answered(0.1)

        def away(*_args):
            raise OperationalError("x", {}, Exception("away"))

        with monkeypatch.context() as patch:
            patch.setattr(repository, "add_minutes", away)
            clock.at += timedelta(minutes=1)
            await one.step()
        clock.at += timedelta(minutes=1)
        await one.step()
        assert [(m.at.minute, m.outcomes) for m in read()] == [(0, {"fresh": 1})]

    async def test_a_candidate_is_the_same_department_s(self, measuring):
        clock, (tax, fire), (one, _), read = measuring
        fire.adapter_id = "tax@2"
        tax.answered(0.1)
        fire.answered(0.1, "stale")
        clock.at += timedelta(minutes=1)
        await one.step()
        assert [m.outcomes for m in read()] == [{"fresh": 1, "stale": 1}]

    async def test_a_clock_that_goes_back_adds_and_one_that_runs_ahead_forgets_only_its_own(
        self, measuring
    ):
        clock, (tax, _), (one, other), read = measuring
        tax.answered(0.1)
        clock.at += timedelta(minutes=1)
        for each in (one, other):
            await each.step()
        clock.at -= timedelta(seconds=2)
        tax.answered(0.1)
        await one.step()
        clock.at += timedelta(minutes=2)
        tax.answered(0.1)
        await one.step()
        assert sum(m.outcomes["fresh"] for m in read()) == 4
        clock.at += timedelta(days=3)
        await one.step()
        for _ in range(2):
            tax.answered(0.1)
            clock.at += timedelta(minutes=1)
            await one.step()
        clock.at -= timedelta(days=3)
        # the other process's of before, and those of the clock that ran ahead
        assert [m.outcomes["fresh"] for m in read()] == [1, 1, 1]

    async def test_look_ups_are_measured_and_kept_at_the_end(
        self, published_url, settings_for, issuer, departments
    ):
        from tests.fixtures.gateway import running

        configured = settings_for(published_url)
        async with running(configured, issuer) as gateway:
            await gateway.inspector.get("/v1/profiles/91310115MA1YYY024Y?purpose=patrol")
        async with running(configured, issuer) as gateway:
            rows = (await gateway.manager("tax").get("/v1/adapters/tax/measurements")).json()
        assert sum(row["outcomes"].get("fresh", 0) for row in rows) >= 1
        assert sum(row["timed"] for row in rows) >= 1
