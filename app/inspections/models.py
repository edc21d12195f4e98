"""Tables of records."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, text
from sqlmodel import Field, SQLModel

from app.core.columns import BigSerial
from app.core.numbering import Feed, feed_indexes, txid_column

RECORDS = Feed(
    "inspections",
    "position",
    also="update inspection_results set number = inspections.number from inspections "
    "where inspection_results.inspection_id = inspections.id and inspections.number > :last "
    "and inspection_results.number is null",
)


UNCONNECTED = "CAST(inspections.not_connected AS VARCHAR) <> '[]'"
"""Some department had no system to receive a record; in words that an index of it has too."""


class Inspection(SQLModel, table=True):
    """A visit's record. `number` orders pulls; `position` is storage order; `id` was made by the
    client. `confirmation`: pending while an officer's word may yet make results count, denied where
    some never will, else settled. `wanted_since`: since when it has been pending.
    """

    __tablename__ = "inspections"
    __table_args__ = (
        *feed_indexes("inspections"),
        Index("ix_inspections_county", "region", "number"),
        Index("ix_inspections_business", "business_id", "number"),
        Index(
            "ix_inspections_unconfirmed",
            "number",
            sqlite_where=text("confirmation = 'pending'"),
            postgresql_where=text("confirmation = 'pending'"),
        ),
        Index(
            "ix_inspections_denied",
            "number",
            sqlite_where=text("confirmation = 'denied'"),
            postgresql_where=text("confirmation = 'denied'"),
        ),
        Index(
            "ix_inspections_unconnected",
            "number",
            sqlite_where=text("CAST(not_connected AS VARCHAR) <> '[]'"),
            postgresql_where=text("CAST(not_connected AS VARCHAR) <> '[]'"),
        ),
    )
    position: int | None = Field(default=None, primary_key=True, sa_type=BigSerial)
    id: str = Field(max_length=36, unique=True)
    business_id: str = Field(max_length=64)
    site: str | None = Field(default=None, max_length=64)
    task_id: str = Field(max_length=36, foreign_key="tasks.id")
    region: str = Field(max_length=6)
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
    confirmation: str = Field(default="settled", max_length=8)
    wanted_since: datetime | None = None
    number: int | None = Field(default=None, sa_type=BigSerial)
    txid: int | None = Field(default=None, sa_column=txid_column())


class Attendance(SQLModel, table=True):
    """An officer whom a record names, and what he says himself: the person who held the certificate
    when the record was sent, whoever holds it later. `state`: pending, confirmed, denied (then
    `reason` says why); `subject` said so. `words` keeps all that was ever said.
    """

    __tablename__ = "attendances"
    __table_args__ = (
        Index("ix_attendances_record", "inspection_id", "certificate_no", unique=True),
        Index("ix_attendances_person", "person_id", "position"),
        Index("ix_attendances_certificate", "certificate_no", "position"),
    )
    position: int | None = Field(default=None, primary_key=True, sa_type=BigSerial)
    inspection_id: str = Field(max_length=36, foreign_key="inspections.id")
    certificate_no: str = Field(max_length=64)
    person_id: str = Field(max_length=36)
    department: str = Field(max_length=40)
    state: str = Field(default="pending", max_length=12)
    subject: str | None = Field(default=None, max_length=120)
    decided_at: datetime | None = None
    reason: str | None = Field(default=None, max_length=300)
    words: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))


class InspectionResult(SQLModel, table=True):
    """One item's result. `number` and `region` are its record's."""

    __tablename__ = "inspection_results"
    __table_args__ = (
        Index("ix_inspection_results_county", "department", "region", "number"),
        Index("ix_inspection_results_order", "department", "number"),
        Index("ix_inspection_results_result", "result", "number"),
    )
    inspection_id: str = Field(primary_key=True, max_length=36, foreign_key="inspections.id")
    ordinal: int = Field(primary_key=True)
    department: str = Field(max_length=40)
    item_code: str = Field(max_length=60)
    mode: str = Field(max_length=12)
    result: str = Field(max_length=20)
    note: str | None = Field(default=None, max_length=2000)
    by: str = Field(max_length=64)
    number: int | None = Field(default=None, sa_type=BigSerial)
    region: str = Field(default="", max_length=6)
