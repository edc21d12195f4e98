"""Doors of operators: alive, ready."""

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import text

from app.core.admission import takes
from app.core.deps import DatabaseDep

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The state of this process."""

    status: str


@router.get("/livez")
@takes(None)
async def read_liveness() -> Health:
    """The process answers."""
    return Health(status="alive")


@router.get("/readyz")
@takes(None)
def read_readiness(database: DatabaseDep) -> Health:
    """The process and its database answer; 503 tells a load balancer to send nobody here."""
    with database.read() as session:
        session.connection().execute(text("select 1"))
    return Health(status="ready")
