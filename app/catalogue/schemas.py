"""Shapes of the catalogue's answers."""

from datetime import date

from pydantic import BaseModel, Field

from adapters.contract.words import Words
from app.catalogue.rules import Mode


class FieldRead(BaseModel):
    """A field with its class; 1 is the strictest."""

    section: str
    field: str
    field_class: int
    mask: str | None
    masked_class: int | None = Field(
        description="the class that the masked value has: less strict than the field's own"
    )
    label: Words
    source: str
    confidence: str


class RuleRead(BaseModel):
    """A rule of law: what upholds it (`guard`), if anything does yet."""

    rule: str
    text: Words
    source: str
    confidence: str = Field(description="H the law's text, M a notice or several pages, L a report")
    valid_from: date | None = Field(description="null: not known")
    valid_to: date | None
    mode: Mode
    guard: str | None


class ProblemRead(BaseModel):
    """What a problem code means, and what to do now."""

    code: str
    status: int
    text: Words
    what_now: Words
    retryable: bool
