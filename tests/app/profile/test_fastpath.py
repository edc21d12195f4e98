"""The fast path serves what is plainly in order; nobody can tell it from the declared route."""

import asyncio

import httpx
import pytest

from app.core.deps import ADMISSION, RATES
from app.profile.deps import ENGINE
from auth.principal import Role
from tests.fixtures.databases import ON_SQLITE

pytestmark = ON_SQLITE

MAIN, CLEAN, CHAIN = "91330106MA2YYY034D", "91310115MA1YYY024Y", "91370102999999066X"

PATROL = {"purpose": "patrol"}


async def entries(gateway, event):
    return (
        await gateway.auditor.get("/v1/audit/entries", params={"event": event, "limit": 200})
    ).json()["items"]


class TestFront:
    """The short way serves what is plainly in order; nobody can tell it from the declared route."""

    async def both(self, city, path, client=None, **options):
        client = client or city.inspector
        headers = options.pop("headers", {})
        await client.get(f"/v1/profiles/{CLEAN}", params=PATROL)  # the token is known from here on
        quick = await client.get(path, headers=headers, **options)
        code = path.rpartition("/")[2]  # in small letters it is not plainly in order
        declared = await client.get(path.replace(code, code.lower()), headers=headers, **options)
        return quick, declared

    @pytest.mark.parametrize("view", ["full", "summary"])
    async def test_both_ways_answer_alike(self, city, view):
        quick, declared = await self.both(
            city, f"/v1/profiles/{MAIN}", params={**PATROL, "view": view}
        )
        assert quick.status_code == declared.status_code == 200
        assert quick.headers["etag"] == declared.headers["etag"]
        for name in (
            "x-request-id",
            "x-content-type-options",
            "cache-control",
            "ratelimit",
            "ratelimit-policy",
        ):
            assert name in quick.headers
            assert name in declared.headers
        a, b = quick.json(), declared.json()
        assert a["headline"] == b["headline"]
        assert a.keys() == b.keys()
        assert {n: s.get("data") for n, s in a["sections"].items()} == {
            n: s.get("data") for n, s in b["sections"].items()
        }

    async def test_an_unchanged_profile_is_304_both_ways(self, city):
        etag = (await city.inspector.get(f"/v1/profiles/{CLEAN}", params=PATROL)).headers["etag"]
        quick, declared = await self.both(
            city, f"/v1/profiles/{CLEAN}", params=PATROL, headers={"If-None-Match": etag}
        )
        assert [(r.status_code, r.content) for r in (quick, declared)] == [(304, b""), (304, b"")]

    @pytest.mark.parametrize(
        ("path", "params", "code"),
        [
            (f"/v1/profiles/{MAIN}", {"purpose": "inspection"}, "profile.task_required"),
            (f"/v1/profiles/{MAIN}", {"purpose": "curiosity"}, "profile.purpose_unknown"),
            (f"/v1/profiles/{MAIN}", {}, "request.invalid"),
            (f"/v1/profiles/{MAIN}", {"purpose": "patrol", "sight": "S1"}, "request.invalid"),
            (
                f"/v1/profiles/{MAIN}",
                {"purpose": "inspection", "task": "0197f3b0-0000-7000-8000-000000000000"},
                "profile.task_not_valid",
            ),
            ("/v1/profiles/91330106MA2YYY034X", PATROL, "identifier.check_character"),
            ("/v1/profiles/JY13301060000001", PATROL, "profile.identifier_needs_resolving"),
        ],
    )
    async def test_refusals_are_the_declared_routes_and_traced(self, city, path, params, code):
        quick, declared = await self.both(city, path, params=params)
        assert quick.json()["code"] == declared.json()["code"] == code
        assert len(await entries(city, "gateway.request.refused")) == 2

    async def test_strangers_and_foreign_roles_are_let_in_neither_way(self, city):
        assert (await city.client().get(f"/v1/profiles/{MAIN}", params=PATROL)).status_code == 401
        assert (
            await city.client("rubbish").get(f"/v1/profiles/{MAIN}", params=PATROL)
        ).status_code == 401
        supervisor = city.supervisor
        assert (await supervisor.get("/v1/records")).status_code == 200
        assert (await supervisor.get(f"/v1/profiles/{MAIN}", params=PATROL)).status_code == 403

    async def test_a_task_that_ends_while_departments_answer_discloses_nothing(
        self, city, departments
    ):
        departments.set("fire", "slow")
        task = await city.task(MAIN)
        asked = asyncio.create_task(
            city.inspector.get(
                f"/v1/profiles/{MAIN}", params={"purpose": "inspection", "task": task}
            )
        )
        await asyncio.sleep(0.3)
        assert (await city.leader.post(f"/v1/tasks/{task}:close")).status_code == 200
        response = await asked
        assert (response.status_code, response.json()["code"]) == (403, "profile.task_not_valid")

    async def test_of_two_tokens_the_declared_route_takes_its_own(self, city):
        inspector, supervisor = city.inspector, city.supervisor
        await inspector.get(f"/v1/profiles/{CLEAN}", params=PATROL)
        await supervisor.get("/v1/records")
        request = inspector.build_request("GET", f"/v1/profiles/{CLEAN}", params=PATROL)
        others = [(k, v) for k, v in request.headers.multi_items() if k != "authorization"]
        tokens = [("authorization", c.headers["authorization"]) for c in (supervisor, inspector)]
        request.headers = httpx.Headers([*others, *tokens])
        assert (await inspector.send(request)).status_code == 403

    async def test_the_short_way_knows_permissions_too(self, city):
        auditor = city.auditor
        await auditor.get("/v1/audit/entries")
        await city.inspector.get("/v1/me")
        refused = await auditor.get(f"/v1/profiles/{CLEAN}", params=PATROL)
        assert (refused.status_code, refused.json()["code"]) == (403, "auth.permission_missing")
        basic = city.client()
        basic.headers["authorization"] = "Basic x"
        assert (await basic.get(f"/v1/profiles/{CLEAN}", params=PATROL)).status_code == 401

    async def test_an_expired_token_is_not_remembered(self, city):
        client = city.caller("p", Role.PATROLLER, department="fire", seconds=1)
        assert (await client.get(f"/v1/profiles/{CLEAN}", params=PATROL)).status_code == 200
        await asyncio.sleep(1.1)
        verifier = city.app.state.token_verifier
        assert not verifier.remembers(client.headers["Authorization"].removeprefix("Bearer "))
        client = city.caller("p", Role.PATROLLER, department="fire", seconds=-60)
        assert (await client.get(f"/v1/profiles/{CLEAN}", params=PATROL)).status_code == 401

    async def test_a_full_gateway_refuses_in_words_and_says_when_to_come_again(self, city):
        await city.inspector.get(f"/v1/profiles/{CLEAN}", params=PATROL)
        admission = ADMISSION.of(city.app)
        admission.in_flight = 2500
        newcomer = city.caller("newcomer", Role.PATROLLER, department="fire")
        assert (await newcomer.get(f"/v1/profiles/{CLEAN}", params=PATROL)).status_code == 503
        assert sum(admission.refused.values()) == 1
        response = await city.inspector.get(f"/v1/profiles/{CLEAN}", params=PATROL)
        record = await city.inspector.put("/v1/inspections/x", json={})
        admission.in_flight -= 2500
        assert (response.status_code, response.json()["code"], response.headers["retry-after"]) == (
            503,
            "server.busy",
            "3",
        )
        assert record.status_code == 422
        assert (await city.client().get("/livez")).status_code == 200

    async def test_who_asks_too_often_is_told_when_to_come_again(self, city):
        rates = RATES.of(city.app)
        rates.burst = 3
        client = city.caller("eager", Role.PATROLLER, department="fire")
        answers = [await client.get(f"/v1/profiles/{CLEAN}", params=PATROL) for _ in range(3)]
        stopped = rates.now()
        # However long the next request takes, nothing is earned meanwhile.
        rates.now = lambda: stopped
        while rates.allows("eager"):
            pass
        refused = await client.get(f"/v1/profiles/{CLEAN}", params=PATROL)
        assert {a.status_code for a in answers} == {200}
        assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (
            429,
            "request.too_many",
            "1",
        )
        assert refused.headers["ratelimit"].startswith('"caller";r=0')

    async def test_a_client_that_leaves_is_not_asked_for_any_longer(self, city, departments):
        departments.set("fire", "hang")
        await city.inspector.get(
            f"/v1/profiles/{CLEAN}", params=PATROL, headers={"Deadline": "200"}
        )
        engine = ENGINE.of(city.app)
        task = asyncio.create_task(city.inspector.get(f"/v1/profiles/{MAIN}", params=PATROL))
        await asyncio.sleep(0.1)
        before = engine.disclosure.dispatcher.lanes["fire"].in_flight
        task.cancel()
        await asyncio.wait([task])
        await asyncio.sleep(0.06)
        assert before >= 1
        assert engine.disclosure.dispatcher.lanes["fire"].in_flight == 0
