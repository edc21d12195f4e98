"""Shapes of the catalogue's answers."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from adapters.contract.words import Words
from app.catalogue.rules import Mode


class Named(BaseModel):
    """A code with its words."""

    code: str
    text: Words


class RightsRead(BaseModel):
    """What a department may do with a section: own, manage, use, transfer (M17-160)."""

    department: str
    rights: list[str]


class SectionKindRead(BaseModel):
    """What kind of data a section is, and who may do what with it."""

    section: str
    label: Words
    stage: Named = Field(
        description="of the life of data: pooled, integrated, shared, opened, applied"
    )
    category: Named
    owner_kind: Named = Field(description="whose data it is")
    quality: Named = Field(description="how it comes about")
    important: bool = Field(description="important data (重要数据)")
    tiers: list[str] = Field(description="of which tiers of divisions offices register it")
    departments: list[RightsRead] = Field(description="empty: nobody's by name")
    valid_from: date
    valid_to: date | None
    source: str
    confidence: str


class LabelsRead(BaseModel):
    """What sections, fields (`section.field`, within lists `section.field.part`) and code values
    (`section.field=code`) are called: what a page needs to show a profile.
    """

    sections: dict[str, Words]
    fields: dict[str, Words]
    values: dict[str, Words]


class FieldRead(BaseModel):
    """A field with its class; 1 is the strictest."""

    section: str
    field: str
    field_class: int
    mask: str | None
    masked_class: int | None = Field(
        description="the class that the masked value has: less strict than the field's own"
    )
    label: Words
    marks: list[Named] = Field(description="trade secret, important data, personal information")
    quality: Named
    source: str
    confidence: str


class SwitchWrite(BaseModel):
    """What a rule is to do in a region: `warn` lets happen what it forbids, and says so."""

    model_config = ConfigDict(extra="forbid")

    mode: Literal["block", "warn"]
    reason: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=10, max_length=300)
    ] = Field(pattern=r"^[^\x00]*$", description="the basis on which the region departs from it")
    valid_to: date | None = Field(None, description="the last day; null: until it is changed")


class SwitchRead(SwitchWrite):
    """What a region has switched, and who did it last."""

    region: str
    switched_by: str
    switched_at: datetime


class RuleRead(BaseModel):
    """A rule of law: what upholds it (`guard`), if anything does yet."""

    rule: str
    text: Words
    source: str
    confidence: str = Field(description="H the law's text, M a notice or several pages, L a report")
    valid_from: date | None = Field(description="null: not known")
    valid_to: date | None
    mode: Mode
    guard: str | None
    switchable: bool = Field(description="a region may switch it: confidence M or L, and upheld")
    switched: list[SwitchRead]


class ProblemRead(BaseModel):
    """What a problem code means, and what to do now."""

    code: str
    status: int
    text: Words
    what_now: Words
    retryable: bool
