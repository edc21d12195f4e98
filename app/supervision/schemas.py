"""What may be pulled; records have the shape that `inspections` gives them."""

from pydantic import BaseModel, ConfigDict, Field

from adapters.contract.business_id import Unusual
from app.core.moments import Moment
from app.inspections.schemas import RecordState, Result


class RecordQuery(BaseModel):
    """What to pull; unknown parameters are refused, so that a mistyped filter does not return
    everything.
    """

    model_config = ConfigDict(extra="forbid")

    department: str | None = Field(
        None, max_length=40, description="records with a result of this department"
    )
    business_id: str | None = Field(None, max_length=80)
    unusual: Unusual | None = None
    result: Result | None = None
    state: RecordState | None = None
    since: Moment | None = Field(None, description="submitted at or after")
    until: Moment | None = Field(None, description="submitted before")
    region: str | None = Field(
        None, pattern=r"^\d{6}$", description="records of this division and all below it"
    )
    officer: str | None = Field(
        None, min_length=1, max_length=64, description="certificate of somebody who was there"
    )
    newest: bool = Field(False, description="the last one first; nothing to resume then")
    remaining: bool = Field(False, description="count what follows the page, up to 10 000")
    cursor: str | None = Field(
        None,
        max_length=500,
        description="next_cursor or resume_cursor of a page before; the last line of a stream "
        "tells one too (of a spreadsheet where a cursor was given, empty to begin)",
    )
    limit: int = Field(50, ge=1, le=200, description="rows per page; streams have no pages")
