"""Tasks: who opens and closes them, whom they serve."""

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
            ({"region": "310115"}, 403, "task.outside_region"),
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

    async def test_a_leader_of_another_region_closes_nothing(self, gateway):
        opened = (await gateway.leader.post("/v1/tasks", json=TASK)).json()
        elsewhere = gateway.caller("leader-2", Role.TEAM_LEADER, region="310000")
        assert (await elsewhere.post(f"/v1/tasks/{opened['id']}:close")).json()[
            "code"
        ] == "task.unknown"


async def test_a_task_opened_with_a_permit_number_serves_its_business(city):
    permit = "91310115MA1YYY024Y001P"
    task = (await city.leader.post("/v1/tasks", json={**TASK, "business_id": permit})).json()
    for text in (permit, BUSINESS):
        params = {"purpose": "inspection", "task": task["id"]}
        assert (await city.inspector.get(f"/v1/profiles/{text}", params=params)).status_code == 200
