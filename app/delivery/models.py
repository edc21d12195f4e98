"""The outbox."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field, SQLModel

from app.core.columns import BigSerial


class Delivery(SQLModel, table=True):
    """One message for one department. `state`: pending, delivered, refused, dead, dropped (then
    `reason` says why).

    `region` is the record's; empty in rows of before. `tried_since`: from when three days count.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("ix_deliveries_lane", "state", "department", "region", "next_at"),
        Index("ix_deliveries_order", "ordering_key", "department", "position"),
    )
    position: int | None = Field(default=None, primary_key=True, sa_type=BigSerial)
    id: str = Field(max_length=36, unique=True)
    department: str = Field(max_length=40)
    region: str = Field(default="", max_length=6)
    ordering_key: str = Field(max_length=120)
    object_id: str = Field(max_length=36, index=True)
    message: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    state: str = Field(default="pending", max_length=12)
    attempts: int = 0
    created_at: datetime
    next_at: datetime
    lease_until: datetime | None = None
    receipt: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    last_error: str | None = Field(default=None, max_length=200)
    reason: str | None = Field(default=None, max_length=300)
    tried_since: datetime | None = None
