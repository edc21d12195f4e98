"""Shapes of agreements."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from adapters.contract import shape_of
from adapters.contract.words import Words
from app.agreements.lifecycle import Act, AgreementState, Party
from app.catalogue.classification import ANALYSIS_ONLY, OPEN, SHARED
from app.tasks.purposes import ANALYSIS, PURPOSES
from auth.principal import Role

AgreementId = Annotated[str, Field(min_length=3, max_length=40, pattern=r"^[a-z0-9][a-z0-9_-]*$")]
SectionName = Annotated[str, Field(min_length=2, max_length=40, pattern=r"^[a-z][a-z0-9_]*$")]
UnitName = Annotated[str, Field(min_length=2, max_length=40, pattern=r"^[a-z0-9][a-z0-9_-]*$")]


class SectionScope(BaseModel):
    """A section that an agreement is about; all its fields, unless some are named."""

    model_config = ConfigDict(extra="forbid")

    section: SectionName
    fields: list[str] | None = Field(None, min_length=1, max_length=200)

    @model_validator(mode="after")
    def _known(self) -> "SectionScope":
        shape = shape_of(self.section)
        unknown = sorted(set(self.fields or ()) - set(shape.__struct_fields__))
        if unknown:
            told = {"fields": ", ".join(unknown)}
            raise PydanticCustomError("field_unknown", "the section has no such field", told)
        return self


_MOST_A_DAY, _MOST_A_SECOND = 100_000_000, 100_000


class Clauses(BaseModel):
    """What the parties agree on (D-08, D-13)."""

    model_config = ConfigDict(extra="forbid")

    purposes: list[str] = Field(min_length=1, max_length=20)
    legal_basis: str = Field(min_length=4, max_length=200)
    sections: list[SectionScope] | None = Field(
        None, min_length=1, max_length=60, description="null: every section of the source"
    )
    strictest_class: int = Field(
        ge=ANALYSIS_ONLY,
        le=OPEN,
        description="1 is never shared: it opens counts, for the purpose `analysis` alone",
    )
    headline: bool = Field(False, description="the three answers, whatever they rest on")
    regions: list[Annotated[str, Field(pattern=r"^\d{6}$")]] = Field(
        default=[], max_length=100, description="where businesses lie; empty: the source's region"
    )
    roles: list[Role] = Field(default=[], max_length=20, description="empty: whoever may ask")
    valid_from: date
    valid_to: date | None = None
    retention_days: int = Field(0, ge=0, le=3650, description="0: for the visit alone")
    offline_hours: int = Field(
        0, ge=0, le=72, description="so long data on a phone may outlive a suspension"
    )
    daily_quota: int | None = Field(
        None, ge=1, le=_MOST_A_DAY, description="sections told in a day (China); null: no bound"
    )
    per_second_quota: int | None = Field(
        None, ge=1, le=_MOST_A_SECOND, description="sections told in a second; null: no bound"
    )
    onward_sharing: bool = Field(False, description="to others; needs the source's consent (D-13)")
    security_responsible: str = Field(min_length=1, max_length=120)

    @field_validator("purposes")
    @classmethod
    def _purposes(cls, value: list[str]) -> list[str]:
        unknown = sorted(set(value) - set(PURPOSES))
        if unknown:
            told = {"expected": ", ".join(PURPOSES)}
            raise PydanticCustomError("purpose_unknown", "there is no such purpose", told)
        return sorted(set(value))

    @model_validator(mode="after")
    def _counts_alone(self) -> "Clauses":
        """What opens counts over class 1 opens nothing else, and nothing else opens them."""
        counts = self.purposes == [ANALYSIS]
        if (ANALYSIS in self.purposes) != counts or (self.strictest_class < SHARED) != counts:
            raise PydanticCustomError("analysis_alone", "class 1 is for analysis alone")
        if counts and self.daily_quota is None:
            raise PydanticCustomError("analysis_quota", "analysis has a daily quota")
        return self

    @model_validator(mode="after")
    def _ordered(self) -> "Clauses":
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise PydanticCustomError("dates_out_of_order", "valid_to lies before valid_from")
        names = [scope.section for scope in self.sections or ()]
        if len(names) != len(set(names)):
            raise PydanticCustomError("section_twice", "a section stands there twice")
        return self


class AgreementWrite(BaseModel):
    """A draft. The parties are units; the application unit is left out of a collection
    agreement.
    """

    model_config = ConfigDict(extra="forbid")

    source_unit: UnitName
    coordinator_unit: UnitName
    application_unit: UnitName | None = None
    clauses: Clauses


class AgreementCreate(AgreementWrite):
    """The first version of an agreement."""

    agreement_id: AgreementId


class RevisionWrite(BaseModel):
    """What a further version says; its parties are those of the first."""

    model_config = ConfigDict(extra="forbid")

    clauses: Clauses


class SignatureWrite(BaseModel):
    """A signature, over the digest that was read."""

    model_config = ConfigDict(extra="forbid")

    digest: str = Field(pattern=r"^[0-9a-f]{64}$")


class GroundsWrite(BaseModel):
    """Why something is rejected, suspended, resumed or ended."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=4, max_length=300)


class AgreementActRead(BaseModel):
    """What a named person of a party did."""

    party: Party
    act: Act
    subject: str
    digest: str
    reason: str
    at: datetime


class AgreementRead(BaseModel):
    """One version of an agreement. `waits_for` are the parties that have not signed."""

    agreement_id: str
    version: int
    kind: Literal["collection", "application"]
    state: AgreementState
    source_unit: str | None
    coordinator_unit: str | None
    application_unit: str | None
    source: str
    source_region: str
    coordinator_region: str
    application: str | None
    application_region: str
    clauses: Clauses | None = Field(
        description="null: written by a later release, and this one does not read them"
    )
    last_day: date | None = Field(
        description="on which it is in force; earlier than its clause"
        " where a later version takes its place"
    )
    digest: str
    waits_for: list[Party]
    acts: list[AgreementActRead]
    created_by: str
    created_at: datetime
    updated_at: datetime


class ClauseChange(BaseModel):
    """A clause that two versions word differently."""

    clause: str
    before: object
    after: object


class AgreementDiff(BaseModel):
    """What differs between two versions."""

    agreement_id: str
    before: int
    after: int
    changes: list[ClauseChange]


class ExplainWrite(BaseModel):
    """What is to be explained: whether you would see fields of a section."""

    model_config = ConfigDict(extra="forbid")

    business_id: str = Field(min_length=1, max_length=80)
    section: SectionName
    purpose: str = Field(max_length=40)
    task: str | None = Field(None, max_length=36)
    site: str | None = Field(None, max_length=64)
    fields: list[str] | None = Field(
        None, min_length=1, max_length=200, description="null: all that are listed"
    )


class CheckRead(BaseModel):
    """One check of the list, in its order; `what_now` is told where it does not hold."""

    check: str
    holds: bool
    what_now: Words | None = None


class ChangeRead(BaseModel):
    """One of the changes that together release a field."""

    check: str
    change: Words


class FieldDecision(BaseModel):
    """What would become of a field. `smallest_change` was tried: with it, the same checks release
    the field; null where nothing does.
    """

    field: str
    label: Words
    field_class: int
    verdict: Literal["release", "mask", "withhold"]
    mask: str | None = None
    reason: str | None = None
    smallest_change: list[ChangeRead] | None = None


class Explanation(BaseModel):
    """Every check in order, and what would become of each field."""

    section: str
    department: str
    purpose: str
    may_ask: bool
    agreement: str | None
    region: str | None = Field(
        description="where registration says the business is, if that lies within yours"
    )
    checks: list[CheckRead]
    fields: list[FieldDecision]


class WindowRead(BaseModel):
    """One quota: how much of it has been used since it began, and when it begins anew. Portions
    that a process has taken and not yet told are used.
    """

    window: Literal["day", "second"]
    quota: int
    used: int
    left: int
    resets_at: datetime


class MeterRead(BaseModel):
    """The meter of an agreement, the same for all of its parties; no windows where it has no
    quota.
    """

    agreement_id: str
    version: int | None = Field(description="the one in force; null where none is")
    windows: list[WindowRead]
