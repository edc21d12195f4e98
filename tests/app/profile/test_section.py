"""One section, asked alone and patiently."""

import asyncio

from tests.fixtures.databases import ON_SQLITE

pytestmark = ON_SQLITE

MAIN, CLEAN, CHAIN = "91330106MA2YYY034D", "91310115MA1YYY024Y", "91370102999999066X"

PATROL = {"purpose": "patrol"}


async def entries(gateway, event):
    return (
        await gateway.auditor.get("/v1/audit/entries", params={"event": event, "limit": 200})
    ).json()["items"]


class TestSection:
    async def test_one_department_is_asked_alone_and_patiently(self, city, departments):
        departments.set("tax", "slow")
        profile = await city.inspector.get(
            f"/v1/profiles/{CLEAN}", params=PATROL, headers={"Deadline": "400"}
        )
        assert profile.json()["sections"]["tax"]["outcome"] == "timed_out"
        served = len(await entries(city, "profile.section.viewed"))
        alone = await city.inspector.get(
            f"/v1/profiles/{CLEAN}/sections/tax", params={**PATROL, "wait": 6000}
        )
        assert alone.json()["section"]["outcome"] == "fresh"
        assert alone.json()["section"]["elapsed_ms"] >= 2000
        assert len(await entries(city, "profile.section.viewed")) == served + 1

    async def test_an_adapter_suspended_while_it_is_waited_for_discloses_nothing(
        self, city, departments
    ):
        departments.set("health", "slow")
        params = {**PATROL, "wait": 6000}
        asked = asyncio.create_task(
            city.inspector.get(f"/v1/profiles/{CLEAN}/sections/health", params=params)
        )
        await asyncio.sleep(0.3)
        assert (
            await city.coordinator.post(
                "/v1/adapters/health:suspend", json={"reason": "maintenance"}
            )
        ).status_code == 200
        response = await asked
        assert (response.status_code, response.json()["code"]) == (404, "profile.section_unknown")

    async def test_unknown_sections_and_waits_are_refused(self, city):
        response = await city.inspector.get(f"/v1/profiles/{CLEAN}/sections/nothing", params=PATROL)
        assert (response.status_code, response.json()["code"]) == (404, "profile.section_unknown")
        response = await city.inspector.get(
            f"/v1/profiles/{CLEAN}/sections/tax", params={**PATROL, "wait": 9000}
        )
        assert response.status_code == 422
