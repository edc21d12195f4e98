"""Shapes of pulled records."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.core.moments import Moment
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


class RecordQuery(BaseModel):
    """What to pull; unknown parameters are refused, so that a mistyped filter does not return
    everything.
    """

    model_config = ConfigDict(extra="forbid")

    department: str | None = Field(
        None, max_length=40, description="records with a result of this department"
    )
    business_id: str | None = Field(None, max_length=80)
    result: Literal["conform", "nonconform", "not_applicable", "not_checked"] | None = None
    state: Literal["submitted", "written_back"] | None = None
    since: Moment | None = Field(None, description="submitted at or after")
    until: Moment | None = Field(None, description="submitted before")
    cursor: str | None = Field(
        None, max_length=500, description="next_cursor or resume_cursor of a page before"
    )
    limit: int = Field(50, ge=1, le=200, description="rows per page; streams have no pages")
