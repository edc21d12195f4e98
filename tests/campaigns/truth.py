"""Labelled businesses against the generator's truth: no false yes in any headline, conflicts found and not invented.

`python -m tests.campaigns.truth --businesses 500 --seed 1`. Every profile travels the whole way: gateway, thirteen departments over
HTTP, their dialects, merge, decision. The positive control applies naive rules to the same answers and must fail.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from adapters.conformance.broken import broken_answers, committed
from adapters.contract.sections import SECTIONS
from adapters.fakes.departments import SECRETS, MockAnswer, manifest_of
from adapters.fakes.server import start
from adapters.fakes.world import MockBusiness, World, true_conflicts, true_headline
from auth.testing import LocalIssuer
from tests.fixtures.databases import build_empty
from tests.fixtures.gateway import Gateway, running, settings

AT_ONCE = 8
LEAST_PRECISION, LEAST_RECALL = 0.95, 0.90


@dataclass
class Tally:
    """What came out."""

    asked: int = 0
    false_yes: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    conflicts: Counter[str] = field(default_factory=Counter)
    by_element: dict[str, Counter[str]] = field(default_factory=dict)
    naive_false_yes: int = 0
    naive_conflicts: Counter[str] = field(default_factory=Counter)

    def headline(self, business: MockBusiness, site: str | None, profile: dict[str, Any]) -> None:
        for question, wanted in true_headline(business, site).items():
            told = profile["headline"][question]["answer"]
            place = f"{business.business_id}/{site or '-'} {question}: told {told}, true {wanted}"
            if told == "yes" != wanted:
                self.false_yes.append(place)
            if told != wanted:
                self.wrong.append(place)
            # Naive: whatever is not known to be wrong is right.
            self.naive_false_yes += (
                told != "no" and wanted in {"no", "unknown"} and (told == "unknown")
            )
        self.asked += 1

    def contradictions(self, business: MockBusiness, profile: dict[str, Any]) -> None:
        told, true = {c["element"] for c in profile["conflicts"]}, true_conflicts(business)
        for kind, elements in (
            ("hit", told & true),
            ("invented", told - true),
            ("missed", true - told),
        ):
            self.conflicts[kind] += len(elements)
            for element in elements:
                self.by_element.setdefault(element, Counter())[kind] += 1
        data = {name: s.get("data", {}) for name, s in profile["sections"].items()}
        names = {data["registration"].get("entity_name"), data["tax"].get("taxpayer_name")} - {None}
        naive = {"entity_name"} if len(names) > 1 else set()
        true_names = true & {"entity_name"}
        self.naive_conflicts.update(hit=len(naive & true_names), invented=len(naive - true_names))

    @property
    def precision(self) -> float:
        told = self.conflicts["hit"] + self.conflicts["invented"]
        return self.conflicts["hit"] / told if told else 1.0

    @property
    def recall(self) -> float:
        true = self.conflicts["hit"] + self.conflicts["missed"]
        return self.conflicts["hit"] / true if true else 1.0

    @property
    def naive_precision(self) -> float:
        return self.naive_conflicts["hit"] / max(sum(self.naive_conflicts.values()), 1)

    @property
    def ok(self) -> bool:
        fine = (
            not self.false_yes and self.precision >= LEAST_PRECISION and self.recall >= LEAST_RECALL
        )
        control_fails = self.naive_false_yes > 0 and self.naive_precision < LEAST_PRECISION
        return fine and control_fails


async def look_up(gateway: Gateway, business: MockBusiness, site: str | None) -> dict[str, Any]:
    """The profile as an inspector with an open task sees it."""
    task = await gateway.task(business.business_id)
    params = {"purpose": "inspection", "task": task, **({"site": site} if site else {})}
    response = await gateway.inspector.get(f"/v1/profiles/{business.business_id}", params=params)
    assert response.status_code == 200, response.text
    profile: dict[str, Any] = response.json()
    return profile


async def examine(gateway: Gateway, world: World, tally: Tally) -> None:
    """Ask for every business, chains once without and once for each site."""
    waiting = list(world.generated)
    total = len(waiting)

    async def work() -> None:
        while waiting:
            business = waiting.pop()
            profile = await look_up(gateway, business, None)
            tally.headline(business, None, profile)
            tally.contradictions(business, profile)
            for site in business.sites if len(business.sites) > 1 else ():
                tally.headline(
                    business, site.site_ref, await look_up(gateway, business, site.site_ref)
                )
            if waiting and (total - len(waiting)) % 100 == 0:
                print(f"  {total - len(waiting)}/{total}", file=sys.stderr)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(work())


QUESTIONS = {"registration": "registered", "tax": "taxes_on_time", "fire": "fire_permit"}
"""The headline answer that rests on a department."""
BELIEVED = frozenset({"fresh", "cached", "not_found", "not_applicable"})
_BROKEN_BUSINESSES = 8


@dataclass
class BrokenTally:
    """What came of broken answers: each that was told as a fact."""

    profiles: int = 0
    answers: int = 0
    untouched: int = 0
    """Profiles in which the department was not even asked (its breaker was open)."""
    believed: list[str] = field(default_factory=list)
    false_answers: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        asked = self.profiles - self.untouched
        return not self.believed and not self.false_answers and asked >= self.profiles * 0.9


def of_different_labels(world: World, count: int) -> list[MockBusiness]:
    """Businesses whose true answers differ as much as they can."""
    found: dict[tuple[str, ...], list[MockBusiness]] = {}
    for business in world.generated:
        if business.registered and len(business.sites) == 1:
            found.setdefault(tuple(true_headline(business).values()), []).append(business)
    picked: list[MockBusiness] = []
    while len(picked) < count and any(found.values()):
        picked += [group.pop() for group in found.values() if group][: count - len(picked)]
    return picked


async def look_up_broken(
    gateway: Gateway, business: MockBusiness, task: str, name: str, what: str, tally: BrokenTally
) -> None:
    """One profile in which one department answers brokenly."""
    response = await gateway.inspector.get(
        f"/v1/profiles/{business.business_id}",
        params={"purpose": "inspection", "task": task},
        headers={"cache-control": "no-cache"},
    )
    profile = response.json()
    tally.profiles += 1
    section = profile["sections"][name]
    place = f"{name} {what} {business.business_id}"
    tally.untouched += section["outcome"] in {"breaker_open", "shed"} and not section.get(
        "attempts"
    )
    if section["outcome"] in BELIEVED:
        tally.believed.append(f"{place}: {section['outcome']}")
    for question, wanted in true_headline(business).items():
        told = profile["headline"][question]["answer"]
        if told not in {"unknown", wanted} or (
            QUESTIONS.get(name) == question and told != "unknown"
        ):
            tally.false_answers.append(f"{place} {question}: told {told}, true {wanted}")


async def examine_broken(
    gateway: Gateway, listeners: dict[str, Any], world: World, seed: int, answers: int | None
) -> BrokenTally:
    """Every department, every broken answer, on businesses of different labels."""
    tally, businesses = BrokenTally(), of_different_labels(world, _BROKEN_BUSINESSES)
    tasks = {b.business_id: await gateway.task(b.business_id) for b in businesses}
    order = list(range(len(committed())))
    random.Random(seed).shuffle(order)
    order = order[:answers]
    tally.answers = len(order)
    now = datetime.now(UTC).isoformat()
    told = {b.business_id: broken_answers(b.business_id, now) for b in businesses}
    for name, listener in sorted((n, one) for n, one in listeners.items() if n in SECTIONS):
        usual = "application/xml" if name == "public_security" else "application/json"
        for place, index in enumerate(order):
            for number, business in enumerate(businesses):
                answer = told[business.business_id][index]
                label = answer.type if (place + number) % 2 else usual
                listener.instead[business.business_id] = MockAnswer(
                    answer.status, answer.body, label
                )
            async with asyncio.TaskGroup() as group:
                for business in businesses:
                    task, what = tasks[business.business_id], told[business.business_id][index].name
                    group.create_task(look_up_broken(gateway, business, task, name, what, tally))
        listener.instead.clear()
    return tally


async def campaign(
    businesses: int, seed: int, broken: int | None = None
) -> tuple[Tally, BrokenTally]:
    """Departments, gateway, questions; `broken` bounds how many broken answers each department
    gives.
    """
    world = World(seed, businesses, datetime.now(UTC).date())
    listeners, control = await start(world, 0, latency_ms=1)
    issuer, tally = LocalIssuer(), Tally()
    with tempfile.TemporaryDirectory(prefix="onevisit-truth") as folder:
        jwks = Path(folder) / "jwks.json"
        jwks.write_text(json.dumps(issuer.jwks))
        url = f"sqlite:///{folder}/truth.db"
        build_empty(url)
        async with running(settings(url, jwks, rate_per_second=0), issuer) as gateway:
            await gateway.officers()
            for name, listener in listeners.items():
                await gateway.publish(
                    manifest_of(name, f"http://127.0.0.1:{listener.port}"), SECRETS.get(name)
                )
            await examine(gateway, world, tally)
            spoilt = await examine_broken(gateway, listeners, world, seed, broken)
    for listener in (*listeners.values(), control):
        listener.close()
    return tally, spoilt


def main() -> int:
    """Run and say how it ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--businesses", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    tally, spoilt = asyncio.run(campaign(arguments.businesses, arguments.seed))
    lines = (tally.false_yes, tally.wrong, spoilt.believed, spoilt.false_answers)
    for line in (line for found in lines for line in found[:10]):
        print(f"  {line}")
    for element, found in sorted(tally.by_element.items()):
        told, true = found["hit"] + found["invented"], found["hit"] + found["missed"]
        print(
            f"  {element}: precision {found['hit'] / max(told, 1):.3f} of {told} told, recall {found['hit'] / max(true, 1):.3f} of {true}"
        )
    print(
        f"  control: naive rules say yes falsely {tally.naive_false_yes} times, raw names have precision {tally.naive_precision:.3f}"
    )
    print(
        f"truth: {'ok' if tally.ok else 'FAILED'} seed={arguments.seed} businesses={arguments.businesses} profiles={tally.asked} "
        f"false_yes={len(tally.false_yes)} wrong={len(tally.wrong)} precision={tally.precision:.3f} recall={tally.recall:.3f} "
        f"conflicts={tally.conflicts['hit'] + tally.conflicts['missed']}"
    )
    print(
        f"broken answers: {'ok' if spoilt.ok else 'FAILED'} answers={spoilt.answers} departments=13 profiles={spoilt.profiles} "
        f"believed={len(spoilt.believed)} false_answers={len(spoilt.false_answers)} not_asked={spoilt.untouched}"
    )
    return 0 if tally.ok and spoilt.ok else 1


if __name__ == "__main__":
    sys.exit(main())
