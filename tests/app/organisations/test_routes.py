"""Officers' certificates and the caller's own card."""

OFFICER = {
    "name": "王某",
    "department": "fire",
    "region": "330106",
    "valid_from": "2025-01-01",
    "valid_to": "2030-01-01",
}


class TestOfficers:
    async def test_a_data_manager_registers_the_own_people(self, gateway):
        manager = gateway.manager("fire")
        assert (await manager.put("/v1/officers/ZJ-7", json=OFFICER)).status_code == 200
        renewed = await manager.put("/v1/officers/ZJ-7", json={**OFFICER, "valid_to": "2035-01-01"})
        assert renewed.json()["valid_to"] == "2035-01-01"
        assert [
            o["certificate_no"] for o in (await manager.get("/v1/officers")).json()["items"]
        ] == ["ZJ-7"]
        assert (await gateway.manager("tax").get("/v1/officers")).json()["items"] == []

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
