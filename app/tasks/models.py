"""Tables of tasks."""

from datetime import datetime

from sqlalchemy import JSON, Column, Index, text
from sqlmodel import Field, SQLModel

from app.core.columns import BigSerial


class Task(SQLModel, table=True):
    """A reason to look at, or visit, one business. `changed` is the revision of the tasks in which
    it was opened, approved, located or closed.

    `region` is where the business (or the chosen site) is, as registration told it; empty until it
    has. `opened_in` and `department` are the opener's; an empty department stands above them.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        Index(
            "ix_tasks_unlocated",
            "id",
            sqlite_where=text("region = ''"),
            postgresql_where=text("region = ''"),
        ),
        Index("ix_tasks_opener", "opened_by", "opened_at"),
        Index(
            "ix_tasks_unreviewed",
            "opened_at",
            sqlite_where=text("break_glass and reviewed_at is null"),
            postgresql_where=text("break_glass and reviewed_at is null"),
        ),
    )
    id: str = Field(primary_key=True, max_length=36)
    business_id: str = Field(max_length=64, index=True)
    site: str | None = Field(default=None, max_length=64)
    purpose: str = Field(max_length=40)
    region: str = Field(max_length=6)
    opened_in: str = Field(default="", max_length=6)
    department: str = Field(default="", max_length=40)
    assignees: list[str] = Field(sa_column=Column(JSON, nullable=False))
    basis: str = Field(max_length=300)
    opened_by: str = Field(max_length=120)
    opened_at: datetime
    ends_at: datetime
    closed_at: datetime | None = None
    approved_by: str | None = Field(default=None, max_length=120)
    approved_at: datetime | None = None
    emergency: bool = False
    warned: str = Field(default="", max_length=40)
    break_glass: bool = False
    reviewed_by: str | None = Field(default=None, max_length=120)
    reviewed_at: datetime | None = None
    justified: bool | None = None
    review_note: str | None = Field(default=None, max_length=300)
    changed: int = Field(default=0, sa_type=BigSerial, index=True)


class TaskAssignee(SQLModel, table=True):
    """Who is assigned to a task, for finding one's own."""

    __tablename__ = "task_assignees"
    subject: str = Field(primary_key=True, max_length=120)
    task_id: str = Field(primary_key=True, max_length=36, foreign_key="tasks.id")
