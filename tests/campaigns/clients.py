"""Hostile clients at the gateway's port, alone and beside honest ones: nobody outside takes it down.

Each behaviour × 1 and × 100, then all mixed on 3 000 sockets; honest look-ups come from another loopback address, a hundred a second.
The control: the same under uvicorn's own protocol class (`--unbounded`), which must fail.
"""

import argparse
import asyncio
import itertools
import json
import os
import resource
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from adapters.fakes.world import World
from tests.campaigns import stage
from tests.campaigns.attackers import ACTS

NAMES = ("registration", "emergency", "civil_affairs", "health", "fire", "human_resources")
HONEST = "127.0.0.2"
LONGEST_OPEN, MOST_SLOWER, MOST_MIB, FLOOR_S = 15.0, 3.0, 64.0, 0.010
"""Below the floor a p99 is this machine's own noise, not the gateway's."""
UNBOUNDED = ("tests.campaigns.unbounded",)


@dataclass
class Phase:
    """What was seen while attackers were at work."""

    name: str
    closed: dict[str, float] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    rss: float = 0.0

    @property
    def p99(self) -> float:
        return stage.quantile(self.seconds, 0.99)

    @property
    def refused(self) -> int:
        return sum(n for status, n in self.statuses.items() if status != 200)

    @property
    def late(self) -> dict[str, float]:
        return {n: s for n, s in self.closed.items() if s > LONGEST_OPEN}


class Play:
    """One gateway, its honest callers and its attackers."""

    def __init__(self, gateway: stage.Gateway, codes: "itertools.cycle[str]", rate: float) -> None:
        self.gateway, self.codes, self.rate = gateway, codes, rate
        self.resting = gateway.rss_mib
        self.phases: list[Phase] = []

    async def honest(self, phase: Phase, until: "asyncio.Event | float") -> None:
        """Look-ups by the clock, whoever still waits, until the attackers are done."""
        loop, waiting, number = asyncio.get_running_loop(), set(), itertools.count()
        due = begun = loop.time()
        async with stage.client(self.gateway.port, HONEST) as client:

            async def ask(due: float) -> None:
                token = self.gateway.token(next(number) % 200)
                path = f"/v1/profiles/{next(self.codes)}?purpose=patrol&view=summary"
                answer = await client.get(path, token, due)
                phase.statuses[answer.status] += 1
                phase.seconds.append(answer.seconds)

            while not until.is_set() if isinstance(until, asyncio.Event) else due < begun + until:
                due += 1 / self.rate
                await asyncio.sleep(max(0.0, due - loop.time()))
                task = asyncio.create_task(ask(due))
                waiting.add(task)
                task.add_done_callback(waiting.discard)
                phase.rss = max(phase.rss, self.gateway.rss_mib)
            if waiting:
                await asyncio.wait(waiting)

    async def undisturbed(self, seconds: float) -> Phase:
        phase = Phase("undisturbed")
        async with stage.client(self.gateway.port, HONEST) as client:
            await client.get("/openapi.json", self.gateway.token(0))  # made once in a process' life
        await self.honest(Phase("warm"), 2.0)
        self.resting = self.gateway.rss_mib
        await self.honest(phase, seconds)
        return phase

    async def attacked(
        self, name: str, names: list[str], each: int, per_second: float, *, alone: bool = False
    ) -> Phase:
        """Attackers in a process of their own, and honest callers beside them unless alone."""
        phase, over = Phase(name), asyncio.Event()
        token = self.gateway.issuer.token("attacker", "team_leader", department="fire")
        command = [
            sys.executable,
            "-m",
            "tests.campaigns.attackers",
            "--port",
            str(self.gateway.port),
        ]
        command += [
            "--each",
            str(each),
            "--per-second",
            str(per_second),
            "--names",
            ",".join(names),
        ]
        process = await asyncio.create_subprocess_exec(
            *command, stdout=subprocess.PIPE, env={**os.environ, "ATTACKER_TOKEN": token}
        )

        async def watch() -> None:
            out, _ = await process.communicate()
            for line in out.decode().splitlines():
                told = json.loads(line)
                phase.closed[told["name"]] = told["closed_s"]
            over.set()

        beside: Awaitable[None] = self._watched(phase, over) if alone else self.honest(phase, over)
        await asyncio.gather(watch(), beside)
        self.phases.append(phase)
        print(
            f"  {name}: honest {sum(phase.statuses.values())}, not 200 {phase.refused}, p99 {phase.p99 * 1000:.1f} ms, "
            f"rss +{phase.rss - self.resting:.1f} MiB, slowest closed {max(phase.closed.values(), default=99):.1f} s, "
            f"late {phase.late}",
            flush=True,
        )
        return phase

    async def _watched(self, phase: Phase, over: asyncio.Event) -> None:
        while not over.is_set():
            phase.rss = max(phase.rss, self.gateway.rss_mib)
            await asyncio.sleep(0.05)

    def rows_too_many(self) -> int:
        """Entries of refusals of one peer and cause that stand nearer than a minute."""
        with sqlite3.connect(self.gateway.database) as database:
            rows = database.execute(
                "select body from audit_entries where event = 'gateway.request.refused' order by row"
            ).fetchall()
        last: dict[tuple[str, str], datetime] = {}
        near = 0
        for (body,) in rows:
            entry = json.loads(body)
            if "count" not in entry:
                continue
            key, at = (entry.get("peer", ""), entry["outcome"]), datetime.fromisoformat(entry["at"])
            near += key in last and (at - last[key]).total_seconds() < 59.0
            last[key] = at
        self.rows = len(rows)
        return near


async def campaign(
    names: list[str], each: int, sockets: int, rate: float, *, unbounded: bool, small: bool
) -> int:
    """All phases; the exit status."""
    world = World(1, 400, datetime.now(UTC).date())
    codes = itertools.cycle([b.business_id for b in world.generated])
    entry = UNBOUNDED if unbounded else ("app.cli.run", "serve")
    with (
        stage.departments(businesses=400) as found,
        stage.prepared(stage.manifests_of(found, *NAMES)) as on,
        stage.started(on, entry, ONEVISIT_RATE_PER_SECOND="50") as gateway,
    ):
        play = Play(gateway, codes, rate)
        usual = await play.undisturbed(3.0 if small else 10.0)
        print(f"  undisturbed: p99 {usual.p99 * 1000:.1f} ms, not 200 {usual.refused}", flush=True)
        await play.attacked("each x 1", names, 1, 200)
        if not small:
            await play.attacked("each x 1 alone", names, 1, 200, alone=True)
        groups = 1 if small else 6
        for part in range(groups):
            of = names[part::groups]
            await play.attacked(f"each x {each}, part {part + 1}", of, each, 400)
        if sockets:
            share = -(-sockets // len(names))
            await play.attacked(f"mixed x {sockets}", names, share, 400)
            await play.attacked(f"mixed x {sockets} alone", names, share, 400, alone=True)
        too_many = play.rows_too_many()
        exceptions = gateway.exceptions
    refused = sum(p.refused for p in play.phases) + usual.refused
    slower = max(p.p99 for p in play.phases) / max(usual.p99, FLOOR_S)
    grown = max(p.rss for p in play.phases) - play.resting
    slowest = max(max(p.closed.values(), default=99.0) for p in play.phases)
    fine = refused == 0 and grown <= MOST_MIB and slowest <= LONGEST_OPEN and too_many == 0
    fine = fine and not exceptions and (small or slower <= MOST_SLOWER)
    for line in exceptions[:5]:
        print(f"  {line}")
    return stage.verdict(
        "clients", fine, behaviours=len(names), refused=refused, p99_ms=usual.p99 * 1000, slower=slower,
        rss_mib=grown, slowest_closed_s=slowest, rows=play.rows, rows_too_many=too_many, exceptions=len(exceptions),
    )  # fmt: skip


def main() -> int:
    """Run and say how it ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3000, help="sockets of the mixed attack")
    parser.add_argument("--each", type=int, default=100, help="of each behaviour")
    parser.add_argument("--names", default="", help="of the behaviours, comma separated; all")
    parser.add_argument("--small", action="store_true", help="without judging times")
    parser.add_argument("--unbounded", action="store_true", help="the control; must fail")
    arguments = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    rounds = arguments.rounds
    return asyncio.run(
        campaign(
            arguments.names.split(",") if arguments.names else list(ACTS),
            arguments.each, rounds, 20 if arguments.small else 100,
            unbounded=arguments.unbounded, small=arguments.small,
        )
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
