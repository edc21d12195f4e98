"""A gateway whose issuer publishes its keys at an address."""

import asyncio
import json

from auth.principal import Role
from auth.testing import LocalIssuer
from tests.fixtures.databases import build_empty
from tests.fixtures.gateway import running, settings


async def test_keys_are_fetched_from_the_issuer_and_a_foreign_key_stays_foreign(tmp_path):
    issuer, asked = LocalIssuer(), []

    async def serve(reader, writer):
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        body = json.dumps(issuer.jwks).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"sqlite:///{tmp_path / 'gateway.db'}"
    build_empty(url)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks"
    async with running(settings(url, None, jwks_url=address), issuer) as gateway:
        assert (await gateway.inspector.get("/v1/me")).status_code == 200
        foreign = gateway.client(LocalIssuer("other").token("x", Role.INSPECTOR))
        assert (await foreign.get("/v1/me")).json()["code"] == "auth.unknown_key"
        assert (await gateway.leader.get("/v1/me")).status_code == 200
    server.close()
    assert len(asked) == 1
