"""The table of entries; triggers refuse UPDATE and DELETE, but for giving an entry its number."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from app.core.columns import BigSerial
from app.core.numbering import Feed, feed_indexes, txid_column

ENTRIES = Feed("audit_entries", "row")


class AuditEntry(SQLModel, table=True):
    """One entry. `row` is storage order, `number` the order in which entries became visible
    (PostgreSQL; with SQLite it is the same, and not stored twice).
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        *feed_indexes("audit_entries"),
        Index("ix_audit_entries_region", "region", "number"),
    )
    row: int | None = Field(default=None, primary_key=True, sa_type=BigSerial)
    id: str = Field(max_length=36, unique=True)
    at: datetime
    event: str = Field(max_length=64, index=True)
    subject_ref: str = Field(default="", max_length=32, index=True)
    body: str = Field(max_length=2048)
    region: str = Field(default="", max_length=6)
    department: str = Field(default="", max_length=40)
    number: int | None = Field(default=None, sa_type=BigSerial)
    txid: int | None = Field(default=None, sa_column=txid_column())


class AuditProbe(SQLModel, table=True):
    """When a process last wrote durably to see whether it can. No entry."""

    __tablename__ = "audit_probes"
    id: str = Field(primary_key=True, max_length=36)
    at: datetime
