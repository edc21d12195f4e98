"""A thousand different businesses looked up at the same moment, with departments of 20, 300 and 1 200 ms in the mix.

The positive control runs the same crowd against departments that declare no capacity of their own (16 at once to begin with): there the
slow department cannot answer all, and the campaign must see it.
"""

import argparse
import asyncio
import contextlib
import itertools
import sys
from collections import Counter
from datetime import UTC, datetime

from adapters.fakes.world import World
from tests.campaigns import stage

LATENCIES = {"emergency": 20, "civil_affairs": 300, "health": 1200}
DEADLINE_MS, MOST_LATE_MS, LEAST_FRESH, MOST_GROWTH_MIB = 2000, 50, 0.99, 64.0
ANSWERED = {"fresh", "not_found", "not_applicable"}


async def crowd(gateway: stage.Gateway, codes: list[str]) -> tuple[list[stage.Answer], float]:
    """All at once; the answers and the most memory seen meanwhile."""
    async with stage.client(gateway.port) as client:
        warm = [
            client.get(f"/v1/profiles/{codes[n]}?purpose=patrol", gateway.token(n))
            for n in range(50)
        ]
        await asyncio.gather(*warm)
        before = most = gateway.rss_mib
        due = asyncio.get_running_loop().time()
        waiting = asyncio.gather(
            *(
                client.get(
                    f"/v1/profiles/{code}?purpose=patrol",
                    gateway.token(n % 50),
                    due,
                    Cache_Control="no-cache",
                )
                for n, code in enumerate(codes)
            )
        )
        while not waiting.done():
            most = max(most, gateway.rss_mib)
            await asyncio.sleep(0.02)
        return await waiting, most - before


def fresh_share(answers: list[stage.Answer]) -> dict[str, float]:
    """By department: the share of look-ups for which it answered now."""
    counts = Counter(
        name
        for answer in answers
        if answer.status == 200
        for name, section in answer.json()["sections"].items()
        if section["outcome"] in ANSWERED
    )
    return {name: counts[name] / len(answers) for name in LATENCIES}


async def campaign(size: int) -> int:
    """The crowd and its control; the exit status."""
    world = World(1, size + 50, datetime.now(UTC).date())
    codes = [b.business_id for b in itertools.islice(world.generated, size)]
    with contextlib.ExitStack() as stack:
        manifests, timid = [], []
        for name, latency in LATENCIES.items():  # each in a process of its own, as departments are
            found = stack.enter_context(stage.departments(businesses=size + 50))
            found.set(name, "ok", latency_ms=latency)
            manifests += stage.manifests_of(found, name, capacity={"initial": 1024, "most": 2000})
            timid += stage.manifests_of(found, name)
        with stage.gateway(manifests) as gateway:
            answers, growth = await crowd(gateway, codes)
        with stage.gateway(timid) as gateway:
            control, _ = await crowd(gateway, codes)
    fresh, control_fresh = fresh_share(answers), fresh_share(control)
    latest = max(answer.seconds for answer in answers) * 1000
    print(
        f"  fresh by department: {fresh}; statuses {dict(Counter(a.status for a in answers))}; last answer after {latest:.0f} ms"
    )
    print(
        f"  control: with 16 at once the share of the slow department is {control_fresh['health']:.3f}"
    )
    fine = (
        latest <= DEADLINE_MS + MOST_LATE_MS
        and min(fresh.values()) >= LEAST_FRESH
        and growth <= MOST_GROWTH_MIB
    )
    fine = fine and control_fresh["health"] < LEAST_FRESH
    return stage.verdict(
        "crowd",
        fine,
        size=size,
        latest_ms=latest,
        fresh_least=min(fresh.values()),
        rss_growth_mib=growth,
    )


def main() -> int:
    """Run and say how it ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1000, help="look-ups at once")
    return asyncio.run(campaign(parser.parse_args().rounds))


if __name__ == "__main__":
    sys.exit(main())
