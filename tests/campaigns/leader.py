"""What a curious leader, officer, data manager, coordinator and auditor of one county try, alone and in pairs of one unit, to see class 2 of a
business: outside of their region, of another department without a task, without a second person. Each act leaves an entry. With the predicate off,
the same acts find something: the campaign would notice.
"""

import argparse
import asyncio
import itertools
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
from sqlalchemy import text

from app.agreements import standing
from app.core.deps import DATABASE
from auth.principal import Role
from tests.campaigns import stage
from tests.campaigns.revoke import first
from tests.fixtures.gateway import Gateway, running, settings

NAMES = ("registration", "tax", "fire")
COUNTY, ABROAD, NEAR = "330106", "91310115MA1YYY024Y", "91330106MA2YYY034D"
CLASS_2 = ("taxpayer_status", "overdue_filing_count", "filing_on_time", "tax_credit_grade")
SYSTEM, SECURITY = Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR
ACTORS = {
    "leader": Role.TEAM_LEADER, "officer": Role.INSPECTOR, "manager": Role.DATA_MANAGER, "coordinator": Role.COORDINATOR, "auditor": Role.AUDITOR,
    "leader-2": Role.TEAM_LEADER,
}  # fmt: skip


@dataclass
class Unit:
    """The people of one unit, by name: their person ids, and what they have got hold of."""

    gateway: Gateway
    people: dict[str, str] = field(default_factory=dict)
    tasks: list[tuple[str, str, frozenset[str]]] = field(default_factory=list)
    """Task, business, and who stands behind it: opener and approver."""

    def client(
        self, who: str, *, claims: dict[str, Any] | None = None, roles: tuple[Role, ...] = ()
    ) -> httpx.AsyncClient:
        told = {"department": "fire", "region": COUNTY, **(claims or {})}
        return self.gateway.caller(who, *(roles or (ACTORS[who],)), **told)


async def look(unit: Unit, who: str, code: str, params: dict[str, str], **claims: Any) -> set[str]:
    """The fields of class 2 of tax that somebody sees, by every door."""
    client, seen = unit.client(who, claims=claims, roles=tuple(ACTORS.values())), set()
    path = f"/v1/profiles/{code}"
    for answer in (
        await client.get(path, params=params),
        await client.get(f"{path}/sections/tax", params=params),
        await client.get(path, params=params, headers={"Accept": "application/x-ndjson"}),
    ):
        if answer.status_code == 200:
            seen |= {name for name in CLASS_2 if f'"{name}":' in answer.text}
    return seen


Act = Callable[[Unit, random.Random, str, str], Awaitable[Any]]


async def open_task(unit: Unit, rng: random.Random, who: str, other: str) -> Any:
    code = rng.choice((ABROAD, NEAR))
    region = rng.choice((COUNTY, "310115", "000000"))
    body = {
        "business_id": code,
        "assignees": [rng.choice((who, other))],
        "basis": "curiosity",
    } | rng.choice(({}, {"emergency": True}, {"region": region}))
    answer = await unit.client(who, claims={"region": region}, roles=tuple(ACTORS.values())).post(
        "/v1/tasks", json=body
    )
    if answer.status_code == 201:
        unit.tasks.append((answer.json()["id"], code, frozenset({who})))
    return answer


async def approve_task(unit: Unit, rng: random.Random, who: str, other: str) -> Any:
    if not unit.tasks:
        return await open_task(unit, rng, who, other)
    number = rng.randrange(len(unit.tasks))
    task, code, behind = unit.tasks[number]
    answer = await unit.client(who).post(f"/v1/tasks/{task}:approve")
    if answer.is_success:
        unit.tasks[number] = (task, code, behind | {who})
    return answer


async def move_the_unit(unit: Unit, rng: random.Random, who: str, other: str) -> Any:
    body = {
        "name": {"zh": "某", "en": "x"},
        "tier": "nation",
        "region": "000000",
        "department": rng.choice(("tax", "fire")),
    }
    return await unit.client(who).put("/v1/units/fire-county", json=body)


async def take_a_role(unit: Unit, rng: random.Random, who: str, other: str) -> Any:
    person = unit.people[rng.choice((who, other))]
    return await unit.client(who).post(
        f"/v1/people/{person}/roles", json={"role": rng.choice(list(Role)).value}
    )


async def lend_a_role(unit: Unit, rng: random.Random, who: str, other: str) -> Any:
    until = "2026-12-20T00:00:00+00:00"
    return await unit.client(who).post(
        "/v1/roles:delegate",
        json={"person": unit.people[other], "role": ACTORS[who].value, "until": until},
    )


async def move_a_person(unit: Unit, rng: random.Random, who: str, other: str) -> Any:
    body = {
        "name": other,
        "subject": other,
        "unit": rng.choice(("fire-county", "administration-000000")),
    }
    return await unit.client(who).put(f"/v1/people/{unit.people[other]}", json=body)


async def take_a_code(unit: Unit, rng: random.Random, who: str, other: str) -> Any:
    return await unit.client(who).post(f"/v1/people/{unit.people[rng.choice((who, other))]}:enrol")


async def agree_alone(unit: Unit, rng: random.Random, who: str, other: str) -> Any:
    clauses = {
        "purposes": ["patrol", "inspection"], "legal_basis": "none at all", "strictest_class": 2, "valid_from": "2026-01-01",
        "security_responsible": who, "regions": ["310000"],
    }  # fmt: skip
    body = {
        "agreement_id": f"own-{rng.randrange(9)}",
        "source_unit": "fire-county",
        "coordinator_unit": "administration-000000",
        "application_unit": "fire-county",
    }
    return await unit.client(who).post("/v1/agreements", json={**body, "clauses": clauses})


async def read_the_trail(unit: Unit, rng: random.Random, who: str, other: str) -> Any:
    return await unit.client(who).get(
        "/v1/audit/entries", params={"event": "profile.business.viewed"}
    )


async def ask_why(unit: Unit, rng: random.Random, who: str, other: str) -> Any:
    asked = {
        "business_id": rng.choice((ABROAD, NEAR)),
        "section": "tax",
        "purpose": rng.choice(("patrol", "inspection")),
    }
    return await unit.client(who).post("/v1/decisions:explain", json=asked)


async def register_an_adapter(unit: Unit, rng: random.Random, who: str, other: str) -> Any:
    answer = await unit.client(who).get("/v1/adapters/tax")
    manifest = (
        answer.json()
        if answer.is_success
        else {"adapter_id": "mine", "section": "tax", "department": "fire"}
    )
    return await unit.client(who).post("/v1/adapters", json=manifest)


ACTS: tuple[Act, ...] = (
    open_task, open_task, open_task, approve_task, approve_task, move_the_unit, take_a_role, lend_a_role, move_a_person, take_a_code, agree_alone,
    read_the_trail, ask_why, register_an_adapter,
)  # fmt: skip


def may_see(unit: Unit, who: str, code: str, task: str | None) -> bool:
    """Class 2 of tax is for an officer of the county with a task of a business there that another person stands behind."""
    known = {t: (business, behind) for t, business, behind in unit.tasks}
    if code != NEAR or task not in known:
        return False
    business, behind = known[task]
    return business == code and bool(behind - {who})


async def campaign(gateway: Gateway, count: int, seed: int) -> dict[str, Any]:
    rng, unit = random.Random(seed), Unit(gateway)
    await settle(unit)
    outcomes: Counter[str] = Counter()
    leaks, silent, allowed, pairs = [], [], 0, list(itertools.permutations(ACTORS, 2))
    for number in range(count):
        who, other = rng.choice(pairs)
        act = ACTS[number % len(ACTS)]
        before = entries(gateway)
        answer = await act(unit, rng, who, other)
        outcomes[f"{act.__name__} {answer.status_code}"] += 1
        if entries(gateway) == before:
            silent.append(f"{who}: {act.__name__} {answer.status_code} {answer.text[:200]}")
        for reader in {who, other}:
            code = rng.choice((ABROAD, NEAR))
            task = rng.choice([None, *(t for t, _, _ in unit.tasks[-6:])])
            params = {
                "purpose": "inspection" if task else "patrol",
                **({"task": task} if task else {}),
            }
            claims = rng.choice(
                (
                    {},
                    {"region": "000000"},
                    {"department": None},
                    {"region": "000000", "department": None},
                )
            )
            seen = await look(unit, reader, code, params, **claims)
            if may_see(unit, reader, code, task):
                allowed += bool(seen)
            elif seen:
                leaks.append(f"{reader} saw {sorted(seen)} of {code} with {params}")
    return {"leaks": leaks, "silent": silent, "allowed": allowed, "outcomes": outcomes}


def entries(gateway: Gateway) -> int:
    with DATABASE.of(gateway.app).read() as session:
        return int(session.execute(text("select count(*) from audit_entries")).scalar_one())


async def settle(unit: Unit) -> None:
    """The unit, its people with a role each, as two administrators make them."""
    system = unit.gateway.caller("system-1", SYSTEM, region="000000")
    security = unit.gateway.caller("security-1", SECURITY, region="000000")
    body = {
        "unit_id": "fire-county",
        "name": {"zh": "某", "en": "x"},
        "tier": "county",
        "region": COUNTY,
        "department": "fire",
        "parts": ["source", "application"],
    }
    assert (await system.post("/v1/units", json=body)).status_code == 201
    for who, role in ACTORS.items():
        answer = await system.post(
            "/v1/people", json={"name": who, "subject": who, "unit": "fire-county"}
        )
        unit.people[who] = answer.json()["person_id"]
        granted = await security.post(
            f"/v1/people/{unit.people[who]}/roles", json={"role": role.value}
        )
        assert granted.status_code == 201, granted.text


@contextmanager
def without_the_predicate() -> Any:
    """As if region, department and the second person were not asked for."""
    with (
        patch.object(standing, "_region", lambda _asked: ""),
        patch.object(standing, "_task", lambda _asked: ""),
    ):
        yield


async def both(on: stage.Prepared, url: str, count: int, seed: int) -> dict[str, Any]:
    configured = settings(
        url, on.jwks, principals="directory", calls_per_second=0, rate_per_second=0
    )
    async with running(configured, on.issuer) as gateway:
        found = await campaign(gateway, count, seed)
    for outcome, number in sorted(found["outcomes"].items()):
        print(f"  {number:4} {outcome}")
    if found["silent"]:
        print("  without an entry:", *found["silent"][:5], sep="\n    ")
    if found["leaks"]:
        print("  leaks:", *found["leaks"][:5], sep="\n    ")
    return found


def play(on: stage.Prepared, folder: Path, count: int, seed: int) -> dict[str, Any]:
    url = f"sqlite:///{folder / f'{seed}-{count}.db'}"
    shutil.copy(folder / "template.db", folder / f"{seed}-{count}.db")
    first(url, on)
    return asyncio.run(both(on, url, count, seed))


def main() -> int:
    """Run and say how it ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200, help="acts")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="ovl") as name,
        stage.departments(businesses=50) as found,
    ):
        folder = Path(name)
        on = stage.published_on(
            f"sqlite:///{folder}/template.db", folder, stage.manifests_of(found, *NAMES)
        )
        true = play(on, folder, arguments.rounds, arguments.seed)
        with without_the_predicate():
            control = play(on, folder, arguments.rounds - 1, arguments.seed)
    fine = (
        not true["leaks"] and not true["silent"] and true["allowed"] > 0 and bool(control["leaks"])
    )
    return stage.verdict(
        "leader", fine, seed=arguments.seed, acts=arguments.rounds, leaks=len(true["leaks"]), silent=len(true["silent"]),
        seconded=true["allowed"], without_predicate=len(control["leaks"]),
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
