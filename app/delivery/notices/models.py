"""Tables of notices and of the systems that receive them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field, SQLModel


class Notice(SQLModel, table=True):
    """One notice for one addressee. `id` orders; `about_kind` and `about_id` name the thing."""

    __tablename__ = "notices"
    __table_args__ = (
        Index("ix_notices_addressee", "to_kind", "to_name", "region", "id"),
        Index("ix_notices_created_at", "created_at"),
    )
    id: str = Field(primary_key=True, max_length=36)
    kind: str = Field(max_length=40)
    to_kind: str = Field(max_length=12)
    to_name: str = Field(max_length=120)
    region: str = Field(default="", max_length=6)
    department: str = Field(default="", max_length=40)
    about_kind: str = Field(max_length=20)
    about_id: str = Field(max_length=80)
    created_at: datetime


class NoticeReading(SQLModel, table=True):
    """That somebody has read a notice."""

    __tablename__ = "notice_readings"
    notice_id: str = Field(primary_key=True, max_length=36)
    subject: str = Field(primary_key=True, max_length=120)
    read_at: datetime


class Webhook(SQLModel, table=True):
    """A system that receives notices of a role. `state`: unproved, active, stopped. Secrets lie
    sealed; the former one signs too until `former_until`. `failing_since`: from when nothing has
    arrived.
    """

    __tablename__ = "webhooks"
    id: str = Field(primary_key=True, max_length=32)
    url: str = Field(max_length=500)
    kinds: list[str] = Field(sa_column=Column(JSON, nullable=False))
    role: str = Field(max_length=24, index=True)
    region: str = Field(max_length=6)
    department: str | None = Field(default=None, max_length=40)
    state: str = Field(default="unproved", max_length=12)
    secret: bytes
    former: bytes | None = None
    former_until: datetime | None = None
    failing_since: datetime | None = None
    last_error: str | None = Field(default=None, max_length=200)
    created_by: str = Field(max_length=120)
    created_at: datetime


class WebhookMessage(SQLModel, table=True):
    """A notice on its way to a webhook. `state`: pending, delivered, refused, dropped."""

    __tablename__ = "webhook_messages"
    __table_args__ = (
        Index("ix_webhook_messages_due", "state", "webhook_id", "next_at"),
        Index("ix_webhook_messages_created_at", "created_at"),
    )
    id: str = Field(primary_key=True, max_length=36)
    webhook_id: str = Field(max_length=32)
    message: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    state: str = Field(default="pending", max_length=12)
    attempts: int = 0
    created_at: datetime
    next_at: datetime
    lease_until: datetime | None = None
