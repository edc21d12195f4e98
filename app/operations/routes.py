"""The door to long work."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from app.audit.deps import TrailDep
from app.core.admission import Priority, takes
from app.core.deps import ReadSessionDep, SessionDep
from app.operations import service
from app.operations.schemas import OperationRead, OperationState
from auth.dependencies import requires
from auth.permissions import Permission
from auth.principal import Principal

router = APIRouter(prefix="/v1", tags=["operations"])
OperationPath = Annotated[str, Path(pattern=r"^[0-9a-f-]{36}$")]
Reader = Annotated[Principal, Depends(requires(Permission.ADAPTER_READ))]
Manager = Annotated[Principal, Depends(requires(Permission.ADAPTER_MANAGE))]


@router.get("/operations")
@takes(Priority.PULL)
def list_operations(
    session: ReadSessionDep,
    principal: Reader,
    key: Annotated[str | None, Query(max_length=80, description="what it is about")] = None,
    state: Annotated[OperationState | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[OperationRead]:
    """Long work of your department, the newest first."""
    return service.list_operations(session, principal, key=key, state=state, limit=limit)


@router.get("/operations/{operation_id}")
@takes(Priority.PULL)
def read_operation(
    operation_id: OperationPath, session: ReadSessionDep, principal: Reader
) -> OperationRead:
    """Progress of long work; the result stays here."""
    return service.read_operation(session, principal, operation_id)


@router.post("/operations/{operation_id}:cancel")
@takes(Priority.RECORD)
def cancel_operation(
    operation_id: OperationPath, session: SessionDep, trail: TrailDep, principal: Manager
) -> OperationRead:
    """Call long work off."""
    return service.cancel(session, trail, principal, operation_id)
