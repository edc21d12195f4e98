"""What is done at its time: once among all, caught up after an outage, tried again where it fails."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import text

from app.core.calendar import Calendar
from app.core.rooms import Job
from app.core.schedule import Schedule
from app.operations.jobs import repository
from app.operations.jobs.service import JobRunner
from app.operations.lease import LEASE
from auth.principal import Role
from tests.builders.inspections import an_id, an_inspection, officer
from tests.fixtures.databases import ON_SQLITE

BEGIN = datetime(2026, 11, 27, 3, tzinfo=UTC)  # Friday 11:00 in China
MORNING = Schedule(time(8, 30), "working")
MONDAY = datetime(2026, 11, 30, 0, 30, tzinfo=UTC)


class Wall:
    def __init__(self):
        self.at = BEGIN

    def now(self):
        return self.at


class Office:
    """Processes on one database, and their clock."""

    def __init__(self, database):
        self.database, self.wall, self.runs = database, Wall(), []

    def runner(self, act=None, name="records.remind"):
        async def run(turn):
            self.runs.append(turn.span)
            return await act(turn) if act else {"done": len(self.runs)}

        return JobRunner(self.database, self.wall, Calendar(), [Job(name, MORNING, run)])

    async def step(self, runner):
        runner.hurry()
        return await runner.run_next()

    @property
    def row(self):
        with self.database.read() as session:
            return repository.rows(session, ["records.remind"])[0]


@pytest.fixture
def office(database):
    return Office(database)


async def test_it_is_done_at_its_time_by_one_of_all(office):
    runners = [office.runner() for _ in range(4)]
    assert [await office.step(r) for r in runners] == [False] * 4
    assert office.row.next_at == MONDAY
    office.wall.at = MONDAY + timedelta(minutes=1)
    assert sum(await asyncio.gather(*(office.step(r) for r in runners))) == 1
    assert [(s.since, s.until) for s in office.runs] == [(date(2026, 11, 26), date(2026, 11, 30))]
    row = office.row
    assert (row.outcome, row.result, row.runs) == ("done", {"done": 1}, 1)
    assert row.next_at == MONDAY + timedelta(days=1)
    assert not await office.step(runners[0])


async def test_after_an_outage_it_is_done_once_for_all_days_missed(office):
    runner = office.runner()
    await office.step(runner)
    office.wall.at = MONDAY
    await office.step(runner)
    office.wall.at = MONDAY + timedelta(days=9)
    later = office.runner()
    assert await office.step(later)
    assert not await office.step(later)
    assert (office.runs[-1].since, office.runs[-1].until) == (date(2026, 11, 30), date(2026, 12, 9))


@ON_SQLITE
async def test_what_fails_is_tried_again_for_the_same_days(office, caplog):
    async def fails(_turn):
        if len(office.runs) < 3:
            raise OSError
        return {}

    runner = office.runner(fails)
    await office.step(runner)
    office.wall.at = MONDAY
    for minutes in (0, 1, 2):
        office.wall.at += timedelta(minutes=minutes)
        assert await office.step(runner)
        assert not await office.step(runner)
    assert len(set(office.runs)) == 1
    assert (office.row.outcome, office.row.failures, office.row.error) == ("done", 0, None)
    assert caplog.text.count("it is tried again") == 2


async def test_what_a_dead_process_held_is_taken_over(office):
    stuck = asyncio.Event()

    async def hangs(_turn):
        await stuck.wait()
        return {"by": "the dead"}

    dead, alive = office.runner(hangs), office.runner()
    await office.step(dead)
    office.wall.at = MONDAY
    hanging = asyncio.create_task(office.step(dead))
    async with asyncio.timeout(10):
        while not office.runs:
            await asyncio.sleep(0.01)
    assert not await office.step(alive)
    office.wall.at += LEASE + timedelta(seconds=1)
    assert await office.step(alive)
    stuck.set()
    await hanging  # its word comes too late
    assert (office.row.result, office.row.runs) == ({"done": 2}, 2)


async def test_whoever_slept_while_it_was_taken_over_does_nothing(office):
    awake = asyncio.Event()

    async def sleeps(turn):
        await awake.wait()
        with office.database.write() as session:
            turn.finish(session)
            session.connection().execute(text("update jobs set error = 'by the one who slept'"))
        return {"by": "the one who slept"}

    asleep, other = office.runner(sleeps), office.runner()
    await office.step(asleep)
    office.wall.at = MONDAY
    sleeping = asyncio.create_task(office.step(asleep))
    async with asyncio.timeout(10):
        while not office.runs:
            await asyncio.sleep(0.01)
    office.wall.at += LEASE + timedelta(seconds=1)
    assert await office.step(other)
    awake.set()
    await sleeping
    assert (office.row.result, office.row.error) == ({"done": 2}, None)


async def test_what_was_done_is_not_done_again_after_a_crash(office):
    """It and that it is done commit together."""

    async def dies(turn):
        with office.database.write() as session:
            turn.finish(session)
        raise OSError

    runner = office.runner(dies)
    await office.step(runner)
    office.wall.at = MONDAY
    await office.step(runner)
    office.wall.at += timedelta(minutes=1)
    await office.step(office.runner())
    assert [s.holds(date(2026, 11, 30)) for s in office.runs] == [True, False]


@ON_SQLITE
async def test_jobs_of_other_releases_are_left_alone(office):
    await office.step(office.runner(name="of.another_release"))
    office.wall.at = MONDAY
    assert not await office.step(office.runner())


@ON_SQLITE
class TestDoors:
    @pytest.fixture
    async def operator(self, gateway):
        return gateway.caller("system-1", Role.SYSTEM_ADMINISTRATOR, region="330100")

    async def ended(self, operator, name):
        async with asyncio.timeout(15):
            while True:
                jobs = (await operator.get("/v1/jobs")).json()
                found = {job["name"]: job for job in jobs}
                if name in found and found[name]["outcome"]:
                    return found[name]
                await asyncio.sleep(0.05)

    async def test_they_are_listed_and_done_now(self, gateway, operator):
        async with asyncio.timeout(15):
            while len(jobs := (await operator.get("/v1/jobs")).json()) < 5:
                await asyncio.sleep(0.05)
        assert [job["name"] for job in jobs] == [
            "agreements.remind",
            "certificates.remind",
            "glass.remind",
            "notices.forget",
            "records.remind",
        ]
        assert all(job["text"]["zh"] and job["next_at"] for job in jobs)
        answer = await operator.post("/v1/jobs/notices.forget:run")
        assert answer.status_code == 202
        job = await self.ended(operator, "notices.forget")
        assert (job["outcome"], job["result"]) == ("done", {"notices": 0, "messages": 0})
        entries = (
            await gateway.auditor.get("/v1/audit/entries", params={"event": "operations.job.run"})
        ).json()["items"]
        assert [e["object_ref"] for e in entries] == ["notices.forget"]

    async def test_what_somebody_does_is_not_begun_again(self, gateway, operator):
        with gateway.app.state.database.write() as session:
            row = repository.rows(session, ["notices.forget"])[0]
            row.lease_until = gateway.app.state.clock.now() + timedelta(minutes=5)
        answer = await operator.post("/v1/jobs/notices.forget:run")
        assert (answer.status_code, answer.json()["code"]) == (409, "job.under_way")

    async def test_nobody_else_runs_them(self, gateway, operator):
        for other in (gateway.leader, gateway.coordinator, gateway.auditor):
            assert (await other.get("/v1/jobs")).status_code == 403
            assert (await other.post("/v1/jobs/notices.forget:run")).status_code == 403
        answer = await operator.post("/v1/jobs/nothing.at_all:run")
        assert (answer.status_code, answer.json()["code"]) == (404, "job.unknown")


@ON_SQLITE
class TestReminders:
    """Through the rooms' own acts, on the days that they are for."""

    async def test_records_remind_the_officer_then_his_leader(self, city):
        from app.core.clock import local_date
        from app.core.schedule import Span
        from app.inspections import reminders

        task = await city.task("91310115MA1YYY024Y")
        record_id = an_id()
        await city.inspector.put(f"/v1/inspections/{record_id}", json=an_inspection(task))
        now, calendar = datetime.now(UTC), Calendar()
        today = local_date(now)
        told = {}
        for days in (1, 4):
            due = calendar.after(today, days, "working").on
            span = Span(due - timedelta(days=1), due)
            with city.app.state.database.write() as session:
                told[days] = reminders.of_records(session, now, span, calendar)
        assert told == {1: {"officers": 1, "leaders": 0}, 4: {"officers": 0, "leaders": 1}}
        kinds = [
            n["kind"] for n in (await officer(city, "ZJ-0002").get("/v1/inbox")).json()["items"]
        ]
        assert kinds == ["record.confirmation_wanted"] * 2
        kinds = [n["kind"] for n in (await city.leader.get("/v1/inbox")).json()["items"]]
        assert kinds == ["record.unconfirmed"]

    async def test_certificates_remind_their_holders(self, gateway):
        from app.core.schedule import Span
        from app.inspections import reminders

        last = date(2027, 3, 31)
        body = {
            "name": "某",
            "department": "fire",
            "region": "330100",
            "valid_from": "2020-01-01",
            "valid_to": last.isoformat(),
        }
        answer = await gateway.coordinator.put("/v1/officers/ZJ-7", json=body)
        assert answer.status_code == 200
        found = []
        for day in range(40):
            on = last - timedelta(days=day)
            with gateway.app.state.database.write() as session:
                span = Span(on - timedelta(days=1), on)
                told = reminders.of_certificates(session, datetime.now(UTC), span)
            if told["certificates"]:
                found.append(day)
        assert found == [1, 7, 30]
        holder = gateway.caller("z", Role.INSPECTOR, certificate_no="ZJ-7")
        inbox = (await holder.get("/v1/inbox")).json()["items"]
        assert [n["kind"] for n in inbox] == ["certificate.ends_soon"] * 3
