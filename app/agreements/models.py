"""Tables of agreements."""

from datetime import date
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel


class Agreement(SQLModel, table=True):
    """An application agreement (数据应用协议) in the narrow form: who may use what for which
    purpose, how deep, until when.
    """

    __tablename__ = "agreements"
    id: str = Field(primary_key=True, max_length=40)
    version: int = 1
    source: str = Field(max_length=40, description="department, or * for all")
    purposes: list[str] = Field(sa_column=Column(JSON, nullable=False))
    strictest_class: int
    headline: bool = True
    legal_basis: str = Field(max_length=200)
    valid_from: date
    valid_to: date | None = None
    state: str = Field(default="active", max_length=20)
    clauses: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
