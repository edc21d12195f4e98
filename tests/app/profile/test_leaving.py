"""Callers who hang up while departments are being asked."""

import asyncio
import json

import pytest

from app.audit.deps import SEQUENCER
from app.audit.events import EventName
from app.profile.deps import ENGINE
from tests.fixtures.databases import ON_SQLITE

pytestmark = ON_SQLITE

MAIN, CLEAN, CHAIN = "91330106MA2YYY034D", "91310115MA1YYY024Y", "91370102999999066X"


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
        assert seconds < 1.5, "long before the deadline"
        if accept == b"*/*":
            assert sent == []
        await asyncio.sleep(0.06)
        assert ENGINE.of(city.app).disclosure.dispatcher.lanes["fire"].in_flight == 0
        found = (
            await city.auditor.get(
                "/v1/audit/entries", params={"event": "profile.business.abandoned"}
            )
        ).json()["items"]
        assert [
            entry["body"]["outcome"] if "body" in entry else entry["outcome"] for entry in found
        ] == ["abandoned"]

    @pytest.mark.parametrize("closes", [True, False])
    async def test_where_the_entry_takes_long_the_verdict_is_confirmed_again(
        self, city, monkeypatch, closes
    ):
        task = await city.task(CLEAN)
        sequencer = SEQUENCER.of(city.app)
        append, told = sequencer.append, []

        async def slow(event, by=None):
            entry = await append(event, by)
            if event.event == EventName.PROFILE_VIEWED:
                told.append(entry)
                if closes:
                    assert (await city.leader.post(f"/v1/tasks/{task}:close")).status_code == 200
                await asyncio.sleep(0.6)
            return entry

        monkeypatch.setattr(sequencer, "append", slow)
        params = {"purpose": "inspection", "task": task}
        answer = await city.inspector.get(f"/v1/profiles/{CLEAN}", params=params)
        assert len(told) == 1, "what did not change is entered and told once"
        if closes:
            assert (answer.status_code, answer.json()["code"]) == (403, "profile.task_not_valid")
        else:
            assert answer.json()["audit"]["entry"] == told[0]

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
