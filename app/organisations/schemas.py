"""Shapes of people."""

import unicodedata
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from app.organisations.roles import HOURS
from auth.permissions import Permission
from auth.principal import Role


def _in_order(begin: date, end: date) -> None:
    if end < begin:
        raise PydanticCustomError("dates_out_of_order", "valid_to lies before valid_from")


def _narrow(value: object) -> object:
    """Full and half width are one number."""
    return unicodedata.normalize("NFKC", value).strip() if isinstance(value, str) else value


CertificateNo = Annotated[
    str,
    BeforeValidator(_narrow),
    Field(min_length=4, max_length=64, pattern=r"^[0-9A-Za-z㐀-鿿()\[\]〔〕【】·.\-]+$"),
]
"""Letters, digits, Chinese characters and brackets, as on the certificate: (浙)执法证字第1234号."""


Department = Annotated[str, Field(min_length=2, max_length=40, pattern=r"^[a-z][a-z0-9_]*$")]
Division = Annotated[str, Field(pattern=r"^\d{6}$", description="division code (GB/T 2260)")]
_EARLIEST_YEAR, _LATEST_YEAR = 2000, 2200
UnitId = Annotated[str, Field(min_length=2, max_length=40, pattern=r"^[a-z0-9][a-z0-9_-]*$")]
Subject = Annotated[str, Field(min_length=1, max_length=120, description="`sub` of the tokens")]
Tier = Literal["nation", "province", "city", "county"]
Part = Literal["source", "coordinator", "application"]
PersonState = Literal["active", "suspended"]


class NamePair(BaseModel):
    """A name in both languages."""

    model_config = ConfigDict(extra="forbid")

    zh: str = Field(min_length=1, max_length=80)
    en: str = Field(min_length=1, max_length=80)


class UnitWrite(BaseModel):
    """A unit to register. Without a department it stands above departments."""

    model_config = ConfigDict(extra="forbid")

    name: NamePair
    tier: Tier
    region: Division
    department: Department | None = None
    axis: Literal["horizontal", "vertical"] = "horizontal"
    parts: list[Part] = Field(
        default=["application"],
        max_length=3,
        description="the parts it takes in sharing",
    )


class UnitCreate(UnitWrite):
    """A unit to register, with its id."""

    unit_id: UnitId


class UnitRead(UnitWrite):
    """A registered unit."""

    unit_id: str
    state: PersonState
    updated_at: datetime


class PersonWrite(BaseModel):
    """Somebody to register."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=80)
    unit: UnitId
    subject: Subject | None = None
    certificate_no: CertificateNo | None = None
    certificate_from: date | None = None
    certificate_to: date | None = None

    @model_validator(mode="after")
    def _whole(self) -> "PersonWrite":
        told = (self.certificate_no, self.certificate_from, self.certificate_to)
        if any(part is None for part in told) and any(part is not None for part in told):
            raise PydanticCustomError(
                "certificate_incomplete", "a certificate has a number and both dates"
            )
        if self.certificate_from and self.certificate_to:
            _in_order(self.certificate_from, self.certificate_to)
        return self


class RoleWrite(BaseModel):
    """A role to give."""

    model_config = ConfigDict(extra="forbid")

    role: Role
    valid_from: AwareDatetime | None = Field(None, description="now, if it is left out")
    valid_to: AwareDatetime | None = None

    @field_validator("valid_from", "valid_to")
    @classmethod
    def _of_these_times(cls, value: datetime | None) -> datetime | None:
        if value is not None and not _EARLIEST_YEAR <= value.year <= _LATEST_YEAR:
            raise PydanticCustomError("date_unlikely", "the year lies between 2000 and 2200")
        return value

    hours: str | None = Field(
        None, pattern=HOURS, description="working hours in China: `12345 08:30-17:30`"
    )


class RoleRead(BaseModel):
    """A role of somebody; one that was lent names the lender's id."""

    role_id: str
    role: Role
    valid_from: datetime
    valid_to: datetime | None
    hours: str
    delegated_by: str | None
    granted_by: str
    granted_at: datetime


class PersonRead(BaseModel):
    """A registered person, with the roles of now and of before."""

    person_id: str
    name: str
    subject: str | None
    unit: str
    department: str | None
    region: str
    certificate_no: str | None
    certificate_from: date | None
    certificate_to: date | None
    state: PersonState
    updated_at: datetime
    roles: list[RoleRead]


class DelegationWrite(BaseModel):
    """A role of your own, lent to somebody of your unit."""

    model_config = ConfigDict(extra="forbid")

    person: str = Field(min_length=36, max_length=36)
    role: Role
    until: AwareDatetime


class OfficerWrite(BaseModel):
    """A certificate to register."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=80)
    department: Department
    region: Division
    valid_from: date
    valid_to: date

    @model_validator(mode="after")
    def _ordered(self) -> "OfficerWrite":
        _in_order(self.valid_from, self.valid_to)
        return self


class OfficerRead(OfficerWrite):
    """A registered certificate."""

    certificate_no: str


class Me(BaseModel):
    """The caller as the gateway sees it."""

    subject: str
    name: str | None = Field(description="as the directory of people has it")
    roles: list[Role]
    permissions: list[Permission]
    department: str | None
    region: str
    certificate_no: str | None
