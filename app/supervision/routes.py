"""The supervisor's door."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse

from app.audit.deps import SequencerDep
from app.audit.service import act_of
from app.core.deps import DatabaseDep, ReadSessionDep, SettingsDep
from app.core.moments import Moment
from app.core.pagination import CursorQuery, LimitQuery, Page, decode_cursor, encode_cursor
from app.core.problems import trace_id_of
from app.supervision import service
from app.supervision.repository import Filter
from app.supervision.schemas import RecordRead
from auth.dependencies import requires
from auth.permissions import Permission
from auth.principal import Principal

router = APIRouter(prefix="/v1", tags=["records"])

Puller = Annotated[Principal, Depends(requires(Permission.RECORD_READ))]


def wanted_records(
    principal: Puller,
    department: Annotated[str | None, Query(max_length=40, description="records with a result of this department")] = None,
    business_id: Annotated[str | None, Query(max_length=64)] = None,
    result: Annotated[Literal["conform", "nonconform", "not_applicable", "not_checked"] | None, Query()] = None,
    state: Annotated[Literal["submitted", "written_back"] | None, Query()] = None,
    since: Annotated[Moment | None, Query(description="submitted at or after")] = None,
    until: Annotated[Moment | None, Query(description="submitted before")] = None,
) -> Filter:
    """The filter, narrowed to what the caller's token allows."""
    asked = Filter("", department, business_id, result, state, since, until)
    return service.within_scope(principal, asked)


FilterDep = Annotated[Filter, Depends(wanted_records)]


async def trace_pull(request: Request, principal: Puller, sequencer: SequencerDep) -> None:
    """Make the pull's entry durable before anything is read.

    Awaited, not blocked on: forty pulls waiting in threads for the trace would leave none for the writer it waits for.
    """
    form = request.url.path.removeprefix("/v1/records").removeprefix(".") or "page"
    event = act_of(principal, "supervision.records.pulled", object_ref=form, request_id=trace_id_of(request))
    await sequencer.append(event)


@router.get("/records", dependencies=[Depends(trace_pull)])
def list_records(
    session: ReadSessionDep,
    settings: SettingsDep,
    wanted: FilterDep,
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
) -> Page[RecordRead]:
    """Inspection records of your region (and department), oldest first; go on with `next_cursor`."""
    query: dict[str, Any] = {name: getattr(wanted, name) for name in Filter.__slots__}
    after = decode_cursor(settings.secret, cursor, query)
    rows = service.page(session, wanted, after=after, limit=limit + 1)
    more = rows[limit - 1][0] if len(rows) > limit else None
    next_cursor = None if more is None else encode_cursor(settings.secret, more, query)
    return Page(items=[record for _, record in rows[:limit]], next_cursor=next_cursor)


def _stream_responses(media_type: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": "A stream", "content": {media_type: {"schema": {"type": "string"}}}}}


@router.get(
    "/records.ndjson",
    response_class=StreamingResponse,
    responses=_stream_responses("application/x-ndjson"),
    dependencies=[Depends(trace_pull)],
)
def stream_records_ndjson(database: DatabaseDep, wanted: FilterDep) -> StreamingResponse:
    """All records of a filter, one JSON document a line."""
    return StreamingResponse(service.as_ndjson(database, wanted), media_type="application/x-ndjson")


@router.get(
    "/records.csv", response_class=StreamingResponse, responses=_stream_responses("text/csv"), dependencies=[Depends(trace_pull)]
)
def stream_records_csv(database: DatabaseDep, wanted: FilterDep) -> StreamingResponse:
    """All results of a filter as a spreadsheet, one result a line; cells cannot start formulas."""
    headers = {"Content-Disposition": 'attachment; filename="records.csv"'}
    return StreamingResponse(service.as_csv(database, wanted), media_type="text/csv; charset=utf-8", headers=headers)
