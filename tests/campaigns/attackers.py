"""What hostile clients do to the gateway's port, each on one socket. A process of its own: its machine is not the gateway's.

Prints one JSON line per behaviour: how many there were, and after how many seconds the slowest of them was closed, counted from the
moment from which it only waits to be closed (or, of what never ends by itself, from its beginning).
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import resource
import socket
import sys
from collections.abc import Awaitable, Callable

HOST = "127.0.0.1"
LONGEST = 25.0
"""Seconds after which a connection that is still open counts as never closed."""
GET = b"GET %b HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
FORGED = (
    b"eyJhbGciOiJFZERTQSIsImtpZCI6ImxvY2FsLTEiLCJ0eXAiOiJhdCtqd3QifQ.eyJzdWIiOiJ4In0." + b"A" * 86
)
NONE = b"eyJhbGciOiJub25lIiwia2lkIjoieCIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiJ4In0."
LOOK_UP = b"/v1/profiles/91310115MA1YYY024Y?purpose=patrol"


class Wire:
    """A socket, and what may be done with it. Every step ends early once the other side has closed."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, token: bytes
    ) -> None:
        self.reader, self.writer, self.token = reader, writer, token
        self.rng = random.Random(id(self))

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def endless(self, piece: bytes, pause: float = 0.002) -> None:
        while True:
            await self.send(piece)
            await asyncio.sleep(pause)

    async def drip(self, data: bytes, pause: float = 0.5) -> None:
        for byte in data:
            await self.send(bytes([byte]))
            await asyncio.sleep(pause)

    async def flood(self, request: bytes, times: int = 10, pause: float = 0.4) -> None:
        for _ in range(times):
            await self.send(request)
            async with asyncio.timeout(10):
                await self.reader.read(65_536)
            await asyncio.sleep(pause * self.rng.uniform(0.5, 1.5))


Act = Callable[[Wire], Awaitable[None]]
ACTS: dict[str, Act] = {}


def sends(name: str, *pieces: bytes) -> None:
    """A behaviour that sends something and waits."""

    async def act(wire: Wire) -> None:
        for piece in pieces:
            await wire.send(piece)

    ACTS[name] = act


def act(function: Act) -> Act:
    ACTS[function.__name__] = function
    return function


def floods(name: str, request: bytes) -> None:
    """A behaviour that asks the same again and again."""

    async def flood(wire: Wire) -> None:
        await wire.flood(request)

    ACTS[name] = flood


def bearer(token: bytes) -> bytes:
    return b"Authorization: Bearer " + token + b"\r\n"


sends("silent")
sends("one_byte", b"G")
sends("half_a_head", GET % b"/livez" + b"X: ")
sends("head_of_a_mebibyte", GET % b"/livez" + b"X: " + b"a" * (1 << 20))
sends("a_thousand_fields", GET % b"/livez" + b"X: a\r\n" * 1000)
sends("target_of_64_kib", GET % (b"/" + b"a" * 65_536) + b"\r\n")
sends("bare_line_feeds", b"GET / HTTP/1.1\nHost: x\n\n")
sends("rubbish", bytes(range(256)) * 8)
sends("tls_hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500)
sends("http2_preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
sends("http09", b"GET /\r\n")
sends("blank_before_colon", b"GET / HTTP/1.1\r\nHost : x\r\n\r\n")
sends("folded_line", GET % b"/" + b"X: a\r\n b\r\n\r\n")
sends("two_hosts", GET % b"/" + b"Host: y\r\n\r\n")
sends("no_host", b"GET / HTTP/1.1\r\n\r\n")
sends(
    "length_and_coding", POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
)
sends("two_lengths", POST + b"Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde")
sends("odd_coding", POST + b"Transfer-Encoding: xchunked\r\n\r\n")
sends("bad_chunk", CHUNKED + b"zz\r\n")
sends("large_chunk_announced", CHUNKED + b"ffffffff\r\n")
sends("huge_length_unsent", POST + b"Content-Length: 10737418240\r\n\r\n")
sends("body_never_comes", POST + b"Content-Length: 100\r\n\r\n")
sends("body_never_comes_bad_token", POST + bearer(FORGED) + b"Content-Length: 100\r\n\r\n{")
sends("expect_continue", POST + b"Expect: 100-continue\r\nContent-Length: 100\r\n\r\n")
sends(
    "upgrade",
    GET % b"/livez" + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n" + b"\x81\x05hello",
)
sends("connect", b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n")
sends("pipeline_of_thousands", (GET % b"/nothing" + b"\r\n") * 3000)
sends("pipeline_of_pages_unread", (GET % b"/openapi.json" + b"\r\n") * 16)
floods("no_token", GET % LOOK_UP + b"\r\n")
floods("forged_tokens", GET % LOOK_UP + bearer(FORGED) + b"\r\n")
floods("forged_tokens_elsewhere", GET % b"/v1/records" + bearer(FORGED) + b"\r\n")
floods("algorithm_none", GET % LOOK_UP + bearer(NONE) + b"\r\n")
floods("token_of_8_kib", GET % LOOK_UP + bearer(b"a" * 8000) + b"\r\n")
floods("probes", GET % b"/readyz" + b"\r\n")
floods("metrics", GET % b"/metrics" + b"X-Forwarded-For: 127.0.0.1\r\n\r\n")
floods("page", GET % b"/m" + b"\r\n")
floods("nothing_there", GET % b"/nothing" + b"\r\n")
floods("wrong_method", b"DELETE /v1/tasks HTTP/1.1\r\nHost: x\r\n\r\n")
floods("options", b"OPTIONS /v1/tasks HTTP/1.1\r\nHost: x\r\n\r\n")
floods("escaped_slashes", GET % b"/v1%2Fprofiles%2f..%2F..%2fetc" + b"\r\n")
floods("query_of_8_kib", GET % (b"/v1/profiles/x?" + b"a=b&" * 2000) + b"\r\n")
floods("claims_priority", GET % (LOOK_UP + b"&task=0&priority=u%3D0") + b"Priority: u=0\r\n\r\n")


@act
async def head_in_drips(wire: Wire) -> None:
    await wire.drip(GET % b"/livez" + b"X: " + b"a" * 200)


@act
async def endless_value(wire: Wire) -> None:
    await wire.send(GET % b"/livez" + b"X: ")
    await wire.endless(b"a" * 4096)


@act
async def endless_fields(wire: Wire) -> None:
    await wire.send(GET % b"/livez")
    await wire.endless(b"X-A: b\r\n" * 64)


@act
async def endless_target(wire: Wire) -> None:
    await wire.send(b"GET /")
    await wire.endless(b"a" * 4096)


@act
async def endless_blank_lines(wire: Wire) -> None:
    await wire.endless(b"\r\n" * 512)


@act
async def endless_chunk_extension(wire: Wire) -> None:
    await wire.send(CHUNKED + b"3;")
    await wire.endless(b"a" * 4096)


@act
async def endless_trailers(wire: Wire) -> None:
    await wire.send(CHUNKED + b"0\r\n")
    await wire.endless(b"X-A: b\r\n" * 64)


@act
async def endless_body(wire: Wire) -> None:
    await wire.send(POST + b"Content-Length: 10737418240\r\n\r\n")
    await wire.endless(b"a" * 16_384)


@act
async def chunks_of_one_byte(wire: Wire) -> None:
    await wire.send(CHUNKED)
    await wire.endless(b"1\r\na\r\n" * 100)


@act
async def body_in_drips_with_a_token(wire: Wire) -> None:
    await wire.send(POST + bearer(wire.token) + b"Content-Length: 2000\r\n\r\n{")
    await wire.drip(b" " * 200)


@act
async def large_body_with_a_token(wire: Wire) -> None:
    await wire.send(POST + bearer(wire.token) + b"Transfer-Encoding: chunked\r\n\r\n")
    await wire.endless(b"4000\r\n" + b"[" * 0x4000 + b"\r\n")


@act
async def churn(wire: Wire) -> None:
    for _ in range(20):
        _, writer = await asyncio.open_connection(HOST, wire.writer.get_extra_info("peername")[1])
        writer.transport.abort()
        await asyncio.sleep(0.1)


@act
async def reset_within_the_head(wire: Wire) -> None:
    await wire.send(GET % b"/livez")
    wire.writer.transport.abort()


@act
async def half_closed(wire: Wire) -> None:
    await wire.send(GET % b"/livez")
    wire.writer.write_eof()


@act
async def reader_of_one_byte_a_second(wire: Wire) -> None:
    await wire.send((GET % b"/openapi.json" + b"\r\n") * 8)
    wire.writer.transport.pause_reading()
    while not wire.writer.is_closing():
        await asyncio.sleep(1)
        await wire.send(GET % b"/openapi.json" + b"\r\n")


async def play(name: str, port: int, token: bytes) -> float:
    """One of a kind; the seconds until it was closed."""
    loop = asyncio.get_running_loop()
    try:
        reader, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return 0.0
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    wire, begun = Wire(reader, writer, token), loop.time()
    endless = not name.startswith("pipeline") and name.startswith(("endless", "reader", "chunks"))
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(LONGEST):
            await ACTS[name](wire)
    waiting = begun if endless else loop.time()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(LONGEST):
            if "unread" in name:
                await closed(writer)
            while await reader.read(65_536):
                pass
    writer.transport.abort()
    return loop.time() - waiting


async def closed(writer: asyncio.StreamWriter) -> None:
    """Wait for the end without reading: what is written into a closed connection fails."""
    writer.transport.pause_reading()
    while True:
        writer.write(b"\r\n")
        await writer.drain()
        await asyncio.sleep(0.5)


async def attack(port: int, names: list[str], each: int, token: bytes, per_second: float) -> None:
    """All of them at once, coming at a rate."""
    order = [name for name in names for _ in range(each)]
    random.Random(1).shuffle(order)
    tasks: list[tuple[str, asyncio.Task[float]]] = []
    for name in order:
        tasks.append((name, asyncio.create_task(play(name, port, token))))
        await asyncio.sleep(1 / per_second)
    slowest: dict[str, float] = {}
    for name, task in tasks:
        slowest[name] = max(slowest.get(name, 0.0), await task)
    for name, seconds in slowest.items():
        print(json.dumps({"name": name, "count": each, "closed_s": round(seconds, 2)}), flush=True)


def main() -> None:
    """Attack, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--each", type=int, default=1)
    parser.add_argument("--per-second", type=float, default=500)
    parser.add_argument("--names", default="")
    arguments = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    os.nice(10)
    names = arguments.names.split(",") if arguments.names else list(ACTS)
    token = os.environ["ATTACKER_TOKEN"].encode()
    asyncio.run(attack(arguments.port, names, arguments.each, token, arguments.per_second))


if __name__ == "__main__":
    sys.exit(main())
