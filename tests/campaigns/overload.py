"""Ten times more look-ups than the departments can take, for a minute: what is answered whole must not collapse, and comes back at once.

The departments are what is scarce here (16 at once, 50 ms each). Among the look-ups are records of visits and prefetches: the gateway
must never refuse the former while it takes the latter. Peak: the same departments asked by just as many callers as they can take,
beside as many records a second as the overload has: a record costs the gateway as much as several look-ups, overload or not. The peak
without records is told too.
"""

import argparse
import asyncio
import itertools
import random
import sys
from collections import Counter
from datetime import UTC, datetime

from adapters.fakes.world import World
from tests.campaigns import stage

NAMES = ("emergency", "civil_affairs", "health")
CAPACITY, LATENCY_MS, FACTOR, MOST_UNANSWERED = 16, 50, 10, 1500
LEAST_DURING, LEAST_AFTER = 0.8, 0.95
SHARES = (80, 15, 5)
"""Look-ups, prefetches and records of a hundred."""
WAITED = 599
"""Stands for a 503 that admission did not give: the database was waited for in vain."""
RECORD, PREFETCH, LOOK_UP = "record", "prefetch", "look-up"


class Load:
    """Counts what came back, by kind."""

    def __init__(
        self, gateway: stage.Gateway, client: stage.Client, codes: "itertools.cycle[str]"
    ) -> None:
        self.gateway = gateway
        self.client = client
        self.codes = codes
        self.most = MOST_UNANSWERED
        self.number = itertools.count()
        self.whole = 0
        self.answers: Counter[tuple[str, int]] = Counter()

    async def ask(self, kind: str) -> None:
        token = self.gateway.token(next(self.number) % 200)
        if kind == RECORD:
            answer = await self.client.get(
                "/v1/inspections/0197f3b0-0000-7000-8000-000000000000",
                self.gateway.inspector(next(self.number) % 200),
                method="PUT",
                Content_Length="0",
            )
        else:
            more = {"Priority": "u=7"} if kind == PREFETCH else {}
            answer = await self.client.get(
                f"/v1/profiles/{next(self.codes)}?purpose=patrol&view=summary", token, **more
            )
        is_busy = answer.status != 503 or b"server.busy" in answer.body
        self.answers[kind, answer.status if is_busy else WAITED] += 1
        if answer.status == 200 and b'"missing":[]' in answer.body:
            self.whole += 1

    async def closed(self, callers: int, seconds: float, records: float = 0) -> float:
        """So many callers, each asking again as soon as it has its answer, beside so many records a second: whole answers a second."""
        loop = asyncio.get_running_loop()
        begun, before, recording = loop.time(), self.whole, set()
        until = begun + seconds

        async def go_on() -> None:
            while loop.time() < until:
                await self.ask(LOOK_UP)

        asking = [asyncio.create_task(go_on()) for _ in range(callers)]
        due = begun
        while records and (due := due + 1 / records) < until:
            await asyncio.sleep(due - loop.time())
            recording.add(asyncio.create_task(self.ask(RECORD)))
        await asyncio.gather(*asking)
        answered = (self.whole - before) / seconds
        await asyncio.gather(*recording)
        return answered

    async def open(self, rate: float, seconds: float, seed: int) -> float:
        """Arrivals by chance at a rate, whoever still waits: whole answers a second."""
        rng, loop = random.Random(seed), asyncio.get_running_loop()
        begun, before, unanswered = loop.time(), self.whole, set()
        due = begun
        while due < begun + seconds:
            due += rng.expovariate(rate)
            if due > loop.time():
                await asyncio.sleep(due - loop.time())
            if len(unanswered) < self.most:
                kind = rng.choices((LOOK_UP, PREFETCH, RECORD), SHARES)[0]
                task = asyncio.create_task(self.ask(kind))
                unanswered.add(task)
                task.add_done_callback(unanswered.discard)
        answered = (self.whole - before) / (loop.time() - begun)
        if unanswered:
            await asyncio.wait(unanswered)
        return answered


async def campaign(seconds: float, seed: int) -> int:
    """Peak, overload, recovery; the exit status."""
    world = World(1, 4000, datetime.now(UTC).date())
    codes = itertools.cycle([b.business_id for b in world.generated])
    with stage.departments(businesses=4000, latency_ms=LATENCY_MS) as found:
        manifests = stage.manifests_of(
            found, *NAMES, capacity={"initial": CAPACITY, "most": CAPACITY}
        )
        with stage.gateway(manifests) as gateway:
            async with stage.client(gateway.port) as client:
                load = Load(gateway, client, codes)
                await load.closed(CAPACITY, 1.5)
                bare = await load.closed(CAPACITY, 4.0)
                records = bare * FACTOR * SHARES[2] / 100
                peak = await load.closed(CAPACITY, 4.0, records)
                load.answers.clear()
                during = await load.open(bare * FACTOR, seconds, seed)
                counted = Counter(load.answers)
                await asyncio.sleep(1.0)
                after = await load.closed(CAPACITY, 4.0)
    refused = {kind: counted[kind, 503] for kind in (RECORD, LOOK_UP, PREFETCH)}
    sent = {kind: sum(n for (k, _), n in counted.items() if k == kind) for kind in refused}
    print(
        f"  peak {peak:.0f}/s beside {records:.0f} records/s ({bare:.0f}/s without), during {during:.0f}/s of {sum(sent.values()) / seconds:.0f}/s sent, after {after:.0f}/s"
    )
    print(f"  sent {sent}, refused {refused}, by status {dict(counted)}")
    fine = during >= LEAST_DURING * peak and after >= LEAST_AFTER * bare
    fine = (
        fine and not refused[RECORD] and refused[PREFETCH] > 0
    )  # the control: the overload was one
    return stage.verdict(
        "overload", fine, seed=seed, seconds=seconds, peak=peak, during=during / peak, after=after / bare,
        during_of_bare=during / bare,
        records_refused=refused[RECORD], prefetches_refused=refused[PREFETCH],
    )  # fmt: skip


def main() -> int:
    """Run and say how it ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=float, default=60, help="seconds of overload")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    return asyncio.run(campaign(arguments.rounds, arguments.seed))


if __name__ == "__main__":
    sys.exit(main())
