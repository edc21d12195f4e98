"""Shapes of jobs."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from adapters.contract.words import Words


class JobRead(BaseModel):
    """A job: what it does, when, and how its last run ended."""

    name: str
    text: Words
    at: str = Field(description="hh:mm, in China")
    days: Literal["every", "working"]
    next_at: datetime
    running: bool
    started_at: datetime | None
    ended_at: datetime | None
    outcome: Literal["done", "failed"] | None
    result: dict[str, Any] | None
    error: str | None
    failures: int = Field(description="in a row")
