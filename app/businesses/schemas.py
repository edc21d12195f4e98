"""Shapes of identifiers."""

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from adapters.contract import Scheme
from adapters.contract.business_id import Unusual
from adapters.contract.words import Words


class ResolveRequest(BaseModel):
    """Typed text, or the content of a scanned licence code."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=500)


@dataclass(frozen=True, slots=True)
class Business:
    """A business by a checked identifier. `value` is the identifier as it is understood,
    `business_id` what to ask a profile for; `alternatives` are other schemes the same string fits.
    """

    value: str
    business_id: str
    scheme: Scheme
    checks: dict[str, str]
    alternatives: list[Scheme]
    site: str | None = None


class CandidateRead(BaseModel):
    """A business the registration department offers."""

    business_id: str
    name: str
    address: str
    status: str


class Resolution(BaseModel):
    """A match, several candidates, or what to do next."""

    outcome: Literal["match", "candidates", "unresolved"]
    business: Business | None = None
    candidates: list[CandidateRead] = []
    suggestions: list[str] = []
    unusual: list[Unusual] = []
    """How to ask all the same for a code that stands so on the licence."""
    reason: str | None = None
    next_step: Words | None = None
