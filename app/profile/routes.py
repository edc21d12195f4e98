"""The inspector's door: one profile, at once or as sections arrive; one section, patiently; a day's
route.
"""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from fastapi.responses import StreamingResponse

from app.agreements.schemas import ExplainWrite, Explanation
from app.audit.deps import SequencerDep
from app.audit.events import EventName
from app.audit.service import act_of
from app.core.admission import Priority, takes
from app.core.compression import compressed_stream
from app.core.deps import ADMISSION, RATES, SettingsDep
from app.core.ids import new_trace_id
from app.core.problems import trace_id_of
from app.core.rates import Rates
from app.profile import answer, explaining, request, service, streams
from app.profile.deps import ENGINE
from app.profile.disclosure import ClientGone
from app.profile.fastpath import gone, priority_of
from app.profile.request import Headers, LookUp, Parameter
from app.profile.schemas import BatchRequest, FindingKindRead, ReasonRead
from app.profile.service import Engine, subject_of
from auth.dependencies import requires
from auth.permissions import Permission
from auth.principal import Principal

router = APIRouter(prefix="/v1", tags=["profiles"])

_GONE_STATUS = 499
_STREAM = {"description": "one event a line", "$ref": "#/components/schemas/StreamLine"}
_BODY = {"application/json": {"schema": {"$ref": "#/components/schemas/Profile"}}}
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": (
            "At least one department answered. Where `Accept` asks for a stream, each line of "
            "application/x-ndjson (each event of text/event-stream) has the schema shown"
        ),
        "content": {
            **_BODY,
            "application/x-ndjson": {"schema": _STREAM},
            "text/event-stream": {"schema": _STREAM},
        },
    },
    304: {"description": "Nothing changed since the ETag you hold; the look-up is audited anyway"},
    503: {
        "description": "No department answered; the body says why, department by department",
        "content": _BODY,
    },
}
_ALONE = {"application/json": {"schema": {"$ref": "#/components/schemas/SectionAlone"}}}
SECTION_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The section, whatever became of it", "content": _ALONE}
}
_LINE = {"description": "one look-up a line", "$ref": "#/components/schemas/BatchLine"}
BATCH_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": (
            "One line a look-up, in the order of completion, each with its position; then end. "
            "Each line has the schema shown"
        ),
        "content": {"application/x-ndjson": {"schema": _LINE}},
    }
}

BusinessIdPath = Annotated[
    str,
    Path(
        min_length=1,
        max_length=request.LONGEST_IDENTIFIER,
        description="18-character code or an older identifier",
    ),
]
ReaderDep = Annotated[Principal, Depends(requires(Permission.PROFILE_READ))]
EngineDep = Annotated[Engine, Depends(ENGINE)]


def _documented(parameters: tuple[Parameter, ...]) -> dict[str, Any]:
    """What the document tells of parameters that `request` reads."""
    return {
        "parameters": [
            {
                "name": p.name,
                "in": p.place,
                "required": p.required,
                "description": p.description,
                "schema": {**p.schema, **p.closed},
            }
            for p in parameters
        ]
    }


async def within_rate(principal: ReaderDep, asked: Request) -> Rates:
    """Take one look-up from the caller's bucket. Raises `Throttled`."""
    rates = RATES.of(asked.app)
    rates.charge(principal.subject)
    return rates


RatesDep = Annotated[Rates, Depends(within_rate)]


def _respond(told: answer.Answer) -> Response:
    response = Response(told.body, told.status)
    response.raw_headers = told.headers
    return response


def _streamed(
    events: AsyncIterator[bytes], form: str, accept_encoding: str, rates: tuple[Any, ...]
) -> Response:
    headers, gzip = answer.of_stream(accept_encoding, form, rates)
    response = StreamingResponse(compressed_stream(events) if gzip else events)
    response.raw_headers = headers
    return response


def _noted(asked: Request, text: str) -> None:
    """For the entry of a refusal."""
    asked.state.subject = subject_of(text)
    asked.state.purpose = asked.query_params.get("purpose", "")[: request.LONGEST_PURPOSE]


@router.get(
    "/profiles/{business_id}",
    response_class=Response,
    responses=RESPONSES,
    openapi_extra=_documented(request.PROFILE),
)
@takes(priority_of)
async def read_profile(
    business_id: BusinessIdPath,
    asked: Request,
    settings: SettingsDep,
    engine: EngineDep,
    principal: ReaderDep,
    rates: RatesDep,
) -> Response:
    """Ask every department at once and merge what they answer, with source, age and reason for
    everything.

    The fast path of the same route, for look-ups that are plainly in order, is `fastpath`.
    """
    _noted(asked, business_id)
    headers = request.read_headers(asked.headers.raw)
    query = request.read_query(asked.scope["query_string"])
    look_up = request.look_up(business_id, query, headers, trace_id_of(asked), settings.deadline_ms)
    if headers.form is not None:
        prepared = await engine.prepare(principal, look_up)
        left = rates.header_pairs(principal.subject)
        events = streams.while_valid(
            streams.stream(engine, prepared, headers.form),
            asked.state.expires_at,
            headers.form,
            look_up.trace_id,
        )
        return _streamed(events, headers.form, headers.gzip, left)
    try:
        encoded = await engine.look_up(principal, look_up, lambda: gone(asked.receive))
    except ClientGone:
        return Response(status_code=_GONE_STATUS)
    return _respond(answer.of_profile(encoded, headers, rates.header_pairs(principal.subject)))


@router.get(
    "/profiles/{business_id}/sections/{section}",
    response_class=Response,
    responses=SECTION_RESPONSES,
    openapi_extra=_documented(request.SECTION),
)
@takes(priority_of)
async def read_section(
    business_id: BusinessIdPath,
    section: Annotated[
        str, Path(pattern=r"^[a-z][a-z0-9_]{1,39}$", description="name of the section")
    ],
    asked: Request,
    engine: EngineDep,
    principal: ReaderDep,
    rates: RatesDep,
) -> Response:
    """Ask one department again, patiently: for the one that did not answer in time."""
    headers = Headers(gzip=asked.headers.get("accept-encoding", ""))
    _noted(asked, business_id)
    query = request.read_query(asked.scope["query_string"], "section")
    look_up = LookUp(
        business_id,
        query.purpose,
        query.task,
        query.site,
        False,
        query.wait_ms,
        trace_id_of(asked),
        unusual=query.unusual,
    )
    try:
        body = await engine.section(principal, look_up, section, lambda: gone(asked.receive))
    except ClientGone:
        return Response(status_code=_GONE_STATUS)
    return _respond(answer.of_section(body, headers, rates.header_pairs(principal.subject)))


@router.post("/profiles:batch", response_class=StreamingResponse, responses=BATCH_RESPONSES)
@takes(Priority.PREFETCH)
async def read_profiles(
    wanted: BatchRequest,
    asked: Request,
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
    longest = request.LONGEST_BATCH_MS
    milliseconds = request.clamp_ms(deadline, longest, longest)
    asked.state.purpose = wanted.purpose
    summary = wanted.view == "summary"
    look_ups = [
        LookUp(
            item.business_id,
            wanted.purpose,
            item.task,
            item.site,
            summary,
            milliseconds,
            new_trace_id(),
            unusual=item.unusual,
        )
        for item in wanted.items
    ]
    lines = streams.while_valid(
        streams.batch(engine, ADMISSION.of(asked.app), rates, principal, look_ups),
        asked.state.expires_at,
        streams.NDJSON,
        trace_id_of(asked),
        "stopped",
    )
    gzip = asked.headers.get("accept-encoding", "")
    return _streamed(lines, streams.NDJSON, gzip, rates.header_pairs(principal.subject))


@router.post("/decisions:explain")
@takes(Priority.PULL)
async def explain_decision(
    wanted: ExplainWrite,
    asked: Request,
    engine: EngineDep,
    principal: ReaderDep,
    _: RatesDep,
    sequencer: SequencerDep,
) -> Explanation:
    """Whether you would see fields of a section, check by check, and the smallest change that would
    release each: tried over the same checks. No department is asked. Counts as one look-up.
    """
    explained = await explaining.explain(engine.disclosure, principal, wanted)
    event = act_of(
        principal,
        EventName.DECISION_EXPLAINED,
        subject=subject_of(wanted.business_id),
        purpose=wanted.purpose,
        task=wanted.task or "",
        object_ref=wanted.section,
        trace_id=trace_id_of(asked),
    )
    await sequencer.append(event)
    return explained


@router.get("/catalogue/reasons", dependencies=[Depends(requires(Permission.CATALOGUE_READ))])
@takes(Priority.PULL)
async def list_reasons() -> list[ReasonRead]:
    """Reasons that sections and headline answers may carry, with what to do now."""
    return service.list_reasons()


@router.get("/catalogue/findings", dependencies=[Depends(requires(Permission.CATALOGUE_READ))])
@takes(Priority.PULL)
async def list_findings() -> list[FindingKindRead]:
    """Kinds of findings that a profile may hold."""
    return service.list_findings()
