"""Shapes of the audit trail."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from adapters.contract.words import Words


class AuditEntryRead(BaseModel):
    """An entry as stored; keys that are empty are absent."""

    model_config = ConfigDict(extra="allow")

    id: str
    v: int
    event: str
    at: datetime
    actor_ref: str


class AuditEventRead(BaseModel):
    """What can have happened, and how it is called."""

    event: str
    text: Words
