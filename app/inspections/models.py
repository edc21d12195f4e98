"""Tables of records."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from app.core.columns import BigSerial


class Inspection(SQLModel, table=True):
    """A visit's record. `position` orders pulls; `id` was made by the client."""

    __tablename__ = "inspections"
    position: int | None = Field(default=None, primary_key=True, sa_type=BigSerial)
    id: str = Field(max_length=36, unique=True)
    business_id: str = Field(max_length=64, index=True)
    site: str | None = Field(default=None, max_length=64)
    task_id: str = Field(max_length=36, foreign_key="tasks.id")
    region: str = Field(max_length=6, index=True)
    lead_department: str = Field(max_length=40)
    submitted_by: str = Field(max_length=120)
    submitted_at: datetime
    visit_started_at: datetime
    visit_ended_at: datetime
    officers: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    profile_etag: str | None = Field(default=None, max_length=80)
    note: str | None = Field(default=None, max_length=2000)
    body_digest: str = Field(max_length=64)
    not_connected: list[str] = Field(sa_column=Column(JSON, nullable=False))


class InspectionResult(SQLModel, table=True):
    """One item's result."""

    __tablename__ = "inspection_results"
    inspection_id: str = Field(primary_key=True, max_length=36, foreign_key="inspections.id")
    ordinal: int = Field(primary_key=True)
    department: str = Field(max_length=40, index=True)
    item_code: str = Field(max_length=60)
    mode: str = Field(max_length=12)
    result: str = Field(max_length=20)
    note: str | None = Field(default=None, max_length=2000)
    by: str = Field(max_length=64)
