"""The writer's lock that threads and coroutines share."""

import asyncio
import threading

from app.core.lock import FairLock


class TestLock:
    async def test_threads_and_coroutines_come_in_turn(self):
        lock = FairLock()
        order = []
        lock.acquire()

        async def coroutine(name):
            await lock.acquire_async()
            order.append(name)
            lock.release()

        def thread(name):
            lock.acquire()
            order.append(name)
            lock.release()

        tasks = []
        for index in range(6):
            if index % 2:
                started = threading.Thread(target=thread, args=(index,))
                started.start()
                tasks.append(asyncio.to_thread(started.join))
            else:
                tasks.append(asyncio.create_task(coroutine(index)))
            await asyncio.sleep(0.02)
        lock.release()
        async with asyncio.TaskGroup() as group:
            for task in tasks:
                group.create_task(asyncio.wait_for(task, 5))
        assert order == list(range(6))

    async def test_a_cancelled_wait_does_not_lose_the_lock(self):
        lock = FairLock()
        lock.acquire()
        waiting = [asyncio.create_task(lock.acquire_async()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        lock.release()
        await asyncio.wait_for(waiting[1], 1)
        waiting[2].cancel()
        await asyncio.sleep(0)
        lock.release()
        await asyncio.wait_for(lock.acquire_async(), 1)
        lock.release()
        assert not lock.is_held

    async def test_a_wait_cancelled_just_as_it_is_granted_hands_on(self):
        lock = FairLock()
        lock.acquire()
        task = asyncio.create_task(lock.acquire_async())
        await asyncio.sleep(0)
        lock.release()
        task.cancel()
        await asyncio.wait([task])
        await asyncio.wait_for(lock.acquire_async(), 1)
        lock.release()
        assert not lock.is_held
