"""A real server on a real socket: what a client may do to a connection, and what becomes of it."""

import asyncio
import contextlib
import json
import re
import socket
from contextlib import asynccontextmanager

import pytest
import uvicorn

from app.core.wire.head import Bounds
from app.core.wire.port import Port, keep_looking
from app.core.wire.protocol import BoundedProtocol

QUICK = Bounds(first_seconds=0.4, head_seconds=0.6, write_seconds=0.6, linger_seconds=0.3)
GET = b"GET /echo HTTP/1.1\r\nHost: x\r\n"


async def echo(scope, receive, send):
    """Reads the body and tells what came."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body += message.get("body", b"")
        more = message.get("more_body", False)
    if scope["path"] == "/known":
        scope["state"]["principal"] = "somebody"
    size = 8 << 20 if scope["path"] == "/large" else 0
    told = (
        json.dumps(
            {
                "path": scope["path"],
                "body": body.decode("latin-1"),
                "headers": [name.decode() for name, _ in scope["headers"]],
            }
        ).encode()
        + b" " * size
    )
    head = [(b"content-length", b"%d" % len(told))]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": told})


class Application:
    def __init__(self, port):
        self.port = port

    async def __call__(self, scope, receive, send):
        await echo(scope, receive, send)


@asynccontextmanager
async def serving(port):
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            Application(port),
            http=BoundedProtocol,
            lifespan="off",
            log_level="critical",
            ws="none",
            proxy_headers=False,
        )
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve(sockets=[listening]))
        looking = asyncio.create_task(keep_looking(port))
        while not server.started:
            await asyncio.sleep(0.01)
        yield listening.getsockname()[1]
        server.should_exit = server.force_exit = True
        await running
        looking.cancel()


@pytest.fixture
async def port():
    return Port(bounds=QUICK)


@pytest.fixture
async def address(port):
    async with serving(port) as found:
        yield found


async def told(address, *pieces, pause=0.0, seconds=4.0):
    """Everything that comes until the end of the connection, or until nothing more does."""
    reader, writer = await asyncio.open_connection("127.0.0.1", address)
    come = bytearray()

    async def read():
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(65_536):
                come.extend(piece)

    reading = asyncio.create_task(read())
    for piece in pieces:
        writer.write(piece)
        await asyncio.sleep(pause)
    async with asyncio.timeout(seconds):
        await reading
    writer.close()
    return bytes(come)


def statuses(answer):
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


def code_of(answer):
    return json.loads(answer.rpartition(b"\r\n\r\n")[2])["code"]


CLOSE = b"Connection: close\r\n"
POST = b"POST /echo HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n"


@pytest.mark.parametrize(
    ("request_bytes", "status", "code"),
    [
        (GET + b"X: " + b"a" * 40_000 + b"\r\n\r\n", 431, "request.head_too_large"),
        (GET + b"X: " + b"a" * 2_000_000, 431, "request.head_too_large"),
        (GET + b"X: a\r\n" * 70 + b"\r\n", 431, "request.head_too_large"),
        (GET + b"X: a\r\n" * 200_000, 431, "request.head_too_large"),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, "request.target_too_long"),
        (b"GET /" + b"a" * 900_000, 414, "request.target_too_long"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "request.bad_request"),
        (GET + b"Host: y\r\n\r\n", 400, "request.bad_request"),
        (GET + b" folded\r\n\r\n", 400, "request.bad_request"),
        (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400, "request.bad_request"),
        (b"GET / HTTP/1.1\nHost: x\n\n", 400, "request.bad_request"),
        (b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400, "request.bad_request"),
        (GET + b"X: a\x00b\r\n\r\n", 400, "request.bad_request"),
        (POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400, "request.bad_request"),
        (CHUNKED + b"Content-Length: 3\r\n\r\n0\r\n\r\n", 400, "request.bad_request"),
        (CHUNKED + b"\r\nxyz\r\n", 400, "request.bad_request"),
        (CHUNKED + b"\r\n3 \r\nabc\r\n0\r\n\r\n", 400, "request.bad_request"),
        (CHUNKED + b"\r\n3\r\nabcd0\r\n\r\n", 400, "request.bad_request"),
        (CHUNKED + b"\r\nffffffffffffffffff\r\n", 400, "request.bad_request"),
        (CHUNKED + b"\r\n3;" + b"a" * 60_000 + b"\r\nabc\r\n", 400, "request.bad_request"),
        (CHUNKED + b"\r\n0\r\n" + b"X: a\r\n" * 70 + b"\r\n", 431, "request.head_too_large"),
        (CHUNKED + b"\r\n0\r\nX: " + b"a" * 80_000, 400, "request.bad_request"),
        (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 501, "request.coding_unknown"),
        (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505, "request.version_unknown"),
        (b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 400, "request.bad_request"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "request.bad_request"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "request.bad_request"),
        (b"\r\n" * 40_000, 431, "request.head_too_large"),
    ],
)
async def test_what_is_no_request_is_refused_as_a_problem_and_closed(
    address, port, request_bytes, status, code
):
    answer = await told(address, request_bytes)
    assert statuses(answer) == [status]
    assert code_of(answer) == code
    assert b"connection: close" in answer
    assert port.refused[code] == 1


@pytest.mark.parametrize(
    "request_bytes",
    [
        GET + CLOSE + b"\r\n",
        b"\r\n" + GET + CLOSE + b"\r\n",
        GET + CLOSE + b"X: " + b"a" * 30_000 + b"\r\n\r\n",
        CHUNKED + CLOSE + b"\r\n3;a=b\r\nabc\r\n0\r\n\r\n",
        POST + CLOSE + b"Content-Length: 3\r\n\r\nabc",
        b"GET http://x/echo HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n",
        b"GET /echo HTTP/1.0\r\n\r\n",
        GET + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    ],
)
async def test_what_is_a_request_is_answered(address, port, request_bytes):
    assert statuses(await told(address, request_bytes)) == [200]
    assert not port.refused


async def test_a_trailer_is_no_header_of_the_request(address):
    body = b"\r\n3\r\nabc\r\n0\r\nAuthorization: Bearer x\r\n\r\n"
    answer = await told(address, CHUNKED + CLOSE + body)
    assert json.loads(answer.rpartition(b"\r\n\r\n")[2])["headers"] == [
        "host",
        "transfer-encoding",
        "connection",
    ]


@pytest.mark.parametrize(
    ("pieces", "wanted"),
    [
        ((), []),  # says nothing
        ((GET,), [408]),  # stops within the head
        ([bytes([b]) for b in GET], [408]),  # a byte at a time
        ((GET + b"\r\n",), [200]),  # answered, and then silent
        ((GET + b"\r\n" + GET,), [200, 408]),
    ],
)
async def test_whoever_is_slow_is_ended(address, pieces, wanted):
    assert statuses(await told(address, *pieces, pause=0.05 if len(pieces) > 1 else 0)) == wanted


async def test_whoever_is_known_may_rest_longer(address):
    reader, writer = await asyncio.open_connection("127.0.0.1", address)
    for _ in range(2):
        writer.write(b"GET /known HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        await reader.readuntil(b"}")
        await asyncio.sleep(1.0)
    writer.close()


async def test_answers_come_in_order_and_so_many_may_wait(address, port):
    assert statuses(await told(address, (GET + b"\r\n") * 10)) == [200] * 10
    many = statuses(await told(address, (GET + b"\r\n") * 500))
    assert set(many) == {200}
    assert len(many) < 20
    assert port.refused["request.bad_request"] == 1


async def test_rubbish_after_a_request_does_not_cost_its_answer(address):
    assert statuses(await told(address, GET + b"\r\nrubbish\r\n\r\n"))[0] == 200


async def test_a_reader_that_does_not_read_is_cut(address, port):
    _, writer = await asyncio.open_connection("127.0.0.1", address, limit=1024)
    writer.transport.pause_reading()
    for _ in range(4):
        writer.write(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
    async with asyncio.timeout(5):
        while not len(port):
            await asyncio.sleep(0.05)
        while len(port):
            await asyncio.sleep(0.05)
    assert port.now > 0
    assert len(port) == port.unknown == 0
    writer.transport.abort()


async def test_places_are_given_back(address, port):
    for _ in range(3):
        await told(address, GET + CLOSE + b"\r\n")
    await asyncio.sleep(0.1)
    assert len(port) == port.unknown == 0


async def test_a_peer_without_place_is_cut_at_once(port):
    few = Port(bounds=QUICK, unknown_per_peer=2)
    async with serving(few) as address:
        held = [await asyncio.open_connection("127.0.0.1", address) for _ in range(2)]
        await asyncio.sleep(0.05)
        assert await told(address, GET + b"\r\n") == b""
        assert few.refused["server.busy"] == 1
        for _, writer in held:
            writer.close()
