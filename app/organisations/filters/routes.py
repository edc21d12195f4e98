"""Doors to saved filters; everybody's own."""

from typing import Annotated

from fastapi import APIRouter, Depends

from app.core.admission import Priority, takes
from app.core.deps import ClockDep, ReadSessionDep, SessionDep
from app.organisations.filters import service
from app.organisations.filters.schemas import (
    FilterName,
    SavedFilterRead,
    SavedFilterWrite,
    Screen,
)
from auth.dependencies import requires
from auth.permissions import Permission
from auth.principal import Principal

router = APIRouter(prefix="/v1", tags=["organisations"])

Self = Annotated[Principal, Depends(requires(Permission.SELF_READ))]


@router.get("/saved-filters/{screen}")
@takes(Priority.PULL)
def list_saved_filters(
    screen: Screen, session: ReadSessionDep, principal: Self
) -> list[SavedFilterRead]:
    """Filters that you have given a name, of one of the console's lists, by name."""
    return service.saved(session, principal, screen)


@router.put("/saved-filters/{screen}")
@takes(Priority.RECORD)
def save_filter(
    screen: Screen, given: SavedFilterWrite, session: SessionDep, clock: ClockDep, principal: Self
) -> SavedFilterRead:
    """Keep a filter under a name; one of that name is replaced. Fifty of a list at most."""
    return service.save(session, clock, principal, screen, given)


@router.post("/saved-filters/{screen}:drop", status_code=204)
@takes(Priority.RECORD)
def drop_filter(screen: Screen, given: FilterName, session: SessionDep, principal: Self) -> None:
    """Forget a filter of yours."""
    service.drop(session, principal, screen, given.name)
