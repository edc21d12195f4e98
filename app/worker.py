"""The background loops of a gateway process: examinations, deliveries, numbers. Several processes
may each run them.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress

from app.core.db import Database
from app.core.rooms import Step

log = logging.getLogger("onevisit.worker")
_IDLE_SECONDS = 1.0
"""A step that found nothing looks again when this process has committed something, and once a
second for what others did.
"""
_STEADY_SECONDS, _BUSY_SECONDS = 0.25, 0.1
_AFTER_FAILURE_SECONDS = 2.0
_LAST_SECONDS, _CANCELLED_SECONDS = 2.0, 0.5


class Alarm:
    """Wakes the loops when somebody has committed; may be rung from any thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._rung: asyncio.Future[None] = self._loop.create_future()

    def ring(self) -> None:
        """Something was committed."""
        with suppress(RuntimeError):  # the loop has ended meanwhile
            self._loop.call_soon_threadsafe(self._ring)

    def _ring(self) -> None:
        rung, self._rung = self._rung, self._loop.create_future()
        rung.set_result(None)

    @property
    def rung(self) -> "asyncio.Future[None]":
        """Resolved when it rings next."""
        return self._rung


@asynccontextmanager
async def working(
    *steps: Step, steady: Iterable[Step] = (), database: Database | None = None
) -> AsyncIterator[None]:
    """Repeat every step until the block is left, at once when `database` has committed something;
    steps under way are finished, not torn off a transaction.
    """
    stop: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    alarm = Alarm()
    if database is not None:
        database.on_commit = alarm.ring
    loops = [asyncio.create_task(_repeat(step, stop, alarm)) for step in steps]
    loops += [asyncio.create_task(_repeat_steadily(step, stop)) for step in steady]
    try:
        yield
    finally:
        stop.set_result(None)
        _, late = await asyncio.wait(loops, timeout=_LAST_SECONDS)
        for task in late:
            task.cancel()
        if late:  # a thread of theirs may still wait for the database, which has bounds of its own
            await asyncio.wait(late, timeout=_CANCELLED_SECONDS)


async def _repeat(step: Step, stop: "asyncio.Future[None]", alarm: Alarm) -> None:
    """A step that did something is repeated at once, one that failed is tried again later."""
    while not stop.done():
        rung = alarm.rung  # before the step: what is committed while it looks is seen
        found = await _tried(step)
        if found is None:
            await asyncio.wait((stop,), timeout=_AFTER_FAILURE_SECONDS)
        elif not found:
            await asyncio.wait(
                (stop, rung), timeout=_IDLE_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )


async def _repeat_steadily(step: Step, stop: "asyncio.Future[None]") -> None:
    while not stop.done():
        found = await _tried(step)
        pause = _AFTER_FAILURE_SECONDS if found is None else _STEADY_SECONDS
        if found:
            pause = _BUSY_SECONDS
        await asyncio.wait((stop,), timeout=pause)


async def _tried(step: Step) -> bool | None:
    """Whether it found something to do; None where it failed."""
    try:
        return bool(await step())
    except Exception:
        log.exception("a background step failed; trying again")
        return None
