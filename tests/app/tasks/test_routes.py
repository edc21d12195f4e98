"""Tasks, certificates, the caller's own card and the catalogue."""

import pytest

from auth.principal import Role

BUSINESS = "91310115MA1YYY024Y"
TASK = {
    "business_id": BUSINESS,
    "region": "330106",
    "assignees": ["inspector-1"],
    "basis": "complaint 12345",
}


class TestTasks:
    async def test_opening_listing_and_closing(self, gateway):
        opened = (await gateway.leader.post("/v1/tasks", json=TASK)).json()
        mine = (await gateway.inspector.get("/v1/tasks")).json()
        assert [t["id"] for t in mine] == [opened["id"]]
        assert (await gateway.leader.get("/v1/tasks")).json() == []
        assert len((await gateway.leader.get("/v1/tasks", params={"mine": False})).json()) == 1
        closed = await gateway.leader.post(f"/v1/tasks/{opened['id']}:close")
        assert closed.json()["closed_at"]
        assert (await gateway.inspector.get("/v1/tasks")).json() == []
        assert (
            len((await gateway.inspector.get("/v1/tasks", params={"only_open": False})).json()) == 1
        )
        again = await gateway.leader.post(f"/v1/tasks/{opened['id']}:close")
        assert (again.status_code, again.json()["code"]) == (409, "task.not_open")

    @pytest.mark.parametrize(
        ("changes", "status", "code"),
        [
            ({"region": "310115"}, 403, "task.outside_region"),
            ({"business_id": "91110105MA0YYY014U"}, 422, "task.invalid"),
            ({"assignees": []}, 422, "request.invalid"),
            ({"basis": "x"}, 422, "request.invalid"),
            ({"purpose": "curiosity"}, 422, "request.invalid"),
            ({"ends_in_hours": 10_000}, 422, "request.invalid"),
        ],
    )
    async def test_refusals(self, gateway, changes, status, code):
        response = await gateway.leader.post("/v1/tasks", json={**TASK, **changes})
        assert (response.status_code, response.json()["code"]) == (status, code)

    async def test_a_leader_of_another_region_closes_nothing(self, gateway):
        opened = (await gateway.leader.post("/v1/tasks", json=TASK)).json()
        elsewhere = gateway.caller("leader-2", Role.TEAM_LEADER, region="310000")
        assert (await elsewhere.post(f"/v1/tasks/{opened['id']}:close")).json()[
            "code"
        ] == "task.unknown"


OFFICER = {
    "name": "王某",
    "department": "fire",
    "region": "330106",
    "valid_from": "2025-01-01",
    "valid_to": "2030-01-01",
}


async def test_a_task_opened_with_a_permit_number_serves_its_business(city):
    permit = "91310115MA1YYY024Y001P"
    task = (await city.leader.post("/v1/tasks", json={**TASK, "business_id": permit})).json()
    for text in (permit, BUSINESS):
        params = {"purpose": "inspection", "task": task["id"]}
        assert (await city.inspector.get(f"/v1/profiles/{text}", params=params)).status_code == 200


class TestOfficers:
    async def test_a_data_manager_registers_the_own_people(self, gateway):
        manager = gateway.manager("fire")
        assert (await manager.put("/v1/officers/ZJ-7", json=OFFICER)).status_code == 200
        renewed = await manager.put("/v1/officers/ZJ-7", json={**OFFICER, "valid_to": "2035-01-01"})
        assert renewed.json()["valid_to"] == "2035-01-01"
        assert [o["certificate_no"] for o in (await manager.get("/v1/officers")).json()] == ["ZJ-7"]
        assert (await gateway.manager("tax").get("/v1/officers")).json() == []

    async def test_and_nobody_elses(self, gateway):
        await gateway.manager("fire").put("/v1/officers/ZJ-7", json=OFFICER)
        attempts = [
            await gateway.manager("tax").put("/v1/officers/ZJ-8", json=OFFICER),
            await gateway.manager("tax").put(
                "/v1/officers/ZJ-7", json={**OFFICER, "department": "tax"}
            ),
            await gateway.manager("fire").put(
                "/v1/officers/ZJ-8", json={**OFFICER, "region": "310115"}
            ),
        ]
        assert [a.json()["code"] for a in attempts] == ["officer.foreign_department"] * 3

    async def test_a_certificate_cannot_end_before_it_begins(self, gateway):
        response = await gateway.manager("fire").put(
            "/v1/officers/ZJ-7", json={**OFFICER, "valid_to": "2020-01-01"}
        )
        assert response.json()["code"] == "request.invalid"


async def test_the_own_card(gateway):
    me = (await gateway.inspector.get("/v1/me")).json()
    assert (me["subject"], me["roles"], me["certificate_no"]) == (
        "inspector-1",
        ["inspector"],
        "ZJ-0001",
    )
    assert "profile:read" in me["permissions"]
    assert "record:read" not in me["permissions"]


class TestCatalogue:
    async def test_fields_with_class_and_label_but_none_of_class_1(self, gateway):
        fields = (
            await gateway.inspector.get("/v1/catalogue/fields", params={"section": "tax"})
        ).json()
        by_name = {f["field"]: f for f in fields}
        assert by_name["overdue_filing_count"]["field_class"] == 2
        assert by_name["taxpayer_name"]["label"]["zh"] == "纳税人名称"
        assert "declared_tax" not in by_name

    async def test_reasons_and_problem_codes_explain_themselves(self, gateway):
        reasons = (await gateway.inspector.get("/v1/catalogue/reasons")).json()
        assert {"no_record", "deadline_exceeded"} <= {r["code"] for r in reasons}
        shown = (await gateway.client().get("/problems/task.outside_region")).json()
        assert (shown["status"], shown["text"]["zh"]) == (403, "任务地区超出您的管辖范围")
        assert (await gateway.client().get("/problems/nothing")).json()["code"] == "problem.unknown"


async def test_health_needs_no_token(gateway):
    client = gateway.client()
    assert [(await client.get(p)).json()["status"] for p in ("/livez", "/readyz")] == [
        "alive",
        "ready",
    ]


@pytest.mark.parametrize("text", ["plan \u0000 7", "plan \ud800 7"])
async def test_texts_that_no_database_holds_are_refused_on_both(gateway, text):
    import json

    body = json.dumps({**TASK, "basis": text})
    response = await gateway.leader.post(
        "/v1/tasks", content=body, headers={"content-type": "application/json"}
    )
    assert response.status_code in {201, 422}
    if response.status_code == 422:
        assert response.json()["code"] == "request.invalid"
    listed = await gateway.leader.get("/v1/tasks", params={"mine": False})
    assert listed.status_code == 200


async def test_the_commit_comes_before_the_answer(gateway, monkeypatch, caplog):
    """A commit that fails must not be told as success."""

    def fail(_session):
        raise RuntimeError

    leader = gateway.leader
    monkeypatch.setattr("app.core.deps.Session.commit", fail)
    refused = await leader.post("/v1/tasks", json=TASK)
    monkeypatch.undo()
    assert (refused.status_code, refused.json()["code"]) == (500, "server.internal")
    assert (await leader.get("/v1/tasks", params={"mine": False})).json() == []
    assert (await leader.post("/v1/tasks", json=TASK)).status_code == 201
