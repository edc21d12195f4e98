"""Tables of tasks."""

from datetime import datetime

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from app.core.columns import BigSerial


class Task(SQLModel, table=True):
    """An approved reason to look at, or visit, one business. `changed` is the revision of the
    tasks in which it was opened or closed.
    """

    __tablename__ = "tasks"
    id: str = Field(primary_key=True, max_length=36)
    business_id: str = Field(max_length=64, index=True)
    site: str | None = Field(default=None, max_length=64)
    purpose: str = Field(max_length=40)
    region: str = Field(max_length=6)
    assignees: list[str] = Field(sa_column=Column(JSON, nullable=False))
    basis: str = Field(max_length=300)
    opened_by: str = Field(max_length=120)
    opened_at: datetime
    ends_at: datetime
    closed_at: datetime | None = None
    changed: int = Field(default=0, sa_type=BigSerial, index=True)


class TaskAssignee(SQLModel, table=True):
    """Who is assigned to a task, for finding one's own."""

    __tablename__ = "task_assignees"
    subject: str = Field(primary_key=True, max_length=120)
    task_id: str = Field(primary_key=True, max_length=36, foreign_key="tasks.id")
