"""Put messages into the outbox."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from app.core.ids import new_id
from app.delivery import repository
from app.delivery.models import Delivery


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
    """Add a message to this transaction. Its id travels as `delivery_id`, by which whoever receives
    it knows a repetition.
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
