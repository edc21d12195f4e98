"""A hostile data manager, leader and coordinator of one department: only their own section suffers.

The food department's people are the insiders. They have valid tokens, a system of their own that answers as they like, and every door
of the API. After each act the profile of a business is looked up by an officer of another department: nobody else's section may differ by
a byte, times and ids apart, and the event loop may not be late. The control: answers of another department are changed, which must be seen.
"""

import argparse
import asyncio
import itertools
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from adapters.fakes.departments import manifest_of
from adapters.fakes.world import World
from auth.principal import Role
from tests.campaigns import stage

NAMES = ("registration", "tax", "fire", "health", "emergency", "customs")
OWN = "food"
MAIN = "91330106MA2YYY034D"
LONGEST_LATE_S = 0.05
_TIMES = {"as_of", "fetched_at", "elapsed_ms", "age_s", "source_digest", "attempts", "outcome"}
REASON = {"reason": "as the campaign likes"}


@dataclass
class Insider:
    """Who acts, on what."""

    client: httpx.AsyncClient
    gateway: stage.Gateway
    hostile: stage.Departments
    number: "itertools.count[int]" = field(default_factory=itertools.count)
    suspects: list[str] = field(default_factory=list)

    def token(self, subject: str, role: Role, department: str | None = OWN, **more: Any) -> str:
        return self.gateway.issuer.token(subject, role, department=department, **more)

    async def call(
        self, method: str, path: str, token: str, *allowed: int, **more: Any
    ) -> httpx.Response:
        """A request, and whether its status is one of those that may be."""
        headers = {"Authorization": f"Bearer {token}", **more.pop("headers", {})}
        answer = await self.client.request(method, path, headers=headers, **more)
        if allowed and answer.status_code not in allowed:
            self.suspects.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        return answer

    async def manage(self, method: str, path: str, *allowed: int, **more: Any) -> httpx.Response:
        return await self.call(
            method, path, self.token("insider", Role.DATA_MANAGER), *allowed, **more
        )

    def manifest(self, **changes: Any) -> dict[str, Any]:
        """A manifest of an adapter that is not there yet."""
        name = f"kitchens_{next(self.number)}"
        made = manifest_of(OWN, self.hostile.addresses[OWN])
        made.pop("mapping", None)
        return {**made, "adapter_id": name, "section": name, **changes}


Act = Callable[[Insider], Awaitable[None]]
ACTS: dict[str, Act] = {}


def act(name: str, function: Act) -> None:
    ACTS[name] = function


def refused(name: str, change: Callable[[Insider], dict[str, Any]]) -> None:
    """A manifest that must not be taken."""

    async def register(insider: Insider) -> None:
        await insider.manage("POST", "/v1/adapters", 403, 409, 413, 422, json=change(insider))

    ACTS[name] = register


for _section in (
    "registration",
    "tax",
    "fire",
    "public_security",
    "health",
    "customs",
    "ecology",
    "culture",
    "drug",
):
    refused(f"section of another: {_section}", lambda i, s=_section: i.manifest(section=s))
    refused(
        f"department of another: {_section}",
        lambda i, s=_section: i.manifest(section=s, department=s),
    )
for _kind in ("tax", "public_security", "standard_restful", "../tax", "os"):
    refused(f"kind that tells another section: {_kind}", lambda i, k=_kind: i.manifest(kind=k))
refused("region of the nation", lambda i: i.manifest(region="000000"))
refused("region of another city", lambda i: i.manifest(region="330200"))
for _header in (
    "Host",
    "Content-Length",
    "Transfer-Encoding",
    "Connection",
    "X-Unit",
    "X-Purpose",
    "Expect",
    "Cookie",
):
    refused(
        f"header of the gateway's own: {_header}",
        lambda i, h=_header: i.manifest(auth={"kind": "api_key", "header": h}),
    )
for _address in (
    "http://169.254.169.254/",
    "http://[fe80::1]/",
    "http://0.0.0.0/",
    "ftp://127.0.0.1/",
    "http://a@127.0.0.1/",
    "http://2130706433/",
):
    refused(f"address: {_address}", lambda i, a=_address: i.manifest(base_url=a))
refused(
    "a path with a line break", lambda i: i.manifest(mapping={"request": {"path": "/a\r\nX: y"}})
)
refused("a manifest nested three hundred deep", lambda i: i.manifest(mapping=nested(300)))
refused("a manifest of a megabyte", lambda i: i.manifest(contact="x" * 900_000))


def nested(depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for _ in range(depth):
        made = {"a": made}
    return made


DOUBLINGS = {
    "a list that doubles": "|".join(["[@,@]"] * 30),
    "a flattened list that doubles": "|".join(["[@,@][]"] * 24),
    "objects that double": "|".join(["{a:@,b:@}"] * 20),
    "a comparison of what doubled": "|".join(["[@,@]"] * 20) + "|[0]==@",
    "a text of what doubled": "|".join(["[@,@]"] * 20) + "|to_string(@)",
    "a sorted list": "sort_by(@, &a)",
    "a map of maps": "map(&map(&@, @), @)",
}
for _name, _path in DOUBLINGS.items():

    async def _previewed(insider: Insider, path: str = _path) -> None:
        mapping = {
            "response": {"record": "data"},
            "fields": [{"to": "permits", "path": path, "items": []}],
        }
        wanted = {
            "manifest": insider.manifest(mapping=mapping),
            "sample": {"data": {"a": [1] * 50}},
        }
        answers = await asyncio.gather(
            *(insider.manage("POST", "/v1/adapters:preview", json=wanted) for _ in range(8))
        )
        insider.suspects += [f"preview: {a.status_code}" for a in answers if a.status_code != 422]

    act(f"a mapping with a price: {_name}", _previewed)


for _secret in ("x\r\nHost: evil", "x\nX-Unit: tax", "x\x00y", "钥匙"):

    async def _smuggled(insider: Insider, secret: str = _secret) -> None:
        manifest = insider.manifest(auth={"kind": "api_key"})
        await insider.manage("POST", "/v1/adapters", 201, json=manifest)
        path = f"/v1/adapters/{manifest['adapter_id']}/credentials"
        await insider.manage("PUT", path, 422, json={"api_key": secret})

    act(f"a smuggled header: {_secret!r}", _smuggled)


for _mode in (
    "gzip_bomb", "many_elements", "deep_objects", "deep", "wrong_types", "keys_twice", "wrong_business", "list_entry_broken",
    "invalid_utf8", "hang", "garbage", "error", "slow", "down", "status_302", "no_content", "reset_in_body", "surplus_later",
):  # fmt: skip

    async def _answered(insider: Insider, mode: str = _mode) -> None:
        insider.hostile.set(OWN, mode)
        await asyncio.gather(*(look_up(insider, f"patroller-{n}") for n in range(6)))

    act(f"own system answers: {_mode}", _answered)


async def _exam_flood(insider: Insider) -> None:
    answers = await asyncio.gather(
        *(insider.manage("POST", f"/v1/adapters/{OWN}:verify") for _ in range(40))
    )
    operations = {a.json()["id"] for a in answers if a.status_code == 202}
    if len(operations) > 8:
        insider.suspects.append(f"exam flood: {len(operations)} examinations")


async def _exams_of_many(insider: Insider) -> None:
    for _ in range(12):
        manifest = insider.manifest()
        await insider.manage("POST", "/v1/adapters", 201, json=manifest)
        await insider.manage("POST", f"/v1/adapters/{manifest['adapter_id']}:verify", 202)


async def _flip(insider: Insider) -> None:
    for _ in range(10):
        await insider.manage("POST", f"/v1/adapters/{OWN}:suspend", 200, json=REASON)
        await insider.manage("POST", f"/v1/adapters/{OWN}:resume", 200, json=REASON)


async def _others(insider: Insider) -> None:
    for name in NAMES:
        for verb in ("suspend", "resume", "retire"):
            await insider.manage("POST", f"/v1/adapters/{name}:{verb}", 403, 404, json=REASON)
        await insider.manage(
            "PUT", f"/v1/adapters/{name}/credentials", 403, 404, json={"api_key": "x"}
        )
        await insider.manage(
            "PUT",
            f"/v1/adapters/{name}",
            403,
            404,
            422,
            json=insider.manifest(adapter_id=name, section=name),
        )
        await insider.manage("POST", f"/v1/adapters/{name}:verify", 403, 404)


async def _tasks(insider: Insider) -> None:
    leader = insider.token("leader-food", Role.TEAM_LEADER)
    body = {"business_id": MAIN, "assignees": ["inspector-9"], "basis": "plan"}
    await asyncio.gather(
        *(insider.call("POST", "/v1/tasks", leader, 201, 429, 503, json=body) for _ in range(100))
    )


async def _odd_tasks(insider: Insider) -> None:
    leader = insider.token("leader-food", Role.TEAM_LEADER)
    good = {"business_id": MAIN, "assignees": ["inspector-9"], "basis": "plan"}
    for change in (
        {"region": "110000"}, {"assignees": []}, {"assignees": ["x"] * 5000}, {"basis": "x" * 100_000},
        {"business_id": "x"}, {"extra": 1}, {"basis": "a\x00b"}, {"region": "abc"},
    ):  # fmt: skip
        await insider.call("POST", "/v1/tasks", leader, 403, 413, 422, json={**good, **change})


async def _claims(insider: Insider) -> None:
    """Tokens with claims of any length: each request stands alone."""
    long = insider.token("x" * 3000, Role.PATROLLER, department="y" * 3000)
    await asyncio.gather(
        *(insider.call("GET", f"/v1/profiles/{MAIN}?purpose=patrol", long) for _ in range(5)),
        *(look_up(insider, f"patroller-{n}") for n in range(5)),
    )


async def _own_review(insider: Insider) -> None:
    both = insider.token("insider", Role.COORDINATOR)
    manifest = insider.manifest()
    await insider.manage("POST", "/v1/adapters", 201, json=manifest)
    await insider.call("POST", f"/v1/adapters/{manifest['adapter_id']}:approve", both, 403, 409)


async def _coordinator_abroad(insider: Insider) -> None:
    abroad = insider.token("coordinator-9", Role.COORDINATOR, None, region="330200")
    for name in NAMES:
        await insider.call("POST", f"/v1/adapters/{name}:approve", abroad, 404)
        await insider.call("POST", f"/v1/adapters/{name}:suspend", abroad, 404, json=REASON)


async def _slow_names(insider: Insider) -> None:
    for n in range(20):
        manifest = insider.manifest(base_url=f"https://nobody-{n}.invalid")
        answer = await insider.manage("POST", "/v1/adapters", json=manifest)
        if answer.status_code == 201:
            await insider.manage("POST", f"/v1/adapters/{manifest['adapter_id']}:verify", 202)


async def _metadata_flood(insider: Insider) -> None:
    await asyncio.gather(*(insider.manage("GET", "/v1/adapters") for _ in range(60)))


async def _same_host(insider: Insider) -> None:
    """An adapter at the very address of another department's system."""
    manifest = insider.manifest(base_url=insider.gateway_departments["tax"])  # type: ignore[attr-defined]  # set by the campaign
    await insider.manage("POST", "/v1/adapters", 201, json=manifest)
    await insider.manage("POST", f"/v1/adapters/{manifest['adapter_id']}:verify", 202)


for _name, _function in {
    "forty examinations at once": _exam_flood,
    "examinations of a dozen adapters": _exams_of_many,
    "suspended and resumed ten times": _flip,
    "acts on other departments' adapters": _others,
    "a hundred tasks": _tasks,
    "tasks that are none": _odd_tasks,
    "claims of any length": _claims,
    "a review of the own adapter": _own_review,
    "a coordinator of another region": _coordinator_abroad,
    "names that do not resolve": _slow_names,
    "sixty readings at once": _metadata_flood,
    "another department's host": _same_host,
}.items():
    act(_name, _function)


async def look_up(insider: Insider, subject: str) -> dict[str, Any]:
    """What somebody of another department sees now."""
    token = insider.token(subject, Role.PATROLLER, "urban_management")
    answer = await insider.call(
        "GET",
        f"/v1/profiles/{MAIN}?purpose=patrol",
        token,
        200,
        headers={"Cache-Control": "no-cache"},
    )
    body: dict[str, Any] = answer.json()
    return body


def others(profile: dict[str, Any]) -> bytes:
    """Everybody else's sections, and what rests on them, without times and ids."""
    sections = {
        name: {key: value for key, value in told.items() if key not in _TIMES}
        for name, told in profile.get("sections", {}).items()
        if name != OWN and not name.startswith("kitchens_")
    }
    headline = {
        question: {key: value for key, value in answer.items() if key not in _TIMES}
        for question, answer in profile.get("headline", {}).items()
        if question in {"registered", "taxes_on_time"}
    }
    return json.dumps([sections, headline], sort_keys=True).encode()


def late_looks(metrics: dict[str, float]) -> float:
    """Looks at the event loop that came later than the bound."""
    total = metrics['onevisit_loop_lag_seconds_bucket{le="+Inf"}']
    return total - metrics[f'onevisit_loop_lag_seconds_bucket{{le="{LONGEST_LATE_S}"}}']


async def campaign(names: list[str], *, small: bool) -> int:
    """Each act, and what it changed for the others; a small size judges no times."""
    World(1, 10, datetime.now(UTC).date())
    changed: list[str] = []
    late: dict[str, float] = {}
    with (
        stage.departments(businesses=50) as found,
        stage.departments(businesses=50) as hostile,
    ):
        own = manifest_of(OWN, hostile.addresses[OWN])
        manifests = [*stage.manifests_of(found, *NAMES), own]
        with stage.gateway(manifests, ONEVISIT_CALLS_PER_SECOND="0") as gateway:
            base = f"http://{stage.HOST}:{gateway.port}"
            async with httpx.AsyncClient(base_url=base, timeout=60, trust_env=False) as client:
                insider = Insider(client, gateway, hostile)
                insider.gateway_departments = found.addresses  # type: ignore[attr-defined]  # for one act
                for _ in range(10):
                    await look_up(insider, "warm")
                before = others(await look_up(insider, "witness"))
                for name in names:
                    looks = late_looks(gateway.metrics())
                    hostile.mend()
                    await ACTS[name](insider)
                    if others(await look_up(insider, "witness")) != before:
                        changed.append(name)
                    late[name] = late_looks(gateway.metrics()) - looks
                    print(
                        f"  {name}: late looks {late[name]:.0f}"
                        + (", CHANGED" if name in changed else ""),
                        flush=True,
                    )
                hostile.mend()
                found.set("tax", "wrong_types")
                seen = others(await look_up(insider, "witness")) != before
                exceptions = [line for line in gateway.exceptions if "AdapterError" not in line]
                suspects = insider.suspects
    for line in (*suspects[:10], *exceptions[:5]):
        print(f"  {line}")
    total = sum(late.values())
    fine = (
        not changed
        and not suspects
        and not exceptions
        and seen
        and (small or total <= len(names) * 0.05)
    )
    return stage.verdict(
        "insider", fine, acts=len(names), changed=len(changed), unexpected=len(suspects), late_looks=int(total),
        exceptions=len(exceptions), control_seen=seen,
    )  # fmt: skip


def main() -> int:
    """Run and say how it ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--rounds", type=int, default=0, help="so many of the acts, evenly spread; 0: all"
    )
    arguments = parser.parse_args()
    names = list(ACTS)
    if arguments.rounds:
        names = names[:: max(1, len(names) // arguments.rounds)]
    return asyncio.run(campaign(names, small=bool(arguments.rounds)))


if __name__ == "__main__":
    sys.exit(main())
