"""The inspector's door: one identifier in, one profile out."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.core.deps import SettingsDep
from app.core.problems import trace_id_of
from app.profile.deps import ENGINE
from app.profile.service import Engine, LookUp, subject_of
from auth.dependencies import requires
from auth.permissions import Permission
from auth.principal import Principal

router = APIRouter(prefix="/v1", tags=["profiles"])

_SHORTEST_DEADLINE_MS = 100
_BODY = {"application/json": {"schema": {"$ref": "#/components/schemas/Profile"}}}
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "At least one department answered", "content": _BODY},
    304: {"description": "Nothing changed since the ETag you hold; the look-up is traced all the same"},
    503: {"description": "No department answered; the body says why, department by department", "content": _BODY},
}


class ProfileQuery(BaseModel):
    """What a look-up is for; unknown parameters are refused, so that a mistyped `site` is not silently ignored."""

    model_config = ConfigDict(extra="forbid")

    purpose: str = Field(min_length=1, max_length=40, description="inspection (needs a task) or patrol")
    task: str | None = Field(None, max_length=36, description="your open task for this business")
    site: str | None = Field(None, max_length=64, pattern=r"^[^\x00-\x1f]+$", description="the premises you are at")
    view: Literal["full", "summary"] = Field("full", description="summary leaves the sections' data out")


class ProfileHeaders(BaseModel):
    """Headers that shape a look-up."""

    deadline: int | None = Field(None, description="milliseconds you will wait; taken as 100 to 2000")
    if_none_match: str | None = Field(None, max_length=1000, description="ETags you hold")
    traceparent: str | None = Field(None, max_length=100, description="W3C trace context, handed down to departments")


@router.get("/profiles/{business_id}", response_class=Response, responses=RESPONSES)
async def read_profile(
    business_id: Annotated[str, Path(min_length=1, max_length=80, description="18-character code or an elder identifier")],
    request: Request,
    settings: SettingsDep,
    engine: Annotated[Engine, Depends(ENGINE)],
    principal: Annotated[Principal, Depends(requires(Permission.PROFILE_READ))],
    query: Annotated[ProfileQuery, Query()],
    headers: Annotated[ProfileHeaders, Header()],
) -> Response:
    """Ask every department at once and merge what they answer, with source, age and reason for everything."""
    wanted = LookUp(
        text=business_id,
        purpose=query.purpose,
        task=query.task,
        site=query.site,
        summary=query.view == "summary",
        deadline_ms=max(_SHORTEST_DEADLINE_MS, min(headers.deadline or settings.deadline_ms, settings.deadline_ms)),
        request_id=trace_id_of(request),
        traceparent=headers.traceparent or "",
    )
    request.state.subject, request.state.purpose = subject_of(business_id), query.purpose[:40]
    encoded = await engine.look_up(principal, wanted)
    sent = {"ETag": encoded.etag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    held = {tag.strip() for tag in (headers.if_none_match or "").split(",")}
    if encoded.answered and held & {encoded.etag, "*"}:
        return Response(status_code=304, headers=sent)
    return Response(encoded.body, 200 if encoded.answered else 503, sent, "application/json")
