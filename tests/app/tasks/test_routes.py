"""Tasks: who opens and closes them, whom they serve."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from app.businesses.models import KnownBusiness
from app.core.deps import DATABASE
from app.tasks import service
from auth.principal import Role
from tests.fixtures.databases import ON_SQLITE

BUSINESS = "91310115MA1YYY024Y"

TASK = {
    "business_id": BUSINESS,
    "assignees": ["inspector-1"],
    "basis": "complaint 12345",
}


class TestTasks:
    async def test_a_list_tells_the_shop_s_name_once_registration_has(self, gateway):
        await gateway.leader.post("/v1/tasks", json=TASK)
        (listed,) = (await gateway.inspector.get("/v1/tasks")).json()["items"]
        assert listed["business_name"] is None
        with DATABASE.of(gateway.app).write() as session:
            told = {"region": "310115", "sites": {}, "told_at": datetime.now(UTC)}
            session.add(KnownBusiness(id="k", business_id=BUSINESS, name="浦东某店", **told))
        (listed,) = (await gateway.inspector.get("/v1/tasks")).json()["items"]
        assert listed["business_name"] == "浦东某店"

    async def test_who_sends_himself_waits_for_a_second_person(self, city):
        leader = city.caller("leader-1", Role.TEAM_LEADER, Role.INSPECTOR, region="330100")
        other = city.caller("leader-2", Role.TEAM_LEADER, region="330100")
        body = {"business_id": "91330106MA2YYY034D", "basis": "plan 7"}
        own = await leader.post("/v1/tasks", json=body | {"assignees": ["leader-1"]})
        assert own.status_code == 201, own.text
        await leader.post("/v1/tasks", json=body | {"assignees": ["inspector-1"]})

        async def waiting():
            asked = {"mine": False, "unapproved": True}
            return [t["id"] for t in (await other.get("/v1/tasks", params=asked)).json()["items"]]

        assert await waiting() == [own.json()["id"]]
        await other.post(f"/v1/tasks/{own.json()['id']}:approve")
        assert await waiting() == []

    async def test_opening_listing_and_closing(self, gateway):
        opened = (await gateway.leader.post("/v1/tasks", json=TASK)).json()
        mine = (await gateway.inspector.get("/v1/tasks")).json()["items"]
        assert [t["id"] for t in mine] == [opened["id"]]
        assert (await gateway.leader.get("/v1/tasks")).json()["items"] == []
        assert (
            len((await gateway.leader.get("/v1/tasks", params={"mine": False})).json()["items"])
            == 1
        )
        closed = await gateway.leader.post(f"/v1/tasks/{opened['id']}:close")
        assert closed.json()["closed_at"]
        assert (await gateway.inspector.get("/v1/tasks")).json()["items"] == []
        assert (
            len(
                (await gateway.inspector.get("/v1/tasks", params={"only_open": False})).json()[
                    "items"
                ]
            )
            == 1
        )
        again = await gateway.leader.post(f"/v1/tasks/{opened['id']}:close")
        assert (again.status_code, again.json()["code"]) == (409, "task.not_open")

    @pytest.mark.parametrize(
        ("changes", "status", "code"),
        [
            ({"region": "310115"}, 422, "request.invalid"),
            ({"business_id": "91110105MA0YYY014U"}, 422, "identifier.check_character"),
            ({"assignees": []}, 422, "request.invalid"),
            ({"basis": "x"}, 422, "request.invalid"),
            ({"purpose": "curiosity"}, 422, "request.invalid"),
            ({"ends_in_hours": 10_000}, 422, "request.invalid"),
        ],
    )
    async def test_refusals(self, gateway, changes, status, code):
        response = await gateway.leader.post("/v1/tasks", json={**TASK, **changes})
        assert (response.status_code, response.json()["code"]) == (status, code)

    @pytest.mark.parametrize(
        "other", [{"region": "310000"}, {"department": "tax", "region": "000000"}]
    )
    async def test_nobody_of_another_region_or_department_acts_on_it(self, gateway, other):
        opened = (await gateway.leader.post("/v1/tasks", json=TASK)).json()
        elsewhere = gateway.caller("leader-2", Role.TEAM_LEADER, **other)
        for act in ("close", "approve"):
            answer = await elsewhere.post(f"/v1/tasks/{opened['id']}:{act}")
            assert (answer.status_code, answer.json()["code"]) == (404, "task.unknown")
        listed = await elsewhere.get("/v1/tasks", params={"mine": "false"})
        assert listed.json()["items"] == [], listed.text


async def test_a_task_opened_with_a_permit_number_serves_its_business(city):
    permit = "91310115MA1YYY024Y001P"
    task = (await city.leader.post("/v1/tasks", json={**TASK, "business_id": permit})).json()
    for text in (permit, BUSINESS):
        params = {"purpose": "inspection", "task": task["id"]}
        assert (await city.inspector.get(f"/v1/profiles/{text}", params=params)).status_code == 200


async def tax_of(city, task, client=None):
    params = {"purpose": "inspection", "task": task}
    answer = await (client or city.inspector).get(f"/v1/profiles/{MAIN}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()["sections"]["tax"]


def why_withheld(tax):
    return {row["reason"] for row in tax.get("withheld", []) if row["class"] == 2}


MAIN = "91330106MA2YYY034D"
OPEN = {"business_id": MAIN, "assignees": ["inspector-1"], "basis": "complaint 12345"}


@ON_SQLITE
class TestClass2:
    async def test_its_region_is_what_registration_says(self, city):
        opened = await city.leader.post("/v1/tasks", json=OPEN)
        assert opened.json()["region"] == "330106"
        elsewhere = city.caller("leader-2", Role.TEAM_LEADER, department="fire", region="310000")
        refused = await elsewhere.post("/v1/tasks", json=OPEN)
        assert (refused.status_code, refused.json()["code"]) == (403, "task.outside_region")

    async def test_who_opened_it_needs_another_person(self, city):
        own = OPEN | {"assignees": ["leader-1"]}
        task = (await city.leader.post("/v1/tasks", json=own)).json()
        tax = await tax_of(city, task["id"], city.leader)
        assert "overdue_filing_count" not in tax["data"]
        assert why_withheld(tax) == {"task_alone"}
        alone = await city.leader.post(f"/v1/tasks/{task['id']}:approve")
        assert (alone.status_code, alone.json()["code"]) == (403, "task.four_eyes")
        second = city.caller("leader-2", Role.TEAM_LEADER, department="fire")
        approved = (await second.post(f"/v1/tasks/{task['id']}:approve")).json()
        assert approved["approved_by"] == "leader-2"
        tax = await tax_of(city, task["id"], city.leader)
        assert tax["data"]["overdue_filing_count"] == 1
        again = await second.post(f"/v1/tasks/{task['id']}:approve")
        assert (again.status_code, again.json()["code"]) == (409, "task.approved")

    async def test_whoever_may_approve_it_is_told(self, city):
        def leader(region, department="fire"):
            role = Role.TEAM_LEADER
            return city.caller(
                f"l-{region}-{department}", role, department=department, region=region
            )

        own = OPEN | {"assignees": ["l-330000-fire"]}
        task = (await leader("330000").post("/v1/tasks", json=own)).json()["id"]
        told = []
        for who in (("330000",), ("330100",), ("330106",), ("330200",), ("330106", "tax")):
            inbox = (await leader(*who).get("/v1/inbox")).json()["items"]
            told.append([notice["about"]["id"] for notice in inbox])
        assert told == [[task], [task], [task], [], []]
        assert (await leader("330106").post(f"/v1/tasks/{task}:approve")).status_code == 200

    async def test_an_officer_of_another_department_sees_none_of_it(self, city):
        task = (await city.leader.post("/v1/tasks", json=OPEN | {"assignees": ["i-2"]})).json()
        food = city.caller("i-2", Role.INSPECTOR, department="food")
        assert why_withheld(await tax_of(city, task["id"], food)) == {"task_foreign"}

    async def test_an_officer_of_another_region_sees_none_of_it(self, city):
        own = city.caller("tax-1", Role.INSPECTOR, department="tax", region="310000")
        answer = await own.get(f"/v1/profiles/{MAIN}", params={"purpose": "patrol"})
        tax = answer.json()["sections"]["tax"]
        assert set(tax["classes"]) == {4}, answer.json()["sections"]["registration"]
        assert why_withheld(tax) == {"region_foreign"}

    async def test_while_registration_is_away_it_opens_no_class_2(self, city, departments):
        departments.set("registration", "down")
        task = (await city.leader.post("/v1/tasks", json=OPEN)).json()
        assert task["region"] is None
        waiting = (await city.inspector.get("/v1/tasks")).json()["items"]
        assert [t["id"] for t in waiting] == [task["id"]]
        tax = await tax_of(city, task["id"])
        assert tax["outcome"] == "fresh"
        assert why_withheld(tax) == {"region_unknown"}
        departments.mend()
        async with asyncio.timeout(20):
            while (await city.inspector.get("/v1/tasks")).json()["items"][0]["region"] is None:
                await asyncio.sleep(0.1)
        tax = await tax_of(city, task["id"])
        assert tax["data"]["overdue_filing_count"] == 1

    async def test_one_that_turns_out_to_lie_elsewhere_is_closed(self, city, departments):
        departments.set("registration", "down")
        elsewhere = city.caller("leader-2", Role.TEAM_LEADER, department="fire", region="310000")
        task = (await elsewhere.post("/v1/tasks", json=OPEN)).json()
        assert task["region"] is None
        departments.mend()
        params = {"mine": False, "only_open": False}
        async with asyncio.timeout(20):
            while True:
                found = (await city.leader.get("/v1/tasks", params=params)).json()["items"]
                if found and found[0]["closed_at"]:
                    break
                await asyncio.sleep(0.1)

    @pytest.mark.parametrize("door", ["stream", "section"])
    async def test_the_first_question_about_a_business_opens_it_too(self, city, door):
        """Nobody knows yet where it is: registration says so in the same look-up."""
        tax_officer = city.caller("tax-1", Role.INSPECTOR, department="tax")
        path, params = f"/v1/profiles/{MAIN}", {"purpose": "patrol"}
        if door == "section":
            answer = await tax_officer.get(f"{path}/sections/tax", params=params)
            tax = answer.json()["section"]
        else:
            headers = {"Accept": "application/x-ndjson"}
            answer = await tax_officer.get(path, params=params, headers=headers)
            lines = [json.loads(line) for line in answer.text.splitlines()]
            told = {r["value"]["name"]: r["value"] for r in lines if r["type"] == "section"}
            tax = told["tax"]["section"]
        assert tax["data"]["overdue_filing_count"] == 1

    async def test_a_wider_officer_sees_none_by_a_leader_of_elsewhere(self, city, departments):
        """The leader of one county opened it while registration was away; it lies in another."""
        departments.set("registration", "down")
        county = city.caller("leader-3", Role.TEAM_LEADER, department="fire", region="330108")
        task = (await county.post("/v1/tasks", json=OPEN)).json()
        departments.mend()
        officer = city.caller("inspector-1", Role.INSPECTOR, department="fire", region="330100")
        params = {"purpose": "inspection", "task": task["id"]}
        answer = await officer.get(f"/v1/profiles/{MAIN}", params=params)
        if answer.status_code == 200:  # before the background has found out and closed it
            why = why_withheld(answer.json()["sections"]["tax"])
            assert why  # the second, while registration is still thought to be away
            assert why <= {"task_elsewhere", "region_unknown"}
        else:
            assert answer.json()["code"] == "profile.task_not_valid"

    async def test_no_leader_sends_others_elsewhere(self, city):
        leader = city.caller("leader-8", Role.TEAM_LEADER, department="fire", region="330100")
        abroad = OPEN | {"business_id": "91310115MA1YYY024Y"}
        answer = await leader.post("/v1/tasks", json=abroad)
        assert (answer.status_code, answer.json()["code"]) == (403, "task.outside_region")

    async def test_an_assigned_officer_finds_his_tasks_whoever_opened_them(self, city):
        above = city.caller("leader-9", Role.TEAM_LEADER, region="330100")
        task = (await above.post("/v1/tasks", json=OPEN)).json()
        assert task["department"] is None
        mine = (await city.inspector.get("/v1/tasks")).json()["items"]
        assert [t["id"] for t in mine] == [task["id"]]

    async def test_a_stream_waits_for_a_slower_registration(self, city, departments):
        """While nobody knows where the business is, nobody knows what class 2 may leave."""
        departments.set("registration", "ok", latency_ms=250)
        try:
            officer = city.caller("tax-1", Role.INSPECTOR, department="tax")
            headers = {"Accept": "application/x-ndjson"}
            params = {"purpose": "patrol"}
            answer = await officer.get(f"/v1/profiles/{MAIN}", params=params, headers=headers)
        finally:
            departments.set("registration", "ok")
        lines = [json.loads(line) for line in answer.text.splitlines()]
        told = [row["value"] for row in lines if row["type"] == "section"]
        assert told[0]["name"] == "registration"
        tax = next(row["section"] for row in told if row["name"] == "tax")
        assert tax["data"]["overdue_filing_count"] == 1

    async def test_where_it_was_long_ago_is_asked_for_again(self, city):
        """A section asked alone, of a business that has moved here since."""
        with DATABASE.of(city.app).write() as session:
            told_at = datetime.now(UTC) - timedelta(days=2)
            row = KnownBusiness(
                id="x", business_id=MAIN, region="310115", sites={}, told_at=told_at
            )
            session.add(row)
        officer = city.caller("tax-1", Role.INSPECTOR, department="tax")
        path = f"/v1/profiles/{MAIN}/sections/tax"
        answer = await officer.get(path, params={"purpose": "patrol"})
        assert answer.json()["section"]["data"]["overdue_filing_count"] == 1

    async def test_an_emergency_is_approved_afterwards(self, city):
        own = OPEN | {"assignees": ["leader-1"], "emergency": True}
        task = (await city.leader.post("/v1/tasks", json=own)).json()
        opened, due = (datetime.fromisoformat(task[n]) for n in ("opened_at", "approve_by"))
        assert due - opened == timedelta(hours=24)
        assert why_withheld(await tax_of(city, task["id"], city.leader)) == {"task_alone"}
        second = city.caller("leader-2", Role.TEAM_LEADER, department="fire")
        approved = await second.post(f"/v1/tasks/{task['id']}:approve")
        assert approved.json()["approve_by"] is None

    async def test_a_person_opens_so_many_a_day(self, gateway, monkeypatch, tmp_path):
        few = tmp_path / "limits.csv"
        columns = "name,value,valid_from,valid_to,region,source,confidence"
        few.write_text(f"{columns}\nmost_opened_a_day,2,2025-08-01,,000000,x,M\n")
        monkeypatch.setattr(service, "LIMITS", few)
        for _ in range(2):
            assert (await gateway.leader.post("/v1/tasks", json=TASK)).status_code == 201
        one_more = await gateway.leader.post("/v1/tasks", json=TASK)
        assert (one_more.status_code, one_more.json()["code"]) == (409, "task.too_many")
        other = gateway.caller("leader-2", Role.TEAM_LEADER)
        assert (await other.post("/v1/tasks", json=TASK)).status_code == 201
