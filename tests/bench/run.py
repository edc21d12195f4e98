"""`make bench`: the gateway beside its peers in one run, everything on, and whether the bounds hold.

Departments and load on one core, whoever is measured alone on the other. Runs are interleaved: every round measures everybody, ratios
are taken within a round, medians over rounds. Writes `.bench/latest.json`.
"""

import argparse
import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.bench import against, worldly
from tests.bench import departments as d
from tests.bench.figures import (
    AGAINST_SCENARIOS,
    GO,
    NGINX,
    NODE,
    OURS,
    OURS_CALLERS,
    OURS_MAPPED,
    PEERS,
    SCENARIOS,
    USUAL,
    Figures,
    Row,
    Scenario,
    is_measured,
    report,
    row_text,
)
from tests.bench.install import FOLDER, ROOT
from tests.bench.peers import nginx
from tests.bench.processes import GATEWAY_CORE, OTHER_CORE, Running, serving, wait_until_quiet


class Bench:
    """One run."""

    def __init__(self, seconds: float, older: str, tree: Path) -> None:
        self.seconds = seconds
        self.older, self.tree = older, tree
        """The name of an older commit's rows and where its files are; empty if there is none."""
        self.older_databases: dict[tuple[int, int], str] = {}
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
        if self.older:
            pairs = {(s.departments, s.delay_ms) for s in scenarios}
            self.older_databases = against.databases(FOLDER, self.tree, pairs)

    @property
    def ours(self) -> frozenset[str]:
        """Variants that are gateways of this project."""
        return frozenset({OURS, OURS_MAPPED, OURS_CALLERS, self.older} - {""})

    @contextmanager
    def started(self, variant: str, scenario: Scenario) -> Iterator[tuple[Running, int, str]]:
        """A variant that answers, its port, and the path it is asked at."""
        python, ours = sys.executable, variant in self.ours
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
        folder, tree = FOLDER.resolve(), self.tree if variant == self.older else ROOT
        if variant == self.older:
            url = self.older_databases[scenario.departments, scenario.delay_ms]
            env |= worldly.environment(folder, url)
        elif ours:
            url = self.databases[scenario.departments, scenario.delay_ms, variant == OURS_MAPPED]
            env |= worldly.environment(FOLDER, url)
        first = f"http://127.0.0.1:{port}" + path.replace("%s", self.identifiers[-1])
        log, headers = FOLDER / "measured.log", {"Authorization": f"Bearer {self.token}"}
        with serving(
            command, first, core=GATEWAY_CORE, log=log, headers=headers, env=env, cwd=tree
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
            if variant in self.ours:
                _require_whole(profile, scenario.departments)
            rss = running.rss_mib
            wait_until_quiet()
            calls = _department_calls()
            many = variant == OURS_CALLERS
            tokens, warm = ("callers.txt", worldly.CALLERS // 100) if many else ("tokens.txt", 1)
            command = [
                "taskset", "-c", str(OTHER_CORE), str(FOLDER / "loadgen"), "--mode", scenario.mode, "--port", str(port), "--path", path,
                "--ids", str(FOLDER / "identifiers.txt"), "--tokens", str(FOLDER / tokens), "--secs", str(self.seconds), "--warm", str(warm),
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


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.5)
    parser.add_argument("--only", default="", help="variants, comma separated")
    parser.add_argument("--scenarios", default="", help="their positions, comma separated")
    parser.add_argument("--against", default="", help="an older commit, as a row of the same run")
    return parser.parse_args()


def _variants(arguments: argparse.Namespace, older: str) -> tuple[str, ...]:
    """Those that were named; with an older commit the two gateways, without one everybody."""
    if arguments.only:
        return tuple(v.strip() for v in arguments.only.split(",")) + ((older,) if older else ())
    own = (OURS, OURS_CALLERS)
    return (*own, older) if older else (*own, OURS_MAPPED, *PEERS)


def _scenarios(arguments: argparse.Namespace) -> tuple[Scenario, ...]:
    if arguments.scenarios:
        return tuple(SCENARIOS[int(place)] for place in arguments.scenarios.split(","))
    return AGAINST_SCENARIOS if arguments.against else SCENARIOS


def _rounds(
    bench: Bench, variants: tuple[str, ...], scenarios: tuple[Scenario, ...], rounds: int
) -> None:
    """Every round measures everybody; whoever is not there is asked no more."""
    missing: set[str] = set()
    for round_ in range(rounds):
        for variant in variants:
            for scenario in scenarios:
                if variant in missing or not is_measured(variant, scenario):
                    continue
                row = bench.measured(variant, scenario, round_)
                if row is None:
                    missing.add(variant)
                else:
                    bench.rows.append(row)
                    print(f"{round_ + 1}/{rounds} {row_text(row)}", flush=True)


def main() -> int:
    """Run and report."""
    arguments = _arguments()
    if not (FOLDER / "loadgen").exists():
        sys.stderr.write("Run `make bench-peers` first: it installs the load generator.\n")
        return 2
    older = f"{OURS} @{arguments.against}" if arguments.against else ""
    scenarios, variants = _scenarios(arguments), _variants(arguments, older)
    with ExitStack() as stack:
        tree = ROOT
        if older:
            tree = stack.enter_context(against.checkout(FOLDER.resolve(), arguments.against))
        configuration = d.write_nginx(FOLDER)
        bench = Bench(arguments.seconds, older, tree)
        nginx.write(FOLDER, json.loads((FOLDER / "peers.json").read_text(encoding="utf-8")))
        status = f"http://127.0.0.1:{d.FIRST_PORT + 99}/status"
        command, log = ["nginx", "-c", str(configuration)], FOLDER / "departments.out"
        stack.enter_context(serving(command, status, core=OTHER_CORE, log=log))
        bench.prepare(scenarios)
        direct = {delay: _direct(delay) for delay in d.DELAYS_MS if delay}
        _rounds(bench, variants, scenarios, arguments.rounds)
    met = report(Figures(bench.rows, direct, older))
    latest = json.dumps({"direct": direct, "rows": bench.rows}, indent=1)
    (FOLDER / "latest.json").write_text(latest, encoding="utf-8")
    verdict = "ok" if met else "BOUNDS NOT MET"
    print(f"bench: {verdict} rounds={arguments.rounds} rows={len(bench.rows)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
