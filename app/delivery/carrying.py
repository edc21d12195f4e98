"""Carry what is due to its destinations, a lane for each. What is under way to one of them keeps
nobody else waiting.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from anyio import CapacityLimiter, to_thread

from adapters.contract import AdapterError, Outcome, ResultReceipt
from adapters.contract.errors import MessageRefused
from app.delivery.lanes import DeliveryLanes, Destination

log = logging.getLogger("onevisit.delivery")
_QUIET_SECONDS, _THREADS = 0.2, 4
_LONGEST_SEND_SECONDS = 7.0
"""Below the lease, so that nobody else sends it meanwhile."""
_ANSWERED = frozenset({"upstream_error", "adapter_failed"})
"""Failures of somebody who is there."""


@dataclass(frozen=True, slots=True)
class Leased:
    """A message this process is carrying."""

    id: str
    destination: Destination
    message: dict[str, Any]
    lease_until: datetime


class LaneCarrier(ABC):
    """Takes what is due, sends it, and writes what became of it; each process has one of a kind."""

    def __init__(self) -> None:
        self.lanes = DeliveryLanes()
        self._threads = CapacityLimiter(_THREADS)
        """Of its own: threads that wait for their turn to write must leave some to whoever has it.
        """
        self._under_way: set[asyncio.Task[None]] = set()
        self._quiet_until = 0.0

    @abstractmethod
    def take(self, at: float) -> list[Leased]:
        """Take what is due for this process, until the lease ends; `at` is the loop's time. Blocks
        on the database.
        """

    @abstractmethod
    async def send(self, item: Leased) -> ResultReceipt:
        """Hand it over. Raises `AdapterError` if it did not arrive."""

    @abstractmethod
    def settle(
        self, item: Leased, receipt: ResultReceipt | None, failure: str, *, refused: bool
    ) -> None:
        """Write what became of it. Blocks on the database."""

    async def begin(self) -> int:
        """Take what is due and begin to carry it; how many that were."""
        loop = asyncio.get_running_loop()
        if loop.time() < self._quiet_until:
            return 0  # in an outage every commit would look at all that waits
        leased = await to_thread.run_sync(self.take, loop.time(), limiter=self._threads)
        for item in leased:
            self.lanes.of(item.destination).in_flight += 1
            task = loop.create_task(self._carry(item))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        if not leased:
            self._quiet_until = loop.time() + _QUIET_SECONDS
        return len(leased)

    async def settled(self, seconds: float | None = None) -> None:
        """Wait for what is under way, for so long at most; the rest is taken again later."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=seconds)

    async def _carry(self, item: Leased) -> None:
        receipt: ResultReceipt | None = None
        failure, refused, is_there = "", False, True
        lane = self.lanes.of(item.destination)
        try:
            async with asyncio.timeout(_LONGEST_SEND_SECONDS):
                receipt = await self.send(item)
        except TimeoutError:
            failure, is_there = "deadline_exceeded: it did not come to an end", False
        except AdapterError as error:
            failure, refused = str(error), isinstance(error, MessageRefused)
            is_there = error.code in _ANSWERED or error.outcome is Outcome.MALFORMED
        except Exception as error:
            words = "sending to %s failed in a way its adapter does not declare"
            log.exception(words, item.destination.department)
            failure = f"adapter_failed: {type(error).__name__}"
        finally:
            lane.in_flight -= 1
        now = asyncio.get_running_loop().time()
        if refused or not failure:
            lane.arrived()
        elif is_there:
            lane.faltered(now)
        else:
            lane.missed(now)
        self._quiet_until = 0.0
        try:
            settle = partial(self.settle, item, receipt, failure, refused=refused)
            await to_thread.run_sync(settle, limiter=self._threads)
        # this row's lease runs out and it is sent again
        except Exception:
            log.exception("the outcome of delivery %s could not be written", item.id)
