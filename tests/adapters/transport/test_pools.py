"""Connections that wait: whose they are, how long they are kept, and what came on them unasked."""

import asyncio
from ipaddress import ip_network

import pytest

from adapters.contract.errors import AdapterError
from adapters.transport import pools
from adapters.transport.connection import Connection
from adapters.transport.exchange import Exchange, owner_of
from adapters.transport.guard import AddressGuard

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Department:
    """A server that notes its connections. `play` answers one of them."""

    def __init__(self, play=None):
        self.play = play or self.answer
        self.connections = 0
        self.ended = 0
        self.writers = []

    async def answer(self, reader, writer):
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(ANSWER)

    async def serve(self, reader, writer):
        self.connections += 1
        self.writers.append(writer)
        try:
            await self.play(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.ended += 1
        writer.close()

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/x"
        return self

    async def __aexit__(self, *_):
        self.server.close()
        for writer in self.writers:
            writer.close()


@pytest.fixture
async def exchange():
    guard = AddressGuard(allow=(ip_network("127.0.0.0/8"),), allow_http=True)
    found = Exchange(guard)
    yield found
    await found.aclose()


async def ask(exchange, url, owner="", seconds=2.0):
    deadline = asyncio.get_running_loop().time() + seconds
    answer = await exchange.send("GET", url, headers={}, deadline=deadline, owner=owner)
    return answer.status


async def test_no_two_adapters_share_a_connection(exchange):
    async with Department() as department:
        first, second = owner_of("tax"), owner_of("tax")
        assert first != second
        for owner in (first, first, second, second):
            assert await ask(exchange, department.url, owner) == 200
        assert department.connections == 2
        exchange.drop(first)
        await asyncio.sleep(0.05)
        assert department.ended == 1
        assert await ask(exchange, department.url, second) == 200
        assert department.connections == 2


async def test_a_connection_that_is_not_used_is_closed(exchange, monkeypatch):
    monkeypatch.setattr(pools, "IDLE_SECONDS", 0.1)
    async with Department() as department:
        await ask(exchange, department.url)
        assert exchange.idle_connections == 1
        await asyncio.sleep(0.3)
        assert (exchange.idle_connections, department.ended) == (0, 1)


async def test_what_came_before_the_question_answers_nothing(exchange):
    async def eager(reader, writer):
        writer.write(ANSWER)
        await writer.drain()
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(1)

    async with Department(eager) as department:
        # Whether the bytes are there when the question is about to be written is the network's:
        # they are given time here.
        loop = asyncio.get_running_loop()
        limits, budget = exchange.limits, exchange.budget
        port = int(department.url.split(":")[2].split("/")[0])
        _, connection = await loop.create_connection(
            lambda: Connection(limits, budget), "127.0.0.1", port
        )
        connection.transport.pause_reading()
        await asyncio.sleep(0.05)
        assert not connection.is_usable()
        connection.abort()


async def test_what_came_between_two_questions_answers_nothing(exchange):
    async def twice(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER)
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(ANSWER)
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(ANSWER)

    async with Department(twice) as department:
        await ask(exchange, department.url)
        await asyncio.sleep(0.15)
        assert await ask(exchange, department.url) == 200
        assert department.connections == 2


async def test_a_silent_connection_takes_those_with_it_that_were_idle_longer(exchange):
    silent = set()

    async def forgetful(reader, writer):
        while await reader.readuntil(b"\r\n\r\n"):
            if writer not in silent:
                await asyncio.sleep(0.1)
                writer.write(ANSWER)

    async with Department(forgetful) as department:
        await asyncio.gather(*(ask(exchange, department.url) for _ in range(4)))
        assert exchange.idle_connections == 4
        silent.update(department.writers)
        with pytest.raises(AdapterError):
            await ask(exchange, department.url, seconds=0.6)
        assert exchange.idle_connections == 0
        assert await ask(exchange, department.url) == 200


@pytest.mark.parametrize("name", ["X\r\nY", "X:", "", "Ä", "X Y"])
async def test_a_name_that_is_no_name_is_not_sent(exchange, name):
    async with Department() as department:
        deadline = asyncio.get_running_loop().time() + 1
        with pytest.raises(AdapterError, match="request_refused"):
            await exchange.send("GET", department.url, headers={name: "x"}, deadline=deadline)
        assert department.connections == 0


@pytest.mark.parametrize("value", ["a\r\nHost: x", "a\x00", "钥", "a\x7f", "a\tb"])
async def test_a_value_that_is_more_than_a_value_is_not_sent(exchange, value):
    async with Department() as department:
        deadline = asyncio.get_running_loop().time() + 1
        with pytest.raises(AdapterError, match="request_refused"):
            await exchange.send("GET", department.url, headers={"X": value}, deadline=deadline)
        assert department.connections == 0
