"""Shapes of people."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from auth.permissions import Permission
from auth.principal import Role

CertificateNo = Annotated[str, Field(min_length=4, max_length=64, pattern=r"^[0-9A-Za-z-]+$")]


class OfficerWrite(BaseModel):
    """A certificate to register."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=80)
    department: str = Field(min_length=2, max_length=40, pattern=r"^[a-z][a-z0-9_]*$")
    region: str = Field(pattern=r"^\d{6}$")
    valid_from: date
    valid_to: date

    @model_validator(mode="after")
    def _ordered(self) -> "OfficerWrite":
        if self.valid_to < self.valid_from:
            raise PydanticCustomError("dates_out_of_order", "valid_to lies before valid_from")
        return self


class OfficerRead(OfficerWrite):
    """A registered certificate."""

    certificate_no: str


class Me(BaseModel):
    """The caller as the gateway sees it."""

    subject: str
    roles: list[Role]
    permissions: list[Permission]
    department: str | None
    region: str
    certificate_no: str | None
