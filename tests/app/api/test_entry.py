"""What is decided before a route is entered: who, where, whether there is a place."""

import asyncio
import json

import httpx
import pytest

from app.core.deps import ADMISSION, STRANGERS
from auth.principal import Role
from tests.fixtures.databases import ON_SQLITE
from tests.fixtures.gateway import running

pytestmark = ON_SQLITE


async def send(gateway, method, path, **headers):
    transport = httpx.ASGITransport(gateway.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        return await client.request(method, path, headers=headers)


def known(gateway):
    return {"authorization": gateway.inspector.headers["authorization"]}


class TestMethods:
    @pytest.mark.parametrize("path", ["/livez", "/problems", "/v1/me"])
    async def test_head_is_get_without_its_body(self, gateway, path):
        got, head = [await send(gateway, m, path, **known(gateway)) for m in ("GET", "HEAD")]
        assert (got.status_code, head.status_code, head.content) == (200, 200, b"")
        assert head.headers["content-length"] == str(len(got.content))

    async def test_a_refused_head_has_no_body_either(self, gateway):
        head = await send(gateway, "HEAD", "/v1/me")
        assert (head.status_code, head.content) == (401, b"")

    @pytest.mark.parametrize(
        ("method", "path", "status", "allow"),
        [
            ("OPTIONS", "/livez", 204, "GET, HEAD, OPTIONS"),
            ("OPTIONS", "/v1/tasks", 204, "GET, HEAD, OPTIONS, POST"),
            ("OPTIONS", "/nothing", 404, None),
            ("OPTIONS", "/*", 204, None),
            ("DELETE", "/v1/tasks", 405, "GET, HEAD, OPTIONS, POST"),
            ("TRACE", "/v1/tasks", 405, "GET, HEAD, OPTIONS, POST"),
            ("POST", "/livez", 405, "GET, HEAD, OPTIONS"),
        ],
    )
    @pytest.mark.parametrize("who", ["stranger", "known"])
    async def test_an_address_says_what_it_takes(self, gateway, method, path, status, allow, who):
        headers = known(gateway) if who == "known" else {}
        answer = await send(gateway, method, path, **headers)
        assert (answer.status_code, answer.headers.get("allow")) == (status, allow)

    async def test_an_escaped_slash_separates_nothing(self, gateway):
        fine = "/v1/profiles/91310115MA1YYY024Y/sections/tax?purpose=patrol"
        assert (await send(gateway, "GET", fine, **known(gateway))).json()["code"] != (
            "request.not_found"
        )
        for escaped in ("%2F", "%2f"):
            path = f"/v1/profiles/91310115MA1YYY024Y{escaped}sections{escaped}tax?purpose=patrol"
            answer = await send(gateway, "GET", path, **known(gateway))
            assert answer.status_code == 422
            assert answer.json()["code"].startswith("identifier.")
        answer = await send(gateway, "GET", "/v1%2Fme", **known(gateway))
        assert answer.status_code == 404


class TestStrangers:
    async def test_no_body_of_a_stranger_is_read(self, gateway):
        asked = []

        async def drip():
            asked.append(1)
            yield b"{"
            await asyncio.sleep(30)

        for headers in ({}, {"authorization": "Bearer rubbish"}):
            client = httpx.AsyncClient(
                transport=httpx.ASGITransport(gateway.app), base_url="http://gateway"
            )
            async with asyncio.timeout(5), client:
                answer = await client.post("/v1/tasks", content=drip(), headers=headers)
            assert answer.status_code == 401
            assert answer.headers["connection"] == "close"
        assert asked == []

    async def test_they_take_no_place_of_those_who_are_known(self, gateway):
        admission = ADMISSION.of(gateway.app)
        admission.limit = 0
        assert (await gateway.client().get("/v1/records")).status_code == 401
        assert (await send(gateway, "GET", "/problems")).status_code == 200
        assert (await gateway.supervisor.get("/v1/records")).status_code == 503

    async def test_a_small_pool_is_theirs(self, gateway):
        strangers = STRANGERS.of(gateway.app)
        strangers.pool.taken = 64
        assert (await send(gateway, "GET", "/problems")).status_code == 503
        assert (await send(gateway, "GET", "/livez")).status_code == 200
        assert (await gateway.supervisor.get("/v1/records")).status_code == 200
        strangers.pool.taken, strangers.probes.taken = 0, 32
        assert (await send(gateway, "GET", "/livez")).status_code == 503
        assert strangers.pool.refused == strangers.probes.refused == 1

    async def test_an_address_that_fails_too_often_is_tried_no_more(
        self, database_url, settings_for, issuer
    ):
        configured = settings_for(database_url, anonymous_per_second=0.001, anonymous_burst=3)
        async with running(configured, issuer) as gateway:
            met = gateway.supervisor
            assert (await met.get("/v1/records")).status_code == 200
            rubbish = [await gateway.client("rubbish").get("/v1/records") for _ in range(5)]
            assert [a.status_code for a in rubbish] == [401, 401, 401, 429, 429]
            newcomer = gateway.caller("supervisor-2", Role.SUPERVISOR)
            assert (await newcomer.get("/v1/records")).status_code == 429
            assert (await met.get("/v1/records")).status_code == 200, "it was met before"
            look_up = "/v1/profiles/91310115MA1YYY024Y?purpose=patrol"
            patroller = gateway.caller("p", Role.PATROLLER, department="fire")
            assert (await patroller.get(look_up)).status_code == 429
            assert (await send(gateway, "GET", "/problems")).status_code == 429
            assert (await send(gateway, "GET", "/livez")).status_code == 200

    async def test_behind_a_trusted_proxy_each_client_counts_alone(
        self, database_url, settings_for, issuer
    ):
        configured = settings_for(
            database_url,
            anonymous_per_second=0.001,
            anonymous_burst=1,
            trusted_proxies="127.0.0.0/8",
        )
        async with running(configured, issuer) as gateway:
            statuses = [
                (await send(gateway, "GET", "/problems", **{"x-forwarded-for": client})).status_code
                for client in ("198.51.100.1", "198.51.100.1", "198.51.100.2")
            ]
            assert statuses == [200, 429, 200]

    async def test_whoever_is_not_trusted_speaks_for_himself(
        self, database_url, settings_for, issuer
    ):
        configured = settings_for(database_url, anonymous_per_second=0.001, anonymous_burst=1)
        async with running(configured, issuer) as gateway:
            statuses = [
                (await send(gateway, "GET", "/problems", **{"x-forwarded-for": client})).status_code
                for client in ("198.51.100.1", "198.51.100.2")
            ]
            assert statuses == [200, 429]

    async def test_a_proxy_on_this_machine_does_not_open_the_metrics(self, gateway):
        assert (await send(gateway, "GET", "/metrics")).status_code == 200
        answer = await send(gateway, "GET", "/metrics", **{"x-forwarded-for": "198.51.100.1"})
        assert answer.status_code == 403


class TestOrigins:
    async def test_pages_of_named_origins_may_call_and_others_not(
        self, database_url, settings_for, issuer
    ):
        configured = settings_for(database_url, cors_origins="https://city.example")
        async with running(configured, issuer) as gateway:
            for origin, told in (("https://city.example", True), ("https://x.example", False)):
                asked = {"origin": origin, "access-control-request-method": "GET"}
                before = await send(gateway, "OPTIONS", "/v1/me", **asked)
                after = await send(gateway, "GET", "/v1/me", origin=origin, **known(gateway))
                refused = await send(gateway, "GET", "/v1/me", origin=origin)
                for answer in (before, after, refused):
                    assert ("access-control-allow-origin" in answer.headers) is told
                assert (after.status_code, refused.status_code) == (200, 401)

    async def test_without_the_setting_nobody_may(self, gateway):
        asked = {"origin": "https://x.example", "access-control-request-method": "GET"}
        answer = await send(gateway, "OPTIONS", "/v1/me", **asked)
        assert "access-control-allow-origin" not in answer.headers


class TestDocument:
    async def test_it_is_made_once_and_served_as_bytes(self, gateway):
        plain = await send(gateway, "GET", "/openapi.json", **{"accept-encoding": "identity"})
        assert plain.json() == gateway.app.openapi()
        packed = await send(gateway, "GET", "/openapi.json", **{"accept-encoding": "gzip"})
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.json() == plain.json()
        held = await send(
            gateway, "GET", "/openapi.json", **{"if-none-match": plain.headers["etag"]}
        )
        assert (held.status_code, held.content) == (304, b"")


class TestAnswers:
    @pytest.mark.parametrize(
        "path", ["/livez", "/nothing", "/v1/me", "/m/", "/docs", "/v1/profiles/x?purpose=patrol"]
    )
    async def test_every_answer_tells_a_browser_to_be_careful(self, gateway, path):
        for headers in ({}, known(gateway)):
            told = (await send(gateway, "GET", path, **headers)).headers
            assert told["x-content-type-options"] == "nosniff"
            assert told["referrer-policy"] == "no-referrer"
            assert "frame-ancestors 'none'" in told["content-security-policy"]
            assert told["strict-transport-security"].startswith("max-age=31536000")
            assert "no-store" in told["cache-control"] or path == "/m/"

    async def test_a_profile_does_too_at_both_doors(self, city):
        for accept in ("application/json", "application/x-ndjson"):
            answer = await city.inspector.get(
                "/v1/profiles/91310115MA1YYY024Y",
                params={"purpose": "patrol"},
                headers={"accept": accept},
            )
            assert answer.headers["content-security-policy"].startswith("default-src 'none'")
            assert answer.headers["cache-control"] == "private, no-cache"

    async def test_the_pages_of_the_interface_can_be_switched_off(
        self, database_url, settings_for, issuer
    ):
        async with running(settings_for(database_url, api_pages=False), issuer) as gateway:
            for path in ("/m/docs/index.html", "/openapi.json"):
                assert (await send(gateway, "GET", path)).status_code == 404


class TestTokens:
    async def test_a_stream_ends_with_its_token(self, city, departments):
        departments.set("fire", "slow")
        caller = city.caller("p", Role.PATROLLER, department="fire", seconds=1)
        items = [{"business_id": "91310115MA1YYY024Y"}] * 40
        answer = await caller.post("/v1/profiles:batch", json={"purpose": "patrol", "items": items})
        lines = [json.loads(line) for line in answer.text.splitlines()]
        assert lines[-1]["type"] == "stopped"
        assert lines[-1]["value"]["code"] == "auth.token_expired"
        assert len(lines) < 40
