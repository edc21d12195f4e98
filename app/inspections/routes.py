"""Doors to records."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from app.audit.deps import SequencerDep, TrailDep
from app.audit.events import EventName
from app.audit.service import act_of
from app.core.admission import Priority, takes
from app.core.deps import ReadSessionDep, SessionDep
from app.core.problems import trace_id_of
from app.inspections import service
from app.inspections.schemas import InspectionRead, InspectionWrite
from app.registry.deps import DIRECTORY
from app.registry.directory import Directory
from auth.dependencies import requires
from auth.permissions import Permission
from auth.principal import Principal

router = APIRouter(prefix="/v1/inspections", tags=["inspections"])


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
    session: SessionDep,
    trail: TrailDep,
    directory: Annotated[Directory, Depends(DIRECTORY)],
    principal: Annotated[Principal, Depends(requires(Permission.INSPECTION_WRITE))],
) -> InspectionRead:
    """Record a visit once under an id you made; repeat safely. Every department concerned receives
    its results.
    """
    writer = service.Writer(session, trail, principal, directory.takes_results)
    record, replayed = service.submit(writer, str(inspection_id), inspection)
    if replayed:
        response.status_code = 200
        response.headers["Replayed"] = "true"
    return record


Reader = Annotated[Principal, Depends(requires(Permission.INSPECTION_READ))]


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
