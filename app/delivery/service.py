"""Put messages into the outbox, and carry them out."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from anyio import to_thread
from sqlmodel import Session

from adapters.contract import AdapterError, ResultReceipt
from adapters.contract.errors import MessageRefused
from app.audit.events import Event, EventName
from app.audit.service import Trail
from app.core.clock import Clock
from app.core.db import Database
from app.core.ids import new_id
from app.delivery import repository
from app.delivery.backoff import DEAD_AFTER, wait_after
from app.delivery.models import Delivery
from app.operations.lease import LEASE

log = logging.getLogger("onevisit.delivery")
_AT_ONCE = 8


class Sender(Protocol):
    """Hands a message to a department's system; raises `AdapterError` if it did not arrive."""

    async def send(self, department: str, region: str, message: dict[str, Any]) -> ResultReceipt:
        """The receipt of the department's office of a region."""
        ...


@dataclass(frozen=True, slots=True)
class Leased:
    """A message this process is carrying."""

    id: str
    department: str
    region: str
    message: dict[str, Any]


def enqueue(
    session: Session,
    now: datetime,
    *,
    department: str,
    region: str,
    ordering_key: str,
    object_id: str,
    message: dict[str, Any],
) -> str:
    """Add a message to this transaction. Its id travels as `delivery_id`, by which the department
    knows a repetition.
    """
    delivery_id = str(new_id())
    repository.add(
        session,
        Delivery(
            id=delivery_id,
            department=department,
            region=region,
            ordering_key=ordering_key,
            object_id=object_id,
            message={**message, "delivery_id": delivery_id},
            created_at=now,
            next_at=now,
        ),
    )
    return delivery_id


def of_object(session: Session, object_id: str) -> list[dict[str, Any]]:
    """How far the messages about one object have got."""
    return [
        {
            "department": row.department,
            "state": row.state,
            "attempts": row.attempts,
            "receipt": row.receipt,
            "last_error": row.last_error,
        }
        for row in repository.of_object(session, object_id)
    ]


async def deliver_due(database: Database, trail: Trail, sender: Sender) -> int:
    """Carry what is due, side by side: a silent department delays the others by one send at most;
    returns how many were tried.
    """
    leased = await to_thread.run_sync(lease_due, database, trail.clock)
    async with asyncio.TaskGroup() as group:
        for item in leased:
            group.create_task(_carry(database, trail, sender, item))
    return len(leased)


async def _carry(database: Database, trail: Trail, sender: Sender, item: Leased) -> None:
    receipt: ResultReceipt | None = None
    failure, refused = "", False
    try:
        receipt = await sender.send(item.department, item.region, item.message)
    except AdapterError as error:
        failure, refused = str(error), isinstance(error, MessageRefused)
    except Exception as error:
        log.exception("sending to %s failed in a way its adapter does not declare", item.department)
        failure = f"adapter_failed: {type(error).__name__}"
    try:
        await to_thread.run_sync(settle, database, trail, item.id, receipt, failure, refused)
    # the others' outcomes are still to be written; this row's lease runs out and it is sent again
    except Exception:
        log.exception("the outcome of delivery %s could not be written", item.id)


def lease_due(database: Database, clock: Clock) -> list[Leased]:
    """Take what is due for this process, until the lease ends. Blocks on the database."""
    now = clock.now()
    if not repository.waits(database, now):
        return []
    with database.read() as session:
        if not repository.due(session, now, 1):
            return []
    with database.write() as session:
        rows = repository.due(session, now, _AT_ONCE)
        taken = [row for row in rows if repository.lease(session, row, now, now + LEASE)]
        return [Leased(row.id, row.department, row.region, row.message) for row in taken]


def settle(
    database: Database,
    trail: Trail,
    delivery_id: str,
    receipt: ResultReceipt | None,
    failure: str,
    refused: bool = False,
) -> None:
    """Write what became of a delivery; one that is settled already stays as it is. Blocks.

    What the department refuses for good holds no later message back; under an outage the order
    stays. The first sending and every end have an entry.
    """
    now = trail.clock.now()
    with database.write() as session:
        row = repository.find(session, delivery_id)
        if row is None or row.state != "pending":
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
            if now - row.created_at > DEAD_AFTER:
                row.state = "dead"
                words = "delivery %s to %s is dead after %d attempts"
                log.error(words, row.id, row.department, row.attempts)
                happened.append(EventName.RESULT_GIVEN_UP)
        for event in happened:
            trail.append(session, _entry(event, row))


def _entry(event: EventName, row: Delivery) -> Event:
    return Event(
        event=event,
        actor="gateway",
        departments=(row.department,),
        object_ref=row.object_id,
        outcome=row.state,
    )
