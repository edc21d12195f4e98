"""Carry notices to webhooks: apart from what departments receive, with places of their own, so that
neither a slow nor a hostile one costs anybody else anything.

One that says it is gone, or from which nothing has come back for three days, is stopped: what waits
for it is dropped, and those who hold its role are told. Proved anew, it goes on.
"""

import logging
from typing import Any

from adapters.contract import ResultReceipt
from app.audit.events import Event, EventName
from app.audit.service import Trail
from app.core.db import Database
from app.delivery.backoff import DEAD_AFTER, wait_after
from app.delivery.carrying import LaneCarrier, Leased
from app.delivery.lanes import Destination
from app.delivery.notices import messages, repository
from app.delivery.notices.addressing import holders
from app.delivery.notices.models import Webhook, WebhookMessage
from app.delivery.notices.sending import Poster
from app.delivery.notices.service import Announcement, notify
from app.operations.lease import LEASE
from auth.principal import Role

log = logging.getLogger("onevisit.webhooks")


class WebhookCarrier(LaneCarrier):
    """Carries notices to webhooks; one in each process."""

    def __init__(self, database: Database, trail: Trail, poster: Poster) -> None:
        super().__init__()
        self._database, self._trail, self._poster = database, trail, poster

    def take(self, at: float) -> list[Leased]:
        """As `LaneCarrier`."""
        now = self._trail.clock.now()
        if not messages.waits(self._database, now):
            return []
        with self._database.read() as session:
            waiting = {Destination(each, "") for each in messages.waiting(session, now)}
        self.lanes.tidy(waiting)
        turns = self.lanes.turns(waiting, at)
        if not turns:
            return []
        with self._database.write() as session:
            return [
                Leased(row.id, destination, row.message, now + LEASE)
                for destination, most in turns
                for row in messages.due(session, destination.department, now, most)
                if messages.lease(session, row.id, now, now + LEASE)
            ]

    async def send(self, item: Leased) -> ResultReceipt:
        """As `LaneCarrier`."""
        return await self._poster.send(item.destination.department, item.id, item.message)

    def settle(
        self, item: Leased, receipt: ResultReceipt | None, failure: str, *, refused: bool
    ) -> None:
        """As `LaneCarrier`."""
        now = self._trail.clock.now()
        with self._database.write() as session:
            row = messages.find(session, item.id)
            if row is None or row.state != "pending":
                return
            if receipt is None and row.lease_until != item.lease_until:
                return  # somebody else carries it since
            hook = repository.webhook(session, row.webhook_id, lock=True)
            row.attempts, row.lease_until = row.attempts + 1, None
            if receipt is not None:
                row.state = "delivered"
                if hook is not None and hook.failing_since is not None:
                    hook.failing_since = hook.last_error = None
                return
            row.next_at = now + wait_after(row.attempts)
            if hook is None:
                row.state = "dropped"
                return
            hook.last_error = failure[:200]
            hook.failing_since = hook.failing_since or now
            if refused or now - hook.failing_since > DEAD_AFTER:
                self._stop(session, hook, row)

    def _stop(self, session: Any, hook: Webhook, row: WebhookMessage) -> None:
        log.warning("webhook %s is stopped: %s", hook.id, hook.last_error)
        row.state, hook.state = "refused", "stopped"
        messages.drop_waiting(session, hook.id)
        department = hook.department or ""
        event = Event(
            EventName.WEBHOOK_STOPPED,
            actor="gateway",
            unit=department,
            region=hook.region,
            object_ref=hook.id,
        )
        self._trail.append(session, event)
        owners = holders(Role(hook.role), hook.region, department)
        now = self._trail.clock.now()
        notify(session, now, Announcement("webhook.stopped", "webhook", hook.id), [owners])
