"""The background loop of a gateway process: examinations and deliveries. Several processes may each run one."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger("onevisit.worker")
_IDLE_SECONDS = 0.2
_AFTER_FAILURE_SECONDS = 2.0


async def run(*steps: Callable[[], Awaitable[int | bool]]) -> None:
    """Repeat every step for ever; a step that did something is not waited after, one that failed is tried again later."""
    async with asyncio.TaskGroup() as group:
        for step in steps:
            group.create_task(_repeat(step))


async def _repeat(step: Callable[[], Awaitable[int | bool]]) -> None:
    while True:
        try:
            busy = await step()
        except Exception:
            log.exception("a background step failed; trying again")
            await asyncio.sleep(_AFTER_FAILURE_SECONDS)
            continue
        if not busy:
            await asyncio.sleep(_IDLE_SECONDS)
