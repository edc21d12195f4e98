"""Doors of operators: alive, ready."""

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from sqlalchemy import text

from app.core.admission import takes
from app.core.deps import CHECKS, DatabaseDep
from app.core.errors import NotReady

router = APIRouter(tags=["health"])


class ProcessState(BaseModel):
    """The state of this process."""

    status: Literal["alive", "ready"]


@router.get("/livez")
@takes(None)
async def read_liveness() -> ProcessState:
    """The process answers."""
    return ProcessState(status="alive")


@router.get("/readyz")
@takes(None)
def read_readiness(
    database: DatabaseDep, checks: Annotated[dict[str, Callable[[], bool]], Depends(CHECKS)]
) -> ProcessState:
    """The process and its database answer, and the issuer's keys are known; 503 tells a load
    balancer to send nobody here.
    """
    wanting = [name for name, holds in checks.items() if not holds()]
    if wanting:
        raise NotReady(", ".join(wanting))
    with database.read() as session:
        session.connection().execute(text("select 1"))
    return ProcessState(status="ready")
