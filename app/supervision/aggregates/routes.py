"""The analyst's door."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request

from app.core.admission import Priority, takes
from app.core.deps import RATES
from app.core.problems import trace_id_of
from app.core.rates import Rates
from app.supervision.aggregates.deps import COUNTING
from app.supervision.aggregates.schemas import BUSINESSES, AggregateRead, Name
from app.supervision.aggregates.service import Counting, CountWanted
from auth.dependencies import requires
from auth.permissions import Permission
from auth.principal import Principal

router = APIRouter(prefix="/v1", tags=["records"])


@router.get("/aggregates/{section}")
@takes(Priority.PULL)
async def read_aggregate(
    section: Annotated[Name, Path(description="name of the section")],
    request: Request,
    counting: Annotated[Counting, Depends(COUNTING)],
    rates: Annotated[Rates, Depends(RATES)],
    principal: Annotated[Principal, Depends(requires(Permission.AGGREGATE_READ))],
    by: Annotated[
        list[Name],
        Query(min_length=1, max_length=3, description="fields, or `trade`, or `division`"),
    ],
    metric: Annotated[Name, Query(description="what is counted")] = BUSINESSES,
) -> AggregateRead:
    """Counts over analysis data (class 1), made at the source, where an agreement of the purpose
    `analysis` gives them. Small cells are hidden, and others with which they could be computed.
    Counts as one look-up of the caller.
    """
    rates.charge(principal.subject)
    dimensions = tuple(dict.fromkeys(by))
    return await counting.count(
        principal, CountWanted(section, metric, dimensions, trace_id_of(request))
    )
