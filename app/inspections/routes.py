"""Doors to records."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from app.audit.deps import SequencerDep, TrailDep, reads
from app.audit.events import EventName
from app.audit.service import act_of
from app.core.admission import Priority, takes
from app.core.deps import ReadSessionDep, SessionDep, SettingsDep
from app.core.pagination import CursorQuery, LimitQuery, Page, decode_cursor, ended, page_of
from app.core.problems import trace_id_of
from app.inspections import confirming, service
from app.inspections.schemas import (
    ConfirmationWrite,
    DenialWrite,
    InspectionRead,
    InspectionWrite,
)
from app.registry.deps import DIRECTORY
from app.registry.directory import Directory
from auth.dependencies import requires
from auth.permissions import Permission
from auth.principal import Principal

router = APIRouter(prefix="/v1/inspections", tags=["inspections"])


def writer_of(
    session: SessionDep,
    trail: TrailDep,
    directory: Annotated[Directory, Depends(DIRECTORY)],
    principal: Annotated[Principal, Depends(requires(Permission.INSPECTION_WRITE))],
) -> service.Writer:
    """What taking a record, or a word on one, needs."""
    return service.Writer(session, trail, principal, directory.takes_results)


WriterDep = Annotated[service.Writer, Depends(writer_of)]


@router.put(
    "/{inspection_id}",
    status_code=201,
    responses={200: {"model": InspectionRead, "description": "Stored before; Replayed: true"}},
)
@takes(Priority.RECORD)
def submit_inspection(
    inspection_id: UUID,
    inspection: InspectionWrite,
    response: Response,
    writer: WriterDep,
) -> InspectionRead:
    """Record a visit once under an id you made; repeat safely. Every department concerned receives
    its results as soon as they count: a second officer has confirmed that he was there, and whoever
    concluded something has said so himself.
    """
    record, replayed = service.submit(writer, str(inspection_id), inspection)
    if replayed:
        response.status_code = 200
        response.headers["Replayed"] = "true"
    return record


Reader = Annotated[Principal, Depends(requires(Permission.INSPECTION_READ))]
Lister = Annotated[Principal, Depends(reads(EventName.RECORDS_LISTED, Permission.INSPECTION_WRITE))]


@router.get("")
@takes(Priority.PULL)
def list_inspections(
    session: ReadSessionDep,
    settings: SettingsDep,
    principal: Lister,
    waiting: Annotated[bool, Query(description="only those that want your own word")] = False,
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
) -> Page[InspectionRead]:
    """Records that name you as present, newest first."""
    query = {"records_of": principal.subject, "waiting": waiting}
    before = decode_cursor(settings.keys, cursor, query)
    rows = confirming.list_own(session, principal, waiting=waiting, before=before, limit=limit + 1)
    return ended(page_of(settings.keys, rows, query, after=before, limit=limit))


@router.post("/{inspection_id}:confirm")
@takes(Priority.RECORD)
def confirm_inspection(
    inspection_id: UUID,
    given: ConfirmationWrite,
    writer: WriterDep,
) -> InspectionRead:
    """Say by your own token that you were there and concluded what stands in your name. What counts
    now goes to its departments.
    """
    word = confirming.Word("confirmed", given.digest)
    return confirming.say(writer, str(inspection_id), word)


@router.post("/{inspection_id}:deny")
@takes(Priority.RECORD)
def deny_inspection(
    inspection_id: UUID,
    given: DenialWrite,
    writer: WriterDep,
) -> InspectionRead:
    """Say that you were not there, or did not conclude what stands in your name: it never counts.
    You may change your word until results are handed on.
    """
    word = confirming.Word("denied", given.digest, given.reason)
    return confirming.say(writer, str(inspection_id), word)


async def audit_reading(
    inspection_id: UUID, request: Request, principal: Reader, sequencer: SequencerDep
) -> None:
    """A record that is looked at leaves an entry, before it is read."""
    event = act_of(
        principal,
        EventName.RECORD_VIEWED,
        object_ref=str(inspection_id),
        trace_id=trace_id_of(request),
    )
    await sequencer.append(event)


@router.get("/{inspection_id}", dependencies=[Depends(audit_reading)])
@takes(Priority.PULL)
def read_inspection(
    inspection_id: UUID, session: ReadSessionDep, principal: Reader
) -> InspectionRead:
    """A record with each department's receipt."""
    return service.read_record(session, principal, str(inspection_id))
