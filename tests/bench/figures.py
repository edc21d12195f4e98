"""Medians and ratios of a run's rows, and whether the bounds hold."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

OURS, OURS_MAPPED = "onevisit", "onevisit mapped"
OURS_CALLERS = "onevisit, 5 000 callers"
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
AGAINST_SCENARIOS = (SCENARIOS[1], SCENARIOS[4])
"""What a change is judged by: saturated, and 500 a second."""
DELAY_OF = {scenario.name: scenario.delay_ms for scenario in SCENARIOS}


CPU = "cpu_ms_per_profile"


@dataclass(frozen=True)
class Bound:
    """A figure, and what is wanted of it; None wants nothing."""

    name: str
    figure: float | None
    wanted: float | None
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        """A figure that is missing meets nothing."""
        if self.wanted is None:
            return True
        if self.figure is None:
            return False
        return self.figure >= self.wanted if self.at_least else self.figure <= self.wanted

    @property
    def row(self) -> str:
        """The bound as a row of the table."""
        figure = "missing" if self.figure is None else f"{self.figure:.2f}"
        if self.wanted is None:
            return f"| {self.name} | {figure} | | |"
        sign, verdict = (">=" if self.at_least else "<="), ("met" if self.is_met else "NOT MET")
        return f"| {self.name} | {figure} | {sign} {self.wanted:g} | {verdict} |"


def is_measured(variant: str, scenario: Scenario) -> bool:
    """Whether a row makes sense: the usual way breaks down above 30/s, mappings and many callers
    are saturated.
    """
    if variant == USUAL:
        return scenario.rate <= 30
    return variant not in {OURS_MAPPED, OURS_CALLERS} or scenario == SCENARIOS[1]


def row_text(row: Row) -> str:
    """A row as it is told when it is there."""
    return (
        f"{row['variant']:34s} {row['departments']:2d} {row['mode']:9s} cpu {row[CPU]:.3f} ms "
        f"{row['profiles_per_s']:.0f}/s p50 {row['p50_ms']:.2f} p99 {row['p99_ms']:.2f} "
        f"rss {row['rss_mib']:.0f} calls/profile {row['calls_per_profile']:.3f} "
        f"refused {row['refused']} broken {row['broken']} start {row['start_s']}"
    )


class Figures:
    """Medians and ratios of the rows."""

    def __init__(self, rows: list[Row], direct: dict[int, Row], older: str = "") -> None:
        self.rows = rows
        self.direct = direct
        self.older = older
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

    def bounds(self) -> Iterator[Bound]:
        """Against an older commit if there is one, else against the peers."""
        yield from self._against_the_older() if self.older else self._against_the_peers()

    def _against_the_older(self) -> Iterator[Bound]:
        fast, base = "500/s", self.direct[20]["p50_ms"]
        sat = [(name, 6, "saturated") for name in (OURS, self.older)]
        rate = [(name, 6, fast) for name in (OURS, self.older)]
        yield Bound("CPU / older", self.ratio(*sat, CPU), 1.02)
        yield Bound("CPU / older, 500/s", self.ratio(*rate, CPU), None)
        yield Bound("added p50 / older, 500/s", self.ratio(*rate, "p50_ms", base), None)
        yield Bound("added p99 / older, 500/s", self.ratio(*rate, "p99_ms", base), 1.1)
        yield self._of_many_callers()

    def _of_many_callers(self) -> Bound:
        """Units, regions and roles of 5 000 callers, beside callers of one unit and role."""
        many, one = (OURS_CALLERS, 6, "saturated"), (OURS, 6, "saturated")
        return Bound("CPU 5 000 callers / one", self.ratio(many, one, CPU), 1.15)

    def _against_the_peers(self) -> Iterator[Bound]:
        sat, ours = "saturated", (OURS, 6, "saturated")
        for peer, most in ((NGINX, 1.5), (GO, 0.7), (NODE, 0.85)):
            yield Bound(f"CPU / {peer}", self.ratio(ours, (peer, 6, sat), CPU), most)
        usual = self.ratio((USUAL, 6, sat), ours, CPU)
        yield Bound("CPU of usual / ours, saturated", usual, 45, at_least=True)
        usual = self.ratio((USUAL, 6, "30/s"), (OURS, 6, "30/s"), CPU)
        yield Bound("CPU of usual / ours, 30/s", usual, 7, at_least=True)
        yield Bound("CPU mapped / canonical", self.ratio((OURS_MAPPED, 6, sat), ours, CPU), 1.6)
        yield self._of_many_callers()
        yield Bound("CPU 12 / 6 departments", self.ratio((OURS, 12, sat), ours, CPU), 2)
        fast, base = (OURS, 6, "500/s"), self.direct[20]["p50_ms"]
        for peer, field, most in ((GO, "p50", 1.2), (GO, "p99", 0.7), (NGINX, "p99", 2)):
            figure = self.ratio(fast, (peer, 6, "500/s"), f"{field}_ms", base)
            yield Bound(f"added {field} / {peer}", figure, most)
        yield Bound("start to first answer, s", self.median(OURS, 6, sat, "start_s"), 1.5)
        yield Bound("idle RSS, MiB", self.median(OURS, 6, sat, "idle_rss_mib"), 110)


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


def report(figures: Figures) -> bool:
    _table(figures)
    print("\n| bound | figure | wanted | |\n|---|--:|--:|---|")
    bounds = list(figures.bounds())
    for bound in bounds:
        print(bound.row)
    return all(bound.is_met for bound in bounds)
