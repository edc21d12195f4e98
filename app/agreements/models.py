"""Tables of agreements."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from app.core.columns import BigSerial


class AgreementVersion(SQLModel, table=True):
    """One version of a collection or application agreement (数据采集协议, 数据应用协议).

    `source` and `application` are departments (* is every one, of the two that a deployment starts
    from), with the regions of their units. `digest` is over parties and clauses: what is signed.
    `suspended_by` are the parties that hold it.
    """

    __tablename__ = "agreement_versions"
    id: str = Field(primary_key=True, max_length=40)
    version: int = Field(primary_key=True)
    kind: str = Field(max_length=12)
    source_unit: str | None = Field(default=None, max_length=40)
    coordinator_unit: str | None = Field(default=None, max_length=40)
    application_unit: str | None = Field(default=None, max_length=40)
    source: str = Field(max_length=40)
    source_region: str = Field(max_length=6)
    coordinator_region: str = Field(max_length=6)
    application: str = Field(default="", max_length=40)
    application_region: str = Field(default="000000", max_length=6)
    clauses: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    digest: str = Field(max_length=64)
    valid_from: date
    valid_to: date | None = None
    state: str = Field(max_length=12, index=True)
    suspended_by: str = Field(default="", max_length=40)
    created_by: str = Field(max_length=120)
    created_at: datetime
    updated_at: datetime


class AgreementAct(SQLModel, table=True):
    """What a named person of a party did about a version, over which digest."""

    __tablename__ = "agreement_acts"
    id: str = Field(primary_key=True, max_length=36)
    agreement_id: str = Field(max_length=40, index=True)
    version: int
    party: str = Field(max_length=12)
    act: str = Field(max_length=10)
    subject: str = Field(max_length=120)
    digest: str = Field(max_length=64)
    reason: str = Field(default="", max_length=300)
    at: datetime


class QuotaWindow(SQLModel, table=True):
    """How much of a quota processes have taken since the window began: `day` in China, `second`."""

    __tablename__ = "quota_windows"
    agreement_id: str = Field(primary_key=True, max_length=40)
    name: str = Field(primary_key=True, max_length=6)
    starts_at: datetime
    used: int = Field(sa_type=BigSerial)
