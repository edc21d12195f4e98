"""A valid inspector guesses: codes of businesses elsewhere, tasks and records of others. Nothing of class 2 comes back, a refusal has one length
whether the thing exists or not, and its time does not tell either.
"""

import argparse
import asyncio
import itertools
import random
import sys
import uuid
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

import httpx

from adapters.contract.business_id import org_code_check_character, uscc_check_character
from adapters.fakes.world import World
from auth.principal import Role
from tests.builders.inspections import an_inspection
from tests.campaigns import stage

NAMES = ("registration", "tax", "fire", "food")
MOST_AUC, RECORDS = 0.55, 40
CLASS_2 = (
    b'"taxpayer_status"',
    b'"overdue_filing_count"',
    b'"filing_on_time"',
    b'"tax_credit_grade"',
)
HOME = "330100"
KINDS = ("business", "task of look-up", "task", "record", "record of leader", "person", "delivery")
VALID = {"valid_from": "2020-01-01", "valid_to": "2099-12-31"}
RESULT = {"department": "food", "item_code": "FOOD-1", "mode": "determined", "result": "conform"}
PRESENT = [{"certificate_no": "ZJ-0002"}, {"certificate_no": "ZJ-0001"}]


def auc(of_one: list[float], of_other: list[float]) -> float:
    """How well one threshold tells two lists apart: 0.5 is not at all, 1 is always."""
    ranked = sorted([(t, 0) for t in of_one] + [(t, 1) for t in of_other])
    ranks = sum(rank for rank, (_, which) in enumerate(ranked, 1) if which == 0)
    n, m = len(of_one), len(of_other)
    found = (ranks - n * (n + 1) / 2) / (n * m)
    return max(found, 1 - found)


class Guesser:
    """What came back, by what was guessed: whether it exists, how long, how long it took."""

    def __init__(self, client: stage.Client) -> None:
        self.client = client
        self.seconds: dict[tuple[str, bool], list[float]] = defaultdict(list)
        self.lengths: dict[str, set[int]] = defaultdict(set)
        self.leaks: list[str] = []
        self.asked = 0

    async def try_(
        self, kind: str, exists: bool, path: str, token: str, method: str = "GET"
    ) -> None:
        headers = {"Content_Length": "0"} if method == "POST" else {}
        answer = await self.client.get(path, token, method=method, **headers)
        self.asked += 1
        if answer.status == 200:
            withheld = answer.body.partition(b'"withheld"')[0]
            self.leaks += [
                f"{path}: {name.decode()}" for name in CLASS_2 if name + b":" in withheld
            ]
            return
        code = answer.json().get("code", "")
        self.lengths[f"{kind} {code}"].add(len(answer.body))
        self.seconds[kind, exists].append(answer.seconds)


def guessed_codes(rng: random.Random, count: int) -> list[str]:
    """Well-formed codes of other provinces that nobody has."""
    found = []
    for _ in range(count):
        office, number = (
            rng.choice(("310115", "110105", "440300")),
            "MA" + "".join(rng.choices("0123456789ABCDEFGHJKLMNPQRTUWXY", k=6)),
        )
        body = f"91{office}{number}{org_code_check_character(number)}"
        found.append(body + uscc_check_character(body))
    return found


def planned(
    rng: random.Random, count: int, things: dict[str, list[str]], tokens: dict[str, str]
) -> list[tuple[str, bool, str, str, str]]:
    """What is tried, in a random order: of each kind, half of them exist."""
    codes = itertools.cycle(guessed_codes(rng, count))
    look_up = f"/v1/profiles/{things['near'][0]}?purpose=inspection&task="
    routes = {
        "business": ("GET", "/v1/profiles/", "abroad", "inspector"),
        "task of look-up": ("GET", look_up, "tasks", "inspector"),
        "task": ("POST", "/v1/tasks/", "tasks", "leader"),
        "record": ("GET", "/v1/inspections/", "records", "inspector"),
        "record of leader": ("GET", "/v1/inspections/", "records", "leader of tax"),
        "person": ("GET", "/v1/people/", "people", "manager"),
        "delivery": ("GET", "/v1/deliveries/", "deliveries", "manager"),
    }
    behind = {"business": "?purpose=patrol", "task": ":close"}
    found = []
    for number in range(count):
        kind, exists = KINDS[number % len(KINDS)], rng.random() < 0.5
        method, path, of, who = routes[kind]
        nobodys = str(uuid.UUID(int=rng.getrandbits(128), version=4))
        guess = rng.choice(things[of]) if exists else nobodys
        if kind == "business" and not exists:
            guess = next(codes)
        whole = f"{path}{guess}{behind.get(kind, '')}"
        found.append((kind, exists, whole, tokens[who], method))
    rng.shuffle(found)
    return found


async def campaign(gateway: stage.Gateway, count: int, seed: int) -> int:
    rng, world = random.Random(seed), World(1, 400, datetime.now(UTC).date())
    things = {
        "abroad": [b.business_id for b in world.generated if b.business_id[2:6] != HOME[:4]],
        "near": [b.business_id for b in world.generated if b.business_id[2:6] == HOME[:4]],
    }
    issuer, home = gateway.issuer, {"department": "fire", "region": HOME}
    tokens = {
        "inspector": issuer.token("inspector-g", Role.INSPECTOR, certificate_no="ZJ-0003", **home),
        "leader": issuer.token("leader-g", Role.TEAM_LEADER, **home),
        "leader of tax": issuer.token("leader-t", Role.TEAM_LEADER, department="tax", region=HOME),
        "manager": issuer.token("manager-g", Role.DATA_MANAGER, **home),
    }
    async with stage.client(gateway.port) as client:
        things |= await others(gateway, things["near"])
        found = Guesser(client)
        for each in planned(rng, count, things, tokens):
            await found.try_(*each)
    told = {kind: auc(found.seconds[kind, True], found.seconds[kind, False]) for kind in KINDS[1:]}
    print(f"  asked {found.asked}, lengths { ({k: sorted(v) for k, v in found.lengths.items()}) }")
    print(f"  told apart by time: { ({k: round(v, 3) for k, v in told.items()}) }")
    if found.leaks:
        print("  leaks:", *found.leaks[:5], sep="\n    ")
    one_length = all(len(lengths) == 1 for lengths in found.lengths.values())
    fine = (
        not found.leaks and one_length and max(told.values()) <= MOST_AUC and found.asked == count
    )
    return stage.verdict(
        "enumerate", fine, seed=seed, guesses=found.asked, leaks=len(found.leaks), lengths=one_length, auc=max(told.values())
    )  # fmt: skip


class Others:
    """People of another department in the same city, and what they leave: tasks, records, deliveries, people."""

    def __init__(self, gateway: stage.Gateway, asking: httpx.AsyncClient) -> None:
        issuer, food = gateway.issuer, {"department": "food", "region": HOME}
        self.asking = asking
        self.tokens = {
            "leader": issuer.token("leader-o", Role.TEAM_LEADER, **food),
            "colleague": issuer.token(
                "colleague-o",
                Role.INSPECTOR,
                certificate_no="ZJ-0001",
                department="fire",
                region=HOME,
            ),
            "officer": issuer.token("officer-o", Role.INSPECTOR, certificate_no="ZJ-0002", **food),
            "coordinator": issuer.token("coordinator-o", Role.COORDINATOR, region="000000"),
            "system": issuer.token("system-o", Role.SYSTEM_ADMINISTRATOR, region="000000"),
        }

    async def act(self, who: str, method: str, path: str, body: object = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        answer = await self.asking.request(method, path, headers=headers, json=body)
        assert answer.is_success, (path, answer.status_code, answer.text)
        return answer.json()

    async def visited(self, near: list[str]) -> tuple[list[str], list[str]]:
        """Tasks and their records."""
        for number, department in (("ZJ-0001", "fire"), ("ZJ-0002", "food")):
            certificate = {"name": "某", "department": department, "region": HOME} | VALID
            await self.act("coordinator", "PUT", f"/v1/officers/{number}", certificate)
        tasks, records = [], [str(uuid.uuid4()) for _ in range(RECORDS)]
        for number, record in enumerate(records):
            code = near[number % len(near)]
            body = {"business_id": code, "assignees": ["officer-o"], "basis": "plan 7"}
            tasks.append((await self.act("leader", "POST", "/v1/tasks", body))["id"])
            visit = an_inspection(tasks[-1], business_id=code, results=[RESULT], officers=PRESENT)
            told = await self.act("officer", "PUT", f"/v1/inspections/{record}", visit)
            said = {"digest": told["digest"]}
            await self.act("colleague", "POST", f"/v1/inspections/{record}:confirm", said)
        return tasks, records

    async def registered(self) -> list[str]:
        """People of a unit."""
        unit = {
            "unit_id": "food-o",
            "name": {"zh": "某", "en": "x"},
            "tier": "city",
            "region": HOME,
            "department": "food",
        }
        await self.act("system", "POST", "/v1/units", unit)
        bodies = [{"name": f"某{n}", "unit": "food-o", "subject": f"o-{n}"} for n in range(RECORDS)]
        return [
            (await self.act("system", "POST", "/v1/people", body))["person_id"] for body in bodies
        ]

    async def sent(self) -> list[str]:
        """Deliveries to the department."""
        rows = (await self.act("coordinator", "GET", "/v1/deliveries?limit=200"))["items"]
        return [row["id"] for row in rows if row["department"] == "food"]


async def others(gateway: stage.Gateway, near: list[str]) -> dict[str, list[str]]:
    """What there is to be guessed."""
    base = f"http://{stage.HOST}:{gateway.port}"
    async with httpx.AsyncClient(base_url=base, trust_env=False, timeout=30) as asking:
        found = Others(gateway, asking)
        tasks, records = await found.visited(near)
        return {
            "tasks": tasks,
            "records": records,
            "people": await found.registered(),
            "deliveries": await found.sent(),
        }


def main() -> int:
    """Run and say how it ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10_000, help="guesses")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with stage.departments(businesses=400) as found:
        manifests = stage.manifests_of(found, *NAMES)
        with stage.gateway(manifests, ONEVISIT_CALLS_PER_SECOND="0") as gateway:
            return asyncio.run(campaign(gateway, arguments.rounds, arguments.seed))


if __name__ == "__main__":
    sys.exit(main())
