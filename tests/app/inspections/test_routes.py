"""Records of visits: once, by whom, what the law forbids."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest

from auth.principal import Role
from tests.builders.inspections import an_id, an_inspection, recorded

BUSINESS = "91310115MA1YYY024Y"


@pytest.fixture
async def scene(city):
    return city, await city.task(BUSINESS)


async def delivered(city, record_id, count=2):
    async with asyncio.timeout(10):
        while True:
            record = (await city.inspector.get(f"/v1/inspections/{record_id}")).json()
            if sum(w["state"] == "delivered" for w in record["write_back"]) == count:
                return record
            await asyncio.sleep(0.05)


class TestOnce:
    async def test_two_departments_receive_it_and_their_receipts_are_shown(
        self, scene, departments
    ):
        city, task = scene
        record_id = (await recorded(city, an_inspection(task)))["id"]
        record = await delivered(city, record_id)
        assert {
            w["department"]: bool(w["receipt"]["receipt_no"]) for w in record["write_back"]
        } == {"fire": True, "food": True}
        messages = [
            m["message"]
            for m in departments.received("fire")
            if m["message"].get("inspection_id") == record_id
        ]
        assert [[r["item_code"] for r in m["results"]] for m in messages] == [["FIRE-EXIT"]]

    async def test_the_same_body_gets_the_same_answer_and_another_body_is_refused(self, scene):
        city, task = scene
        record_id, body = an_id(), an_inspection(task)
        first = await city.inspector.put(f"/v1/inspections/{record_id}", json=body)
        again = await city.inspector.put(f"/v1/inspections/{record_id}", json=body)
        assert (again.status_code, again.headers["replayed"]) == (200, "true")
        assert again.json()["digest"] == first.json()["digest"]
        other = await city.inspector.put(
            f"/v1/inspections/{record_id}", json={**body, "note": "changed"}
        )
        assert (other.status_code, other.json()["code"]) == (422, "inspection.id_reused")
        stranger = city.caller("inspector-2", Role.INSPECTOR, certificate_no="ZJ-0002")
        claimed = await stranger.put(f"/v1/inspections/{record_id}", json=body)
        assert claimed.json()["code"] == "inspection.id_reused"

    async def test_twenty_at_once_make_one_record(self, scene):
        city, task = scene
        record_id, body, client = an_id(), an_inspection(task), city.inspector
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(client.put(f"/v1/inspections/{record_id}", json=body))
                for _ in range(20)
            ]
        assert sorted(t.result().status_code for t in tasks) == [200] * 19 + [201]
        records = (await city.supervisor.get("/v1/records")).json()["items"]
        assert [r["id"] for r in records] == [record_id]

    async def test_a_department_that_is_down_receives_it_later(self, scene, departments):
        city, task = scene
        departments.set("fire", "down")
        record_id = (await recorded(city, an_inspection(task)))["id"]
        record = await delivered(city, record_id, count=1)
        async with asyncio.timeout(10):
            while not (
                waiting := next(w for w in record["write_back"] if w["department"] == "fire")
            )["attempts"]:
                await asyncio.sleep(0.05)
                record = (await city.inspector.get(f"/v1/inspections/{record_id}")).json()
        assert (waiting["state"], "connect_failed" in waiting["last_error"]) == ("pending", True)
        departments.set("fire", "ok")
        await delivered(city, record_id)

    async def test_a_department_that_is_not_connected_is_shown_as_such(self, scene):
        city, task = scene
        body = an_inspection(
            task,
            results=[
                {
                    "department": "health",
                    "item_code": "H-1",
                    "mode": "observed",
                    "result": "conform",
                }
            ],
        )
        record = await recorded(city, body)
        assert [(w["department"], w["state"]) for w in record["write_back"]] == [
            ("health", "not_connected")
        ]
        assert record["state"] == "not_written_back"
        asked = {"state": "not_written_back", "remaining": True}
        listed = (await city.supervisor.get("/v1/records", params=asked)).json()
        assert [row["id"] for row in listed["items"]] == [record["id"]]


def result(**changes):
    return {
        "department": "food",
        "item_code": "F-1",
        "mode": "observed",
        "result": "conform",
        **changes,
    }


NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("changes", "status", "code", "pointer"),
    [
        (
            {"officers": [{"certificate_no": "ZJ-0001"}]},
            422,
            "inspection.too_few_officers",
            "/body/officers",
        ),
        (
            {"officers": [{"certificate_no": "ZJ-0001"}, {"certificate_no": "ZJ-0001"}]},
            422,
            "inspection.too_few_officers",
            "/body/officers",
        ),
        (
            {"officers": [{"certificate_no": "ZJ-0001"}, {"certificate_no": "ZJ-9999"}]},
            422,
            "officer.unknown",
            "/body/officers/1/certificate_no",
        ),
        (
            {"officers": [{"certificate_no": "ZJ-0002"}, {"certificate_no": "ZJ-0003"}]},
            403,
            "inspection.not_on_visit",
            None,
        ),
        (
            {"results": [result(mode="determined")]},
            403,
            "inspection.not_competent",
            "/body/results/0/mode",
        ),
        (
            {"results": [result(mode="determined", by="ZJ-0003")]},
            422,
            "officer.unknown",
            "/body/results/0/by",
        ),
        ({"results": [result(result="not_checked")]}, 422, "request.invalid", "/body/results/0"),
        ({"results": []}, 422, "request.invalid", "/body/results"),
        (
            {"results": [result(item_code="x y")]},
            422,
            "request.invalid",
            "/body/results/0/item_code",
        ),
        ({"results": [result(result="perfect")]}, 422, "request.invalid", "/body/results/0/result"),
        ({"surprise": 1}, 422, "request.invalid", "/body/surprise"),
        (
            {"business_id": "91110105MA0YYY014U"},
            422,
            "identifier.check_character",
            "/body/business_id",
        ),
        (
            {"business_id": "91330106MA2YYY034D"},
            422,
            "inspection.business_mismatch",
            "/body/business_id",
        ),
        ({"task": "0" * 36}, 422, "inspection.task_unknown", "/body/task"),
        (
            {"results": [result(department="nobody")]},
            422,
            "inspection.department_unknown",
            "/body/results/0/department",
        ),
        (
            {"results": [result(), result()]},
            422,
            "inspection.item_twice",
            "/body/results/1/item_code",
        ),
        (
            {"visit_ended_at": (NOW + timedelta(hours=2)).isoformat()},
            422,
            "inspection.visit_time_invalid",
            "/body/visit_ended_at",
        ),
        (
            {"visit_ended_at": (NOW - timedelta(hours=2)).isoformat()},
            422,
            "inspection.visit_time_invalid",
            "/body/visit_ended_at",
        ),
        (
            {"visit_started_at": (NOW - timedelta(days=200)).isoformat()},
            422,
            "inspection.visit_time_invalid",
            "/body/visit_started_at",
        ),
        (
            {"visit_started_at": (NOW - timedelta(days=1)).isoformat()},
            422,
            "inspection.outside_task",
            "/body/visit_started_at",
        ),
        (
            {"visit_started_at": "2026-11-22T10:00:00"},
            422,
            "request.invalid",
            "/body/visit_started_at",
        ),
        ({"note": "a\x00b"}, 422, "request.invalid", "/body/note"),
    ],
)
async def test_what_the_law_or_reason_forbids_is_refused(scene, changes, status, code, pointer):
    city, task = scene
    response = await city.inspector.put(
        f"/v1/inspections/{an_id()}", json={**an_inspection(task), **changes}
    )
    problem = response.json()
    assert (response.status_code, problem["code"]) == (status, code)
    assert problem.get("errors", [{"pointer": None}])[0]["pointer"] == pointer
    assert (await city.supervisor.get("/v1/records")).json()["items"] == []


async def test_a_task_for_one_site_takes_no_record_of_another(city):
    task = await city.task(BUSINESS, site="S001")
    refused = await city.inspector.put(
        f"/v1/inspections/{an_id()}", json=an_inspection(task, site="S002")
    )
    assert refused.json()["code"] == "inspection.business_mismatch"
    assert (
        await city.inspector.put(
            f"/v1/inspections/{an_id()}", json=an_inspection(task, site="S001")
        )
    ).status_code == 201


async def test_an_officer_of_the_competent_department_determines(scene):
    city, task = scene
    body = an_inspection(task, results=[result(mode="determined", by="ZJ-0002")])
    assert (await city.inspector.put(f"/v1/inspections/{an_id()}", json=body)).status_code == 201


async def test_records_are_seen_by_those_concerned_only(scene):
    city, task = scene
    record_id = an_id()
    await city.inspector.put(f"/v1/inspections/{record_id}", json=an_inspection(task))
    path = f"/v1/inspections/{record_id}"
    colleague = city.caller("inspector-2", Role.INSPECTOR, certificate_no="ZJ-0002")
    stranger = city.caller("inspector-3", Role.INSPECTOR, certificate_no="ZJ-0003")
    elsewhere = city.caller("supervisor-2", Role.SUPERVISOR, region="330000")
    seen = [
        (await c.get(path)).status_code
        for c in (colleague, city.supervisor, city.leader, stranger, elsewhere)
    ]
    assert seen == [200, 200, 200, 404, 404]
    assert (await city.inspector.get(f"/v1/inspections/{an_id()}")).json()[
        "code"
    ] == "inspection.unknown"


@pytest.mark.parametrize(
    ("minutes", "status", "code"),
    [(-9, 201, None), (-2, 201, None), (9, 201, None), (-11, 422, "inspection.outside_task")],
)
async def test_a_phones_clock_may_be_ten_minutes_off(city, minutes, status, code):
    task = await city.task(BUSINESS)
    began = datetime.now(UTC) + timedelta(minutes=minutes)
    times = {"visit_started_at": began.isoformat(), "visit_ended_at": began.isoformat()}
    answer = await city.inspector.put(
        f"/v1/inspections/{an_id()}", json=an_inspection(task, **times)
    )
    assert (answer.status_code, answer.json().get("code")) == (status, code)
    if code:
        assert "时间" in answer.json()["what_now"]["zh"]
        assert answer.json()["errors"][0]["pointer"] == "/body/visit_started_at"


async def test_the_same_instant_in_another_zone_is_the_same_record(scene):
    city, task = scene
    record_id, body = an_id(), an_inspection(task)
    assert (await city.inspector.put(f"/v1/inspections/{record_id}", json=body)).status_code == 201
    china = timezone(timedelta(hours=8))
    moved = {
        name: datetime.fromisoformat(body[name]).astimezone(china).isoformat()
        for name in ("visit_started_at", "visit_ended_at")
    }
    again = await city.inspector.put(f"/v1/inspections/{record_id}", json={**body, **moved})
    assert (again.status_code, again.headers["replayed"]) == (200, "true")
