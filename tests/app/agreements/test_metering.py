"""Quotas: never one section more than the clause over all processes, and nearly all of it usable."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from app.agreements.decision import Quota
from app.agreements.metering import Meter, read_windows, window_end, window_start
from app.core.db import Database, DatabaseBusy
from app.core.snapshots import Snapshots
from app.core.transactions import transaction
from tests.app.agreements.test_acts import MAIN, SEED, Parties
from tests.fixtures.databases import ON_SQLITE

NOON = datetime(2026, 11, 28, 4, 0, 0, tzinfo=UTC)


class Processes:
    """Meters of several processes on one database, and their clock."""

    def __init__(self, database):
        self.database, self.now = database, NOON
        self.snapshots = Snapshots(database)

    def meter(self):
        return Meter(lambda: transaction(self.database, self.snapshots), lambda: self.now)

    def windows(self, quota):
        with self.database.read() as session:
            return {row.window: row for row in read_windows(session, quota, self.now)}


@pytest.fixture
def processes(database_url):
    database = Database(database_url)
    yield Processes(database)
    database.dispose()


async def told(meter, quota, wanted, counts=(1,)):
    """How much is told by somebody who asks so often."""
    found = 0
    for number in range(wanted):
        count = counts[number % len(counts)]
        if not await meter.take({quota: count}, asyncio.get_running_loop().time() + 20):
            found += count
    return found


class TestMeter:
    @pytest.mark.parametrize(
        "quota", [Quota("a", daily=1), Quota("a", daily=7), Quota("a", daily=300)]
    )
    async def test_the_sum_of_all_never_exceeds_the_clause_and_all_of_it_is_used(
        self, processes, quota
    ):
        meters = [processes.meter() for _ in range(3)]
        found = await asyncio.gather(*(told(m, quota, 150) for m in (*meters, *meters)))
        assert sum(found) == quota.daily
        row = processes.windows(quota)["day"]
        assert (row.used, row.left) == (quota.daily, 0)

    async def test_more_than_one_at_once_is_taken_whole_or_not_at_all(self, processes):
        quota = Quota("a", daily=10)
        meter = processes.meter()
        assert await told(meter, quota, 4, counts=(4,)) == 8
        assert quota not in meter.closed
        assert await told(processes.meter(), quota, 3) == 2

    async def test_a_second_and_a_day_bound_together(self, processes):
        quota = Quota("a", daily=7, per_second=3)
        one, other = processes.meter(), processes.meter()
        found = []
        for _ in range(3):
            found.append(await told(one, quota, 5) + await told(other, quota, 5))
            processes.now += timedelta(seconds=1)
        assert found == [3, 3, 1]

    async def test_a_new_day_begins_at_midnight_in_china(self, processes):
        quota = Quota("a", daily=2)
        meter = processes.meter()
        assert await told(meter, quota, 3) == 2
        midnight = window_end("day", window_start("day", NOON))
        assert midnight == datetime(2026, 11, 28, 16, 0, tzinfo=UTC)
        processes.now = midnight - timedelta(seconds=1)
        assert await told(processes.meter(), quota, 3) == 0
        processes.now = midnight
        assert await told(meter, quota, 3) == 2
        behind = processes.meter()
        processes.now = midnight - timedelta(
            seconds=1
        )  # a clock that is late takes from the new day
        assert await told(behind, quota, 3) == 0

    @ON_SQLITE
    async def test_what_lies_unused_is_given_back(self, processes):
        quota = Quota("a", daily=1000)
        idle, busy = processes.meter(), processes.meter()
        assert await told(idle, quota, 1) == 1
        assert processes.windows(quota)["day"].used == 5
        assert await idle.give_back() is False
        assert await idle.give_back(idle=0.0) is True
        assert processes.windows(quota)["day"].used == 1
        assert await told(busy, quota, 1100) == 999

    @ON_SQLITE
    async def test_a_raised_or_lowered_clause_counts_at_once(self, processes):
        meter = processes.meter()
        assert await told(meter, Quota("a", daily=3), 5) == 3
        assert meter.closed
        assert await told(meter, Quota("a", daily=5), 5) == 2
        assert await told(meter, Quota("a", daily=2), 5) == 0
        assert processes.windows(Quota("a", daily=2))["day"].left == 0

    @ON_SQLITE
    async def test_without_the_database_nothing_is_told(self, processes):
        tried = []

        @asynccontextmanager
        async def away():
            tried.append(1)
            raise DatabaseBusy
            yield

        meter = Meter(away, lambda: NOON)
        until = asyncio.get_running_loop().time() + 5
        with pytest.raises(DatabaseBusy):
            await meter.take({Quota("a", daily=5): 1}, until)
        assert tried == [1]
        with pytest.raises(DatabaseBusy):  # and nobody else waits for the same in vain
            await meter.take({Quota("a", daily=5): 1}, until)
        assert tried == [1]

    @ON_SQLITE
    async def test_nobody_waits_beyond_his_deadline(self, processes):
        @asynccontextmanager
        async def silent():
            await asyncio.sleep(30)
            yield

        meter, loop = Meter(silent, lambda: NOON), asyncio.get_running_loop()
        until = loop.time() + 0.2
        found = await asyncio.gather(
            *(meter.take({Quota("a", daily=5): 1}, until) for _ in range(4)), return_exceptions=True
        )
        assert [type(each) for each in found] == [DatabaseBusy] * 4
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def test_who_wants_too_much_closes_it_for_nobody_else(self, processes):
        quota = Quota("a", daily=3)
        meter = processes.meter()
        assert await told(meter, quota, 1, counts=(5,)) == 0
        assert meter.closed == frozenset()
        assert await told(meter, quota, 4) == 3
        assert meter.closed == {quota}

    @ON_SQLITE
    async def test_what_is_given_back_is_not_told_too(self, processes):
        """Between a look at one window and the refill of another, the first may be given back."""
        quota = Quota("a", daily=400, per_second=3)
        meter = processes.meter()
        for _ in range(6):
            await told(meter, quota, 1)
            await asyncio.gather(meter.give_back(idle=0.0), told(meter, quota, 3))
            processes.now += timedelta(seconds=1)
        await meter.give_back(idle=0.0)
        used = processes.windows(quota)["day"].used
        assert used == 18


async def test_a_quota_is_told_then_denied_and_both_sides_see_one_meter(city):
    parties = Parties(city)
    await parties.units()
    await parties.tax_seen()  # registration tells where the business is
    reason = {"reason": "replaced by agreements of the departments"}
    assert (await parties.nation.post(f"{SEED}:suspend", json=reason)).status_code == 200
    await parties.in_force(clauses={"daily_quota": 2})
    task = await city.task(MAIN)
    params = {"purpose": "inspection", "task": task}
    path = f"/v1/profiles/{MAIN}"
    found = [(await parties.officer.get(path, params=params)).json() for _ in range(3)]
    taxes = [profile["sections"]["tax"] for profile in found]
    assert [tax["outcome"] for tax in taxes] == ["fresh", "fresh", "denied"]
    assert taxes[2]["reason"]["code"] == "quota_exhausted"
    assert "data" not in taxes[2]
    alone = (await parties.officer.get(f"{path}/sections/tax", params=params)).json()
    assert alone["section"]["reason"]["code"] == "quota_exhausted"
    headers = {"Accept": "application/x-ndjson"}
    stream = await parties.officer.get(path, params=params, headers=headers)
    assert "quota_exhausted" in stream.text
    meters = [
        (await c.get("/v1/agreements/fire-tax/meter")).json() for c in (parties.tax, parties.fire)
    ]
    assert meters[0] == meters[1]
    day = meters[0]["windows"][0]
    assert (day["window"], day["quota"], day["used"], day["left"]) == ("day", 2, 2, 0)
    assert (await parties.food.get("/v1/agreements/fire-tax/meter")).status_code == 404
    asked = {"business_id": MAIN, "section": "tax", "purpose": "inspection", "task": task}
    told = (await parties.officer.post("/v1/decisions:explain", json=asked)).json()
    field = next(f for f in told["fields"] if f["field"] == "overdue_filing_count")
    assert (field["verdict"], field["reason"]) == ("withhold", "quota_exhausted")
    assert [c["check"] for c in field["smallest_change"]] == ["quota_exhausted"]
    own = city.caller("tax-1", "inspector", department="tax", region="330100")
    tax = (await own.get(path, params={"purpose": "patrol"})).json()["sections"]["tax"]
    assert tax.get("reason", {}).get("code") != "quota_exhausted"


async def test_a_stream_takes_each_section_once(city):
    parties = Parties(city)
    await parties.units()
    await parties.tax_seen()
    reason = {"reason": "replaced by agreements of the departments"}
    assert (await parties.nation.post(f"{SEED}:suspend", json=reason)).status_code == 200
    await parties.in_force(clauses={"daily_quota": 100})
    params = {"purpose": "inspection", "task": await city.task(MAIN)}
    headers = {"Accept": "application/x-ndjson"}
    stream = await parties.officer.get(f"/v1/profiles/{MAIN}", params=params, headers=headers)
    assert "overdue_filing_count" in stream.text
    async with asyncio.timeout(5):
        while True:  # what is not needed is given back
            day = (await parties.tax.get("/v1/agreements/fire-tax/meter")).json()["windows"][0]
            if day["used"] == 1:
                break
            await asyncio.sleep(0.2)
