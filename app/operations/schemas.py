"""Shapes of long work."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict


class OperationState(StrEnum):
    """`failed`: given up, after several processes died over it. `cancelled`: called off."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Progress(BaseModel):
    """How far it has got."""

    done: int
    of: int


class OperationRead(BaseModel):
    """Long work: poll until `state` is neither pending nor running. `result` depends on the kind;
    an examination's is `{passed, report}`.
    """

    model_config = ConfigDict(from_attributes=True)

    id: str
    kind: str
    key: str
    department: str
    state: OperationState
    progress: Progress
    attempts: int
    result: dict[str, Any] | None
    created_at: datetime
    finished_at: datetime | None
