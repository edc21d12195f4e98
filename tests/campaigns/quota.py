"""Two gateways on one PostgreSQL and fifty callers: never one section more than the clause of an agreement, and nearly all of it usable."""

import argparse
import asyncio
import itertools
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from adapters.fakes.world import World
from app.core.db import Database
from auth.principal import Role
from tests.campaigns import servers, stage
from tests.campaigns.revoke import launched

NAMES = ("registration", "tax")
CALLERS, LEAST_USABLE = 50, 0.99


@contextmanager
def cell(
    departments: stage.Departments, folder: Path
) -> Iterator[tuple[str, stage.Prepared, tuple[int, ...]]]:
    with ExitStack() as stack:
        server = stack.enter_context(servers.postgres())
        url = server.create("cell")
        on = stage.published_on(url, folder, stage.manifests_of(departments, *NAMES))
        ports = tuple(
            stack.enter_context(launched(on, folder, url, name, "claims")) for name in "ab"
        )
        yield url, on, ports


def bounded(url: str, quotas: dict[str, int]) -> None:
    """The seeded agreements get a quota, as a version in force would have it."""
    database = Database(url)
    told = json.dumps(quotas)
    with database.engine.begin() as connection:
        connection.execute(text("delete from quota_windows"))
        connection.execute(
            text(
                "update agreement_versions set clauses = (clauses::jsonb || cast(:told as jsonb))::json"
            ),
            {"told": told},
        )
        connection.execute(
            text("update revisions set number = number + 1 where name = 'agreements'")
        )
    database.dispose()


class Callers:
    """Fifty who ask both gateways, each as soon as it has its answer; what held data of tax is counted, by the second in which it was asked."""

    def __init__(self, on: stage.Prepared, ports: tuple[int, ...], codes: list[str]) -> None:
        self.on, self.ports, self.codes = on, ports, itertools.cycle(codes)
        self.told = self.asked = 0
        self.statuses: Counter[int] = Counter()
        self.of_second: Counter[int] = Counter()

    async def one(
        self, clients: list[stage.Client], number: int, until: float, rate: float
    ) -> None:
        token = self.on.issuer.token(
            f"patroller-{number}", Role.PATROLLER, department="urban_management", seconds=3600
        )
        while time.monotonic() < until:
            client = clients[number % len(clients)]
            answer = await client.get(f"/v1/profiles/{next(self.codes)}?purpose=patrol", token)
            self.asked += 1
            self.statuses[answer.status] += 1
            if answer.status == 200:
                sections = answer.json()["sections"]
                told = sum("data" in section for section in sections.values())
                self.told += told
                self.of_second[int(time.time())] += told
            if rate:
                await asyncio.sleep(rate)

    async def ask(self, seconds: float, rate: float = 0.0) -> None:
        until = time.monotonic() + seconds
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(stage.client(port)) for port in self.ports]
            await asyncio.gather(*(self.one(clients, n, until, rate) for n in range(CALLERS)))


def metered(url: str, name: str) -> int:
    """What the meter says was used."""
    database = Database(url)
    with database.read() as session:
        found = session.execute(
            text("select coalesce(sum(used), 0) from quota_windows where name = :name"),
            {"name": name},
        )
        used = int(found.scalar_one())
    database.dispose()
    return used


async def campaign(
    url: str, on: stage.Prepared, ports: tuple[int, ...], daily: int, per_second: int
) -> int:
    codes = [b.business_id for b in World(1, 400, datetime.now(UTC).date()).generated]
    bounded(url, {"daily_quota": daily})
    await asyncio.sleep(1.5)
    day = Callers(on, ports, codes)
    while day.told < daily * LEAST_USABLE and day.asked < daily * 4:
        await day.ask(4.0)
    await day.ask(3.0)  # beyond it, nothing more
    await asyncio.sleep(2.5)
    used, of_day = metered(url, "day"), day.told
    bounded(url, {"daily_quota": None, "per_second_quota": per_second})
    await asyncio.sleep(1.5)
    second = Callers(on, ports, codes)
    await second.ask(12.0, 0.05)
    whole = sorted(second.of_second)[2:-2]
    # An answer may be counted in the second after it was taken: over any stretch, the clause and one second more.
    most = sum(second.of_second[s] for s in whole)
    bound = per_second * (len(whole) + 1)
    shown = most / (per_second * len(whole)) if whole else 0.0
    print(
        f"  day: told {of_day} of {daily}, meter {used}, asked {day.asked}, by status {dict(day.statuses)}"
    )
    print(
        f"  second: told {most} in {len(whole)} s, bound {per_second}/s, by status {dict(second.statuses)}"
    )
    fine = daily * LEAST_USABLE <= of_day <= daily and used == of_day
    fine = fine and most <= bound
    for found in (day, second):  # a moment's busy database may refuse; nothing else may
        fine = (
            fine and set(found.statuses) <= {200, 503} and found.statuses[503] <= found.asked / 100
        )
    return stage.verdict(
        "quota", fine, daily=daily, told=of_day, meter=used, of_second=shown, per_second=per_second
    )


def main() -> int:
    """Run and say how it ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=4000, help="sections a day")
    parser.add_argument("--per-second", type=int, default=40)
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="ovq") as name,
        stage.departments(businesses=400) as found,
        cell(found, Path(name)) as (url, on, ports),
    ):
        return asyncio.run(campaign(url, on, ports, arguments.rounds, arguments.per_second))


if __name__ == "__main__":
    sys.exit(main())
