"""The table of entries; triggers of the first migration refuse UPDATE and DELETE."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from app.core.columns import BigSerial


class AuditEntry(SQLModel, table=True):
    """One entry. `row` is storage order only; numbering belongs to the log that is built from
    these.
    """

    __tablename__ = "audit_entries"
    row: int | None = Field(default=None, primary_key=True, sa_type=BigSerial)
    id: str = Field(max_length=36, unique=True)
    at: datetime
    event: str = Field(max_length=64, index=True)
    subject_ref: str = Field(default="", max_length=32, index=True)
    body: str = Field(max_length=2048)
