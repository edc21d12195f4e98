"""Mock departments as real HTTP servers in a process of their own; a control port makes them
misbehave.

`python -m adapters.fakes.server --port 9101` listens on 13 ports from 9101 and on a control port,
and prints one JSON line with all addresses when it is ready. `PUT /faults/{department}` with
`{"mode": "hang"}` breaks one: `down` closes its socket and every connection, `hang` never answers,
`garbage` answers rubbish, `slow` adds two seconds, `error` answers 500, `ok` mends it; every
behaviour of the zoo (`adapters.fakes.zoo`) is a mode too. `"latency_ms": 300` beside the mode makes
it that slow.
"""

import argparse
import asyncio
import json
import signal
import socket
import struct
import sys
from collections.abc import Coroutine, Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import httptools

from adapters.fakes.departments import NAMES, OFFICES, Department, MockAnswer, MockRequest, assemble
from adapters.fakes.world import World
from adapters.fakes.zoo import CLOSE, RESET, ZOO, Step

HOST = "127.0.0.1"
MODES = frozenset({"ok", "down", "hang", "garbage", "slow", "error", *ZOO})
_MOST_BUFFERED = 1 << 20
_SLOW_SECONDS = 2.5
_SHORTEST_IDENTIFIER = 9
_GARBAGE = MockAnswer(200, b'{"business_id": "\xff\xfe', "application/json")


class _Server(asyncio.Protocol):
    """One connection to one mock department."""

    def __init__(self, owner: "Listener") -> None:
        self.owner = owner
        self.transport: asyncio.Transport | None = None
        self.parser = httptools.HttpRequestParser(self)
        self.url = b""
        self.headers: dict[str, str] = {}
        self.body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # start_server gives a Transport
        self.owner.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's signature
        self.owner.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            if self.transport is not None:
                self.transport.abort()

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        parts = urlsplit(self.url.decode("latin-1"))
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        asked = MockRequest(
            self.parser.get_method().decode(), parts.path, query, self.headers, self.body
        )
        self.url, self.headers, self.body = b"", {}, b""
        self.owner.spawn(self._answer(asked))

    async def _misbehave(self, steps: Iterable[Step]) -> None:
        """Play a script of the zoo, as long as the other side listens."""
        for step in steps:
            transport = self.transport
            if transport is None or transport.is_closing():
                return
            if isinstance(step, bytes):
                transport.write(step)
                while _is_behind(transport):  # noqa: ASYNC110 - a transport has no event for it
                    await asyncio.sleep(0.002)
            elif step == CLOSE:
                transport.close()
            elif step == RESET:
                sock = transport.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                transport.abort()
            else:
                await asyncio.sleep(float(step))

    async def _answer(self, asked: MockRequest) -> None:
        if self.owner.mode in ZOO:
            self.owner.served += 1
            await self._misbehave(ZOO[self.owner.mode].script(_asked_for(asked)))
            return
        told = await self.owner.answer(asked)
        if told is None or self.transport is None or self.transport.is_closing():
            return
        head = f"HTTP/1.1 {told.status} -\r\nContent-Type: {told.media_type}\r\n"
        head += f"Content-Length: {len(told.body)}\r\n\r\n"
        self.transport.write(head.encode("latin-1") + told.body)


def _is_behind(transport: asyncio.Transport) -> bool:
    """Whether the other side does not read as fast as it is written to."""
    return transport.get_write_buffer_size() > _MOST_BUFFERED and not transport.is_closing()


def _asked_for(asked: MockRequest) -> str:
    """The identifier in a question, wherever this department is told it."""
    values = [
        unquote(asked.path.rpartition("/")[2]),
        *asked.query.values(),
        *map(str, asked.json().values()),
    ]
    return next((v for v in values if v[:1].isalnum() and len(v) >= _SHORTEST_IDENTIFIER), "")


class Listener:
    """A port, its connections, and how it misbehaves."""

    def __init__(self, department: Department | None, port: int) -> None:
        self.department = department
        self.port = port
        self.mode = "ok"
        self.instead: dict[str, MockAnswer] = {}
        """What is answered about a business in place of the truth."""
        self.connections: set[_Server] = set()
        self.served = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Server(self), HOST, self.port, backlog=1024
        )
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in tuple(self.connections):
            if connection.transport is not None:
                connection.transport.abort()

    async def answer(self, asked: MockRequest) -> MockAnswer | None:
        if self.department is None:
            return MockAnswer(404, b'{"error": "nobody answers here"}')
        self.served += 1
        if self.mode == "hang":
            return None
        if self.mode == "garbage":
            return _GARBAGE
        if self.mode == "error":
            return MockAnswer(500, b'{"error": "internal"}')
        if self.instead:
            said = f"{unquote(asked.path)} {asked.query} {asked.json()}"
            told = next((answer for code, answer in self.instead.items() if code in said), None)
            if told is not None:
                return told
        await asyncio.sleep(
            _SLOW_SECONDS if self.mode == "slow" else self.department.latency_ms / 1000
        )
        return self.department.handle(self.department, asked)

    async def set_mode(self, mode: str) -> None:
        if self.mode == "down" and mode != "down":
            await self.open()
        if mode == "down" and self.mode != "down":
            self.close()
        self.mode = mode


class Control(Listener):
    """The port that breaks and mends the others."""

    def __init__(self, listeners: dict[str, Listener], port: int) -> None:
        super().__init__(None, port)
        self.listeners = listeners
        self.notices: list[dict[str, Any]] = []

    async def answer(self, asked: MockRequest) -> MockAnswer | None:
        name = asked.path.rpartition("/")[2]
        listener = self.listeners.get(name)
        mode = str(asked.json().get("mode"))
        if asked.path == "/received":
            found = {
                n: list(entry.department.received.values())
                for n, entry in self.listeners.items()
                if entry.department
            }
            return MockAnswer(200, json.dumps(found, ensure_ascii=False).encode())
        if asked.path == "/notices":
            return self._notices(asked)
        if listener is None or mode not in MODES:
            return MockAnswer(
                404,
                json.dumps(
                    {"departments": sorted(self.listeners), "modes": sorted(MODES)}
                ).encode(),
            )
        latency = asked.json().get("latency_ms")
        if isinstance(latency, int) and listener.department is not None:
            listener.department.latency_ms = latency
        await listener.set_mode(mode)
        return MockAnswer(200, json.dumps({"department": name, "mode": mode}).encode())

    def _notices(self, asked: MockRequest) -> MockAnswer:
        """A system that takes notices: says challenges back, and shows what it received."""
        told = asked.json()
        if "type" not in told:
            return MockAnswer(200, json.dumps(self.notices, ensure_ascii=False).encode())
        data = told.get("data") or {}
        if "challenge" in data:
            return MockAnswer(200, json.dumps({"challenge": data["challenge"]}).encode())
        self.notices.append(told)
        return MockAnswer(200, b"{}")


async def start(
    world: World, port: int, latency_ms: int | None = None, *, offices: bool = False
) -> tuple[dict[str, Listener], Control]:
    """Open all listeners, from `port` upward or on free ports when it is 0. Raises OSError naming
    nothing that is left open.
    """
    listeners: dict[str, Listener] = {}
    try:
        for index, department in enumerate(assemble(world, offices=offices)):
            if latency_ms is not None:
                department.latency_ms = latency_ms
            listener = Listener(department, port + index if port else 0)
            await listener.open()
            listeners[department.name] = listener
        control = Control(listeners, port + len(listeners) if port else 0)
        await control.open()
    except OSError:
        for listener in listeners.values():
            listener.close()
        raise
    return listeners, control


async def _serve(arguments: argparse.Namespace) -> int:
    today = datetime.now(UTC).date()  # noqa: TID251 - a server of its own
    world = World(arguments.seed, arguments.businesses, today)
    try:
        listeners, control = await start(
            world, arguments.port, arguments.latency_ms, offices=arguments.offices
        )
    except OSError as error:
        last = arguments.port + len(NAMES) + arguments.offices * len(OFFICES)
        sys.stderr.write(
            f"Ports {arguments.port} to {last} on {HOST} must be free for the mock "
            f"departments ({error.strerror}).\n"
            "Choose others with --port, or stop what listens there.\n"
        )
        return 1
    ready = {
        "departments": {name: f"http://{HOST}:{entry.port}" for name, entry in listeners.items()},
        "control": f"http://{HOST}:{control.port}",
        "businesses": arguments.businesses,
    }
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    for listener in (*listeners.values(), control):
        listener.close()
    return 0


def main() -> int:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="Mock departments over HTTP, for demo and tests.")
    parser.add_argument(
        "--port", type=int, default=9101, help="first of 14 ports; 0 takes free ones (default 9101)"
    )
    parser.add_argument(
        "--businesses", type=int, default=2000, help="how many to generate (default 2000)"
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="same seed, same businesses (default 1)"
    )
    parser.add_argument(
        "--latency-ms", type=int, default=None, help="one latency for all (default 40 to 80 each)"
    )
    parser.add_argument(
        "--offices",
        action="store_true",
        help="three tax offices of two cities and their province beside them",
    )
    return asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
