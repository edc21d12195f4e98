"""The table of long work."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel


class Operation(SQLModel, table=True):
    """One piece of long work. `state`: pending, running, done, failed, cancelled.

    `key` names what it is about, `parameters` what it needs, `result` what it came to. `attempts`
    counts those who took it, and tells the last of them from those before.
    """

    __tablename__ = "operations"
    id: str = Field(primary_key=True, max_length=36)
    kind: str = Field(max_length=40)
    key: str = Field(max_length=80, index=True)
    department: str = Field(max_length=40, index=True)
    region: str = Field(default="", max_length=6)
    parameters: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    state: str = Field(default="pending", max_length=12, index=True)
    progress_done: int = 0
    progress_of: int = 0
    attempts: int = 0
    lease_until: datetime | None = None
    result: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    requested_by: str = Field(max_length=120)
    created_at: datetime
    finished_at: datetime | None = None
