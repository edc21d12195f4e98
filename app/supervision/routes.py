"""The supervisor's door."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse

from app.audit.deps import SequencerDep
from app.audit.events import EventName
from app.audit.service import act_of
from app.businesses.service import identified
from app.core.admission import Priority, takes
from app.core.deps import DatabaseDep, ReadSessionDep, SettingsDep
from app.core.pagination import Page, decode_cursor, page_of
from app.core.problems import trace_id_of
from app.inspections.schemas import InspectionRead
from app.supervision import service
from app.supervision.repository import Filter
from app.supervision.schemas import RecordQuery
from auth.dependencies import requires
from auth.permissions import Permission
from auth.principal import Principal

router = APIRouter(prefix="/v1", tags=["records"])

Puller = Annotated[Principal, Depends(requires(Permission.RECORD_READ))]


def wanted_records(principal: Puller, query: Annotated[RecordQuery, Query()]) -> Filter:
    """The filter, narrowed to what the caller's token allows."""
    asked = Filter("", **query.model_dump(exclude={"cursor", "limit"}))
    if query.business_id is not None:
        business = identified(query.business_id, "/query/business_id")
        asked = replace(asked, business_id=business.key)
    return service.within_scope(principal, asked)


FilterDep = Annotated[Filter, Depends(wanted_records)]


async def audit_pull(
    request: Request, principal: Puller, sequencer: SequencerDep, wanted: FilterDep
) -> None:
    """Make the pull's entry durable before anything is read.

    Awaited, not blocked on: forty pulls waiting in threads for the trail would leave none for the
    writer it waits for.
    """
    form = request.url.path.removeprefix("/v1/records").removeprefix(".") or "page"
    event = act_of(
        principal,
        EventName.RECORDS_PULLED,
        object_ref=form,
        subject=wanted.business_id or "",
        filter=wanted.summary,
        trace_id=trace_id_of(request),
    )
    await sequencer.append(event)


@router.get("/records", dependencies=[Depends(audit_pull)])
@takes(Priority.PULL)
def list_records(
    session: ReadSessionDep,
    settings: SettingsDep,
    wanted: FilterDep,
    query: Annotated[RecordQuery, Query()],
) -> Page[InspectionRead]:
    """Inspection records of your region (and department), oldest first.

    Go on with `next_cursor` while there is one; keep `resume_cursor` and come back later for what
    is new (without `state`, which changes behind a cursor).
    """
    asked: dict[str, Any] = {name: getattr(wanted, name) for name in Filter.__slots__}
    after = decode_cursor(settings.keys, query.cursor, asked)
    rows = service.page(session, wanted, after=after, limit=query.limit + 1)
    page = page_of(settings.keys, rows, asked, after=after, limit=query.limit)
    # A record's state changes behind a cursor: there is nothing to resume when the filter asks for
    # a state.
    return page if query.state is None else page.model_copy(update={"resume_cursor": None})


def _stream_responses(media_type: str, schema: dict[str, str]) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": "A stream", "content": {media_type: {"schema": schema}}}}


@router.get(
    "/records.ndjson",
    response_class=StreamingResponse,
    responses=_stream_responses(
        "application/x-ndjson", {"$ref": "#/components/schemas/InspectionRead"}
    ),
    dependencies=[Depends(audit_pull)],
)
@takes(Priority.PULL)
def stream_records_ndjson(database: DatabaseDep, wanted: FilterDep) -> StreamingResponse:
    """All records of a filter, one JSON document a line."""
    return StreamingResponse(service.as_ndjson(database, wanted), media_type="application/x-ndjson")


@router.get(
    "/records.csv",
    response_class=StreamingResponse,
    responses=_stream_responses("text/csv", {"type": "string"}),
    dependencies=[Depends(audit_pull)],
)
@takes(Priority.PULL)
def stream_records_csv(database: DatabaseDep, wanted: FilterDep) -> StreamingResponse:
    """All results of a filter as a spreadsheet, one result a line; cells cannot start formulas."""
    headers = {"Content-Disposition": 'attachment; filename="records.csv"'}
    return StreamingResponse(
        service.as_csv(database, wanted), media_type="text/csv; charset=utf-8", headers=headers
    )
