"""The table of jobs."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel


class JobRow(SQLModel, table=True):
    """How one job goes. `outcome` and `result` are of its last run that ended; `done_for` is the
    last day that a run was for; `runs` tells whoever holds it from those before.
    """

    __tablename__ = "jobs"
    name: str = Field(primary_key=True, max_length=40)
    next_at: datetime = Field(index=True)
    lease_until: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: str | None = Field(default=None, max_length=8)
    result: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    error: str | None = Field(default=None, max_length=200)
    done_for: date | None = None
    runs: int = 0
    failures: int = 0
