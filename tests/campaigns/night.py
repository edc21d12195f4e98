"""A bad night: the idle gateway is paused two hundred times, names of departments fail and return, and a firewall forgets idle connections, to
the departments and to the database.
The first burst of the morning is answered, fresh, within ten seconds.
"""

import argparse
import asyncio
import itertools
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from adapters.fakes.world import World
from tests.campaigns import naming, servers, stage
from tests.fixtures.ports import free_ports

NAMES = ("registration", "fire", "tax")
BURST, LONGEST_SECONDS, FRESH_SHARE = 300, 10.0, 0.99
SHORTEST, LONGEST = 0.05, 2.0
NAMELESS_SECONDS = 45.0
"""Longer than an address is taken for known."""
IDLE_SECONDS = 8.0
"""Longer than the firewall remembers."""


async def pauses(pid: int, count: int, seed: int) -> None:
    """The process sleeps, and is awake for a moment between."""
    rng = random.Random(seed)
    for _ in range(count):
        os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(SHORTEST * (LONGEST / SHORTEST) ** rng.random())
        os.kill(pid, signal.SIGCONT)
        await asyncio.sleep(0.15)


async def nameless(
    port: int,
    on: stage.Prepared,
    codes: list[str],
    names: naming.Names,
    ways: list[servers.Way],
    seconds: float,
) -> Counter[str]:
    """The names of all departments fail for a while, and every connection is lost: the addresses of before serve."""
    found: Counter[str] = Counter()
    names.known(yes=False)
    for way in ways:
        way.set("cut")
    await asyncio.sleep(0.5)
    for way in ways:
        way.set("pass")
    until = time.monotonic() + seconds
    async with stage.client(port) as client:
        for code in itertools.cycle(codes[-50:]):
            if time.monotonic() > until:
                break
            path = f"/v1/profiles/{code}?purpose=patrol&view=summary"
            found[str((await client.get(path, on.token)).status)] += 1
            await asyncio.sleep(0.4)
    names.known(yes=True)
    return found


async def burst(port: int, on: stage.Prepared, codes: list[str], count: int) -> Counter[str]:
    """As many phones at once, each asking again as it is told, until it has all fresh or ten seconds are over."""
    found: Counter[str] = Counter()
    until = time.monotonic() + LONGEST_SECONDS

    async def phone(number: int) -> None:
        token = on.issuer.token(
            f"patroller-{number}", stage.Role.PATROLLER, department="urban_management"
        )
        first = True
        async with stage.client(port) as client:
            while time.monotonic() < until:
                answer = await client.get(
                    f"/v1/profiles/{codes[number % len(codes)]}?purpose=patrol&view=summary", token
                )
                if first:
                    found[f"first_{answer.status}"] += 1
                    first = False
                if answer.status == 200 and b'"missing":[]' in answer.body:
                    found["fresh"] += 1
                    return
                await asyncio.sleep(1.0)
        found["never"] += 1

    await asyncio.gather(*(phone(number) for number in range(count)))
    return found


async def campaign(count: int, seed: int) -> int:
    """The night, and the morning after; the exit status."""
    codes = [b.business_id for b in World(1, 400, datetime.now(UTC).date()).generated]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ovnight")))
        departments = stack.enter_context(stage.departments(400))
        server = stack.enter_context(servers.postgres())
        ways, manifests = [], []
        for manifest in stage.manifests_of(departments, *NAMES):
            target = urlsplit(manifest["base_url"])
            way = stack.enter_context(servers.Way((target.hostname, target.port)))
            ways.append(way)
            host = manifest["adapter_id"] + naming.DOMAIN
            manifests.append({**manifest, "base_url": f"http://{host}:{way.port}{target.path}"})
        database = stack.enter_context(servers.Way(servers.socket_of(server)))
        ways.append(database)
        names = naming.Names(folder)
        naming.find_by(names.path)  # the examinations, in this process
        on = stage.published_on(server.create("night"), folder, manifests)
        port = free_ports()
        url = f"postgresql+psycopg://postgres@{stage.HOST}:{database.port}/night"
        entry = ("tests.campaigns.naming", "serve")
        log = folder / "night.log"
        process = stage.launched(url, on, port, log, entry, **{naming.FILE: str(names.path)})
        stack.enter_context(stage.ended(process, seconds=20))
        before = await burst(port, on, codes, 50)
        await pauses(process.pid, count, seed)
        without = await nameless(
            port, on, codes, names, ways[:-1], min(NAMELESS_SECONDS, count / 4)
        )
        for way in ways:
            way.set("forgetful")
        await asyncio.sleep(IDLE_SECONDS)
        found = await burst(port, on, codes, BURST)
        exceptions = log.read_text(errors="replace").count("Traceback")
    share = found["fresh"] / BURST
    print("  before the night", dict(before), "nameless", dict(without), "after it", dict(found))
    return stage.verdict(
        "night", share >= FRESH_SHARE and before["fresh"] == 50 and set(without) == {"200"}, seed=seed, pauses=count, fresh=share, never=found["never"],
        first_200=found["first_200"], first_503=found["first_503"], exceptions=exceptions,
    )  # fmt: skip


def main() -> int:
    """Run and say how it ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200, help="pauses")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    return asyncio.run(campaign(arguments.rounds, arguments.seed))


if __name__ == "__main__":
    sys.exit(main())
