"""SQL of notices on their way to webhooks."""

from datetime import datetime

from sqlalchemy import ColumnElement, delete, update
from sqlmodel import Session, col, select

from app.core.db import Database
from app.delivery.notices.models import WebhookMessage

_WAITS = (
    "select 1 from webhook_messages where state = 'pending' and next_at <= ? "
    "and (lease_until is null or lease_until < ?) limit 1"
)


def add(session: Session, row: WebhookMessage) -> None:
    """Add a message to this transaction."""
    session.add(row)


def waits(database: Database, now: datetime) -> bool:
    """Whether any message's time has come; costs no writer's place."""
    return bool(database.peek(_WAITS, now, now))


def waiting(session: Session, now: datetime) -> set[str]:
    """Webhooks for which something is due."""
    query = select(WebhookMessage.webhook_id).where(_is_due(now)).distinct()
    return set(session.exec(query))


def due(session: Session, webhook_id: str, now: datetime, limit: int) -> list[WebhookMessage]:
    """Messages of a webhook whose time has come, the oldest first."""
    query = select(WebhookMessage).where(_is_due(now), WebhookMessage.webhook_id == webhook_id)
    order = col(WebhookMessage.next_at), col(WebhookMessage.id)
    return list(session.exec(query.order_by(*order).limit(limit)))


def lease(session: Session, message_id: str, now: datetime, until: datetime) -> bool:
    """Take a message for this process; False if another one was faster."""
    mine = _is_due(now) & (col(WebhookMessage.id) == message_id)
    statement = update(WebhookMessage).where(mine).values(lease_until=until)
    statement = statement.execution_options(synchronize_session=False)
    return bool(session.connection().execute(statement).rowcount)


def find(session: Session, message_id: str) -> WebhookMessage | None:
    """A message, held until the transaction ends."""
    return session.get(WebhookMessage, message_id, with_for_update=True)


def drop_waiting(session: Session, webhook_id: str) -> None:
    """Give up all that have not arrived."""
    mine = (col(WebhookMessage.webhook_id) == webhook_id) & (col(WebhookMessage.state) == "pending")
    statement = update(WebhookMessage).where(mine).values(state="dropped", lease_until=None)
    session.connection().execute(statement.execution_options(synchronize_session=False))


def prune(session: Session, before: datetime, most: int) -> int:
    """Forget messages of before a moment, `most` at once; how many."""
    old = select(WebhookMessage.id).where(col(WebhookMessage.created_at) < before).limit(most)
    statement = delete(WebhookMessage).where(col(WebhookMessage.id).in_(old.scalar_subquery()))
    return session.connection().execute(statement).rowcount


def _is_due(now: datetime) -> ColumnElement[bool]:
    held = col(WebhookMessage.lease_until)
    return (
        (col(WebhookMessage.state) == "pending")
        & (col(WebhookMessage.next_at) <= now)
        & (held.is_(None) | (held < now))
    )
