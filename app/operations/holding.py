"""Hold work while it is done."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from app.core.db import AWAY, DatabaseBusy
from app.operations.lease import RENEW_SECONDS

log = logging.getLogger("onevisit.operations")
T = TypeVar("T")


class NotHeld(Exception):
    """Somebody else has taken the work over, or called it off."""


async def while_held(work: Awaitable[T], renew: Callable[[], Awaitable[bool]]) -> T:
    """What `work` comes to; `renew` says, every two seconds, whether it is still held. A database
    that is busy or away says nothing of that: the lease does, to others. Raises what the work
    raises, and `NotHeld`; the work has then been called off.
    """
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            await asyncio.wait((task,), timeout=RENEW_SECONDS)
            if not task.done() and not await _is_held(renew):
                raise NotHeld
        return task.result()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await task


async def _is_held(renew: Callable[[], Awaitable[bool]]) -> bool:
    try:
        return await renew()
    except (DatabaseBusy, *AWAY):
        log.warning("a lease could not be renewed now")
        return True
