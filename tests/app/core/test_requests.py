"""Requests on both databases: texts that cannot be stored, the commit before the answer."""

import pytest

BUSINESS = "91310115MA1YYY024Y"

TASK = {
    "business_id": BUSINESS,
    "assignees": ["inspector-1"],
    "basis": "complaint 12345",
}


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
    assert (await leader.get("/v1/tasks", params={"mine": False})).json()["items"] == []
    assert (await leader.post("/v1/tasks", json=TASK)).status_code == 201
