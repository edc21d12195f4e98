"""Sections as they arrive, one section patiently, a day's route, and the short way that must answer like the declared one."""

import asyncio
import gzip
import json
import time

import httpx
import pytest

from adapters.contract import AdapterQuery, Outcome
from adapters.contract.sections import Standing
from adapters.dispatch.question import Question, Route
from adapters.dispatch.reply import Reply
from app.core.deps import ADMISSION, RATES
from app.profile.deps import ENGINE
from app.profile.events import on_late
from app.profile.fastpath import _caller
from auth.principal import Role

MAIN, CLEAN, CHAIN = "91330106MA2YYY034D", "91310115MA1YYY024Y", "91370102999999066X"
NDJSON = {"Accept": "application/x-ndjson"}
PATROL = {"purpose": "patrol"}


@pytest.fixture
def engine_name():
    return "sqlite"


def events(text):
    return [json.loads(row) for row in text.splitlines()]


async def entries(gateway, event):
    return (
        await gateway.auditor.get("/v1/audit/entries", params={"event": event, "limit": 200})
    ).json()["items"]


class TestStream:
    async def test_sections_come_one_by_one_each_traced_and_the_closing_part_last(self, city):
        response = await city.inspector.get(f"/v1/profiles/{MAIN}", params=PATROL, headers=NDJSON)
        assert response.headers["content-type"].startswith("application/x-ndjson")
        told = events(response.text)
        assert [e["type"] for e in told] == ["begin", *["section"] * 13, "profile"]
        names = [e["value"]["name"] for e in told[1:-1]]
        assert sorted(names) == sorted(told[0]["value"]["asked"])
        assert {e["object_ref"] for e in await entries(city, "profile.section.viewed")} == set(
            names
        )
        assert len(await entries(city, "profile.business.viewed")) == 1

    async def test_it_says_the_same_as_the_whole_profile(self, city):
        whole = (await city.inspector.get(f"/v1/profiles/{MAIN}", params=PATROL)).json()
        told = events(
            (await city.inspector.get(f"/v1/profiles/{MAIN}", params=PATROL, headers=NDJSON)).text
        )
        closing = told[-1]["value"]
        assert closing["etag"] == whole["etag"]
        for name in ("headline", "findings", "conflicts", "name"):
            assert closing[name] == whole[name]
        sections = {e["value"]["name"]: e["value"]["section"] for e in told[1:-1]}
        assert {n: s.get("data") for n, s in sections.items()} == {
            n: s.get("data") for n, s in whole["sections"].items()
        }

    async def test_server_sent_events_have_the_same_content(self, city):
        response = await city.inspector.get(
            f"/v1/profiles/{MAIN}", params=PATROL, headers={"Accept": "text/event-stream"}
        )
        blocks = [block.split("\n") for block in response.text.strip().split("\n\n")]
        assert [block[0] for block in blocks] == [
            "event: begin",
            *["event: section"] * 13,
            "event: profile",
        ]
        assert all(json.loads(block[1].removeprefix("data: ")) for block in blocks)

    async def test_a_hanging_department_holds_up_nobody_elses_section(self, city, departments):
        departments.set("fire", "hang")
        told = events(
            (
                await city.inspector.get(
                    f"/v1/profiles/{CLEAN}", params=PATROL, headers={**NDJSON, "Deadline": "500"}
                )
            ).text
        )
        assert told[-2]["value"]["name"] == "fire"
        assert told[-2]["value"]["section"]["outcome"] == "timed_out"
        assert told[-1]["value"]["completeness"]["missing"] == ["fire"]

    async def test_refusals_are_problem_documents_as_everywhere(self, city):
        response = await city.inspector.get(
            f"/v1/profiles/{MAIN}", params={"purpose": "inspection"}, headers=NDJSON
        )
        assert (response.status_code, response.json()["code"]) == (422, "profile.task_required")

    async def test_a_log_that_cannot_be_written_ends_the_stream_before_any_datum(self, city):
        ENGINE.of(city.app).sequencer._stopping = True
        told = events(
            (await city.inspector.get(f"/v1/profiles/{MAIN}", params=PATROL, headers=NDJSON)).text
        )
        assert [e["type"] for e in told] == ["begin", "problem"]
        assert told[1]["value"]["code"] == "audit.unavailable"
        ENGINE.of(city.app).sequencer._stopping = False


class TestSizes:
    @pytest.mark.parametrize(("view", "most"), [("summary", 8 << 10), ("full", 40 << 10)])
    async def test_what_travels_is_small(self, city, view, most):
        sizes = []
        for accept in ("application/json", "application/json;q=0.9", "application/x-ndjson"):
            request = city.inspector.build_request(
                "GET", f"/v1/profiles/{MAIN}", params={**PATROL, "view": view}
            )
            request.headers.update({"Accept": accept, "Accept-Encoding": "gzip"})
            response = await city.inspector.send(request, stream=True)
            packed = b"".join([piece async for piece in response.aiter_raw()])
            assert response.headers["content-encoding"] == "gzip"
            assert b'"headline"' in gzip.decompress(packed)
            sizes.append(len(packed))
        assert max(sizes) <= most

    async def test_who_does_not_take_gzip_gets_none(self, city):
        for accept_encoding in ("identity", "gzip;q=0", "br"):
            response = await city.inspector.get(
                f"/v1/profiles/{MAIN}", params=PATROL, headers={"Accept-Encoding": accept_encoding}
            )
            assert "content-encoding" not in response.headers


async def test_a_late_answer_is_traced_with_its_department_and_discloses_nothing():
    events_seen = []

    class Log:
        async def append(self, event):
            events_seen.append(event)

    route = Route("food", "market", "food@1", Standing, None, None)
    query = AdapterQuery(MAIN, "uscc", None, "patrol", "fire", "0" * 32, 0.0)
    on_late(Log())(Question(route, query, ()), Reply(Outcome.FRESH, None, 1))
    await asyncio.sleep(0)
    (event,) = events_seen
    assert (event.event, event.departments, event.subject) == (
        "profile.section.refilled",
        ("market",),
        MAIN,
    )
    assert (event.response_digest, event.classes) == ("", ())


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
        assert by_position[1]["value"]["code"] == "identifier.length"
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
        engine.sequencer._stopping = True
        response = await client.post("/v1/profiles:batch", json={**PATROL, "items": items})
        engine.sequencer._stopping = False
        told = events(response.text)
        assert [e["type"] for e in told] == ["problem", "problem", "end"]
        assert {e["value"]["code"] for e in told[:2]} == {"audit.unavailable"}

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


class TestFront:
    """The short way serves what is plainly in order; nobody can tell it from the declared route."""

    async def both(self, city, path, client=None, **options):
        client = client or city.inspector
        headers = options.pop("headers", {})
        await client.get(f"/v1/profiles/{CLEAN}", params=PATROL)  # the token is known from here on
        quick = await client.get(path, headers=headers, **options)
        declared = await client.get(
            path, headers={**headers, "Accept": "application/json;q=0.9"}, **options
        )
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

    @pytest.mark.parametrize(
        "headers", [[("traceparent", "a"), ("traceparent", "b")], [("cache-control", "x" * 101)]]
    )
    async def test_what_the_declared_route_sees_otherwise_takes_the_declared_route(
        self, city, headers
    ):
        client = city.inspector
        await client.get(f"/v1/profiles/{CLEAN}", params=PATROL)
        assert (
            await client.get(f"/v1/profiles/{CLEAN}", params={**PATROL, "site": "S" * 65})
        ).status_code == 422
        request = client.build_request("GET", f"/v1/profiles/{CLEAN}", params=PATROL)
        request.headers = httpx.Headers([*request.headers.multi_items(), *headers])
        assert (await client.send(request)).status_code in {200, 422}

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
        verifier, supervisor = city.app.state.token_verifier, city.supervisor
        await supervisor.get("/v1/records")
        await city.inspector.get("/v1/me")
        assert _caller(verifier, supervisor.headers["authorization"].encode()) is None
        assert _caller(verifier, b"Basic x") is None

    async def test_an_expired_token_is_not_remembered(self, city):
        client = city.caller("p", Role.PATROLLER, department="fire", seconds=1)
        assert (await client.get(f"/v1/profiles/{CLEAN}", params=PATROL)).status_code == 200
        await asyncio.sleep(1.1)
        verifier = city.app.state.token_verifier
        assert (
            verifier._seen_until[client.headers["Authorization"].removeprefix("Bearer ")]
            < time.time()
        )
        client = city.caller("p", Role.PATROLLER, department="fire", seconds=-60)
        assert (await client.get(f"/v1/profiles/{CLEAN}", params=PATROL)).status_code == 401

    async def test_a_full_gateway_refuses_in_words_and_says_when_to_come_again(self, city):
        await city.inspector.get(f"/v1/profiles/{CLEAN}", params=PATROL)
        admission = ADMISSION.of(city.app)
        admission.in_flight = 2500
        verifier, stranger = (
            city.app.state.token_verifier,
            city.caller("stranger", Role.PATROLLER, department="fire"),
        )
        assert (await stranger.get(f"/v1/profiles/{CLEAN}", params=PATROL)).status_code == 503
        assert stranger.headers["authorization"].removeprefix("Bearer ") not in verifier._seen, (
            "nothing is verified in vain"
        )
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
        rates._burst = 3
        client = city.caller("eager", Role.PATROLLER, department="fire")
        answers = [await client.get(f"/v1/profiles/{CLEAN}", params=PATROL) for _ in range(3)]
        stopped = rates._now()
        rates._now = lambda: (
            stopped
        )  # however long the next request takes, nothing is earned meanwhile
        rates._buckets["eager"][0] = 0.0
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
        before = engine.dispatcher.lanes["fire"].in_flight
        task.cancel()
        await asyncio.wait([task])
        await asyncio.sleep(0.06)
        assert before >= 1
        assert engine.dispatcher.lanes["fire"].in_flight == 0


class TestLeaving:
    """A caller who hangs up while departments are being asked: they are let go at once, and the trace says so."""

    @staticmethod
    async def hang_up(city, accept, after=0.1):
        """Ask as a server does, and hang up; gives what had been sent by then."""
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
            "path": f"/v1/profiles/{CLEAN}", "raw_path": f"/v1/profiles/{CLEAN}".encode(), "query_string": b"purpose=patrol",
            "headers": [(b"authorization", city.inspector.headers["authorization"].encode()), (b"accept", accept)],
            "client": ("127.0.0.1", 1), "server": ("test", 80), "root_path": "", "app": city.app, "state": {},
        }  # fmt: skip
        sent, first = [], True

        async def receive():
            nonlocal first
            if first and accept != b"*/*":
                first = False
                return {"type": "http.request", "body": b"", "more_body": False}
            await asyncio.sleep(after)
            return {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)

        begun = asyncio.get_running_loop().time()
        await asyncio.wait_for(city.app(scope, receive, send), 5)
        return sent, asyncio.get_running_loop().time() - begun

    @pytest.mark.parametrize("accept", [b"*/*", b"application/x-ndjson"])
    async def test_who_hangs_up_is_noticed_and_traced(self, city, departments, accept):
        departments.set("fire", "hang")
        sent, seconds = await self.hang_up(city, accept)
        assert seconds < 0.6, "long before the deadline"
        if accept == b"*/*":
            assert sent == []
        await asyncio.sleep(0.06)
        assert ENGINE.of(city.app).dispatcher.lanes["fire"].in_flight == 0
        found = (
            await city.auditor.get(
                "/v1/audit/entries", params={"event": "profile.business.abandoned"}
            )
        ).json()["items"]
        assert [
            entry["body"]["outcome"] if "body" in entry else entry["outcome"] for entry in found
        ] == ["abandoned"]

    async def test_a_stream_whose_task_ends_meanwhile_is_a_refusal(self, city, departments):
        await city.officers()
        task = await city.task(CLEAN)
        departments.set("fire", "hang")
        params = {"purpose": "inspection", "task": task}
        asked = city.inspector.get(
            f"/v1/profiles/{CLEAN}",
            params=params,
            headers={"Accept": "application/x-ndjson", "Deadline": "800"},
        )
        running = asyncio.create_task(asked)
        await asyncio.sleep(0.3)
        assert (await city.leader.post(f"/v1/tasks/{task}:close")).status_code == 200
        lines = [json.loads(row) for row in (await running).text.splitlines()]
        assert lines[-1]["type"] == "problem"
        found = (
            await city.auditor.get("/v1/audit/entries", params={"event": "gateway.request.refused"})
        ).json()["items"]
        assert [entry["outcome"] for entry in found] == [lines[-1]["value"]["code"]]
        gone = (
            await city.auditor.get(
                "/v1/audit/entries", params={"event": "profile.business.abandoned"}
            )
        ).json()["items"]
        assert gone == []

    async def test_who_leaves_a_batch_is_traced_too(self, city, departments):
        departments.set("fire", "hang")
        body = {"purpose": "patrol", "items": [{"business_id": CLEAN}]}
        task = asyncio.create_task(city.inspector.post("/v1/profiles:batch", json=body))
        await asyncio.sleep(0.3)
        task.cancel()
        await asyncio.wait([task])
        await asyncio.sleep(0.1)
        found = (
            await city.auditor.get(
                "/v1/audit/entries", params={"event": "profile.business.abandoned"}
            )
        ).json()["items"]
        assert len(found) == 1


class TestMetrics:
    async def test_operators_see_every_department(self, city):
        await city.inspector.get(f"/v1/profiles/{CLEAN}", params=PATROL)
        text = (await city.client().get("/metrics")).text
        assert 'onevisit_adapter_outcomes_total{adapter="tax",outcome="fresh"} 1.0' in text
        assert 'onevisit_adapter_breaker_state{adapter="tax"} 0.0' in text
        assert 'onevisit_adapter_latency_seconds_count{adapter="tax"} 1.0' in text
        assert "onevisit_trace_outstanding 0.0" in text

    async def test_others_need_the_operators_token(self, published_url, settings_for, issuer):
        from tests.fixtures.gateway import running

        async with running(
            settings_for(published_url, metrics_token="operators-only"), issuer
        ) as gateway:
            assert (await gateway.client().get("/metrics")).status_code == 403
            assert (await gateway.client("operators-only").get("/metrics")).status_code == 200


class TestTraceparent:
    async def test_a_trace_of_the_caller_reaches_the_answer(self, city):
        given = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
        for _ in range(2):
            response = await city.inspector.get(
                f"/v1/profiles/{CLEAN}", params=PATROL, headers=given
            )
            assert response.headers["x-request-id"] == "4bf92f3577b34da6a3ce929d0e0e4736"


class TestPage:
    async def test_the_page_is_small_and_nothing_else_may_run(self, city):
        client, size = city.client(), 0
        for path, kind in (
            ("/m", "text/html"),
            ("/m/page.js", "text/javascript"),
            ("/m/page.css", "text/css"),
        ):
            response = await client.get(path)
            assert (response.status_code, response.headers["content-type"].split(";")[0]) == (
                200,
                kind,
            )
            assert "default-src 'none'" in response.headers["content-security-policy"]
            assert "innerHTML" not in response.text
            size += len(response.content)
        assert size <= 40 << 10
        assert (await client.get("/m/other.js")).status_code == 422
