"""`make bench`: the gateway beside its peers in one run, everything on, and whether the bounds hold.

Departments and load on one core, whoever is measured alone on the other. Runs are interleaved: every round measures everybody, ratios
are taken within a round, medians over rounds. Writes `.bench/latest.json`.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import departments as d
from tests.bench import worldly
from tests.bench.install import FOLDER
from tests.bench.peers import nginx
from tests.bench.processes import GATEWAY_CORE, OTHER_CORE, Running, serving, wait_until_quiet

OURS, OURS_MAPPED = "onevisit", "onevisit mapped"
NGINX, GO, NODE, USUAL = "nginx + Lua", "Go", "Node", "usual FastAPI + httpx + SQLModel"
PEERS = (NGINX, GO, NODE, USUAL)
Row = dict[str, Any]


@dataclass(frozen=True)
class Scenario:
    """How many departments, how slow, and how they are asked."""

    departments: int
    delay_ms: int
    mode: str
    rate: int = 0

    @property
    def name(self) -> str:
        return "saturated" if self.mode == "sat" else f"{self.rate}/s"


SCENARIOS = (
    Scenario(3, 0, "sat"),
    Scenario(6, 0, "sat"),
    Scenario(12, 0, "sat"),
    Scenario(6, 20, "rate", 30),
    Scenario(6, 20, "rate", 500),
    Scenario(6, 80, "rate", 200),
)
DELAY_OF = {scenario.name: scenario.delay_ms for scenario in SCENARIOS}


class Bench:
    """One run."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.issuer = worldly.write_files(FOLDER)
        self.token = (FOLDER / "tokens.txt").read_text().split()[0]
        self.identifiers = (FOLDER / "identifiers.txt").read_text().split()
        self.databases: dict[tuple[int, int, bool], str] = {}
        self.rows: list[Row] = []

    def prepare(self, scenarios: tuple[Scenario, ...]) -> None:
        for count, delay, native in {(s.departments, s.delay_ms, False) for s in scenarios} | {
            (6, 0, True)
        }:
            self.databases[count, delay, native] = worldly.database(
                FOLDER, self.issuer, count, delay, native=native
            )

    @contextmanager
    def started(self, variant: str, scenario: Scenario) -> Iterator[tuple[Running, int, str]]:
        """A variant that answers, its port, and the path it is asked at."""
        python, ours = sys.executable, variant in {OURS, OURS_MAPPED}
        port = worldly.GATEWAY_PORT if ours else worldly.PEER_PORT
        path = (
            "/v1/profiles/%s?purpose=patrol"
            if ours
            else f"/n/{scenario.departments}/d/{scenario.delay_ms}/v1/profiles/%s"
        )
        env = {"BENCH_FOLDER": str(FOLDER), "NODE_ENV": "production"}
        uvicorn = [
            python,
            "-m",
            "uvicorn",
            "tests.bench.peers.usual:app",
            "--port",
            str(port),
            "--no-access-log",
            "--log-level",
            "error",
        ]
        commands = {
            NGINX: ["nginx", "-c", str(FOLDER / "peer.conf")],
            GO: [str(FOLDER / "aggregator")],
            NODE: ["node", str(Path(__file__).parent / "peers/aggregator.mjs")],
            USUAL: uvicorn,
        }
        command = commands.get(variant, [python, "-m", "app.cli.run", "serve", "--port", str(port)])
        if ours:
            url = self.databases[scenario.departments, scenario.delay_ms, variant == OURS_MAPPED]
            env |= worldly.environment(FOLDER, url)
        first = f"http://127.0.0.1:{port}" + path.replace("%s", self.identifiers[-1])
        log, headers = FOLDER / "measured.log", {"Authorization": f"Bearer {self.token}"}
        with serving(
            command, first, core=GATEWAY_CORE, log=log, headers=headers, env=env
        ) as running:
            yield running, port, path

    def measured(self, variant: str, scenario: Scenario, round_: int) -> Row | None:
        """One row; None for a peer that is not there, whose bounds are then not met."""
        try:
            return self.measure(variant, scenario, round_)
        except SystemExit as error:
            if variant not in PEERS:
                raise
            print(f"{variant} is missing: {error}", flush=True)
            return None

    def measure(self, variant: str, scenario: Scenario, round_: int) -> Row:
        """One row."""
        with self.started(variant, scenario) as (running, port, path):
            profile = json.loads(running.first)
            if variant in {OURS, OURS_MAPPED}:
                _require_whole(profile, scenario.departments)
            rss = running.rss_mib
            wait_until_quiet()
            calls = _department_calls()
            command = [
                "taskset", "-c", str(OTHER_CORE), str(FOLDER / "loadgen"), "--mode", scenario.mode, "--port", str(port), "--path", path,
                "--ids", str(FOLDER / "identifiers.txt"), "--tokens", str(FOLDER / "tokens.txt"), "--secs", str(self.seconds), "--warm", "1",
                "--conns", "16" if scenario.mode == "sat" else "128", "--rate", str(scenario.rate or 1), "--pids", ",".join(map(str, running.pids)),
            ]  # fmt: skip
            told = json.loads(
                subprocess.run(command, check=True, capture_output=True, text=True).stdout
            )
            calls = _department_calls() - calls - 1
        row = {
            "variant": variant,
            "departments": scenario.departments,
            "round": round_,
            **told,
            "mode": scenario.name,
        }
        return row | {
            "idle_rss_mib": round(rss, 1),
            "start_s": round(running.start_seconds, 2),
            "calls_per_profile": calls / told["asked"],
        }


def _require_whole(profile: Row, count: int) -> None:
    outcomes = {name: section["outcome"] for name, section in profile["sections"].items()}
    if len(outcomes) != count or set(outcomes.values()) != {"fresh"}:
        raise SystemExit(f"the gateway's answer is not whole: {outcomes}")


def _department_calls() -> int:
    """Requests that all departments together have had."""
    with urllib.request.urlopen(
        f"http://127.0.0.1:{d.FIRST_PORT + 99}/status", timeout=5
    ) as response:
        return int(re.findall(r"\n\s*\d+ \d+ (\d+)", response.read().decode())[0])


def _direct(delay_ms: int) -> Row:
    """What a department's own answer takes, asked by the load generator itself."""
    command = [
        "taskset", "-c", str(OTHER_CORE), str(FOLDER / "loadgen"), "--mode", "rate", "--rate", "500", "--port",
        str(d.port_of(0, delay_ms, native=False)), "--path", f"/v1/sections/{d.SECTIONS[0]}/%s", "--ids", str(FOLDER / "identifiers.txt"),
        "--tokens", str(FOLDER / "tokens.txt"), "--secs", "2", "--conns", "64",
    ]  # fmt: skip
    told: Row = json.loads(
        subprocess.run(command, check=True, capture_output=True, text=True).stdout
    )
    return told


class Figures:
    """Medians and ratios of the rows."""

    def __init__(self, rows: list[Row], direct: dict[int, Row]) -> None:
        self.rows = rows
        self.direct = direct
        """By the departments' delay in milliseconds."""

    def values(self, variant: str, departments: int, mode: str, field: str) -> dict[int, float]:
        fits = (
            r
            for r in self.rows
            if (r["variant"], r["departments"], r["mode"]) == (variant, departments, mode)
        )
        return {r["round"]: r[field] for r in fits}

    def median(self, variant: str, departments: int, mode: str, field: str) -> float | None:
        found = self.values(variant, departments, mode, field)
        return statistics.median(found.values()) if found else None

    def ratio(
        self, left: tuple[str, int, str], right: tuple[str, int, str], field: str, base: float = 0.0
    ) -> float | None:
        """Median over rounds of left / right, both less `base`."""
        a, b = self.values(*left, field), self.values(*right, field)
        ratios = [(a[r] - base) / (b[r] - base) for r in a if r in b and b[r] > base]
        return statistics.median(ratios) if ratios else None

    def bounds(self) -> Iterator[tuple[str, float | None, Callable[[float], bool], str]]:
        """Each bound: name, figure, test, wanted."""
        sat, cpu, ours = "saturated", "cpu_ms_per_profile", (OURS, 6, "saturated")
        for peer, most in ((NGINX, 1.5), (GO, 0.7), (NODE, 0.85)):
            yield (
                f"CPU / {peer}",
                self.ratio(ours, (peer, 6, sat), cpu),
                lambda v, m=most: v <= m,
                f"<= {most}",
            )
        yield (
            "CPU of usual / ours, saturated",
            self.ratio((USUAL, 6, sat), ours, cpu),
            lambda v: v >= 45,
            ">= 45",
        )
        yield (
            "CPU of usual / ours, 30/s",
            self.ratio((USUAL, 6, "30/s"), (OURS, 6, "30/s"), cpu),
            lambda v: v >= 7,
            ">= 7",
        )
        yield (
            "CPU mapped / canonical",
            self.ratio((OURS_MAPPED, 6, sat), ours, cpu),
            lambda v: v <= 1.6,
            "<= 1.6",
        )
        yield (
            "CPU 12 / 6 departments",
            self.ratio((OURS, 12, sat), ours, cpu),
            lambda v: v <= 2,
            "<= 2",
        )
        fast, base = "500/s", self.direct[20]["p50_ms"]
        yield (
            "added p50 / Go",
            self.ratio((OURS, 6, fast), (GO, 6, fast), "p50_ms", base),
            lambda v: v <= 1.2,
            "<= 1.2",
        )
        yield (
            "added p99 / Go",
            self.ratio((OURS, 6, fast), (GO, 6, fast), "p99_ms", base),
            lambda v: v <= 0.7,
            "<= 0.7",
        )
        yield (
            "added p99 / nginx",
            self.ratio((OURS, 6, fast), (NGINX, 6, fast), "p99_ms", base),
            lambda v: v <= 2,
            "<= 2",
        )
        yield (
            "start to first answer, s",
            self.median(OURS, 6, sat, "start_s"),
            lambda v: v <= 1.5,
            "<= 1.5",
        )
        yield (
            "idle RSS, MiB",
            self.median(OURS, 6, sat, "idle_rss_mib"),
            lambda v: v <= 110,
            "<= 110",
        )


def _table(figures: Figures) -> None:
    seen = dict.fromkeys((r["variant"], r["departments"], r["mode"]) for r in figures.rows)
    print(
        "\n| variant | departments | mode | CPU ms / profile | profiles/s | p50 ms (added) | p99 ms (added) | RSS MiB | calls/profile |"
    )
    print("|---|--:|---|--:|--:|--:|--:|--:|--:|")
    for variant, count, mode in seen:
        cells = [
            figures.median(variant, count, mode, f) or 0.0
            for f in (
                "cpu_ms_per_profile",
                "profiles_per_s",
                "p50_ms",
                "p99_ms",
                "rss_mib",
                "calls_per_profile",
            )
        ]
        less = figures.direct[DELAY_OF[mode]]["p50_ms"] if DELAY_OF[mode] else 0.0
        added = [f" ({c - less:.2f})" if less else "" for c in cells[2:4]]
        print(
            f"| {variant} | {count} | {mode} | {cells[0]:.3f} | {cells[1]:.0f} | {cells[2]:.2f}{added[0]} | {cells[3]:.2f}{added[1]} | {cells[4]:.0f} | {cells[5]:.3f} |"
        )


def _report(figures: Figures) -> bool:
    _table(figures)
    print("\n| bound | figure | wanted | |\n|---|--:|--:|---|")
    met = True
    for name, value, holds, wanted in figures.bounds():
        fine = value is not None and holds(value)
        met &= fine
        print(
            f"| {name} | {'missing' if value is None else f'{value:.2f}'} | {wanted} | {'met' if fine else 'NOT MET'} |"
        )
    return met


def main() -> int:
    """Run and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.5)
    parser.add_argument("--only", default="", help="variants, comma separated")
    parser.add_argument(
        "--scenarios", default="", help="positions in the list of scenarios, comma separated"
    )
    arguments = parser.parse_args()
    scenarios = (
        tuple(SCENARIOS[int(i)] for i in arguments.scenarios.split(","))
        if arguments.scenarios
        else SCENARIOS
    )
    variants = (
        tuple(v.strip() for v in arguments.only.split(","))
        if arguments.only
        else (OURS, OURS_MAPPED, *PEERS)
    )
    if not (FOLDER / "loadgen").exists():
        sys.stderr.write(
            "Run `make bench-peers` first: it installs the load generator and the peers.\n"
        )
        return 2
    configuration = d.write_nginx(FOLDER)
    bench = Bench(arguments.seconds)
    nginx.write(FOLDER, json.loads((FOLDER / "peers.json").read_text(encoding="utf-8")))
    status = f"http://127.0.0.1:{d.FIRST_PORT + 99}/status"
    with serving(
        ["nginx", "-c", str(configuration)], status, core=OTHER_CORE, log=FOLDER / "departments.out"
    ):
        bench.prepare(scenarios)
        direct = {delay: _direct(delay) for delay in d.DELAYS_MS if delay}
        missing: set[str] = set()
        for round_ in range(arguments.rounds):
            for variant in variants:
                for scenario in scenarios:
                    if (variant == USUAL and scenario.rate > 30) or (
                        variant == OURS_MAPPED and scenario != SCENARIOS[1]
                    ):
                        continue
                    row = None if variant in missing else bench.measured(variant, scenario, round_)
                    if row is None:
                        missing.add(variant)
                        continue
                    bench.rows.append(row)
                    print(
                        f"{round_ + 1}/{arguments.rounds} {variant:34s} {scenario.departments:2d} {scenario.name:9s} cpu {row['cpu_ms_per_profile']:.3f} ms "
                        f"{row['profiles_per_s']:.0f}/s p50 {row['p50_ms']:.2f} p99 {row['p99_ms']:.2f} rss {row['rss_mib']:.0f} calls/profile {row['calls_per_profile']:.3f} "
                        f"refused {row['refused']} broken {row['broken']} start {row['start_s']}", flush=True,
                    )  # fmt: skip
    figures = Figures(bench.rows, direct)
    met = _report(figures)
    (FOLDER / "latest.json").write_text(
        json.dumps({"direct": direct, "rows": bench.rows}, indent=1), encoding="utf-8"
    )
    print(
        f"bench: {'ok' if met else 'BOUNDS NOT MET'} rounds={arguments.rounds} rows={len(bench.rows)}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
