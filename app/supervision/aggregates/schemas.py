"""Shapes of counts."""

from typing import Annotated

from pydantic import BaseModel, Field

Name = Annotated[str, Field(min_length=2, max_length=40, pattern=r"^[a-z][a-z0-9_]*$")]


class CellRead(BaseModel):
    """One count, to the nearest multiple of the minimum."""

    key: list[str] = Field(description="a value for each of `by`, in its order")
    count: int


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
    minimum_cell: int = Field(description="counts are told to the nearest multiple of it")
    cells: list[CellRead]
    hidden: int = Field(
        description="so many cells are below the minimum; not even their keys are told"
    )
