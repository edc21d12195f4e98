"""Departments broken in every way of the zoo: 1, 3 and 5 of 6, 32 look-ups at once. The healthy ones must not notice.

`python -m tests.campaigns.zoo [--only name,name] [--cancelled 10000]`. The positive control lets one department answer only after the
deadline on purpose and must see it missing: a campaign that cannot see a missing section proves nothing.
"""

import argparse
import asyncio
import contextlib
import itertools
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

from adapters.fakes.world import World
from adapters.fakes.zoo import ZOO
from tests.campaigns import stage

NAMES = ("emergency", "civil_affairs", "health", "urban_management", "fire", "food")
ANSWERED = {"fresh", "cached", "not_found", "not_applicable"}
AT_ONCE, DEADLINE_MS, FEWEST_LOOKS = 32, 500, 10
MOST_LATE_MS, MOST_GROWTH_MIB, MOST_STALL = 50, 64.0, 0.02
MOST_OF_ONE = 0.25
"""Share of late looks during one behaviour: it is watched for a few seconds only, in which hundreds of answers come at once."""
BROKEN_COUNTS = (1, 3, 5)


@dataclass
class Tally:
    """What came out."""

    times: dict[str, list[float]] = field(default_factory=dict)
    """Seconds of the answers, by behaviour: one of a hundred must not hide behind the others."""
    missing: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    growth: dict[str, float] = field(default_factory=dict)
    exceptions: list[str] = field(default_factory=list)
    looks: Counter[str] = field(default_factory=Counter)
    stalls: Counter[str] = field(default_factory=Counter)

    def take(
        self, answer: stage.Answer, healthy: set[str], broken: set[str], behaviour: str
    ) -> None:
        self.times.setdefault(behaviour, []).append(answer.seconds)
        document = answer.json() if answer.body else {}
        sections = document.get("sections", {})
        for name in healthy:
            outcome = sections.get(name, {}).get(
                "outcome", f"HTTP {answer.status} {document.get('code')}"
            )
            if outcome not in ANSWERED:
                self.missing[f"{name} while others {behaviour}: {outcome}"] += 1
        self.reasons.update(
            sections.get(name, {}).get("reason", {}).get("code", "sound") for name in broken
        )


async def ask(
    gateway: stage.Gateway, codes: "itertools.cycle[str]", count: int = AT_ONCE
) -> list[stage.Answer]:
    """So many different businesses at once."""
    async with stage.client(gateway.port) as client:
        headers = {"Deadline": str(DEADLINE_MS), "Cache_Control": "no-cache"}
        paths = [f"/v1/profiles/{next(codes)}?purpose=patrol" for _ in range(count)]
        return list(
            await asyncio.gather(
                *(client.get(path, gateway.token(n), **headers) for n, path in enumerate(paths))
            )
        )


async def cell(
    on: stage.Prepared,
    found: stage.Departments,
    behaviour: str,
    count: int,
    tally: Tally,
    codes: "itertools.cycle[str]",
) -> None:
    """One behaviour, so many departments: a fresh gateway, so that no breaker is open when it begins."""
    broken, healthy, name = set(NAMES[:count]), set(NAMES[count:]), f"{behaviour} x {count}"
    with stage.started(on) as gateway:
        for _ in range(2):
            await ask(gateway, codes)
        rss, before = gateway.rss_mib, gateway.metrics()
        for department in broken:
            found.set(department, behaviour)
        most = rss
        for _ in range(2):
            asked = asyncio.create_task(ask(gateway, codes))
            while not asked.done():
                most = max(most, gateway.rss_mib)
                await asyncio.sleep(0.01)
            for answer in await asked:
                tally.take(answer, healthy, broken, behaviour)
        after = gateway.metrics()
        tally.growth[name] = most - rss
        looks, stalls = stalled(before, after)
        tally.looks[behaviour] += looks
        tally.stalls[behaviour] += stalls
        tally.exceptions += [f"{name}: {row}" for row in gateway.exceptions]
    for department in broken:
        found.set(department, "ok")


async def cancel_many(gateway: stage.Gateway, codes: "itertools.cycle[str]", count: int) -> None:
    """Clients that leave before their answer: so many, some dozens at once."""
    gate = asyncio.Semaphore(64)

    async def leave(number: int) -> None:
        async with gate:
            reader, writer = await asyncio.open_connection(stage.HOST, gateway.port)
            request = f"GET /v1/profiles/{next(codes)}?purpose=patrol HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {gateway.token(number % 200)}\r\n\r\n"
            writer.write(request.encode())
            await writer.drain()
            await asyncio.sleep(0.001 * (number % 40))
            writer.transport.abort()
            del reader

    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(leave(number))


async def settled(gateway: stage.Gateway, seconds: float = 8.0) -> dict[str, float]:
    """The metrics once nothing is under way any more, or after so many seconds."""
    until = asyncio.get_running_loop().time() + seconds
    while True:
        seen = await asyncio.to_thread(gateway.metrics)
        busy = seen["onevisit_requests_in_flight"] + sum(
            v for k, v in seen.items() if k.startswith("onevisit_adapter_in_flight")
        )
        if not busy or asyncio.get_running_loop().time() > until:
            return seen
        await asyncio.sleep(0.2)


def stalled(before: dict[str, float], after: dict[str, float]) -> tuple[float, float]:
    """Looks at the event loop in between, and how many of them came later than the allowed stall."""
    name, fine = (
        "onevisit_loop_lag_seconds_count",
        f'onevisit_loop_lag_seconds_bucket{{le="{MOST_STALL}"}}',
    )
    looks = after[name] - before[name]
    return looks, looks - (after[fine] - before[fine])


async def leaks(
    on: stage.Prepared, codes: "itertools.cycle[str]", cancelled: int
) -> tuple[dict[str, float], float]:
    """What is left after so many callers that went away, and how many more tasks there are."""
    with stage.started(on) as gateway:
        await ask(gateway, codes)
        before = await settled(gateway)
        await cancel_many(gateway, codes, cancelled)
        after = await settled(gateway)
    return after, after["onevisit_tasks"] - before["onevisit_tasks"]


async def control(
    on: stage.Prepared, found: stage.Departments, codes: "itertools.cycle[str]"
) -> set[str]:
    """Outcomes of a department that is slower than the deadline: it must be seen missing."""
    found.set(NAMES[-1], "slow")
    with stage.started(on) as gateway:
        outcomes = {
            a.json()["sections"][NAMES[-1]]["outcome"] for a in await ask(gateway, codes, 4)
        }
    found.set(NAMES[-1], "ok")
    return outcomes


async def campaign(behaviours: list[str], cancelled: int) -> int:
    """All of it; the exit status."""
    tally = Tally()
    world = World(1, 1200, datetime.now(UTC).date())
    codes = itertools.cycle([b.business_id for b in world.generated])
    with contextlib.ExitStack() as stack:
        # Two processes: a department that floods must not slow its healthy neighbours down on its own side.
        found, fine = (stack.enter_context(stage.departments(businesses=1200)) for _ in range(2))
        prepared = {
            count: stack.enter_context(
                stage.prepared(
                    stage.manifests_of(found, *NAMES[:count])
                    + stage.manifests_of(fine, *NAMES[count:])
                )
            )
            for count in BROKEN_COUNTS
        }
        on = prepared[1]
        for place, behaviour in enumerate(behaviours):
            for count in BROKEN_COUNTS:
                await cell(prepared[count], found, behaviour, count, tally, codes)
            if (place + 1) % 10 == 0:
                print(f"  {place + 1}/{len(behaviours)} behaviours", file=sys.stderr)
        seen = await control(on, fine, codes)
        left, tasks = await leaks(on, codes, cancelled)
    latest = {
        name: 1000 * stage.quantile(times, 0.99) - DEADLINE_MS
        for name, times in tally.times.items()
    }
    shares = {
        name: tally.stalls[name] / looks
        for name, looks in tally.looks.items()
        if looks >= FEWEST_LOOKS
    } or {"": 0.0}
    late, growth = max(latest.values()), max(tally.growth.values())
    share = tally.stalls.total() / max(tally.looks.total(), 1)
    leaked = left["onevisit_requests_in_flight"] + sum(
        v for k, v in left.items() if k.startswith("onevisit_adapter_in_flight")
    )
    leaked += left["onevisit_connections_open"] - left["onevisit_connections_idle"]
    for row, count in (*tally.missing.most_common(10), *Counter(tally.exceptions).most_common(10)):
        print(f"  {count}: {row}")
    worst = (
        ("rss growth MiB", tally.growth),
        ("share of late looks at the loop", shares),
        ("p99 beyond the deadline, ms", latest),
    )
    for title, rows in worst:
        print(
            f"  {title}, worst: {[(k, round(v, 3)) for k, v in sorted(rows.items(), key=lambda i: -i[1])[:6]]}"
        )
    print(f"  reasons seen: {dict(tally.reasons.most_common())}")
    print(f"  control: a department slower than the deadline is seen as {sorted(seen)}")
    good = (
        late <= MOST_LATE_MS and not tally.missing and growth <= MOST_GROWTH_MIB and share <= 0.01
    )
    good = good and max(shares.values()) <= MOST_OF_ONE
    good = good and not tally.exceptions and not leaked and tasks <= 2 and not ANSWERED & seen
    return stage.verdict(
        "zoo", good, behaviours=len(behaviours), cells=len(tally.growth), profiles=sum(map(len, tally.times.values())), p99_late_ms=late,
        healthy_missing=sum(tally.missing.values()), rss_growth_mib=growth, stalled_share=share, exceptions=len(tally.exceptions),
        cancelled=cancelled, leaked=int(leaked), tasks=int(tasks), connections=int(left["onevisit_connections_open"]),
    )  # fmt: skip


def main() -> int:
    """Run and say how it ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="behaviours, comma separated (default all)")
    parser.add_argument(
        "--rounds", type=int, default=0, help="so many behaviours, evenly chosen (default all)"
    )
    parser.add_argument("--cancelled", type=int, default=10_000)
    arguments = parser.parse_args()
    behaviours = [b for b in arguments.only.split(",") if b] or sorted(ZOO)
    if arguments.rounds:
        behaviours = behaviours[:: max(1, len(behaviours) // arguments.rounds)][: arguments.rounds]
    return asyncio.run(campaign(behaviours, arguments.cancelled))


if __name__ == "__main__":
    sys.exit(main())
