"""Carry what lies in the outbox to departments, and say how far it has got."""

import logging
from collections.abc import Sequence
from typing import Any

from sqlmodel import Session

from adapters.contract import ResultReceipt
from app.audit.events import Event, EventName
from app.audit.service import Trail
from app.core.db import Database
from app.delivery import repository
from app.delivery.backoff import DEAD_AFTER, wait_after
from app.delivery.carrying import LaneCarrier, Leased
from app.delivery.models import Delivery
from app.delivery.notices.addressing import holders
from app.delivery.notices.service import Announcement, notify
from app.delivery.senders import Sender
from app.operations.lease import LEASE
from auth.principal import Role

log = logging.getLogger("onevisit.delivery")


def of_objects(session: Session, ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """How far the messages about some objects have got, by object."""
    found: dict[str, list[dict[str, Any]]] = {}
    told = {"department", "state", "attempts", "receipt", "last_error"}
    for row in repository.of_objects(session, ids):
        found.setdefault(row.object_id, []).append(row.model_dump(include=told))
    return found


class Carrier(LaneCarrier):
    """Carries records' results to departments; one in each process."""

    def __init__(self, database: Database, trail: Trail, sender: Sender) -> None:
        super().__init__()
        self._database, self._trail, self._sender = database, trail, sender
        self.counts: dict[str, int] = {}
        """By state, as of the last look; for people who watch."""

    async def send(self, item: Leased) -> ResultReceipt:
        """To the office of a department."""
        return await self._sender.send(*item.destination, item.message)

    def settle(
        self, item: Leased, receipt: ResultReceipt | None, failure: str, *, refused: bool
    ) -> None:
        """As `settle` of this module. Blocks."""
        settle(self._database, self._trail, item, receipt, failure, refused)

    def take(self, at: float) -> list[Leased]:
        """Take what is due for this process, until the lease ends; `at` is the loop's time. Blocks
        on the database.
        """
        now = self._trail.clock.now()
        if not repository.waits(self._database, now):
            return []
        with self._database.read() as session:
            waiting = repository.destinations(session, now)
            self.lanes.tidy(waiting)
            turns = self.lanes.turns(waiting, at)
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
        if row.state in {"refused", "dead"}:
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
