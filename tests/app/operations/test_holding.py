"""Work is held as long as nobody says otherwise: a database that is away is no such word."""

import asyncio

import pytest
from sqlalchemy.exc import OperationalError

from app.core.db import DatabaseBusy
from app.operations import holding
from app.operations.holding import NotHeld, while_held


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(holding, "RENEW_SECONDS", 0.01)


async def work(ended=None):
    try:
        await asyncio.sleep(0.1)
    except asyncio.CancelledError:
        ended.append("called off")
        raise
    return "done"


async def test_what_is_held_comes_to_its_end():
    async def held():
        return True

    assert await while_held(work(), held) == "done"


@pytest.mark.parametrize("error", [DatabaseBusy(), OperationalError("", {}, Exception())])
async def test_a_renewal_that_the_database_prevents_calls_nothing_off(error):
    asked = []

    async def busy():
        asked.append(1)
        raise error

    assert await while_held(work(), busy) == "done"
    assert len(asked) > 2


async def test_what_somebody_else_holds_is_called_off():
    ended = []

    async def lost():
        return False

    with pytest.raises(NotHeld):
        await while_held(work(ended), lost)
    assert ended == ["called off"]


async def test_what_the_work_raises_is_raised():
    async def held():
        return True

    async def fails():
        raise LookupError

    with pytest.raises(LookupError):
        await while_held(fails(), held)
    ended = []

    async def breaks():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await while_held(work(ended), breaks)
    assert ended == ["called off"]
