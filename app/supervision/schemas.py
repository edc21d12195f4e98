"""Shapes of pulled records."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from app.inspections.schemas import ResultRead


class RecordReceipt(BaseModel):
    """Whether a department has received its results."""

    department: str
    state: str
    receipt_no: str | None


class RecordRead(BaseModel):
    """An inspection record; `state` is submitted until every connected department has given its
    receipt, then written_back.
    """

    id: str
    state: str
    business_id: str
    site: str | None
    task: str
    region: str
    lead_department: str
    submitted_by: str
    submitted_at: datetime
    visit_started_at: datetime
    visit_ended_at: datetime
    officers: list[dict[str, Any]]
    note: str | None
    digest: str
    results: list[ResultRead]
    write_back: list[RecordReceipt]
