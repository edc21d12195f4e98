"""Shapes of people."""

import unicodedata
from datetime import date
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from auth.permissions import Permission
from auth.principal import Role


def _narrow(value: object) -> object:
    """Full and half width are one number."""
    return unicodedata.normalize("NFKC", value).strip() if isinstance(value, str) else value


CertificateNo = Annotated[
    str,
    BeforeValidator(_narrow),
    Field(min_length=4, max_length=64, pattern=r"^[0-9A-Za-z㐀-鿿()\[\]〔〕【】·.\-]+$"),
]
"""Letters, digits, Chinese characters and brackets, as on the certificate: (浙)执法证字第1234号."""


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
