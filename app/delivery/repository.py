"""SQL of the outbox."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from app.core.db import Database
from app.core.scoping import within
from app.delivery.lanes import Destination
from app.delivery.models import Delivery
from auth.scope import EVERYTHING, Scope

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


def _is_due(now: datetime) -> ColumnElement[bool]:
    lease = col(Delivery.lease_until)
    return (
        (col(Delivery.state) == "pending")
        & (col(Delivery.next_at) <= now)
        & (lease.is_(None) | (lease < now))
    )


def destinations(session: Session, now: datetime) -> set[Destination]:
    """Those for which something is due."""
    query = select(Delivery.department, Delivery.region).where(_is_due(now)).distinct()
    return {Destination(*row) for row in session.exec(query)}


def due(session: Session, destination: Destination, now: datetime, limit: int) -> list[Delivery]:
    """Rows of a destination whose time has come and that no earlier row of the same key holds
    back.
    """
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
        .where(
            _is_due(now),
            Delivery.department == destination.department,
            Delivery.region == destination.region,
            ~held_back,
        )
        # what failed before comes after what has waited longer: it holds up only its own business
        .order_by(col(Delivery.next_at), col(Delivery.position))
        .limit(limit)
    )
    return list(session.exec(query))


def lease(session: Session, row: Delivery, now: datetime, until: datetime) -> bool:
    """Take a row for this process; False if another one was faster."""
    statement = (
        update(Delivery)
        .where(_is_due(now), col(Delivery.position) == row.position)
        .values(lease_until=until)
        .execution_options(synchronize_session=False)
    )
    return bool(session.connection().execute(statement).rowcount)


def page(
    session: Session,
    scope: Scope,
    *,
    state: str | None,
    object_id: str | None,
    before: int,
    limit: int,
) -> list[Delivery]:
    """Rows of a scope before a position (all for 0), the newest first."""
    query = select(Delivery).where(*within(scope, Delivery.region, Delivery.department))
    for column, value in (
        (Delivery.state, state),
        (Delivery.object_id, object_id),
    ):
        if value is not None:
            query = query.where(column == value)
    if before:
        query = query.where(col(Delivery.position) < before)
    return list(session.exec(query.order_by(col(Delivery.position).desc()).limit(limit)))


def counts(session: Session) -> dict[str, int]:
    """How many there are in each state that is not yet over for good."""
    query = (
        select(Delivery.state, func.count())
        .where(col(Delivery.state).in_(("pending", "refused", "dead")))
        .group_by(Delivery.state)
    )
    return dict(session.exec(query).all())


def find(
    session: Session, delivery_id: str, *, scope: Scope = EVERYTHING, lock: bool = False
) -> Delivery | None:
    """A row by delivery id, if within a scope: what lies beyond is not even read, for time would
    tell of it. `lock` holds it until the transaction ends.
    """
    query = select(Delivery).where(
        Delivery.id == delivery_id, *within(scope, Delivery.region, Delivery.department)
    )
    return session.exec(query.with_for_update() if lock else query).first()


def of_objects(session: Session, ids: Sequence[str]) -> list[Delivery]:
    """Rows that tell of some objects."""
    query = select(Delivery).where(col(Delivery.object_id).in_(ids))
    return list(session.exec(query.order_by(col(Delivery.position))))
