"""Doors of operators: alive, ready."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import text

from app.core.admission import takes
from app.core.deps import DatabaseDep

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
def read_readiness(database: DatabaseDep) -> ProcessState:
    """The process and its database answer; 503 tells a load balancer to send nobody here."""
    with database.read() as session:
        session.connection().execute(text("select 1"))
    return ProcessState(status="ready")
