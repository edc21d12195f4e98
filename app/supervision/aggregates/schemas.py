"""Shapes of counts."""

from typing import Annotated

from pydantic import BaseModel, Field

Name = Annotated[str, Field(min_length=2, max_length=40, pattern=r"^[a-z][a-z0-9_]*$")]
BUSINESSES = "businesses"
COMMON = frozenset({"trade", "division"})
"""Dimensions that every section may be counted by."""


class CellRead(BaseModel):
    """One count; null: hidden, because it, or a difference with it, is small."""

    key: list[str] = Field(description="a value for each of `by`, in its order")
    count: int | None


class AggregateRead(BaseModel):
    """Counts over analysis data, made at the source and protected here. `region` is the office's:
    the counts are of its businesses.
    """

    section: str
    department: str
    region: str
    agreement: str
    metric: str
    by: list[str]
    minimum_cell: int
    cells: list[CellRead]
    hidden: int = Field(description="so many of the cells are hidden")
