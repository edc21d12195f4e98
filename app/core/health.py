"""Doors of operators: alive, ready."""

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from app.core.admission import takes
from app.core.deps import CHECKS
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
async def read_readiness(
    checks: Annotated[dict[str, Callable[[], bool]], Depends(CHECKS)],
) -> ProcessState:
    """Ready is who can work now: it wrote durably within the last two seconds, its policy is
    younger than a second, the issuer's keys are known, and it is not about to stop. Else 503 tells
    a load balancer to send nobody here, and the detail what is wanting.
    """
    wanting = [name for name, holds in checks.items() if not holds()]
    if wanting:
        raise NotReady(", ".join(wanting))
    return ProcessState(status="ready")
