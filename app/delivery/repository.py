"""SQL of the outbox."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from app.core.db import Database
from app.delivery.models import Delivery

_WAITS = (
    "select 1 from deliveries where state = 'pending' and next_at <= ? "
    "and (lease_until is null or lease_until < ?) limit 1"
)


def add(session: Session, row: Delivery) -> None:
    """Put a message into the outbox, in this transaction."""
    session.add(row)


def waits(database: Database, now: datetime) -> bool:
    """Whether any row's time has come; it may yet be held back by an earlier one. Cheap enough to
    ask all day long.
    """
    return bool(database.peek(_WAITS, now, now))


def due(session: Session, now: datetime, limit: int) -> list[Delivery]:
    """Pending rows whose time has come and that no earlier row of the same key holds back."""
    earlier = aliased(Delivery)
    held_back = (
        select(earlier.position)
        .where(
            earlier.department == Delivery.department,
            earlier.ordering_key == Delivery.ordering_key,
            earlier.state == "pending",
            col(earlier.position) < col(Delivery.position),
        )
        .exists()
    )
    query = (
        select(Delivery)
        .where(Delivery.state == "pending", col(Delivery.next_at) <= now, ~held_back)
        .where(col(Delivery.lease_until).is_(None) | (col(Delivery.lease_until) < now))
        .order_by(col(Delivery.position))
        .limit(limit)
    )
    return list(session.exec(query))


def lease(session: Session, row: Delivery, now: datetime, until: datetime) -> bool:
    """Take a row for this process; False if another one was faster."""
    statement = (
        update(Delivery)
        .where(
            col(Delivery.position) == row.position,
            col(Delivery.state) == "pending",
            col(Delivery.next_at) <= now,
        )
        .where(col(Delivery.lease_until).is_(None) | (col(Delivery.lease_until) < now))
        .values(lease_until=until)
        .execution_options(synchronize_session=False)
    )
    return bool(session.connection().execute(statement).rowcount)


def find(session: Session, delivery_id: str) -> Delivery | None:
    """A row by delivery id."""
    return session.exec(select(Delivery).where(Delivery.id == delivery_id)).first()


def of_object(session: Session, object_id: str) -> list[Delivery]:
    """Rows that tell of one object."""
    return list(
        session.exec(
            select(Delivery).where(Delivery.object_id == object_id).order_by(col(Delivery.position))
        )
    )
