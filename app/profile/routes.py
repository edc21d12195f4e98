"""The inspector's door: one profile, at once or as sections arrive; one section, patiently; a day's
route.
"""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from app.core.compression import compressed, compressed_stream, takes_gzip
from app.core.deps import ADMISSION, RATES, SettingsDep
from app.core.errors import Throttled
from app.core.ids import new_trace_id
from app.core.problems import trace_id_of
from app.core.rates import Rates
from app.profile import streams
from app.profile.deadline import LONGEST_BATCH_MS, LONGEST_WAIT_MS, SHORTEST_MS, clamp_ms
from app.profile.deps import ENGINE
from app.profile.errors import SectionUnknown
from app.profile.fastpath import gone, respond
from app.profile.service import ClientGone, Engine, LookUp, subject_of
from auth.dependencies import requires
from auth.permissions import Permission
from auth.principal import Principal

router = APIRouter(prefix="/v1", tags=["profiles"])

_GONE_STATUS = 499
_STREAMED: dict[str, Any] = {
    "schema": {
        "type": "string",
        "description": "one event a line: begin, section …, profile; or problem",
    }
}
_BODY = {"application/json": {"schema": {"$ref": "#/components/schemas/Profile"}}}
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "At least one department answered; streamed where `Accept` asks for it",
        "content": {**_BODY, "application/x-ndjson": _STREAMED, "text/event-stream": _STREAMED},
    },
    304: {
        "description": "Nothing changed since the ETag you hold; the look-up is traced all the same"
    },
    503: {
        "description": "No department answered; the body says why, department by department",
        "content": _BODY,
    },
}
_ALONE = {"application/json": {"schema": {"$ref": "#/components/schemas/SectionAlone"}}}
SECTION_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The section, whatever became of it", "content": _ALONE}
}
BATCH_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "One line a look-up, in the order of completion: profile or problem, each "
        "with its position; then end",
        "content": {"application/x-ndjson": _STREAMED},
    }
}

BusinessIdPath = Annotated[
    str, Path(min_length=1, max_length=80, description="18-character code or an elder identifier")
]
ReaderDep = Annotated[Principal, Depends(requires(Permission.PROFILE_READ))]
EngineDep = Annotated[Engine, Depends(ENGINE)]


async def within_rate(principal: ReaderDep, request: Request) -> Rates:
    """Take one look-up from the caller's bucket. Raises `Throttled`."""
    rates = RATES.of(request.app)
    if not rates.allows(principal.subject):
        raise Throttled(
            int(rates.seconds_until_next(principal.subject)) + 1, rates.headers(principal.subject)
        )
    return rates


RatesDep = Annotated[Rates, Depends(within_rate)]


class PurposeQuery(BaseModel):
    """What a look-up is for; unknown parameters are refused, so that a mistyped `site` is not
    silently ignored.
    """

    model_config = ConfigDict(extra="forbid")

    purpose: str = Field(
        min_length=1, max_length=40, description="inspection (needs a task) or patrol"
    )
    task: str | None = Field(None, max_length=36, description="your open task for this business")
    site: str | None = Field(
        None, max_length=64, pattern=r"^[^\x00-\x1f]+$", description="the premises you are at"
    )


class ProfileQuery(PurposeQuery):
    """As `PurposeQuery`, and how much is wanted."""

    view: Literal["full", "summary"] = Field(
        "full", description="summary leaves the sections' data out"
    )


class SectionQuery(PurposeQuery):
    """As `PurposeQuery`, and how long you will wait."""

    wait: int = Field(
        LONGEST_WAIT_MS,
        ge=SHORTEST_MS,
        le=LONGEST_WAIT_MS,
        description="milliseconds to wait for the department",
    )


class ProfileHeaders(BaseModel):
    """Headers that shape a look-up."""

    deadline: int | None = Field(
        None, description="milliseconds you will wait; taken as 100 to 2000"
    )
    if_none_match: str | None = Field(None, max_length=1000, description="ETags you hold")
    traceparent: str | None = Field(
        None, max_length=100, description="W3C trace context, handed down to departments"
    )
    priority: str | None = Field(
        None,
        max_length=100,
        description="u=5 or more marks a look-up that nobody waits for (RFC 9218)",
    )
    cache_control: str | None = Field(
        None, max_length=100, description="no-cache asks every department again"
    )
    accept: str | None = Field(
        None,
        max_length=400,
        description="application/x-ndjson or text/event-stream streams sections",
    )


class BatchItem(BaseModel):
    """One look-up of a day's route."""

    model_config = ConfigDict(extra="forbid")

    business_id: str = Field(min_length=1, max_length=80)
    task: str | None = Field(None, max_length=36)
    site: str | None = Field(None, max_length=64, pattern=r"^[^\x00-\x1f]+$")


class BatchRequest(BaseModel):
    """A day's route."""

    model_config = ConfigDict(extra="forbid")

    purpose: str = Field(min_length=1, max_length=40)
    view: Literal["full", "summary"] = "summary"
    items: list[BatchItem] = Field(min_length=1, max_length=200)


def _form_of(accept: str | None) -> streams.Form | None:
    """The stream a caller asks for, if any."""
    for part in (accept or "").split(","):
        match part.partition(";")[0].strip().lower():
            case "application/x-ndjson":
                return "application/x-ndjson"
            case "text/event-stream":
                return "text/event-stream"
            case "application/json":
                return None
    return None


def _headers(rates: Rates, principal: Principal) -> dict[str, str]:
    fixed = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Accept, Accept-Encoding"}
    return {**fixed, **rates.headers(principal.subject)}


def _json(body: bytes, status: int, headers: dict[str, str], *, gzip: bool) -> Response:
    packed = compressed(body) if gzip else None
    if packed is None:
        return Response(body, status, headers, "application/json")
    return Response(packed, status, {**headers, "Content-Encoding": "gzip"}, "application/json")


def _streamed(
    events: AsyncIterator[bytes], form: str, headers: dict[str, str], *, gzip: bool
) -> Response:
    if not gzip:
        return StreamingResponse(events, media_type=form, headers=headers)
    packed = compressed_stream(events)
    return StreamingResponse(
        packed, media_type=form, headers={**headers, "Content-Encoding": "gzip"}
    )


@router.get("/profiles/{business_id}", response_class=Response, responses=RESPONSES)
async def read_profile(
    business_id: BusinessIdPath,
    request: Request,
    settings: SettingsDep,
    engine: EngineDep,
    principal: ReaderDep,
    rates: RatesDep,
    query: Annotated[ProfileQuery, Query()],
    headers: Annotated[ProfileHeaders, Header()],
) -> Response:
    """Ask every department at once and merge what they answer, with source, age and reason for
    everything.

    The short way of the same route, for look-ups that are plainly in order, is `front`.
    """
    wanted = LookUp(
        text=business_id,
        purpose=query.purpose,
        task=query.task,
        site=query.site,
        summary=query.view == "summary",
        deadline_ms=clamp_ms(headers.deadline, settings.deadline_ms, settings.deadline_ms),
        request_id=trace_id_of(request),
        fresh="no-cache" in (headers.cache_control or ""),
    )
    request.state.subject, request.state.purpose = subject_of(business_id), query.purpose[:40]
    sent, gzip = _headers(rates, principal), takes_gzip(request.headers.get("accept-encoding", ""))
    if form := _form_of(headers.accept):
        prepared = await engine.prepare(principal, wanted)
        return _streamed(streams.stream(engine, prepared, form), form, sent, gzip=gzip)
    try:
        encoded = await engine.look_up(principal, wanted, lambda: gone(request.receive))
    except ClientGone:
        return Response(status_code=_GONE_STATUS)
    status, body, wait = respond(encoded, headers.if_none_match or "")
    sent["ETag"] = encoded.etag
    if wait is not None:
        sent["Retry-After"] = wait
    return (
        _json(body, status, sent, gzip=gzip) if body else Response(status_code=status, headers=sent)
    )


@router.get(
    "/profiles/{business_id}/sections/{section}",
    response_class=Response,
    responses=SECTION_RESPONSES,
)
async def read_section(
    business_id: BusinessIdPath,
    section: Annotated[
        str, Path(pattern=r"^[a-z][a-z0-9_]{1,39}$", description="name of the section")
    ],
    request: Request,
    engine: EngineDep,
    principal: ReaderDep,
    rates: RatesDep,
    query: Annotated[SectionQuery, Query()],
) -> Response:
    """Ask one department again, patiently: for the one that did not answer in time."""
    wanted = LookUp(
        business_id, query.purpose, query.task, query.site, False, query.wait, trace_id_of(request)
    )
    request.state.subject, request.state.purpose = subject_of(business_id), query.purpose[:40]
    try:
        body = await engine.section(principal, wanted, section, lambda: gone(request.receive))
    except ClientGone:
        return Response(status_code=_GONE_STATUS)
    if body is None:
        raise SectionUnknown(pointer="/path/section")
    gzip = takes_gzip(request.headers.get("accept-encoding", ""))
    return _json(body, 200, _headers(rates, principal), gzip=gzip)


@router.post("/profiles:batch", response_class=StreamingResponse, responses=BATCH_RESPONSES)
async def read_profiles(
    wanted: BatchRequest,
    request: Request,
    engine: EngineDep,
    principal: ReaderDep,
    rates: RatesDep,
    deadline: Annotated[
        int | None, Header(description="milliseconds for each look-up; taken as 100 to 10000")
    ] = None,
) -> Response:
    """Look up a day's route in one request; it paces itself and yields to officers who stand at a
    shop door.
    """
    milliseconds = clamp_ms(deadline, LONGEST_BATCH_MS, LONGEST_BATCH_MS)
    request.state.purpose = wanted.purpose[:40]
    look_ups = [
        LookUp(
            item.business_id,
            wanted.purpose,
            item.task,
            item.site,
            wanted.view == "summary",
            milliseconds,
            new_trace_id(),
        )
        for item in wanted.items
    ]
    lines = streams.batch(engine, ADMISSION.of(request.app), rates, principal, look_ups)
    gzip = takes_gzip(request.headers.get("accept-encoding", ""))
    return _streamed(lines, "application/x-ndjson", _headers(rates, principal), gzip=gzip)
