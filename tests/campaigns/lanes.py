"""One destination hangs with ten thousand rows waiting: another's new row leaves at once, whoever refuses holds nobody back, and the order in
a business stays. On both engines, by the background loop of a gateway process.
"""

import argparse
import asyncio
import contextlib
import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from adapters.contract import AdapterUnavailable, ResultReceipt
from adapters.contract.errors import MessageRefused
from app import worker
from app.audit.service import Trail
from app.core.clock import SystemClock
from app.core.db import Database
from app.core.keys import Keyring
from app.delivery import service
from app.delivery.enqueuing import enqueue
from tests.campaigns import stage
from tests.campaigns.servers import postgres
from tests.fixtures.databases import build_empty

HANGS, FINE, REFUSES = "fire", "food", "tax"
HANGING_SECONDS = 5.0
LONGEST_SECONDS = 2.0
BUSINESSES = 20


class Systems:
    """The departments' systems: one hangs, one refuses every third message for good."""

    def __init__(self) -> None:
        self.arrived: dict[int, float] = {}
        self.order: dict[str, list[int]] = defaultdict(list)

    async def send(self, department: str, region: str, message: dict[str, Any]) -> ResultReceipt:
        if department == HANGS:
            await asyncio.sleep(HANGING_SECONDS)
            raise AdapterUnavailable("deadline_exceeded")
        number = message["n"]
        if department == REFUSES and number % 3 == 0:
            raise MessageRefused("HTTP 422")
        self.arrived[number] = asyncio.get_running_loop().time()
        self.order[f"{department}/{message['business']}"].append(number)
        return ResultReceipt(f"R-{number}", "2026-11-22T00:00:00Z")


def put(database: Database, department: str, numbers: list[int], rng: random.Random) -> None:
    with database.write() as session:
        for number in numbers:
            business = f"b{rng.randrange(BUSINESSES)}" if department != HANGS else f"b{number}"
            enqueue(
                session,
                SystemClock().now(),
                department=department,
                region="330100",
                ordering_key=business,
                object_id="o",
                message={"n": number, "business": business},
            )


async def play(database: Database, waiting: int, rows: int, seed: int) -> dict[str, Any]:
    """Rows for one that answers, one a fifth of a second, beside one that hangs."""
    rng, systems, loop = random.Random(seed), Systems(), asyncio.get_running_loop()
    for first in range(0, waiting, 1000):
        put(database, HANGS, list(range(first, min(first + 1000, waiting))), rng)
    carrier = service.Carrier(database, Trail(Keyring(b"secret"), SystemClock()), systems)
    refused = list(range(1_000_000, 1_000_000 + rows))
    put(database, REFUSES, refused, rng)
    taken: dict[int, float] = {}
    async with worker.working(carrier.begin, database=database):
        await asyncio.sleep(1.0)
        for number in range(2_000_000, 2_000_000 + rows):
            await asyncio.to_thread(put, database, FINE, [number], rng)
            taken[number] = loop.time()
            await asyncio.sleep(0.2)
        wanted = len(taken) + sum(number % 3 != 0 for number in refused)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(60):
                while len(systems.arrived) < wanted:
                    await asyncio.sleep(0.1)
    await carrier.settled(HANGING_SECONDS + 1)
    late = [systems.arrived[n] - at for n, at in taken.items() if n in systems.arrived]
    return {
        "worst": max(late, default=float("inf")),
        "missing": wanted - len(systems.arrived),
        "disorder": sum(numbers != sorted(numbers) for numbers in systems.order.values()),
    }


@contextmanager
def databases() -> Iterator[dict[str, Database]]:
    """One of each engine, with the schema of now."""
    with tempfile.TemporaryDirectory(prefix="ovlanes") as name, postgres() as server:
        urls = {
            "sqlite": f"sqlite:///{Path(name) / 'lanes.db'}",
            "postgresql": server.create("lanes"),
        }
        for url in urls.values():
            build_empty(url)
        found = {engine: Database(url) for engine, url in urls.items()}
        try:
            yield found
        finally:
            for database in found.values():
                database.dispose()


def main() -> int:
    """Run and say how it ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10_000, help="rows of the one that hangs")
    parser.add_argument("--rows", type=int, default=60, help="rows of each of the others")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    fine, figures = True, {}
    with databases() as found:
        for engine, database in found.items():
            told = asyncio.run(play(database, arguments.rounds, arguments.rows, arguments.seed))
            fine = fine and told["worst"] <= LONGEST_SECONDS
            fine = fine and not told["missing"] and not told["disorder"]
            figures |= {f"{engine}_{name}": value for name, value in told.items()}
    return stage.verdict("lanes", fine, seed=arguments.seed, waiting=arguments.rounds, **figures)


if __name__ == "__main__":
    sys.exit(main())
