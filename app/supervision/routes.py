"""The supervisor's door."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import StreamingResponse

from app.audit.deps import SequencerDep
from app.audit.events import EventName
from app.audit.service import act_of
from app.businesses.service import identified
from app.core.admission import Priority, takes
from app.core.deps import DatabaseDep, ReadSessionDep, SettingsDep
from app.core.pagination import CountedPage, decode_cursor, encode_cursor, page_of
from app.core.problems import trace_id_of
from app.inspections.schemas import InspectionRead
from app.inspections.service import number_records
from app.organisations.deps import PEOPLE, Still
from app.organisations.errors import PersonEnded
from app.supervision import service
from app.supervision.repository import Filter
from app.supervision.schemas import RecordQuery
from app.supervision.spreadsheet import language_of
from auth.dependencies import requires
from auth.permissions import Permission, allows
from auth.principal import Principal

router = APIRouter(prefix="/v1", tags=["records"])

Puller = Annotated[Principal, Depends(requires(Permission.RECORD_READ))]


def wanted_records(principal: Puller, query: Annotated[RecordQuery, Query()]) -> Filter:
    """The filter, narrowed to what the caller's token allows."""
    asked = Filter("", **query.model_dump(exclude={"cursor", "limit", "unusual", "remaining"}))
    if query.business_id is not None:
        business = identified(query.business_id, "/query/business_id", query.unusual)
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
    database: DatabaseDep,
    session: ReadSessionDep,
    settings: SettingsDep,
    wanted: FilterDep,
    query: Annotated[RecordQuery, Query()],
) -> CountedPage[InspectionRead]:
    """Inspection records of your region (and department), oldest first, or the last one first.

    Go on with `next_cursor` while there is one; keep `resume_cursor` and come back later for what
    is new (without `state`, which changes behind a cursor, and not with `newest`).
    """
    asked = _asked(wanted)
    after = decode_cursor(settings.keys, query.cursor, asked)
    number_records(database)
    rows = service.page(session, wanted, after=after, limit=query.limit + 1)
    page = page_of(settings.keys, rows, asked, after=after, limit=query.limit)
    counted = CountedPage[InspectionRead](**dict(page))
    if query.remaining:
        last = rows[: query.limit][-1][0] if rows else after
        told = service.remaining(session, wanted, last=last)
        counted.remaining, counted.remaining_is_least = told
    # A record's state changes behind a cursor: there is nothing to resume when the filter asks for
    # a state.
    if query.state is not None or wanted.newest:
        counted.resume_cursor = None
    return counted


_LATER = {"region", "officer", "newest"}


def _asked(wanted: Filter) -> dict[str, Any]:
    """The query that a cursor belongs to; as before there was more to ask for, where none of that
    is asked.
    """
    asked = {name: getattr(wanted, name) for name in Filter.__slots__}
    return {name: value for name, value in asked.items() if value or name not in _LATER}


def _cursors(
    settings: SettingsDep, wanted: FilterDep, query: Annotated[RecordQuery, Query()]
) -> tuple[int, Callable[[int], str | None]]:
    """Where a stream begins, and how its end is told; a record's state changes behind a cursor."""
    asked = _asked(wanted)
    after = decode_cursor(settings.keys, query.cursor or None, asked)
    if query.state is not None or wanted.newest:
        return after, lambda _last: None
    return after, lambda last: encode_cursor(settings.keys, last, asked)


CursorsDep = Annotated[tuple[int, Callable[[int], str | None]], Depends(_cursors)]


def pulled(
    principal: Puller,
    database: DatabaseDep,
    wanted: FilterDep,
    cursors: CursorsDep,
    people: Annotated[Still, Depends(PEOPLE)],
) -> service.Pull:
    """What a stream reads, as long as the reader may: a role that ends breaks it off."""

    def still() -> None:
        if not allows(people(principal), Permission.RECORD_READ):
            raise PersonEnded

    return service.Pull(database, wanted, cursors[0], still)


PullDep = Annotated[service.Pull, Depends(pulled)]


_LAST_LINE = {
    "type": "object",
    "required": ["resume_cursor"],
    "additionalProperties": False,
    "properties": {"resume_cursor": {"type": ["string", "null"]}},
}


def _stream_responses(media_type: str, schema: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": "A stream", "content": {media_type: {"schema": schema}}}}


@router.get(
    "/records.ndjson",
    response_class=StreamingResponse,
    responses=_stream_responses(
        "application/x-ndjson",
        {"oneOf": [{"$ref": "#/components/schemas/InspectionRead"}, _LAST_LINE]},
    ),
    dependencies=[Depends(audit_pull)],
)
@takes(Priority.PULL)
def stream_records_ndjson(pull: PullDep, cursors: CursorsDep) -> StreamingResponse:
    """All records of a filter, one JSON document a line; the last line is `{"resume_cursor": …}`,
    with which a later pull goes on.
    """
    lines = service.as_ndjson(pull, cursors[1])
    return StreamingResponse(lines, media_type="application/x-ndjson")


@router.get(
    "/records.csv",
    response_class=StreamingResponse,
    responses=_stream_responses("text/csv", {"type": "string"}),
    dependencies=[Depends(audit_pull)],
)
@takes(Priority.PULL)
def stream_records_csv(
    pull: PullDep,
    cursors: CursorsDep,
    query: Annotated[RecordQuery, Query()],
    accept_language: Annotated[
        str, Header(max_length=200, description="zh or en adds words beside codes")
    ] = "",
) -> StreamingResponse:
    """The results that fit a filter as a spreadsheet, one a line, with local times; no cell can
    start a formula or is changed by opening it.
    """
    language = language_of(accept_language)
    headers = {
        "Content-Disposition": 'attachment; filename="records.csv"',
        "Vary": "Accept-Language",
        **({"Content-Language": language} if language else {}),
    }
    told = cursors[1] if query.cursor is not None else None
    lines = service.as_csv(pull, language, told)
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)
