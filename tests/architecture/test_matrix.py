"""Who may do what to something of the fire department in Hangzhou: every route × every role × own or other department × own or other region.

`matrix.csv` is literal: a cell is `yes`, `hidden` (a list without it), or the code of the refusal. It must be what the gateway does, and what a model
says that knows nothing of the engine: permissions by `permissions.csv`, region and department by prefix. `ONEVISIT_WRITE_MATRIX=1` writes it anew,
to be read before it is committed.
"""

import csv
import itertools
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.fakes.departments import manifest_of
from auth.principal import Role
from tests.builders.inspections import an_id, an_inspection
from tests.fixtures.gateway import running

HERE = Path(__file__).parent
MATRIX, TASKS = HERE / "matrix.csv", HERE / "matrix_of_tasks.csv"
WRITE = bool(os.environ.get("ONEVISIT_WRITE_MATRIX"))
MAIN, CITY, ELSEWHERE, COUNTY = "91330106MA2YYY034D", "330100", "310115", "330106"
OWN, OTHER = "fire", "food"
SOON = (datetime.now(UTC) + timedelta(days=1)).isoformat()
UNITS = [
    {
        "unit_id": unit_id, "name": {"zh": "某", "en": "x"}, "tier": "city", "region": CITY, "parts": part.split(),
        **({"department": department} if department else {}),
    }
    for unit_id, department, part in (
        ("m-fire", OWN, "source application"), ("m-data", None, "coordinator"), ("m-police", "public_security", "application"), ("m-emergency", "emergency", "source"),
    )
]  # fmt: skip
PEOPLE = "姓名,单位编号\n名单,m-fire\n"
CSV = {"Content-Type": "text/csv"}
PERSON = {"name": "某", "subject": "m-1", "unit": "m-fire"}
TASK = {"business_id": MAIN, "assignees": ["m-0", "m-1"], "basis": "plan 7"}
OFFICER = {
    "name": "某",
    "department": OWN,
    "region": CITY,
    "valid_from": "2025-01-01",
    "valid_to": "2030-01-01",
}
AGREEMENT = {
    "agreement_id": "m-fire", "source_unit": "m-fire", "coordinator_unit": "m-data", "application_unit": "m-police",
    "clauses": {
        "purposes": ["inspection"], "legal_basis": "政务数据共享条例第二十条", "strictest_class": 3, "valid_from": "2026-01-01",
        "security_responsible": "陈某",
    },
}  # fmt: skip
COUNTS = {
    "agreement_id": "m-counts", "source_unit": "m-emergency", "coordinator_unit": "m-data", "application_unit": "m-fire",
    "clauses": {**AGREEMENT["clauses"], "purposes": ["analysis"], "strictest_class": 1, "daily_quota": 1000},
}  # fmt: skip
GLASS = {
    "business_id": MAIN,
    "reason": "现场发生火情，无法联系负责人，需要核对经营状态",
}
SWITCH = {"mode": "block", "reason": "tried by everybody"}
WEBHOOK = {
    "url": "http://127.0.0.1:9/",
    "kinds": ["record.denied"],
    "role": "data_manager",
}
CALLERS = [(d, r) for d in ("own", "other") for r in ("own", "other")]
HEAD = ["route", *(f"{role}.{d}.{r}" for role in Role for d, r in CALLERS)]
ABOVE_DEPARTMENTS = {
    "coordinator",
    "supervisor",
    "auditor",
    "system_administrator",
    "security_administrator",
    "audit_administrator",
}
"""In tests they come without a department, as they do in life."""
"""Routes that are about nothing of anybody: their permission is all there is."""
OF_NOBODY = {
    "GET /v1/catalogue/fields", "GET /v1/catalogue/reasons", "GET /v1/catalogue/findings", "GET /v1/catalogue/rules", "GET /v1/catalogue/sections", "GET /v1/catalogue/labels", "GET /v1/me", "POST /v1/me:sign-out",
    "POST /v1/businesses:resolve", "GET /v1/inbox", "GET /v1/inbox/unread", "POST /v1/inbox:read", "GET /v1/inspections", "GET /v1/jobs",
    "POST /v1/jobs/{name}:run", "GET /v1/webhooks/kinds", "POST /v1/webhooks", "GET /v1/audit/events",
    "GET /v1/saved-filters/{screen}", "PUT /v1/saved-filters/{screen}", "POST /v1/saved-filters/{screen}:drop",
}  # fmt: skip


@pytest.fixture
def engine_name():
    return "sqlite"


def caller(gateway, role, department, region):
    """Somebody of a role; one above departments has none."""
    named = {"own": OWN, "other": OTHER}[department]
    return gateway.caller(
        f"x-{role}-{department}-{region}",
        role,
        department=None if role in ABOVE_DEPARTMENTS else named,
        region={"own": CITY, "other": ELSEWHERE}[region],
        certificate_no="ZJ-0009",
    )


class Things:
    """Something of each kind, of the fire department in Hangzhou."""

    def __init__(self, gateway, departments):
        self.gateway, self.departments = gateway, departments
        self.numbers = itertools.count()

    async def make(self):
        gateway = self.gateway
        await gateway.officers()
        system = gateway.caller("system-0", Role.SYSTEM_ADMINISTRATOR, region=CITY)
        security = gateway.caller("security-0", Role.SECURITY_ADMINISTRATOR, region=CITY)
        leader = gateway.caller("leader-0", Role.TEAM_LEADER, department=OWN, region=CITY)
        manager = gateway.caller("manager-0", Role.DATA_MANAGER, department=OWN, region=CITY)
        for unit in UNITS:
            assert (await system.post("/v1/units", json=unit)).status_code == 201
        self.person = (await system.post("/v1/people", json=PERSON)).json()["person_id"]
        granted = await security.post(f"/v1/people/{self.person}/roles", json={"role": "inspector"})
        people = await manager.post("/v1/people-imports", content=PEOPLE, headers=CSV)
        self.imported = people.json()["import_id"]
        self.role = granted.json()["roles"][0]["role_id"]
        self.task = (await leader.post("/v1/tasks", json=TASK)).json()["id"]
        officer = gateway.caller(
            "m-0", Role.INSPECTOR, department=OWN, region=CITY, certificate_no="ZJ-0001"
        )
        answer = await officer.post("/v1/tasks:break-glass", json=GLASS)
        self.glass = answer.json()["id"]
        self.record = an_id()
        record = an_inspection(self.task, business_id=MAIN)
        answer = await officer.put(f"/v1/inspections/{self.record}", json=record)
        assert answer.status_code in {200, 201}, answer.text
        second = gateway.caller(
            "m-2", Role.INSPECTOR, department=OTHER, region=CITY, certificate_no="ZJ-0002"
        )
        self.digest = {"digest": answer.json()["digest"]}
        confirmed = await second.post(f"/v1/inspections/{self.record}:confirm", json=self.digest)
        assert confirmed.status_code == 200, confirmed.text
        answer = await manager.post("/v1/webhooks", json=WEBHOOK)
        self.webhook = answer.json()["webhook_id"]
        self.operation = (await gateway.examine("fire"))["id"]
        rows = (await gateway.coordinator.get("/v1/deliveries")).json()["items"]
        self.delivery = next(r["id"] for r in rows if r["department"] == OWN)
        answer = await manager.post("/v1/agreements", json=AGREEMENT)
        assert answer.status_code == 201, answer.text
        await self.agree_on_counts(manager)

    async def agree_on_counts(self, manager):
        """An agreement by which analysts of the own department read counts of another one."""
        digest = (await manager.post("/v1/agreements", json=COUNTS)).json()["digest"]
        path = "/v1/agreements/m-counts/versions/1"
        assert (await manager.post(f"{path}:submit")).status_code == 200
        for client in (
            self.gateway.caller("guo", Role.DATA_MANAGER, department="emergency", region=CITY),
            self.gateway.caller("lin", Role.COORDINATOR, region=CITY),
            manager,
        ):
            answer = await client.post(f"{path}:sign", json={"digest": digest})
            assert answer.status_code == 200, answer.text

    def asked(self):
        """Every route to them, with what it is asked for; those that read come first, those that end something last."""
        reason = {"reason": "tried by everybody"}
        yield from self._read()
        yield from self._written()
        for act in ("verify", "submit", "approve", "share", "reject", "suspend", "resume"):
            bodies = {"submit": None, "verify": None, "approve": None, "share": {"share": 10}}
            yield "POST", f"/v1/adapters/fire:{act}", bodies.get(act, reason), None
        for act in ("submit", "sign", "reject", "suspend", "resume", "archive"):
            body = {"sign": {"digest": "0" * 64}, "submit": None}.get(act, reason)
            yield "POST", f"/v1/agreements/m-fire/versions/1:{act}", body, None
        yield from self._ended(reason)

    def _read(self):
        yield from (
            ("GET", "/v1/tasks?mine=false", None, self.task), ("GET", "/v1/agreements?limit=200", None, '"m-fire"'),
            ("GET", "/v1/adapters", None, '"adapter_id":"fire"'), ("GET", "/v1/operations?limit=200", None, self.operation),
            ("GET", "/v1/deliveries?limit=200", None, self.delivery), ("GET", "/v1/officers", None, "ZJ-0001"),
            ("GET", "/v1/units?limit=200", None, '"m-fire"'), ("GET", "/v1/people?limit=200", None, self.person),
            ("GET", "/v1/records", None, self.record), ("GET", "/v1/records.ndjson", None, self.record),
            ("GET", "/v1/records.csv", None, self.record), ("GET", "/v1/webhooks", None, self.webhook),
            ("GET", "/v1/people-imports", None, self.imported), ("GET", "/v1/aggregates/emergency?by=trade", None, "m-counts@1"),
            ("GET", "/v1/audit/entries?event=tasks.task.opened&limit=200", None, self.task),
        )  # fmt: skip
        agreement = "/v1/agreements/m-fire"
        for path in (
            f"/v1/inspections/{self.record}", f"{agreement}/versions/1", f"{agreement}/meter", f"{agreement}/changes?before=1&after=1",
            "/v1/adapters/fire", f"/v1/operations/{self.operation}", f"/v1/deliveries/{self.delivery}", f"/v1/people/{self.person}",
            f"/v1/webhooks/{self.webhook}", "/v1/inbox", "/v1/inbox/unread", "/v1/inspections", "/v1/jobs", "/v1/webhooks/kinds",
            "/v1/me", "/v1/catalogue/fields", "/v1/catalogue/reasons", "/v1/catalogue/findings", "/v1/catalogue/rules", "/v1/catalogue/sections", "/v1/catalogue/labels",
            "/v1/adapters/fire/history", "/v1/adapters/fire/measurements", "/v1/adapters/fire/impact", "/v1/audit/events", "/v1/saved-filters/records",
        ):  # fmt: skip
            yield "GET", path, None, None

    def _written(self):
        manifest = manifest_of("fire", self.departments.addresses["fire"])
        person, agreement = f"/v1/people/{self.person}", "/v1/agreements/m-fire"
        unit = {k: v for k, v in UNITS[0].items() if k != "unit_id"}
        lent = {"person": self.person, "role": "team_leader", "until": SOON}
        for method, path, body in (
            ("POST", "/v1/businesses:resolve", {"text": MAIN}), ("POST", "/v1/adapters:preview", {"manifest": manifest, "sample": "{}"}),
            ("POST", "/v1/tasks", TASK), ("POST", "/v1/tasks:break-glass", GLASS), ("PUT", "/v1/inspections/{new}", an_inspection(self.task, business_id=MAIN)),
            ("POST", "/v1/agreements", AGREEMENT), ("POST", f"{agreement}/versions", {"clauses": AGREEMENT["clauses"]}),
            ("POST", "/v1/adapters", manifest), ("PUT", "/v1/adapters/fire", manifest), ("PUT", "/v1/adapters/fire/credentials", {"token": "x"}),
            ("PUT", "/v1/officers/ZJ-M", OFFICER), ("POST", "/v1/units", UNITS[0]), ("PUT", "/v1/units/m-fire", unit),
            ("POST", "/v1/people", PERSON), ("POST", "/v1/people-imports", PEOPLE), ("PUT", f"/v1/catalogue/rules/I-06/regions/{CITY}", SWITCH), ("PUT", person, PERSON), ("POST", f"{person}/roles", {"role": "patroller"}),
            ("POST", "/v1/roles:delegate", lent), ("POST", f"{person}:enrol", None), ("PUT", f"{person}/keys", {"keys": []}),
            ("PUT", "/v1/saved-filters/records", {"name": "m", "query": "state=submitted"}), ("POST", "/v1/saved-filters/records:drop", {"name": "m"}),
            ("POST", "/v1/inbox:read", {"ids": [self.task]}), ("POST", "/v1/webhooks", WEBHOOK), ("POST", "/v1/jobs/notices.forget:run", None),
            ("POST", f"/v1/inspections/{self.record}:confirm", self.digest),
            ("POST", f"/v1/inspections/{self.record}:deny", {**self.digest, "reason": "tried by everybody"}),
            ("POST", f"{person}:end-sign-ons", None), ("POST", f"/v1/tasks/{self.task}:approve", None),
        ):  # fmt: skip
            yield method, path, body, None

    def _ended(self, reason):
        person, unit = f"/v1/people/{self.person}", "/v1/units/m-fire"
        for act in ("prove", "rotate"):
            yield "POST", f"/v1/webhooks/{self.webhook}:{act}", None, None
        yield "DELETE", f"/v1/webhooks/{self.webhook}", None, None
        review = {"justified": True, "note": "tried by everybody"}
        yield "POST", f"/v1/tasks/{self.glass}:review", review, None
        for path, body in (
            (f"/v1/operations/{self.operation}:cancel", None), (f"/v1/deliveries/{self.delivery}:retry", None),
            (f"/v1/deliveries/{self.delivery}:drop", reason), (f"{person}/roles/{self.role}:end", None), (f"{person}:suspend", None),
            (f"{person}:resume", None), (f"{unit}:suspend", None), (f"{unit}:resume", None), (f"/v1/tasks/{self.task}:close", None),
            (f"/v1/people-imports/{self.imported}:undo", None), ("/v1/adapters/fire:retire", reason), ("/v1/me:sign-out", None),
        ):  # fmt: skip
            yield "POST", path, body, None

    def named(self, method, path):
        """A route as `permissions.csv` names it."""
        bare = path.partition("?")[0]
        for value, name in (
            (self.person, "{person_id}"), (self.role, "{role_id}"), (self.imported, "{import_id}"), (self.task, "{task_id}"), (self.glass, "{task_id}"), (self.record, "{inspection_id}"), ("{new}", "{inspection_id}"),
            (self.operation, "{operation_id}"), (self.delivery, "{delivery_id}"), ("agreements/m-fire", "agreements/{agreement_id}"),
            ("versions/1", "versions/{version}"), ("adapters/fire", "adapters/{adapter_id}"), ("units/m-fire", "units/{unit_id}"),
            ("officers/ZJ-M", "officers/{certificate_no}"), (self.webhook, "{webhook_id}"), ("jobs/notices.forget", "jobs/{name}"), ("saved-filters/records", "saved-filters/{screen}"),
            ("aggregates/emergency", "aggregates/{section}"), (f"rules/I-06/regions/{CITY}", "rules/{rule}/regions/{region}"),
        ):  # fmt: skip
            bare = bare.replace(value, name)
        return f"{method} {bare}"


def said(answer, wanted):
    """What a cell says of an answer."""
    if answer.status_code == 409 or answer.status_code < 400:
        return "yes" if wanted is None or wanted in answer.text else "hidden"
    return answer.json()["code"]


@pytest.fixture
async def things(published_url, departments, settings_for, issuer):
    configured = settings_for(
        published_url, public_url="http://gateway", calls_per_second=0, run_worker=True
    )
    async with running(configured, issuer) as gateway:
        found = Things(gateway, departments)
        await found.make()
        yield found


def read(path):
    with path.open(newline="") as file:
        return {row[0]: row[1:] for row in list(csv.reader(file))[1:]}


def written(path, head, rows):
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([head, *rows])


async def test_every_route_for_everybody(things):
    callers = [caller(things.gateway, role, d, r) for role in Role for d, r in CALLERS]
    found = {}
    for method, path, body, wanted in things.asked():
        cells = []
        for client in callers:
            sent = {"content": body, "headers": CSV} if isinstance(body, str) else {"json": body}
            answer = await client.request(method, path.replace("{new}", an_id()), **sent)
            cells.append(said(answer, wanted))
        found[things.named(method, path)] = cells
    if WRITE:
        written(MATRIX, HEAD, [[route, *cells] for route, cells in found.items()])
    literal = read(MATRIX)
    assert found.keys() == literal.keys()
    differing = {
        f"{route} {who}: {came}, literally {told}"
        for route, cells in found.items()
        for who, came, told in zip(HEAD[1:], cells, literal[route], strict=True)
        if came != told
    }
    assert differing == set()


BEYOND = {
    "hidden", "task.unknown", "adapter.unknown", "agreement.unknown", "operation.unknown", "delivery.unknown", "inspection.unknown", "person.unknown",
    "unit.unknown", "adapter.foreign_department", "officer.foreign_department", "unit.foreign", "unit.not_there", "person.not_there", "task.outside_region",
    "agreement.not_a_party", "webhook.unknown", "people.import_faulty", "people.import_unknown", "aggregate.not_agreed", "rule.region_not_yours",
}  # fmt: skip
"""What is said of what lies beyond the caller's region or department."""
HOOKED = ("coordinator", "supervisor", "audit_administrator")
OTHERWISE = {
    # A record is also of the departments that it tells results to, and of whoever was there.
    **{f"GET /v1/records{form}": {"data_manager.other.own": "yes"} for form in ("", ".csv", ".ndjson")},
    "GET /v1/inspections/{inspection_id}": {"team_leader.other.own": "yes", "inspector.own.own": "inspection.unknown"},
    # Whose tasks they are is asked of those that somebody is sent on, not of one's own.
    "POST /v1/tasks:break-glass": {f"{r}.other.own": "yes" for r in ("inspector", "team_leader")},
    # A word on a record is of those whom it names.
    **{f"POST /v1/inspections/{{inspection_id}}:{word}": {f"{r}.own.own": "inspection.unknown" for r in ("inspector", "team_leader")} for word in ("confirm", "deny")},
    # A webhook is of those who hold its role.
    "GET /v1/webhooks": {f"{r}.{d}.own": "hidden" for r in HOOKED for d in ("own", "other")},
    **{
        route: {f"{r}.{d}.own": "webhook.unknown" for r in HOOKED for d in ("own", "other")}
        for route in ("GET /v1/webhooks/{webhook_id}", "DELETE /v1/webhooks/{webhook_id}", *(f"POST /v1/webhooks/{{webhook_id}}:{act}" for act in ("prove", "rotate")))
    },
    # A task is the officers' whom it names; its assignees are of the opener's department.
    "PUT /v1/inspections/{inspection_id}": {f"{r}.{d}.{g}": "inspection.not_on_visit" for r in ("inspector", "team_leader") for d, g in CALLERS},
    # Supervisors open tasks of supervision alone, wherever the business lies.
    "POST /v1/tasks": {
        "team_leader.other.own": "task.assignee_foreign",
        **{f"supervisor.{d}.other": "task.purpose_not_yours" for d in ("own", "other")},
    },
}  # fmt: skip
"""What region and department do not say, with the reason."""


def test_the_literal_matrix_is_what_a_model_says():
    """The model: a permission, or nothing; then what lies in another region or department is as if it were not there."""
    permissions = read(HERE / "permissions.csv")
    with (HERE / "permissions.csv").open(newline="") as file:
        columns = next(csv.reader(file))[1:]
    wrong = []
    for route, cells in read(MATRIX).items():
        for who, cell in zip(HEAD[1:], cells, strict=True):
            role, department, region = who.split(".")
            if permissions[route][columns.index(role)] == "no":
                agrees = cell == "auth.permission_missing"
            elif who in OTHERWISE.get(route, {}):
                agrees = cell == OTHERWISE[route][who]
            elif route in OF_NOBODY:
                agrees = cell != "auth.permission_missing" and cell not in BEYOND
            else:
                inside = region == "own" and (department == "own" or role in ABOVE_DEPARTMENTS)
                agrees = (cell in BEYOND) != inside and cell != "auth.permission_missing"
            if not agrees:
                wrong.append(f"{route} {who}: {cell}")
    assert wrong == []


def test_the_matrix_has_every_route_to_something():
    """What is not in it is about nothing that is somebody's, or is tried by `matrix_of_tasks.csv`."""
    others = {
        "GET /v1/profiles/{business_id}", "GET /v1/profiles/{business_id}/sections/{section}", "POST /v1/profiles:batch",
        "POST /v1/profiles/{business_id}/sections/{section}:unmask", "POST /v1/decisions:explain", "GET /v1/sign-on", "POST /v1/token", "POST /v1/sign-on/logout",
    }  # fmt: skip
    of_api = {route for route in read(HERE / "permissions.csv") if " /v1/" in route}
    assert of_api - others == set(read(MATRIX))


KINDS = ("none", "assigned", "closed", "another's", "alone", "another business", "agreement ended")
WHO = [
    (r, d, g)
    for r in ("inspector", "team_leader", "patroller")
    for d in ("own", "other")
    for g in ("own", "other")
]
FIELDS = {2: "overdue_filing_count", 3: "vat_taxpayer_type", 4: "taxpayer_name"}
SEEDS = ("seed-inspection", "seed-patrol")


async def strictest(gateway, client, purpose, task):
    """The strictest class of the tax department's data that leaves; or what is said instead."""
    params = {"purpose": purpose, **({"task": task} if task else {})}
    answer = await client.get(f"/v1/profiles/{MAIN}", params=params)
    if answer.status_code != 200:
        return answer.json()["code"]
    tax = answer.json()["sections"]["tax"]
    if "data" not in tax:
        return tax["reason"]["code"]
    withheld = {row["pointer"].removeprefix("/") for row in tax.get("withheld", [])}
    return min(level for level, name in FIELDS.items() if name not in withheld)


async def task_of(gateway, kind, who, department):
    """A task of Hangzhou's leader, for somebody; None where there is none."""
    if kind in {"none", "agreement ended"}:
        return None if kind == "none" else await task_of(gateway, "assigned", who, department)
    leader = gateway.caller("leader-0", Role.TEAM_LEADER, department=department, region=CITY)
    assignees = ["somebody-else"] if kind == "another's" else [who]
    body = {
        "business_id": "91330106M00YYY026H" if kind == "another business" else MAIN,
        "assignees": assignees,
        "basis": "plan 7",
    }
    if kind == "alone":
        leader = gateway.caller(who, Role.TEAM_LEADER, department=department, region=CITY)
    opened = await leader.post("/v1/tasks", json=body)
    assert opened.status_code == 201, opened.text
    task = opened.json()["id"]
    if kind == "closed":
        await leader.post(f"/v1/tasks/{task}:close")
    return task


async def test_every_task_for_everybody(things):
    gateway, found = things.gateway, {}
    nation = gateway.caller("nation", Role.COORDINATOR, region="000000")
    for kind in KINDS:
        if kind == "agreement ended":
            for seed in SEEDS:
                answer = await nation.post(
                    f"/v1/agreements/{seed}/versions/1:suspend", json={"reason": "its term is over"}
                )
                assert answer.status_code == 200, answer.text
        for role, department, region in WHO:
            named = {"own": "tax", "other": OWN}[department]
            who = f"y-{role}-{named}-{region}"
            client = gateway.caller(
                who, role, department=named, region={"own": CITY, "other": ELSEWHERE}[region]
            )
            task = await task_of(gateway, kind, who, named)
            purpose = "inspection" if task else "patrol"
            found[f"{kind}, {role}.{department}.{region}"] = [
                str(await strictest(gateway, client, purpose, task))
            ]
    if WRITE:
        written(
            TASKS,
            ["task, who", "strictest class told"],
            [[name, *cell] for name, cell in found.items()],
        )
    assert found == read(TASKS)


def test_the_literal_tasks_are_what_a_model_says():
    """The model: class 2 of the tax department is for its own officers in the region, and for whoever has an open task that another one opened there."""
    wrong = []
    for name, (cell,) in read(TASKS).items():
        kind, _, who = name.partition(", ")
        role, department, region = who.split(".")
        asks = kind != "none"
        if asks and role == "patroller":
            expected = "profile.purpose_not_yours"
        elif asks and (kind in {"closed", "another's", "another business"} or region == "other"):
            expected = "profile.task_not_valid"
        elif kind == "agreement ended":
            expected = "agreement_missing"
        elif region == "other":
            expected = "4"
        elif (
            department == "own" and role != "patroller"
        ):  # who observes is no officer of the department
            expected = "2"
        else:
            expected = "2" if kind == "assigned" else "3"
        if cell != expected:
            wrong.append(f"{name}: {cell}, not {expected}")
    assert wrong == []
