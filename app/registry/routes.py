"""The department's door."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Query, Response

from app.audit.deps import TrailDep, reads
from app.audit.events import EventName
from app.core.admission import Priority, takes
from app.core.deps import ClockDep, ReadSessionDep, SessionDep
from app.operations.schemas import OperationRead
from app.registry import history, loader, measuring, service
from app.registry.deps import WORKSHOP
from app.registry.desk import Desk
from app.registry.lifecycle import Action
from app.registry.loader import Workshop
from app.registry.schemas import (
    AdapterImpact,
    AdapterMoveRead,
    AdapterRead,
    ApproveWrite,
    CredentialsRead,
    CredentialsWrite,
    MeasurementRead,
    PreviewRead,
    PreviewRequest,
    ReasonWrite,
    ShareWrite,
)
from auth.dependencies import requires
from auth.permissions import Permission
from auth.principal import Principal

router = APIRouter(prefix="/v1", tags=["adapters"])

AdapterPath = Annotated[str, Path(min_length=2, max_length=40, pattern=r"^[a-z][a-z0-9_]*$")]
MANIFEST_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Manifest"}}},
    }
}
ManifestBody = Annotated[dict[str, Any], Body(description="the adapter's manifest")]
Reader = Annotated[Principal, Depends(reads(EventName.ADAPTERS_READ, Permission.ADAPTER_READ))]
WorkshopDep = Annotated[Workshop, Depends(WORKSHOP)]


def _desk(permission: Permission) -> Any:
    def desk(
        session: SessionDep,
        trail: TrailDep,
        workshop: WorkshopDep,
        principal: Annotated[Principal, Depends(requires(permission))],
    ) -> Desk:
        return Desk(session, trail, principal, workshop)

    return Depends(desk, scope="function")


ManagerDesk = Annotated[Desk, _desk(Permission.ADAPTER_MANAGE)]
ReviewerDesk = Annotated[Desk, _desk(Permission.ADAPTER_REVIEW)]


@router.get("/adapters")
@takes(Priority.PULL)
def list_adapters(session: ReadSessionDep, principal: Reader) -> list[AdapterRead]:
    """Adapters you may see, by id."""
    return service.list_adapters(session, principal)


@router.post("/adapters", status_code=201, openapi_extra=MANIFEST_BODY)
@takes(Priority.RECORD)
def register_adapter(manifest: ManifestBody, desk: ManagerDesk) -> AdapterRead:
    """Register your department's system. Nothing is asked yet; verify comes next."""
    return service.register(desk, manifest)


@router.post("/adapters:preview")
@takes(Priority.RECORD)
def preview_mapping(
    wanted: PreviewRequest,
    workshop: WorkshopDep,
    principal: Annotated[Principal, Depends(requires(Permission.ADAPTER_MANAGE))],
) -> PreviewRead:
    """Show what a pasted sample of your system's answer becomes with a mapping, before any endpoint
    is reachable.
    """
    return loader.preview(principal, workshop, wanted.manifest, wanted.sample)


@router.get("/adapters/{adapter_id}/impact")
@takes(Priority.PULL)
def read_impact(
    adapter_id: AdapterPath, session: ReadSessionDep, principal: Reader, clock: ClockDep
) -> AdapterImpact:
    """What finds no data any more while the adapter is out of service: agreements in force, their
    purposes, open tasks.
    """
    adapter = service.seen(session, principal, adapter_id)
    return history.impact_of(session, principal, adapter, clock)


@router.get("/adapters/{adapter_id}")
@takes(Priority.PULL)
def read_adapter(
    adapter_id: AdapterPath, session: ReadSessionDep, principal: Reader
) -> AdapterRead:
    """One adapter with its state and manifest."""
    return service.read_adapter(session, principal, adapter_id)


@router.get("/adapters/{adapter_id}/history")
@takes(Priority.PULL)
def list_adapter_moves(
    adapter_id: AdapterPath, session: ReadSessionDep, principal: Reader
) -> list[AdapterMoveRead]:
    """Who registered, examined, submitted, reviewed, suspended or ended it, when and why, the
    newest first; at most 200.
    """
    return history.moves_of(session, service.seen(session, principal, adapter_id).id)


@router.get("/adapters/{adapter_id}/measurements")
@takes(Priority.PULL)
def list_measurements(
    adapter_id: AdapterPath,
    session: ReadSessionDep,
    principal: Reader,
    clock: ClockDep,
    every: Annotated[int, Query(ge=1, le=60, description="minutes of a span")] = 1,
) -> list[MeasurementRead]:
    """How the department answered every process within the last day, up to the minute before this
    one; a span in which nobody asked is absent.
    """
    seen = service.seen(session, principal, adapter_id)
    return measuring.measured(session, seen.id, clock.now(), every)


@router.put("/adapters/{adapter_id}", openapi_extra=MANIFEST_BODY)
@takes(Priority.RECORD)
def update_adapter(
    adapter_id: AdapterPath, manifest: ManifestBody, desk: ManagerDesk
) -> AdapterRead:
    """Register a new version; the published one stays in service until the new one is published."""
    return service.update(desk, adapter_id, manifest)


@router.put("/adapters/{adapter_id}/credentials")
@takes(Priority.RECORD)
def store_credentials(
    adapter_id: AdapterPath, credentials: CredentialsWrite, desk: ManagerDesk
) -> CredentialsRead:
    """Store credentials towards your system: encrypted, write-only."""
    return service.store_credentials(desk, adapter_id, credentials)


@router.post("/adapters/{adapter_id}:verify", status_code=202)
@takes(Priority.RECORD)
def verify_adapter(
    adapter_id: AdapterPath,
    desk: ManagerDesk,
    response: Response,
    case: Annotated[str | None, Query(max_length=60, description="run one case again")] = None,
) -> OperationRead:
    """Run the conformance suite against your live endpoint; poll the operation for progress and
    report.
    """
    operation = service.request_examination(desk, adapter_id, case)
    response.headers["Location"] = f"/v1/operations/{operation.id}"
    return operation


@router.post("/adapters/{adapter_id}:submit")
@takes(Priority.RECORD)
def submit_adapter(adapter_id: AdapterPath, desk: ManagerDesk) -> AdapterRead:
    """Hand a verified version in for review."""
    return service.submit(desk, adapter_id)


@router.post("/adapters/{adapter_id}:approve")
@takes(Priority.RECORD)
def approve_adapter(
    adapter_id: AdapterPath, desk: ReviewerDesk, wanted: ApproveWrite | None = None
) -> AdapterRead:
    """Publish: callable within a second. Only by somebody who neither registered nor submitted
    it. With a share below 100 it serves beside the version in service.
    """
    share = (wanted or ApproveWrite(share=service.WHOLE)).share
    return service.review(desk, adapter_id, Action.APPROVE, share=share)


@router.post("/adapters/{adapter_id}:share")
@takes(Priority.RECORD)
def share_adapter(adapter_id: AdapterPath, wanted: ShareWrite, desk: ManagerDesk) -> AdapterRead:
    """Change the share of the candidate version; 0 goes back in one call, 100 puts it in
    service.
    """
    return service.change_share(desk, adapter_id, wanted.share)


@router.post("/adapters/{adapter_id}:reject")
@takes(Priority.RECORD)
def reject_adapter(adapter_id: AdapterPath, reason: ReasonWrite, desk: ReviewerDesk) -> AdapterRead:
    """Send a version back, with the reason."""
    return service.review(desk, adapter_id, Action.REJECT, reason.reason)


@router.post("/adapters/{adapter_id}:suspend")
@takes(Priority.RECORD)
def suspend_adapter(adapter_id: AdapterPath, reason: ReasonWrite, desk: ManagerDesk) -> AdapterRead:
    """Take out of service within a second; undo with resume."""
    return service.change_service(desk, adapter_id, Action.SUSPEND, reason.reason)


@router.post("/adapters/{adapter_id}:resume")
@takes(Priority.RECORD)
def resume_adapter(adapter_id: AdapterPath, reason: ReasonWrite, desk: ManagerDesk) -> AdapterRead:
    """Put a suspended adapter back into service."""
    return service.change_service(desk, adapter_id, Action.RESUME, reason.reason)


@router.post("/adapters/{adapter_id}:retire")
@takes(Priority.RECORD)
def retire_adapter(adapter_id: AdapterPath, reason: ReasonWrite, desk: ManagerDesk) -> AdapterRead:
    """End an adapter for good."""
    return service.change_service(desk, adapter_id, Action.RETIRE, reason.reason)
