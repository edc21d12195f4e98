"""The background loops of a gateway process: snapshots, examinations, deliveries. Several processes may each run them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

log = logging.getLogger("onevisit.worker")
Step = Callable[[], Awaitable[int | bool]]
_IDLE_SECONDS = 0.2
_AFTER_FAILURE_SECONDS = 2.0
_LAST_SECONDS = 10.0


@asynccontextmanager
async def working(*steps: Step) -> AsyncIterator[None]:
    """Repeat every step until the block is left; steps under way are finished, not torn off a transaction."""
    stop = asyncio.Event()
    loops = [asyncio.create_task(_repeat(step, stop)) for step in steps]
    try:
        yield
    finally:
        stop.set()
        _, late = await asyncio.wait(loops, timeout=_LAST_SECONDS)
        for task in late:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _repeat(step: Step, stop: asyncio.Event) -> None:
    """A step that did something is repeated at once, one that failed is tried again later."""
    while not stop.is_set():
        pause = 0.0
        try:
            pause = 0.0 if await step() else _IDLE_SECONDS
        except Exception:
            log.exception("a background step failed; trying again")
            pause = _AFTER_FAILURE_SECONDS
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await stop.wait()
