"""The background loops of a gateway process: snapshots, examinations, deliveries. Several processes
may each run them.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from app.core.rooms import Step

log = logging.getLogger("onevisit.worker")
_IDLE_SECONDS, _MOST_IDLE_SECONDS, _SLOWER = 0.2, 1.0, 1.3
"""A step that finds nothing to do looks again after the first, and more and more seldom up to the
second.
"""
_STEADY_SECONDS = 0.3
_AFTER_FAILURE_SECONDS = 2.0
_LAST_SECONDS = 10.0


@asynccontextmanager
async def working(*steps: Step, steady: Step | None = None) -> AsyncIterator[None]:
    """Repeat every step until the block is left; steps under way are finished, not torn off a
    transaction.
    """
    stop: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    loops = [asyncio.create_task(_repeat(step, stop, _MOST_IDLE_SECONDS)) for step in steps]
    if steady is not None:
        loops.append(asyncio.create_task(_repeat(steady, stop, _STEADY_SECONDS)))
    try:
        yield
    finally:
        stop.set_result(None)
        _, late = await asyncio.wait(loops, timeout=_LAST_SECONDS)
        for task in late:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _repeat(step: Step, stop: "asyncio.Future[None]", most_idle: float) -> None:
    """A step that did something is repeated at once, one that failed is tried again later."""
    idle = _IDLE_SECONDS
    while not stop.done():
        pause = 0.0
        try:
            did_something = await step()
            idle = _IDLE_SECONDS if did_something else min(idle * _SLOWER, most_idle)
            pause = 0.0 if did_something else idle
        except Exception:
            log.exception("a background step failed; trying again")
            pause = _AFTER_FAILURE_SECONDS
        await asyncio.wait((stop,), timeout=pause)
