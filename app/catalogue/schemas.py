"""Shapes of the catalogue's answers."""

from pydantic import BaseModel

from adapters.contract.words import Words


class FieldRead(BaseModel):
    """A field with its class; 1 is the strictest."""

    section: str
    field: str
    field_class: int
    mask: str | None
    label: Words
    source: str
    confidence: str


class ProblemRead(BaseModel):
    """What a problem code means, and what to do now."""

    code: str
    status: int
    text: Words
    what_now: Words
    retryable: bool
