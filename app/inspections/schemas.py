"""Shapes of records."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from adapters.contract.business_id import Unusual
from app.core.moments import Moment
from app.inspections.presence import Confirmation
from app.organisations.schemas import CertificateNo

Mode = Literal["observed", "determined"]
Result = Literal["conform", "nonconform", "not_applicable", "not_checked"]
WriteBackState = Literal[
    "pending_confirmation",
    "not_confirmed",
    "pending",
    "delivered",
    "refused",
    "dead",
    "dropped",
    "not_connected",
]
RecordState = Literal["pending_confirmation", "submitted", "written_back", "not_written_back"]
DepartmentName = Annotated[str, Field(min_length=2, max_length=40, pattern=r"^[a-z][a-z0-9_]*$")]
Note = Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")]


class OfficerPresent(BaseModel):
    """An officer on the visit."""

    model_config = ConfigDict(extra="forbid")

    certificate_no: CertificateNo


class ResultWrite(BaseModel):
    """One item: what was found, and whether it is an observation or a determination."""

    model_config = ConfigDict(extra="forbid")

    department: DepartmentName
    item_code: str = Field(min_length=1, max_length=60, pattern=r"^[0-9A-Za-z._-]+$")
    mode: Mode
    result: Result
    note: Note | None = None
    by: CertificateNo | None = Field(
        None, description="who determined; default: the submitting officer"
    )

    @model_validator(mode="after")
    def _explained(self) -> "ResultWrite":
        if self.result == "not_checked" and not self.note:
            raise PydanticCustomError("note_missing", "a note is missing")
        return self


class InspectionWrite(BaseModel):
    """A visit and its results, as the phone sends it."""

    model_config = ConfigDict(extra="forbid")

    business_id: str = Field(min_length=1, max_length=80)
    unusual: Unusual | None = Field(
        None, description="takes a code whose check character does not fit, as it stands"
    )
    site: str | None = Field(None, max_length=64, pattern=r"^[^\x00]*$")
    task: str = Field(pattern=r"^[0-9a-f-]{36}$")
    visit_started_at: Moment
    visit_ended_at: Moment
    officers: list[OfficerPresent] = Field(min_length=1, max_length=20)
    results: list[ResultWrite] = Field(min_length=1, max_length=200)
    profile_etag: str | None = Field(
        None, max_length=80, pattern=r"^[ -~]*$", description="ETag of the profile that was seen"
    )
    note: Note | None = None


class ConfirmationWrite(BaseModel):
    """An officer's own word on a record that names him: which one he has read."""

    model_config = ConfigDict(extra="forbid")

    digest: str = Field(
        pattern=r"^sha-256:[0-9a-f]{64}$", description="of the record as you read it"
    )


class DenialWrite(ConfirmationWrite):
    """That an officer was not there, or did not conclude what stands in his name."""

    reason: str = Field(min_length=4, max_length=300, pattern=r"^[^\x00]*[^\x00\s][^\x00]*$")


class ResultRead(BaseModel):
    """One item's result."""

    department: str
    item_code: str
    mode: Mode
    result: Result
    note: str | None
    by: str
    confirmation: Confirmation = Field(
        description="whether whoever concluded said so by a token of his own"
    )


class ReceiptRead(BaseModel):
    """A department's confirmation that it took the results over."""

    receipt_no: str
    received_at: str = Field(description="as the department wrote it")


class WriteBackRead(BaseModel):
    """How far a department has received the results."""

    department: str
    state: WriteBackState
    attempts: int = 0
    receipt: ReceiptRead | None = None
    last_error: str | None = None


class OfficerOnVisit(BaseModel):
    """An officer who was on the visit, and the department of the certificate."""

    certificate_no: str
    name: str | None = Field(None, description="as registered now; null: nobody is, any more")
    department: str
    presence: Confirmation = Field(description="whether he said himself that he was there")
    decided_at: datetime | None = None
    reason: str | None = Field(None, description="why he says that he was not")


class InspectionRead(BaseModel):
    """A record as stored, with each department's receipt. `state` is pending_confirmation while the
    word of an officer is wanted for results to count, then submitted while anything is on its way
    to a connected department, then written_back if all have given their receipt; else
    not_written_back: one of them was refused, given up, dropped or not confirmed, or nobody is
    connected.
    """

    id: str
    state: RecordState
    business_id: str
    business_name: str | None = Field(
        None, description="as registration told it last, in lists of your own records"
    )
    site: str | None
    task: str
    region: str
    lead_department: str
    submitted_by: str
    submitted_at: datetime
    visit_started_at: datetime
    visit_ended_at: datetime
    officers: list[OfficerOnVisit]
    profile_etag: str | None
    note: str | None
    digest: str
    results: list[ResultRead]
    write_back: list[WriteBackRead]
