"""A day's route in one request."""

import asyncio
import json

import pytest

from app.core.deps import ADMISSION, RATES
from app.profile.deps import ENGINE
from tests.fixtures.databases import ON_SQLITE

pytestmark = ON_SQLITE

MAIN, CLEAN, CHAIN = "91330106MA2YYY034D", "91310115MA1YYY024Y", "91370102999999066X"

PATROL = {"purpose": "patrol"}


def events(text):
    return [json.loads(row) for row in text.splitlines()]


async def entries(gateway, event):
    return (
        await gateway.auditor.get("/v1/audit/entries", params={"event": event, "limit": 200})
    ).json()["items"]


class TestBatch:
    async def test_each_item_has_a_line_and_refusals_are_lines_and_traced(self, city):
        items = [{"business_id": b} for b in (MAIN, "not-a-business", CLEAN, CHAIN)]
        response = await city.inspector.post("/v1/profiles:batch", json={**PATROL, "items": items})
        told = events(response.text)
        assert told[-1] == {"type": "end", "value": {"items": 4}}
        by_position = {e["value"]["position"]: e for e in told[:-1]}
        assert [by_position[n]["type"] for n in range(4)] == [
            "profile",
            "problem",
            "profile",
            "profile",
        ]
        assert by_position[0]["value"]["profile"]["name"] == "杭州示例餐饮有限公司"
        assert by_position[1]["value"]["business_id"] == "not-a-business"
        assert by_position[1]["value"]["problem"]["code"] == "identifier.length"
        assert len(await entries(city, "profile.business.viewed")) == 3
        assert [e["outcome"] for e in await entries(city, "gateway.request.refused")] == [
            "identifier.length"
        ]

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {**PATROL, "items": []},
            {**PATROL, "items": [{"business_id": MAIN}] * 201},
            {**PATROL, "items": [{"id": 1}]},
        ],
    )
    async def test_malformed_and_too_large_batches_are_refused_whole(self, city, body):
        assert (await city.inspector.post("/v1/profiles:batch", json=body)).status_code == 422

    async def test_a_line_comes_for_every_item_even_when_nothing_can_be_traced(self, city):
        engine = ENGINE.of(city.app)
        items = [{"business_id": b} for b in (MAIN, "rubbish")]
        client = city.inspector
        await client.get("/v1/me")
        await asyncio.to_thread(engine.disclosure.sequencer.stop)
        response = await client.post("/v1/profiles:batch", json={**PATROL, "items": items})
        told = events(response.text)
        assert [e["type"] for e in told] == ["problem", "problem", "end"]
        assert {e["value"]["problem"]["code"] for e in told[:2]} == {"audit.unavailable"}

    async def test_each_item_is_one_look_up_of_the_callers_rate(self, city):
        rates, asked = RATES.of(city.app), []
        allows = rates.allows
        rates.allows = lambda caller: asked.append(caller) or allows(caller)
        await city.inspector.post(
            "/v1/profiles:batch", json={**PATROL, "items": [{"business_id": CLEAN}] * 5}
        )
        assert asked == ["inspector-1"] * 6

    async def test_it_yields_while_the_gateway_is_busy(self, city):
        admission = ADMISSION.of(city.app)
        admission.in_flight = 900
        task = asyncio.create_task(
            city.inspector.post(
                "/v1/profiles:batch", json={**PATROL, "items": [{"business_id": CLEAN}]}
            )
        )
        await asyncio.sleep(0.2)
        assert not task.done()
        admission.in_flight -= 900
        response = await task
        assert response.status_code in {200, 503}
