"""Put messages into the outbox, and carry them out."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from anyio import CapacityLimiter, to_thread
from sqlmodel import Session

from adapters.contract import AdapterError, Outcome, ResultReceipt
from adapters.contract.errors import MessageRefused
from app.audit.events import Event, EventName
from app.audit.service import Trail
from app.core.db import Database
from app.delivery import repository
from app.delivery.backoff import DEAD_AFTER, wait_after
from app.delivery.lanes import DeliveryLanes, Destination
from app.delivery.models import Delivery
from app.delivery.notices.addressing import holders
from app.delivery.notices.models import DESTINATION
from app.delivery.notices.service import Announcement, notify
from app.delivery.senders import Sender
from app.operations.lease import LEASE
from auth.principal import Role

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


def of_objects(session: Session, ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """How far the messages about some objects have got, by object."""
    found: dict[str, list[dict[str, Any]]] = {}
    told = {"department", "state", "attempts", "receipt", "last_error"}
    for row in repository.of_objects(session, ids):
        found.setdefault(row.object_id, []).append(row.model_dump(include=told))
    return found


class Carrier:
    """Carries what is due to its destinations; one in each process. What is under way to one of
    them keeps nobody else waiting.
    """

    def __init__(self, database: Database, trail: Trail, sender: Sender) -> None:
        self._database = database
        self._trail = trail
        self._sender = sender
        self._lanes = DeliveryLanes()
        self._threads = CapacityLimiter(_THREADS)
        """Of its own: threads that wait for their turn to write must leave some to whoever has it.
        """
        self._under_way: set[asyncio.Task[None]] = set()
        self._quiet_until = 0.0
        self.counts: dict[str, int] = {}
        """By state, as of the last look; for people who watch."""

    async def begin(self) -> int:
        """Take what is due and begin to carry it; how many that were."""
        loop = asyncio.get_running_loop()
        if loop.time() < self._quiet_until:
            return 0  # in an outage every commit would look at all that waits
        leased = await to_thread.run_sync(self.take, loop.time(), limiter=self._threads)
        for item in leased:
            self._lanes.of(item.destination).in_flight += 1
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
        lane = self._lanes.of(item.destination)
        try:
            async with asyncio.timeout(_LONGEST_SEND_SECONDS):
                receipt = await self._sender.send(*item.destination, item.message)
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
            await to_thread.run_sync(
                settle, self._database, self._trail, item, receipt, failure, refused,
                limiter=self._threads,
            )  # fmt: skip
        # this row's lease runs out and it is sent again
        except Exception:
            log.exception("the outcome of delivery %s could not be written", item.id)

    def take(self, at: float) -> list[Leased]:
        """Take what is due for this process, until the lease ends; `at` is the loop's time. Blocks
        on the database.
        """
        now = self._trail.clock.now()
        if not repository.waits(self._database, now):
            return []
        with self._database.read() as session:
            waiting = repository.destinations(session, now)
            self._lanes.tidy(waiting)
            turns = self._lanes.turns(waiting, at)
            found = [(d, n) for d, n in turns if repository.due(session, d, now, 1)]
        if not found:
            return []
        with self._database.write() as session:
            return [
                Leased(row.id, destination, row.message, now + LEASE)
                for destination, most in found
                for row in repository.due(session, destination, now, most)
                if repository.lease(session, row, now, now + LEASE)
            ]

    def count(self) -> None:
        """Look how many wait, are refused and dead. Blocks on the database."""
        with self._database.read() as session:
            self.counts = repository.counts(session)


def settle(
    database: Database,
    trail: Trail,
    item: Leased,
    receipt: ResultReceipt | None,
    failure: str,
    refused: bool = False,
) -> None:
    """Write what became of a delivery; one that is settled already stays as it is, and so does one
    that somebody else carries since, unless it has arrived. Blocks.

    What the department refuses for good holds no later message back; under an outage the order
    stays. The first sending and every end have an entry.
    """
    now = trail.clock.now()
    with database.write() as session:
        row = repository.find(session, item.id, lock=True)
        if row is None or row.state != "pending":
            return
        if receipt is None and row.lease_until != item.lease_until:
            return
        row.attempts += 1
        row.lease_until = None
        happened = [EventName.RESULT_SENT] if row.attempts == 1 else []
        if receipt is not None:
            row.state, row.last_error = "delivered", None
            row.receipt = {"receipt_no": receipt.receipt_no, "received_at": receipt.received_at}
            happened.append(EventName.RESULT_RECEIVED)
        elif refused:
            row.state, row.last_error = "refused", failure[:200]
            log.warning("delivery %s was refused by %s: %s", row.id, row.department, failure)
            happened.append(EventName.RESULT_REFUSED)
        else:
            row.last_error = failure[:200]
            row.next_at = now + wait_after(row.attempts)
            row.tried_since = row.tried_since or now
            if now - row.tried_since > DEAD_AFTER:
                row.state = "dead"
                words = "delivery %s to %s is dead after %d attempts"
                log.error(words, row.id, row.department, row.attempts)
                happened.append(EventName.RESULT_GIVEN_UP)
        for event in happened:
            trail.append(session, _entry(event, row))
        if row.state in {"refused", "dead"} and not row.department.startswith(DESTINATION):
            managers = holders(Role.DATA_MANAGER, row.region, row.department)
            notify(
                session, now, Announcement(f"delivery.{row.state}", "delivery", row.id), [managers]
            )


def _entry(event: EventName, row: Delivery) -> Event:
    return Event(
        event=event,
        actor="gateway",
        unit=row.department,
        region=row.region,
        departments=(row.department,),
        object_ref=row.object_id,
        outcome=row.state,
    )
