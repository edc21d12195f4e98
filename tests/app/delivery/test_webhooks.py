"""Notices reach the systems that asked for them: signed, proved, within their scope."""

import asyncio
import json
import socket
from contextlib import asynccontextmanager

import pytest
import uvicorn
from standardwebhooks import Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from app.core.keys import keyring
from app.delivery.notices import webhooks
from app.delivery.notices.addressing import holders
from app.delivery.notices.models import WebhookMessage
from app.delivery.notices.service import Announcement, notify
from auth.principal import Role
from tests.fixtures.databases import ON_SQLITE
from tests.fixtures.gateway import SECRET

CITY = "330100"


class System:
    """Somebody's system over HTTP: says challenges back, keeps what it receives."""

    def __init__(self):
        self.received, self.status, self.challenges = [], 200, True
        self.url = ""

    async def take(self, request):
        body = await request.body()
        told = json.loads(body)
        if told["type"] == "onevisit.webhook.challenge":
            said = told["data"]["challenge"] if self.challenges else "something else"
            return JSONResponse({"challenge": said})
        self.received.append((dict(request.headers), body))
        return JSONResponse({}, self.status)

    async def has(self, count):
        async with asyncio.timeout(15):
            while len(self.received) < count:
                await asyncio.sleep(0.02)
        return [json.loads(body) for _, body in self.received]


@asynccontextmanager
async def listening():
    found = System()
    app = Starlette(routes=[Route("/hook", found.take, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, "127.0.0.1", 0, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    found.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/hook"
    try:
        yield found
    finally:
        server.should_exit = True
        await serving


@pytest.fixture
async def system():
    async with listening() as found:
        yield found


def supervisor(gateway, region=CITY, **more):
    return gateway.caller("supervisor-9", Role.SUPERVISOR, region=region, **more)


async def registered(client, url, *kinds, role="supervisor"):
    body = {"url": url, "kinds": kinds or ["record.counts"], "role": role}
    return await client.post("/v1/webhooks", json=body)


async def active(client, system, **more):
    hook = (await registered(client, system.url, **more)).json()
    answer = await client.post(f"/v1/webhooks/{hook['webhook_id']}:prove")
    assert (answer.status_code, answer.json()["state"]) == (200, "active")
    return hook


def tell(gateway, about="r-1", region=CITY, department="fire", kind="record.counts"):
    database = gateway.app.state.database
    with database.write() as session:
        to = [holders(Role.SUPERVISOR, region, department)]
        notify(session, gateway.app.state.clock.now(), Announcement(kind, "record", about), to)


def state_of(gateway, message_id):
    with gateway.app.state.database.read() as session:
        return session.get(WebhookMessage, message_id).state


class TestReceiving:
    async def test_a_notice_arrives_signed_and_once(self, gateway, system):
        client = supervisor(gateway)
        hook = await active(client, system)
        tell(gateway, "r-1")
        (told,) = await system.has(1)
        assert told["specversion"] == "1.0"
        assert (told["type"], told["subject"]) == ("onevisit.record.counts", "record/r-1")
        assert told["data"]["about"] == {"kind": "record", "id": "r-1"}
        (notice,) = (await client.get("/v1/inbox")).json()["items"]
        assert told["id"] == notice["id"] == told["data"]["id"]
        headers, body = system.received[0]
        assert headers["content-type"] == "application/cloudevents+json"
        Webhook(hook["secret"]).verify(body, headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(hook["secret"]).verify(body + b" ", headers)
        async with asyncio.timeout(10):
            while state_of(gateway, headers["webhook-id"]) != "delivered":
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.5)
        assert len(system.received) == 1

    @ON_SQLITE
    async def test_beyond_its_region_department_role_and_kinds_it_hears_nothing(
        self, gateway, system
    ):
        await active(supervisor(gateway, department="fire"), system)
        tell(gateway, "other region", region="110000")
        tell(gateway, "other department", department="tax")
        tell(gateway, "other kind", kind="record.denied")
        tell(gateway, "mine", region="330106")
        told = await system.has(1)
        await asyncio.sleep(0.5)
        assert [each["subject"] for each in told] == ["record/mine"]
        assert len(system.received) == 1

    @ON_SQLITE
    async def test_both_secrets_sign_while_one_is_exchanged_for_another(self, gateway, system):
        client = supervisor(gateway)
        hook = await active(client, system)
        answer = await client.post(f"/v1/webhooks/{hook['webhook_id']}:rotate")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.json()["former_until"] is not None
        tell(gateway)
        await system.has(1)
        headers, body = system.received[0]
        for secret in (hook["secret"], answer.json()["secret"]):
            Webhook(secret).verify(body, headers)

    @ON_SQLITE
    async def test_who_asks_for_a_secret_twice_keeps_the_one_he_has(self, gateway, system):
        client = supervisor(gateway)
        hook = await active(client, system)
        for _ in range(2):  # the first answer was lost
            await client.post(f"/v1/webhooks/{hook['webhook_id']}:rotate")
        tell(gateway)
        await system.has(1)
        headers, body = system.received[0]
        Webhook(hook["secret"]).verify(body, headers)

    @ON_SQLITE
    async def test_a_secret_is_sealed_anew_with_the_rest(self, gateway, system):
        hook = await active(supervisor(gateway), system)
        old, new = "o" * 40, "n" * 40
        database = gateway.app.state.database
        before = keyring(SECRET.encode())
        with database.write() as session:
            assert webhooks.reseal(session, before) == (0, [])
            assert webhooks.reseal(session, keyring(new.encode(), SECRET.encode())) == (1, [])
            assert webhooks.reseal(session, keyring(old.encode())) == (0, [hook["webhook_id"]])
            assert webhooks.reseal(session, keyring(SECRET.encode(), new.encode())) == (1, [])
        tell(gateway)
        await system.has(1)

    @ON_SQLITE
    async def test_what_fails_comes_again_and_what_is_gone_does_not(self, gateway, system):
        client = supervisor(gateway)
        hook = await active(client, system)
        system.status = 503
        tell(gateway)
        await system.has(1)
        system.status = 200
        told = await system.has(2)
        assert told[0] == told[1]
        first, second = (headers["webhook-id"] for headers, _ in system.received)
        assert first == second
        system.status = 410
        tell(gateway, "r-2")
        await system.has(3)
        async with asyncio.timeout(10):
            while state_of(gateway, system.received[2][0]["webhook-id"]) != "refused":
                await asyncio.sleep(0.02)
        path = f"/v1/webhooks/{hook['webhook_id']}"
        stopped = (await client.get(path)).json()
        assert (stopped["state"], "gone" in stopped["last_error"]) == ("stopped", True)
        inbox = (await client.get("/v1/inbox")).json()["items"]
        assert [n["kind"] for n in inbox].count("webhook.stopped") == 1
        tell(gateway, "r-3")
        await asyncio.sleep(0.5)
        assert len(system.received) == 3
        system.status = 200
        assert (await client.post(f"{path}:prove")).json()["state"] == "active"
        tell(gateway, "r-4")
        assert (await system.has(4))[3]["subject"] == "record/r-4"
        rows = (await gateway.coordinator.get("/v1/deliveries")).json()["items"]
        assert rows == []


@ON_SQLITE
class TestOwners:
    async def test_unproved_hears_nothing_and_a_wrong_answer_proves_nothing(self, gateway, system):
        client = supervisor(gateway)
        hook = (await registered(client, system.url)).json()
        system.challenges = False
        answer = await client.post(f"/v1/webhooks/{hook['webhook_id']}:prove")
        assert (answer.status_code, answer.json()["code"]) == (409, "webhook.not_proved")
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
            nobody = (await registered(client, url)).json()
            answer = await client.post(f"/v1/webhooks/{nobody['webhook_id']}:prove")
            assert answer.status_code == 409
        tell(gateway)
        await asyncio.sleep(0.5)
        assert system.received == []

    async def test_a_secret_is_shown_once_and_a_webhook_is_dropped_by_its_office(
        self, gateway, system
    ):
        client = supervisor(gateway)
        answer = await registered(client, system.url)
        assert answer.headers["cache-control"] == "no-store"
        hook = answer.json()
        path = f"/v1/webhooks/{hook['webhook_id']}"
        for seen in (await client.get(path), await client.get("/v1/webhooks")):
            assert hook["secret"].removeprefix("whsec_") not in seen.text
        stored = gateway.app.state.database.peek("select secret from webhooks")
        assert hook["secret"].encode() not in stored[0][0]
        colleague = gateway.caller("supervisor-8", Role.SUPERVISOR, region=CITY)
        for stranger in (
            supervisor(gateway, region="110000"),
            supervisor(gateway, region="330106"),
            supervisor(gateway, region="000000"),
            supervisor(gateway, department="tax"),
            gateway.caller("auditor-3", Role.AUDIT_ADMINISTRATOR, region=CITY),
        ):
            for answer in (
                await stranger.get(path),
                await stranger.delete(path),
                await stranger.post(f"{path}:prove"),
                await stranger.post(f"{path}:rotate"),
            ):
                assert (answer.status_code, answer.json()["code"]) == (404, "webhook.unknown")
            assert (await stranger.get("/v1/webhooks")).json() == []
        assert (await colleague.delete(path)).status_code == 204
        assert (await client.get(path)).status_code == 404

    @pytest.mark.parametrize(
        ("changes", "status", "code"),
        [
            ({"url": "http://169.254.169.254/latest"}, 422, "webhook.address_invalid"),
            ({"url": "file:///etc/passwd"}, 422, "webhook.address_invalid"),
            ({"url": "https://user@example.org/"}, 422, "webhook.address_invalid"),
            ({"url": "http://10.0.0.1/"}, 422, "webhook.address_invalid"),
            ({"kinds": ["of.nothing"]}, 422, "request.invalid"),
            ({"kinds": []}, 422, "request.invalid"),
            ({"role": "auditor"}, 403, "webhook.role_foreign"),
            ({"secret": "whsec_mine"}, 422, "request.invalid"),
        ],
    )
    async def test_what_cannot_be_a_webhook(self, gateway, changes, status, code):
        body = {"url": "http://127.0.0.1:9/", "kinds": ["record.denied"], "role": "supervisor"}
        answer = await supervisor(gateway).post("/v1/webhooks", json=body | changes)
        assert (answer.status_code, answer.json()["code"]) == (status, code)

    async def test_there_are_not_too_many(self, gateway):
        client = supervisor(gateway)
        answers = [await registered(client, f"http://127.0.0.1:9/{n}") for n in range(21)]
        assert [a.status_code for a in answers] == [201] * 20 + [409]
        assert (await registered(gateway.inspector, "http://127.0.0.1:9/")).status_code == 403
        nobodys = gateway.caller("m-1", Role.DATA_MANAGER, Role.COORDINATOR, region=CITY)
        answer = await registered(nobodys, "http://127.0.0.1:9/", role="coordinator")
        assert answer.json()["code"] == "webhook.role_foreign"

    async def test_kinds_are_told(self, gateway):
        kinds = (await gateway.inspector.get("/v1/webhooks/kinds")).json()
        assert {"record.counts", "agreement.suspended"} <= {k["kind"] for k in kinds}
