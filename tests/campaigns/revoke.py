"""Two gateways on one PostgreSQL under load: agreements, quotas, roles, people, tasks and adapters are withdrawn, many at once. Nothing that was withdrawn
is told later than a second after the withdrawal was answered; with the database away, a gateway refuses within a second.
"""

import argparse
import asyncio
import contextlib
import itertools
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text

from adapters.fakes.world import World
from app.audit.service import Trail
from app.core.clock import SystemClock
from app.core.db import Database
from app.organisations.first import appoint
from auth.principal import Role
from tests.campaigns import servers, stage
from tests.fixtures.gateway import settings
from tests.fixtures.ports import free_ports

NAMES = ("registration", "fire", "tax")
PEOPLE, AT_ONCE, OPEN_TASKS = 16, 8, 20_000
RATE, LATEST_SECONDS, LEAST_PER_SECOND = 9.0, 1.0, 100
WITHDRAWN_SECONDS, RESTORED_SECONDS = 1.7, 1.2
FIELD = b'"taxpayer_status":'
NATION, CITY = "000000", "330100"
OF_EVERYBODY = ("agreement", "adapter", "quota")


@dataclass
class Seen:
    """What came back: who, from which gateway, when, with which status, and whether it held class 2 of tax."""

    answers: list[tuple[int, int, float, int, bool]] = field(default_factory=list)
    silent: int = 0


@dataclass
class Cell:
    """Two gateways, and whoever administers them."""

    ports: tuple[int, int]
    way: servers.Way
    on: stage.Prepared
    people: list[str] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    version: int = 1
    """Of the agreement on tax data that is in force."""

    def token(self, subject: str, *roles: Role, **claims: Any) -> str:
        return self.on.issuer.token(subject, *roles, seconds=3600, **claims)

    async def act(
        self, client: httpx.AsyncClient, who: str, method: str, path: str, body: Any = None
    ) -> Any:
        token = {
            "system": self.token("system-1", Role.SYSTEM_ADMINISTRATOR, region=NATION),
            "security": self.token("security-1", Role.SECURITY_ADMINISTRATOR, region=NATION),
            "leader": self.token("leader", Role.TEAM_LEADER),
            "nation": self.token("nation", Role.COORDINATOR, region=NATION),
            **{d: self.token(f"m-{d}", Role.DATA_MANAGER, department=d) for d in NAMES},
            "second": self.token("m-second", Role.DATA_MANAGER, department="fire"),
        }[who]
        headers = {"Authorization": f"Bearer {token}"}
        answer = await client.request(
            method, f"http://{stage.HOST}:{self.ports[0]}{path}", headers=headers, json=body
        )
        assert answer.is_success, (method, path, answer.status_code, answer.text)
        return answer.json()


@contextmanager
def launched(
    on: stage.Prepared, folder: Path, url: str, name: str, principals: str = "directory"
) -> Iterator[int]:
    port = free_ports()
    log = folder / f"{name}.log"
    process = stage.launched(url, on, port, log, ONEVISIT_PRINCIPALS=principals)
    try:
        yield port
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=20)
        process.kill()
        process.wait()


@contextmanager
def cell(departments: stage.Departments, folder: Path) -> Iterator[Cell]:
    with ExitStack() as stack:
        server = stack.enter_context(servers.postgres())
        url = server.create("cell")
        on = stage.published_on(url, folder, stage.manifests_of(departments, *NAMES))
        first(url, on)
        open_tasks(url, OPEN_TASKS)
        way = stack.enter_context(servers.Way(servers.socket_of(server)))
        second = f"postgresql+psycopg://postgres@{stage.HOST}:{way.port}/cell"
        ports = tuple(
            stack.enter_context(launched(on, folder, each, name))
            for each, name in ((url, "a"), (second, "b"))
        )
        yield Cell(ports, way, on)


def first(url: str, on: stage.Prepared) -> None:
    database = Database(url)
    trail = Trail(settings(url, on.jwks).keys, SystemClock())
    with database.write() as session:
        appoint(session, trail, "system-1", "某", Role.SYSTEM_ADMINISTRATOR, NATION)
        appoint(session, trail, "security-1", "某", Role.SECURITY_ADMINISTRATOR, NATION)
    database.dispose()


def open_tasks(url: str, count: int) -> None:
    """Others' tasks, which every process keeps in memory."""
    now, database = datetime.now(UTC), Database(url)
    with database.engine.begin() as connection:
        connection.execute(
            text(
                "insert into tasks (id, business_id, purpose, region, opened_in, assignees, basis, opened_by, opened_at, ends_at, changed) "
                "select lpad(n::text, 36, '0'), 'B' || n, 'inspection', '330106', '330100', '[\"x\"]', 'plan', 'others', :now, :end, 0 "
                "from generate_series(1, :count) n"
            ),
            {"now": now, "end": now + timedelta(days=1), "count": count},
        )
    database.dispose()


async def settle(found: Cell, client: httpx.AsyncClient, codes: list[str]) -> None:
    """Units, people with roles, and a task for each."""
    unit = {
        "unit_id": "fire-city",
        "name": {"zh": "消防", "en": "fire"},
        "tier": "city",
        "region": CITY,
        "department": "fire",
    }
    await found.act(client, "system", "POST", "/v1/units", unit)
    above = unit | {
        "unit_id": "data",
        "department": None,
        "region": NATION,
        "tier": "nation",
        "parts": ["coordinator"],
    }
    await found.act(client, "system", "POST", "/v1/units", above)
    for subject, where, role in (
        ("leader", "fire-city", "team_leader"),
        ("nation", "data", "coordinator"),
    ):
        who = await found.act(
            client,
            "system",
            "POST",
            "/v1/people",
            {"name": "某", "subject": subject, "unit": where},
        )
        await found.act(
            client, "security", "POST", f"/v1/people/{who['person_id']}/roles", {"role": role}
        )
    await agree(found, client)
    for n in range(PEOPLE):
        who = await found.act(
            client,
            "system",
            "POST",
            "/v1/people",
            {"name": "某", "subject": f"p-{n}", "unit": "fire-city"},
        )
        found.people.append(who["person_id"])
        found.roles.append(await grant(found, client, n))
        found.codes.append(codes[n % len(codes)])
        found.tasks.append(await assign(found, client, n))


async def agree(found: Cell, client: httpx.AsyncClient) -> None:
    """Agreements of each source with fire, in the place of the one that a deployment begins with."""
    for name, department in (*zip(NAMES, NAMES, strict=True), ("second", "fire")):
        unit = {
            "unit_id": f"u-{name}", "name": {"zh": "某", "en": "x"}, "tier": "city", "region": CITY, "department": department,
            "parts": ["source", "application"],
        }  # fmt: skip
        await found.act(client, "system", "POST", "/v1/units", unit)
        body = {"name": "某", "subject": f"m-{name}", "unit": f"u-{name}"}
        who = await found.act(client, "system", "POST", "/v1/people", body)
        path = f"/v1/people/{who['person_id']}/roles"
        await found.act(client, "security", "POST", path, {"role": "data_manager"})
    for department in NAMES:
        body = {
            "agreement_id": f"a-{department}", "source_unit": f"u-{department}", "coordinator_unit": "data", "application_unit": "u-second",
            "clauses": clauses(),
        }  # fmt: skip
        drafted = await found.act(client, department, "POST", "/v1/agreements", body)
        await sign(found, client, department, drafted)
    await found.act(
        client, "nation", "POST", "/v1/agreements/seed-inspection/versions/1:suspend",
        {"reason": "replaced by agreements of the departments"},
    )  # fmt: skip


def clauses(**more: Any) -> dict[str, Any]:
    return {
        "purposes": ["inspection"], "legal_basis": "政务数据共享条例第二十条", "strictest_class": 2, "headline": True,
        "valid_from": "2026-01-01", "security_responsible": "陈某", **more,
    }  # fmt: skip


async def sign(
    found: Cell, client: httpx.AsyncClient, department: str, drafted: dict[str, Any]
) -> None:
    """By its three parties: whoever uses it is another office of the fire department."""
    path = f"/v1/agreements/a-{department}/versions/{drafted['version']}"
    await found.act(client, department, "POST", f"{path}:submit")
    for who in (department, "nation", "second"):
        await found.act(client, who, "POST", f"{path}:sign", {"digest": drafted["digest"]})


async def put_in_force(found: Cell, client: httpx.AsyncClient, **more: Any) -> None:
    """A further version of the agreement on tax data."""
    body = {"clauses": clauses(**more)}
    drafted = await found.act(client, "tax", "POST", "/v1/agreements/a-tax/versions", body)
    await sign(found, client, "tax", drafted)
    found.version = drafted["version"]


async def grant(found: Cell, client: httpx.AsyncClient, n: int) -> str:
    path = f"/v1/people/{found.people[n]}/roles"
    told = await found.act(client, "security", "POST", path, {"role": "inspector"})
    return told["roles"][-1]["role_id"]


async def assign(found: Cell, client: httpx.AsyncClient, n: int) -> str:
    body = {"business_id": found.codes[n], "assignees": [f"p-{n}"], "basis": "plan 7"}
    told = await found.act(client, "leader", "POST", "/v1/tasks", body)
    return told["id"]


async def ask(found: Cell, seen: Seen, n: int, seed: int) -> None:
    """One person's look-ups, at one gateway and the other, as long as this runs."""
    rng, gateways = random.Random(seed + n), itertools.cycle((0, 1))
    token = found.token(f"p-{n}", Role.INSPECTOR, department="fire")
    while True:
        which = next(gateways)
        path = f"/v1/profiles/{found.codes[n]}?purpose=inspection&task={found.tasks[n]}"
        begun = time.monotonic()
        try:
            async with asyncio.timeout(5), stage.client(found.ports[which]) as client:
                answer = await client.get(path, token)
            seen.answers.append((n, which, time.monotonic(), answer.status, FIELD in answer.body))
        except (TimeoutError, OSError):
            seen.silent += 1
        await asyncio.sleep(max(0.0, rng.uniform(0.5, 1.5) / RATE - (time.monotonic() - begun)))


@dataclass
class Withdrawal:
    """What was taken from whom, when that was answered, and until when it was so."""

    kind: str
    people: tuple[int, ...]
    answered: float
    until: float = 0.0


async def withdraw(found: Cell, client: httpx.AsyncClient, kind: str, n: int) -> Withdrawal:
    reason = {"reason": "the campaign"}
    if kind == "role":
        await found.act(
            client, "security", "POST", f"/v1/people/{found.people[n]}/roles/{found.roles[n]}:end"
        )
    elif kind == "person":
        await found.act(client, "system", "POST", f"/v1/people/{found.people[n]}:suspend")
    elif kind == "task":
        await found.act(client, "leader", "POST", f"/v1/tasks/{found.tasks[n]}:close")
    elif kind == "agreement":
        path = f"/v1/agreements/a-tax/versions/{found.version}:suspend"
        await found.act(client, "tax", "POST", path, reason)
    elif kind == "quota":  # so much was told already that nothing is left
        await put_in_force(found, client, daily_quota=1)
    else:
        await found.act(client, "nation", "POST", "/v1/adapters/tax:suspend", reason)
    everybody = tuple(range(PEOPLE)) if kind in OF_EVERYBODY else (n,)
    return Withdrawal(kind, everybody, time.monotonic())


async def restore(found: Cell, client: httpx.AsyncClient, taken: Withdrawal) -> None:
    taken.until, n, reason = time.monotonic(), taken.people[0], {"reason": "the campaign"}
    if taken.kind == "role":
        found.roles[n] = await grant(found, client, n)
    elif taken.kind == "person":
        await found.act(client, "system", "POST", f"/v1/people/{found.people[n]}:resume")
    elif taken.kind == "task":
        found.tasks[n] = await assign(found, client, n)
    elif taken.kind == "agreement":
        path = f"/v1/agreements/a-tax/versions/{found.version}:resume"
        await found.act(client, "tax", "POST", path, reason)
    elif taken.kind == "quota":
        await put_in_force(found, client)
    else:
        await found.act(client, "nation", "POST", "/v1/adapters/tax:resume", reason)


async def play(found: Cell, count: int, seed: int) -> tuple[Seen, list[Withdrawal], float]:
    """The withdrawals under load; how long each round was, and what was seen."""
    rng, seen, taken = random.Random(seed), Seen(), []
    codes = [
        b.business_id
        for b in World(1, 400, datetime.now(UTC).date()).generated
        if b.division == "330106" and b.tax_known
    ]
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        await settle(found, client, codes)
        asking = [asyncio.create_task(ask(found, seen, n, seed)) for n in range(PEOPLE)]
        begun = time.monotonic()
        await asyncio.sleep(2.0)
        while len(taken) < count:
            kinds = [
                (rng.choice(("role", "person", "task")), n)
                for n in rng.sample(range(PEOPLE), AT_ONCE)
            ]
            if rng.random() < 0.4:
                kinds.append((rng.choice(OF_EVERYBODY), 0))
            async with asyncio.TaskGroup() as group:
                going = [group.create_task(withdraw(found, client, *each)) for each in kinds]
            now = [each.result() for each in going]
            taken += now
            await asyncio.sleep(WITHDRAWN_SECONDS)
            async with asyncio.TaskGroup() as group:
                for each in now:
                    group.create_task(restore(found, client, each))
            await asyncio.sleep(RESTORED_SECONDS)
        seconds = time.monotonic() - begun
        refused = await cut_off(found, seen)
        for each in asking:
            each.cancel()
        await asyncio.wait(asking)
    return seen, taken, len(seen.answers) / seconds if refused else 0.0


async def cut_off(found: Cell, seen: Seen) -> bool:
    """With its database away, the second gateway tells nothing later than a second (and what a look-up takes)."""
    found.way.set("cut")
    cut = time.monotonic()
    await asyncio.sleep(4.0)
    late = [a for a in seen.answers if a[1] == 1 and a[2] > cut + LATEST_SECONDS + 0.3]
    return bool(late) and all(a[3] == 503 for a in late)


def judge(seen: Seen, taken: list[Withdrawal]) -> tuple[float, int, Counter[str]]:
    """The latest that was told after a withdrawal was answered, how often it was too late, and withdrawals after which class 2 came back."""
    of_person: dict[int, list[tuple[float, bool]]] = {}
    for n, _, at, _, shown in seen.answers:
        of_person.setdefault(n, []).append((at, shown))
    latest, too_late, kinds = 0.0, 0, Counter()
    for each in taken:
        kinds[each.kind] += 1
        for n in each.people:
            for at, shown in of_person.get(n, ()):
                if shown and each.answered < at < each.until:
                    latest = max(latest, at - each.answered)
                    too_late += at - each.answered > LATEST_SECONDS
    return latest, too_late, kinds


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=400, help="withdrawals")
    parser.add_argument("--seed", type=int, default=12)
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="ovrevoke") as name,
        stage.departments(businesses=400) as departments,
        cell(departments, Path(name)) as found,
    ):
        seen, taken, rate = asyncio.run(play(found, arguments.rounds, arguments.seed))
        logs = [(Path(name) / f"{each}.log").read_text() for each in "ab"]
        exceptions = sum("Traceback" in log for log in logs)
        for log in logs:
            if "Traceback" in log:
                print("Traceback" + log.partition("Traceback")[2][-1500:])
    latest, too_late, kinds = judge(seen, taken)
    shown = sum(answer[4] for answer in seen.answers)
    ok = not too_late and rate >= LEAST_PER_SECOND and shown > len(seen.answers) / 10 and set(kinds) == {
        "role", "person", "task", *OF_EVERYBODY,
    }  # fmt: skip
    return stage.verdict(
        "revoke", ok, withdrawals=len(taken), kinds=dict(kinds), latest_s=latest, too_late=too_late, per_second=rate,
        with_class_2=shown, of=len(seen.answers), silent=seen.silent, logs_with_traceback=exceptions, open_tasks=OPEN_TASKS,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
