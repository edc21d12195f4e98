"""The analyst's door."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request

from app.core.admission import Priority, takes
from app.core.deps import RATES
from app.core.problems import trace_id_of
from app.core.rates import Rates
from app.supervision.aggregates.deps import COUNT_DESK
from app.supervision.aggregates.schemas import AggregateRead, Name
from app.supervision.aggregates.service import CountDesk, CountWanted
from auth.dependencies import requires
from auth.permissions import Permission
from auth.principal import Principal

router = APIRouter(prefix="/v1", tags=["records"])


@router.get("/aggregates/{section}")
@takes(Priority.PULL)
async def read_aggregate(
    section: Annotated[Name, Path(description="name of the section")],
    request: Request,
    desk: Annotated[CountDesk, Depends(COUNT_DESK)],
    rates: Annotated[Rates, Depends(RATES)],
    principal: Annotated[Principal, Depends(requires(Permission.AGGREGATE_READ))],
    by: Annotated[
        list[Name],
        Query(
            min_length=1,
            max_length=3,
            description="`trade`, `division`, or fields of few given values",
        ),
    ],
) -> AggregateRead:
    """How many businesses, over analysis data (class 1): counted at the source, where an agreement
    of the purpose `analysis` gives it. Small cells are left out, and what is told is rounded, so
    that none is the difference of others. Counts as one look-up of the caller.
    """
    rates.charge(principal.subject)
    dimensions = tuple(dict.fromkeys(by))
    return await desk.count(principal, CountWanted(section, dimensions, trace_id_of(request)))
