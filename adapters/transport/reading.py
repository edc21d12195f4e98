"""Large answers are read on a thread: inflating and parsing them on the loop would hold up everybody else's."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
LARGE = 64 << 10
"""Bytes on the wire above which a thread reads."""
_READERS = ThreadPoolExecutor(1, thread_name_prefix="read-large")


async def read(size: int, act: Callable[[], T]) -> T:
    """What `act` makes of an answer of so many bytes; one large answer after another, small ones at once."""
    if size <= LARGE:
        return act()
    return await asyncio.get_running_loop().run_in_executor(_READERS, act)
