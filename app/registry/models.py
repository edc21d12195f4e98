"""Tables of adapters."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, text
from sqlmodel import Field, SQLModel

from app.core.columns import BigSerial


class Adapter(SQLModel, table=True):
    """An adapter. `state` and `version` are of its newest version; `published_version` is what is
    called, unless suspended; `candidate_version` is called instead for `candidate_share` percent of
    the businesses.

    `region`: division code it serves; empty, of rows from before regions were read: everywhere.
    `held`: a coordinator suspended it, so that only a coordinator resumes it.
    """

    __tablename__ = "adapters"
    __table_args__ = (
        Index(
            "adapters_one_per_section",
            "section",
            "region",
            "axis",
            unique=True,
            sqlite_where=text("published_version IS NOT NULL"),
            postgresql_where=text("published_version IS NOT NULL"),
        ),
    )
    id: str = Field(primary_key=True, max_length=40)
    department: str = Field(max_length=40, index=True)
    section: str = Field(max_length=40, index=True)
    region: str = Field(default="", max_length=6)
    axis: str = Field(default="horizontal", max_length=10)
    state: str = Field(max_length=20)
    version: int = 1
    published_version: int | None = None
    candidate_version: int | None = None
    candidate_share: int = 0
    suspended: bool = False
    held: bool = False
    submitted_by: str | None = Field(default=None, max_length=120)
    reviewed_by: str | None = Field(default=None, max_length=120)
    note: str | None = Field(default=None, max_length=300)
    created_at: datetime
    updated_at: datetime


class AdapterVersion(SQLModel, table=True):
    """A version's manifest, never changed after it was written."""

    __tablename__ = "adapter_versions"
    adapter_id: str = Field(primary_key=True, max_length=40, foreign_key="adapters.id")
    version: int = Field(primary_key=True)
    manifest: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    created_by: str = Field(max_length=120)
    created_at: datetime


class AdapterCredentials(SQLModel, table=True):
    """Credentials of one version towards a department, encrypted; no route reads them."""

    __tablename__ = "adapter_credentials"
    adapter_id: str = Field(primary_key=True, max_length=40, foreign_key="adapters.id")
    version: int = Field(primary_key=True)
    sealed: bytes
    updated_at: datetime


class AdapterMove(SQLModel, table=True):
    """What somebody did with an adapter: its event, and why where a reason was given."""

    __tablename__ = "adapter_moves"
    __table_args__ = (Index("ix_adapter_moves_adapter", "adapter_id", "id"),)
    id: str = Field(primary_key=True, max_length=36)
    adapter_id: str = Field(max_length=40)
    version: int
    event: str = Field(max_length=60)
    actor: str = Field(max_length=120)
    reason: str | None = Field(default=None, max_length=300)
    outcome: str | None = Field(default=None, max_length=10)
    at: datetime


class AdapterMinute(SQLModel, table=True):
    """How one process saw a department within a minute: outcomes by name, and attempts by the place
    of their time among the bounds of latencies. `minute` counts from 1970.
    """

    __tablename__ = "adapter_minutes"
    adapter_id: str = Field(primary_key=True, max_length=40)
    minute: int = Field(primary_key=True, sa_type=BigSerial, index=True)
    process: str = Field(primary_key=True, max_length=36)
    outcomes: dict[str, int] = Field(sa_column=Column(JSON, nullable=False))
    latencies: dict[str, int] = Field(sa_column=Column(JSON, nullable=False))
