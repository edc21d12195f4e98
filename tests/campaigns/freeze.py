"""Three gateways on one PostgreSQL, each over a way of its own to it: frozen one after another, the server silent, cut, slow, read-only, killed
and started again, a minute away, the issuer with error pages, a clock an hour off, and a gateway on a file that may not grow. The others answer on,
readiness tells the truth, nothing acknowledged is missing.
"""

import argparse
import asyncio
import contextlib
import itertools
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from adapters.fakes.world import World
from app.audit.models import ENTRIES
from app.core.db import Database, sqlite_module
from auth.testing import LocalIssuer
from tests.campaigns import servers, stage, stepping
from tests.fixtures.ports import free_ports

GATEWAYS, RATE, FAULT_SECONDS = 3, 8.0, 6.0
AGAIN_SECONDS, TRUTH_SECONDS, TRUTHFUL_SHARE, END_SECONDS = 5.0, 2.0, 0.99, 12.0
NAMES = ("registration", "fire", "tax")
FAULTS = (
    "frozen_0", "frozen_1", "frozen_2", "silent", "cut", "slow", "read_only", "killed", "issuer", "clock_ahead", "clock_behind", "a_minute",
)  # fmt: skip
MINUTE_SECONDS = 60.0


@dataclass
class Seen:
    """What a client of one gateway saw: when an answer came, and whether it was whole; what readiness said, when."""

    answered: list[float] = field(default_factory=list)
    refused: int = 0
    broken: int = 0
    entries: set[str] = field(default_factory=set)
    ready: list[tuple[float, bool]] = field(default_factory=list)


@dataclass
class One:
    """A gateway, its way to the database, and what was seen of it."""

    process: "subprocess.Popen[bytes]"
    port: int
    way: servers.Way
    clock: Path
    seen: Seen = field(default_factory=Seen)


@dataclass
class Fault:
    """When it began and ended, and who was hit by it."""

    name: str
    begun: float
    ended: float
    hit: frozenset[int]


@dataclass
class Cell:
    """What the campaign plays with."""

    server: servers.Postgres
    gateways: list[One]
    on: stage.Prepared
    issuer: servers.KeyServer


@contextmanager
def cell(departments: stage.Departments, folder: Path) -> Iterator[Cell]:
    """Three processes with the same adapters published, and the issuer whose keys they fetch."""
    manifests = stage.manifests_of(departments, *NAMES)
    with ExitStack() as stack:
        server = stack.enter_context(servers.postgres())
        url = server.create("cell")
        on = stage.published_on(url, folder, manifests)
        issuer = stack.enter_context(servers.KeyServer(on.jwks.read_bytes()))
        found = []
        for number in range(GATEWAYS):
            way = stack.enter_context(servers.Way(servers.socket_of(server)))
            found.append(stack.enter_context(one(way, on, folder, number, issuer.url)))
        yield Cell(server, found, on, issuer)


@contextmanager
def one(
    way: servers.Way, on: stage.Prepared, folder: Path, number: int, keys: str
) -> Iterator[One]:
    port, log, clock = free_ports(), folder / f"gateway-{number}.log", folder / f"clock-{number}"
    clock.write_text("0")
    url = f"postgresql+psycopg://postgres@{stage.HOST}:{way.port}/cell"
    more = {"ONEVISIT_DRAIN_S": "1", "ONEVISIT_JWKS_FILE": "", "ONEVISIT_JWKS_URL": keys, stepping.FILE: str(clock)}  # fmt: skip
    entry = ("tests.campaigns.stepping", "serve")
    process = stage.launched(url, on, port, log, entry, **more)
    try:
        yield One(process, port, way, clock)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


async def look_up(found: One, on: stage.Prepared, codes: list[str], rng: random.Random) -> None:
    """One look-up, with a bound of the client's own."""
    loop = asyncio.get_running_loop()
    path = f"/v1/profiles/{rng.choice(codes)}?purpose=patrol&view=summary"
    try:
        async with asyncio.timeout(4.0), stage.client(found.port) as client:
            answer = await client.get(path, on.token)
    except (TimeoutError, OSError):
        found.seen.broken += 1
        return
    if answer.status == 200:
        found.seen.answered.append(loop.time())
        found.seen.entries.add(answer.json()["audit"]["entry"])
    elif answer.status in {429, 503}:
        found.seen.refused += 1
    else:
        found.seen.broken += 1


async def sample(found: One) -> None:
    """What readiness says, ten times a second; silence is not ready."""
    loop = asyncio.get_running_loop()
    while True:
        begun = loop.time()
        is_ready = False
        with contextlib.suppress(TimeoutError, OSError):
            async with asyncio.timeout(0.8), stage.client(found.port) as client:
                is_ready = (await client.get("/readyz", "")).status == 200
        found.seen.ready.append((begun, is_ready))
        await asyncio.sleep(max(0.0, begun + 0.1 - loop.time()))


@asynccontextmanager
async def load(
    found: list[One], on: stage.Prepared, codes: list[str], seed: int
) -> AsyncIterator[None]:
    """Look-ups at every gateway, whatever becomes of them."""
    rng, under_way = random.Random(seed), set()

    async def go_on(each: One) -> None:
        while True:
            task = asyncio.create_task(look_up(each, on, codes, rng))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            await asyncio.sleep(rng.expovariate(RATE))

    running = [asyncio.create_task(go_on(each)) for each in found]
    running += [asyncio.create_task(sample(each)) for each in found]
    try:
        yield
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        if under_way:
            await asyncio.wait(under_way)


def begin(name: str, on: Cell) -> frozenset[int]:
    """Whom the fault hits."""
    found, server = on.gateways, on.server
    if name == "issuer":
        on.issuer.mode = "error page"
        return frozenset()
    if name.startswith("clock_"):
        found[-1].clock.write_text("3600" if name == "clock_ahead" else "-3600")
        return frozenset()
    if name.startswith("frozen_"):
        number = int(name[-1])
        found[number].process.send_signal(signal.SIGSTOP)
        return frozenset({number})
    if name in {"silent", "cut", "slow", "a_minute"}:
        found[0].way.set("cut" if name == "a_minute" else name, delay=0.4)
        return frozenset({0})
    if name == "read_only":
        servers.set_read_only(server, "cell", on=True)
    else:
        servers.kill(server)
    return frozenset(range(len(found)))


def end(name: str, on: Cell) -> None:
    found, server = on.gateways, on.server
    if name == "issuer":
        on.issuer.mode = "keys"
    elif name.startswith("clock_"):
        found[-1].clock.write_text("0")
    elif name.startswith("frozen_"):
        found[int(name[-1])].process.send_signal(signal.SIGCONT)
    elif name in {"silent", "cut", "slow", "a_minute"}:
        found[0].way.set("pass")
    elif name == "read_only":
        servers.set_read_only(server, "cell", on=False)
    else:
        servers.start_again(server)


async def strike(name: str, played: Cell, seconds: float) -> Fault:
    """One fault, from its beginning to its end."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    hit = await asyncio.to_thread(begin, name, played)
    lasts = max(seconds, MINUTE_SECONDS) if name == "a_minute" else seconds
    if name == "issuer":  # good keys are kept, and no look-up notices
        await strangers(played.gateways, played.on)
    await asyncio.sleep(max(0.0, begun + lasts - loop.time()))
    await asyncio.to_thread(end, name, played)
    return Fault(name, begun, loop.time(), hit)


async def strangers(found: list[One], on: stage.Prepared) -> None:
    """Tokens under a key that nobody knows: each gateway asks the issuer, and is shown an error page."""
    token = LocalIssuer("another").token("stranger", stage.Role.PATROLLER)
    for each in found:
        async with stage.client(each.port) as client:
            await client.get("/v1/me", token)


def worst_gap(seen: Seen, begun: float, until: float) -> float:
    """The longest time without an answer."""
    marks = [begun, *(at for at in seen.answered if begun < at < until), until]
    return max(later - earlier for earlier, later in itertools.pairwise(marks))


def judge(fault: Fault, found: list[One], until: float) -> tuple[float, float]:
    """Seconds until the others, and until those who were hit, answered again."""
    others = max(
        (
            worst_gap(each.seen, fault.begun, until)
            for n, each in enumerate(found)
            if n not in fault.hit
        ),
        default=0.0,
    )
    again = 0.0
    for number in fault.hit:
        after = [at for at in found[number].seen.answered if at > fault.ended]
        again = max(again, min(after, default=until) - fault.ended)
    return others, again


def untruthful(faults: list[Fault], found: list[One]) -> tuple[int, int]:
    """Samples of readiness that were wrong longer than two seconds after a change, and all that could be judged."""
    wrong = judged = 0
    for number, each in enumerate(found):
        for at, is_ready in each.seen.ready:
            truth = True
            settled = True
            for fault in faults:
                if number not in fault.hit:
                    continue
                is_slow = fault.name == "slow"
                if fault.begun <= at < fault.ended:
                    truth = truth and is_slow
                    settled = settled and at > fault.begun + TRUTH_SECONDS and not is_slow
                elif fault.ended <= at < fault.ended + TRUTH_SECONDS + 0.8:
                    settled = False
            if settled:
                judged += 1
                wrong += is_ready != truth
    return wrong, judged


def missing(server: servers.Postgres, found: list[One]) -> tuple[int, int]:
    """Entries that were acknowledged and are not there, and numbers that are missing or not yet given."""
    database = Database(server.url("cell"))
    while ENTRIES.number(database, wait=True):  # as whoever starts next does
        pass
    database.dispose()
    with psycopg.connect(server.server.get_uri("cell")) as connection:
        rows = connection.execute("select id, number from audit_entries").fetchall()
    ids = {row[0] for row in rows}
    numbers = sorted(row[1] for row in rows if row[1] is not None)
    told = set().union(*(each.seen.entries for each in found))
    gaps = 0 if numbers == list(range(1, len(rows) + 1)) else len(rows) - len(numbers) + 1
    return len(told - ids), gaps


async def campaign(faults: tuple[str, ...], seconds: float, seed: int) -> int:
    """Every fault in turn, under load; the exit status."""
    codes = [b.business_id for b in World(1, 400, datetime.now(UTC).date()).generated]
    loop, done = asyncio.get_running_loop(), []
    with (
        tempfile.TemporaryDirectory(prefix="ovfreeze") as name,
        stage.departments(400) as departments,
    ):
        folder = Path(name)
        with cell(departments, folder) as played:
            found, rows = played.gateways, {}
            async with load(found, played.on, codes, seed):
                await asyncio.sleep(2.0)
                for each in faults:
                    fault = await strike(each, played, seconds)
                    await asyncio.sleep(AGAIN_SECONDS + 1.0)
                    done.append(fault)
                    rows[each] = judge(fault, found, loop.time())
                    print(
                        f"  {each:<10} others' longest silence {rows[each][0]:.1f} s, who was hit answers again after {rows[each][1]:.1f} s",
                        flush=True,
                    )
            wrong, judged = untruthful(done, found)
            found[0].way.set("silent")
            ends = [await asyncio.to_thread(ended_in, each) for each in found]
            found[0].way.set("pass")
            await asyncio.sleep(1.0)
            lost, gaps = missing(played.server, found)
            asked_keys = played.issuer.refused
            answered = sum(len(each.seen.answered) for each in found)
            refused = sum(each.seen.refused for each in found)
            broken = sum(each.seen.broken for each in found)
    full = (
        "refused" if len(faults) < len(FAULTS) else await asyncio.to_thread(full_disk, codes[:20])
    )
    truthful = 1 - wrong / max(judged, 1)
    fine = max(max(pair) for pair in rows.values()) <= AGAIN_SECONDS
    fine = fine and (asked_keys > 0 or "issuer" not in faults)
    fine = (
        fine and truthful >= TRUTHFUL_SHARE and max(ends) <= END_SECONDS and not lost and not gaps
    )
    return stage.verdict(
        "freeze", fine and full.startswith("refused"), seed=seed, faults=len(faults), answered=answered, refused=refused, broken=broken,
        others=max(pair[0] for pair in rows.values()), again=max(pair[1] for pair in rows.values()),
        truthful=truthful, judged=judged, sigterm=max(ends), lost=lost, unnumbered=gaps, error_pages=asked_keys, full_disk=full,
    )  # fmt: skip


def ended_in(found: One) -> float:
    """Seconds from SIGTERM to the end."""
    begun = time.monotonic()
    found.process.terminate()
    found.process.wait(timeout=30)
    return time.monotonic() - begun


def full_disk(codes: list[str]) -> str:
    """A gateway whose database file may not grow: it refuses, is not ready, and has lost nothing."""
    with stage.departments(200) as departments:
        manifests = stage.manifests_of(departments, *NAMES)
        with stage.prepared(manifests) as on, stage.started(on, limit=3 << 20) as gateway:
            return asyncio.run(_fill(gateway, codes))


async def _fill(gateway: stage.Gateway, codes: list[str]) -> str:
    entries, refused = set(), 0
    async with stage.client(gateway.port) as client:
        until = time.monotonic() + 60
        while refused < 20 and time.monotonic() < until:
            for code in codes:
                answer = await client.get(f"/v1/profiles/{code}?purpose=patrol", gateway.token(0))
                if answer.status == 200:
                    entries.add(answer.json()["audit"]["entry"])
                elif answer.status == 503:
                    refused += 1
        await asyncio.sleep(2.0)
        is_ready = (await client.get("/readyz", "")).status == 200
    with contextlib.closing(sqlite_module().connect(gateway.database)) as connection:
        kept = {row[0] for row in connection.execute("select id from audit_entries")}
    if not refused or is_ready or entries - kept:
        return f"wrong:refused={refused},ready={is_ready},lost={len(entries - kept)}"
    return f"refused_after_{len(entries)}"


def main() -> int:
    """Run and say how it ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=float, default=FAULT_SECONDS, help="seconds of each fault")
    parser.add_argument("--faults", default=",".join(FAULTS))
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    return asyncio.run(
        campaign(tuple(arguments.faults.split(",")), arguments.rounds, arguments.seed)
    )


if __name__ == "__main__":
    sys.exit(main())
