"""Shapes of tasks."""

from datetime import datetime
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from adapters.contract.business_id import Unusual
from app.tasks.purposes import PURPOSES, TASK_PURPOSES


def _with_task(name: str) -> str:
    if name not in TASK_PURPOSES:
        expected = {"expected": ", ".join(TASK_PURPOSES)}
        raise PydanticCustomError("task_purpose", "no task is opened for this", expected)
    return name


TaskPurpose = Annotated[
    str,
    AfterValidator(_with_task),
    WithJsonSchema({"type": "string", "enum": list(TASK_PURPOSES)}),
]
Subject = Annotated[str, Field(min_length=1, max_length=120)]


class TaskCreate(BaseModel):
    """A task to open. `assignees` are token subjects of officers."""

    model_config = ConfigDict(extra="forbid")

    business_id: str = Field(min_length=1, max_length=80)
    unusual: Unusual | None = Field(
        None, description="takes a code whose check character does not fit, as it stands"
    )
    site: str | None = Field(None, max_length=64)
    purpose: TaskPurpose = TASK_PURPOSES[0]
    assignees: list[Subject] = Field(min_length=1, max_length=50)
    basis: str = Field(
        min_length=4,
        max_length=300,
        description="plan, complaint number or order the visit rests on",
    )
    ends_in_hours: int = Field(72, ge=1, le=24 * 31)
    emergency: bool = Field(
        False, description="the visit cannot wait for approval; it is made up within 24 hours"
    )

    @model_validator(mode="after")
    def _in_time(self) -> "TaskCreate":
        most = PURPOSES[self.purpose].longest_hours
        if self.ends_in_hours > most:
            told = {"most": most}
            raise PydanticCustomError("task_too_long", "the purpose ends earlier", told)
        return self


class GlassBreak(BaseModel):
    """Class 2 of one business for yourself, for minutes, where nobody can be asked."""

    model_config = ConfigDict(extra="forbid")

    business_id: str = Field(min_length=1, max_length=80)
    unusual: Unusual | None = Field(
        None, description="takes a code whose check character does not fit, as it stands"
    )
    site: str | None = Field(None, max_length=64)
    reason: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=20, max_length=300)
    ] = Field(description="what cannot wait, and why nobody could be asked", pattern=r"^[^\x00]*$")


class GlassReview(BaseModel):
    """Whether it was right to break the glass."""

    model_config = ConfigDict(extra="forbid")

    justified: bool
    note: Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=300)] = (
        Field(pattern=r"^[^\x00]*$")
    )


class TaskRead(BaseModel):
    """A task."""

    id: str
    business_id: str
    business_name: str | None = Field(
        None, description="as registration told it last, in lists; null: not told yet"
    )
    site: str | None
    purpose: str = Field(description="a purpose of a task; a later release may know more of them")
    region: str | None = Field(
        description="where registration says the business is; null until it has: no class 2"
    )
    department: str | None
    assignees: list[str]
    basis: str
    opened_by: str
    opened_at: datetime
    ends_at: datetime
    closed_at: datetime | None
    approved_by: str | None
    approved_at: datetime | None
    emergency: bool
    approve_by: datetime | None = Field(
        description="until when an emergency task must be approved by a second person"
    )
    break_glass: bool = Field(description="opened by its officer alone, to be reviewed afterwards")
    review_by: datetime | None = Field(
        description="until when another leader must have reviewed that the glass was broken"
    )
    reviewed_by: str | None
    reviewed_at: datetime | None
    justified: bool | None
    review_note: str | None
    warnings: list[str] = Field(
        default=[],
        description="rules that would have forbidden it, and only warned when it was opened",
    )
