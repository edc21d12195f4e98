"""SIGTERM: not ready at once, the server hears of it later, a second one at once."""

import asyncio
import os
import signal

import pytest

from app.core.drain import Drain


@pytest.fixture
def heard(monkeypatch):
    monkeypatch.setattr("app.core.drain._end_at_last", lambda: None)
    told = []
    before = signal.signal(signal.SIGTERM, lambda number, _frame: told.append(number))
    yield told
    signal.signal(signal.SIGTERM, before)


async def test_the_server_hears_of_it_when_a_balancer_has_had_its_time(heard):
    drain = Drain(0.1)
    with drain.on_sigterm():
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.02)
        assert (drain.is_begun, heard) == (True, [])
        await asyncio.sleep(0.15)
        assert heard == [signal.SIGTERM]


async def test_a_second_signal_is_heard_at_once(heard):
    drain = Drain(30)
    with drain.on_sigterm():
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0.01)
    assert heard == [signal.SIGTERM]


async def test_afterwards_the_signal_is_the_servers_again(heard):
    drain = Drain(30)
    with drain.on_sigterm():
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.sleep(0.01)
    assert (drain.is_begun, heard) == (False, [signal.SIGTERM])
