"""A sealed purpose: supervision of enforcement, of which those who are looked at learn nothing."""

import pytest

from app.profile import plans
from app.tasks.errors import TaskPurposeForeign
from auth.principal import Role
from tests.app.agreements.test_acts import CITY, MAIN, Parties
from tests.builders.inspections import an_id, an_inspection
from tests.fixtures.databases import ON_SQLITE

TASK = {
    "business_id": MAIN,
    "basis": "case 7 of this year",
    "purpose": "supervision",
    "ends_in_hours": 24,
}


class Supervision:
    def __init__(self, gateway, office=None):
        def one(subject, role=Role.SUPERVISOR, department=office):
            return gateway.caller(subject, role, department=department, region=CITY)

        self.first, self.second = one("s-1"), one("s-2")
        self.leader = one("leader-9", Role.TEAM_LEADER, None)
        self.officer = one("o-9", Role.INSPECTOR, "fire")

    async def opened(self):
        answer = await self.first.post("/v1/tasks", json={**TASK, "assignees": ["s-2"]})
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]


async def seen(client, task):
    params = {"purpose": "supervision", "task": task}
    return await client.get(f"/v1/profiles/{MAIN}", params=params)


async def test_what_an_agreement_gives_to_supervision_is_told_to_it_alone(city):
    parties, those = Parties(city), Supervision(city, "justice")
    await parties.units()
    system = city.caller("system", Role.SYSTEM_ADMINISTRATOR, region="000000")
    body = {"unit_id": "law-city", "tier": "city", "region": CITY, "department": "justice"}
    body |= {"name": {"zh": "司法局", "en": "justice"}, "parts": ["application"]}
    assert (await system.post("/v1/units", json=body)).status_code == 201
    task = await those.opened()
    assert (await seen(those.second, task)).json()["sections"]["tax"]["outcome"] == "denied"
    justice = city.caller("qian", Role.DATA_MANAGER, department="justice", region=CITY)
    drafted = await parties.draft(
        justice, application_unit="law-city", clauses={"purposes": ["supervision"]}
    )
    path = "/v1/agreements/fire-tax/versions/1"
    assert (await justice.post(f"{path}:submit")).status_code == 200
    for client in (parties.tax, parties.data, justice):
        answer = await parties.sign(client, drafted)
        assert answer.status_code == 200, answer.text
    tax = (await seen(those.second, task)).json()["sections"]["tax"]
    assert tax["data"]["overdue_filing_count"] == 1
    for client in (those.officer, those.leader):
        answer = await seen(client, task)
        assert (answer.status_code, answer.json()["code"]) == (422, "profile.purpose_unknown")


@ON_SQLITE
class TestTasks:
    @pytest.fixture
    async def those(self, city):
        return Supervision(city)

    async def test_nobody_else_learns_of_one(self, those):
        task = await those.opened()
        for client, there in ((those.first, True), (those.second, True), (those.leader, False)):
            listed = (await client.get("/v1/tasks?mine=false")).json()["items"]
            assert (task in {row["id"] for row in listed}) is there
        assert [row["id"] for row in (await those.second.get("/v1/tasks")).json()["items"]] == [
            task
        ]
        for act in ("approve", "close"):
            answer = await those.leader.post(f"/v1/tasks/{task}:{act}")
            assert (answer.status_code, answer.json()["code"]) == (404, "task.unknown")
        assert (await those.second.post(f"/v1/tasks/{task}:approve")).status_code == 200
        assert (await those.first.post(f"/v1/tasks/{task}:close")).status_code == 200

    async def test_who_is_named_by_mistake_learns_nothing_and_makes_no_visit(self, city, those):
        body = {**TASK, "assignees": ["inspector-1", "s-2"]}
        task = (await those.first.post("/v1/tasks", json=body)).json()["id"]
        assert (await city.inspector.get("/v1/tasks")).json()["items"] == []
        record = an_inspection(task, business_id=MAIN)
        answer = await city.inspector.put(f"/v1/inspections/{an_id()}", json=record)
        assert answer.json()["code"] == "inspection.task_unknown"
        who = {"department": "fire", "certificate_no": "ZJ-0001", "region": "000000"}
        both = city.caller("inspector-1", Role.INSPECTOR, Role.SUPERVISOR, **who)
        answer = await both.put(f"/v1/inspections/{an_id()}", json=record)
        assert answer.json()["code"] == "inspection.task_unknown"

    async def test_departments_are_told_neither_the_purpose_nor_the_unit(self, city, monkeypatch):
        those, told = Supervision(city, "justice"), set()
        task = await those.opened()
        head_of = plans.head_of

        def recorded(query, left_ms):
            told.add((query.purpose, query.unit))
            return head_of(query, left_ms)

        monkeypatch.setattr(plans, "head_of", recorded)
        assert (await seen(those.second, task)).status_code == 200
        assert told == {("official", f"region:{CITY}")}

    async def test_each_purpose_is_opened_by_its_own(self, those):
        body = {**TASK, "assignees": ["o-9"]}
        answer = await those.leader.post("/v1/tasks", json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, TaskPurposeForeign.code)
        answer = await those.first.post("/v1/tasks", json={**body, "purpose": "inspection"})
        assert (answer.status_code, answer.json()["code"]) == (403, TaskPurposeForeign.code)
        opened = await those.leader.post("/v1/tasks", json={**body, "purpose": "inspection"})
        path = f"/v1/tasks/{opened.json()['id']}"
        for act in ("approve", "close"):
            answer = await those.first.post(f"{path}:{act}")
            assert (answer.status_code, answer.json()["code"]) == (403, TaskPurposeForeign.code)

    async def test_no_supervisor_judges_a_broken_glass(self, city, those):
        broken = {"business_id": MAIN, "reason": "a fire next door, and nobody answers the phone"}
        task = (await those.officer.post("/v1/tasks:break-glass", json=broken)).json()["id"]
        answer = await those.first.post(
            f"/v1/tasks/{task}:review", json={"justified": True, "note": "as it should"}
        )
        assert (answer.status_code, answer.json()["code"]) == (403, TaskPurposeForeign.code)

    @pytest.mark.parametrize(
        ("purpose", "hours", "status"),
        [("supervision", 168, 201), ("supervision", 169, 422), ("emergency", 72, 201), ("emergency", 73, 422)],
    )  # fmt: skip
    async def test_a_task_ends_when_its_purpose_ends(self, those, purpose, hours, status):
        client = those.first if purpose == "supervision" else those.leader
        body = {**TASK, "purpose": purpose, "ends_in_hours": hours, "assignees": ["o-9"]}
        answer = await client.post("/v1/tasks", json=body)
        assert answer.status_code == status, answer.text
        if status != 201:
            assert [e["code"] for e in answer.json()["errors"]] == ["task_too_long"]

    async def test_who_asks_why_is_told_as_of_a_purpose_that_does_not_exist(self, those):
        told = []
        for purpose in ("supervision", "nothing"):
            body = {"business_id": MAIN, "section": "tax", "purpose": purpose}
            for client in (those.officer, those.leader):
                answer = await client.post("/v1/decisions:explain", json=body)
                told.append(answer.text.replace(purpose, ""))
        assert told[0] == told[2]
        assert told[1] == told[3]
