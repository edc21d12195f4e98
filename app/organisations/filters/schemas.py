"""Shapes of saved filters."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Screen = Literal["records"]
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=60),
    Field(pattern=r"^[^\x00-\x1f\x7f]*$"),
]


class SavedFilterWrite(BaseModel):
    """A filter to be kept, as the address has it behind `?`. One of the same name is replaced."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    query: str = Field(max_length=1000, pattern=r"^[\x21-\x7e]*$")


class FilterName(BaseModel):
    """Which one."""

    model_config = ConfigDict(extra="forbid")

    name: Name


class SavedFilterRead(BaseModel):
    """A filter that its owner has given a name."""

    name: str
    query: str
    saved_at: datetime
