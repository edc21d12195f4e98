"""Asking a department what is no section: as many at once as it declares, each for a bounded while,
and none while its breaker is open.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from adapters.contract.errors import AdapterError, AdapterUnavailable
from adapters.dispatch.breaker import Breaker, BreakerRules
from adapters.dispatch.lane import Spoilt, is_neutral

_PLACE_SECONDS = 0.5
_SLOW_SHARE = 0.9


class Turns:
    """The places and the breaker of one adapter. `random` gives numbers in [0, 1)."""

    def __init__(self, places: int, random: Callable[[], float]) -> None:
        self._places = asyncio.Semaphore(places)
        self._breaker = Breaker(BreakerRules(), random)
        self._spoilt = Spoilt()

    @asynccontextmanager
    async def turn(self, seconds: float, text: str, caller: str) -> AsyncIterator[float]:
        """A place to ask for this text, and the loop time by which to be done. Raises
        `AdapterUnavailable` where there is none for half a second (`queue_full`), or the department
        failed too often lately (`breaker_open`).
        """
        loop = asyncio.get_running_loop()
        if self._breaker.is_shut(loop.time()):
            raise AdapterUnavailable("breaker_open", "it failed too often lately")
        try:
            async with asyncio.timeout(_PLACE_SECONDS):
                await self._places.acquire()
        except TimeoutError as error:
            raise AdapterUnavailable("queue_full", "as many as it takes are being asked") from error
        try:
            begun = loop.time()
            if not self._breaker.allows(begun):
                raise AdapterUnavailable("breaker_open", "it failed too often lately")
            try:
                yield begun + seconds
            except AdapterError as error:
                now = loop.time()
                if is_neutral(error, self._spoilt, now, text, (caller,)):
                    self._breaker.abandoned()
                else:
                    self._breaker.failed(now)
                raise
            except BaseException:  # its caller left, or could wait no longer
                if loop.time() - begun >= seconds * _SLOW_SHARE:
                    self._breaker.failed(loop.time())
                else:
                    self._breaker.abandoned()
                raise
            took = loop.time() - begun
            self._breaker.succeeded(loop.time(), slow=took > seconds * _SLOW_SHARE)
        finally:
            self._places.release()
