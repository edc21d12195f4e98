"""The background loops: repeated, retried, and ended without tearing a step apart."""

import asyncio

from app import worker


async def test_a_step_that_does_something_is_repeated_at_once_and_finished_before_the_end():
    seen = []

    async def step():
        seen.append("begun")
        await asyncio.sleep(0.01)
        seen.append("ended")
        return True

    async with worker.working(step):
        await asyncio.sleep(0.05)
    assert len(seen) >= 4
    assert seen[-1] == "ended"


async def test_a_failing_step_is_tried_again(monkeypatch, caplog):
    monkeypatch.setattr(worker, "_AFTER_FAILURE_SECONDS", 0.0)
    seen = []

    async def step():
        seen.append(1)
        if len(seen) < 3:
            raise RuntimeError
        return False

    async with worker.working(step):
        while len(seen) < 3:
            await asyncio.sleep(0.01)
    assert "tried again" in caplog.text or "trying again" in caplog.text


async def test_a_step_that_does_not_end_is_cancelled_at_last(monkeypatch):
    monkeypatch.setattr(worker, "_LAST_SECONDS", 0.05)
    ended = []

    async def step():
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(1)

    async with worker.working(step):
        await asyncio.sleep(0.01)
    assert ended == [1]


async def test_a_commit_wakes_a_step_that_found_nothing(database):
    looked = asyncio.Queue()

    async def step():
        looked.put_nowait(1)
        return False

    async with worker.working(step, database=database):
        await looked.get()
        begun = asyncio.get_running_loop().time()
        with database.write():
            pass
        await looked.get()
    assert asyncio.get_running_loop().time() - begun < 0.9
