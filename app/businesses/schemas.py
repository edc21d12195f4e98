"""Shapes of identifiers."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.core.words import Words


class ResolveRequest(BaseModel):
    """Typed text, or the content of a scanned licence code."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=500)


class IdentifierRead(BaseModel):
    """A checked identifier. `alternatives` are other schemes the same string fits."""

    value: str
    scheme: str
    checks: dict[str, str]
    alternatives: list[str] = []
    business_id: str = Field(description="what to ask a profile for")


class CandidateRead(BaseModel):
    """A business the registration department offers."""

    business_id: str
    name: str
    address: str
    status: str


class Resolution(BaseModel):
    """A match, several candidates, or what to do next."""

    outcome: Literal["match", "candidates", "unresolved"]
    identifier: IdentifierRead | None = None
    candidates: list[CandidateRead] = []
    suggestions: list[str] = []
    reason: str | None = None
    next_step: Words | None = None
