"""Doors to people."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from app.audit.deps import TrailDep, reads
from app.audit.events import EventName
from app.core.admission import Priority, takes
from app.core.deps import ReadSessionDep, SessionDep
from app.organisations import service
from app.organisations.schemas import CertificateNo, Me, OfficerRead, OfficerWrite
from auth.dependencies import requires
from auth.permissions import Permission, allows
from auth.principal import Principal

router = APIRouter(prefix="/v1", tags=["organisations"])


@router.get("/me")
@takes(Priority.PULL)
async def read_me(principal: Annotated[Principal, Depends(requires(Permission.SELF_READ))]) -> Me:
    """Who you are to the gateway, and what your roles permit."""
    return Me(
        subject=principal.subject,
        roles=sorted(principal.roles),
        permissions=sorted(p for p in Permission if allows(principal, p)),
        department=principal.department,
        region=principal.region,
        certificate_no=principal.certificate_no,
    )


@router.put("/officers/{certificate_no}")
@takes(Priority.RECORD)
def register_officer(
    certificate_no: Annotated[CertificateNo, Path()],
    officer: OfficerWrite,
    session: SessionDep,
    trail: TrailDep,
    principal: Annotated[Principal, Depends(requires(Permission.OFFICER_MANAGE))],
) -> OfficerRead:
    """Register or renew an enforcement certificate."""
    return service.register_officer(session, trail, principal, certificate_no, officer)


@router.get("/officers")
@takes(Priority.PULL)
def list_officers(
    session: ReadSessionDep,
    principal: Annotated[
        Principal, Depends(reads(EventName.OFFICERS_READ, Permission.OFFICER_READ))
    ],
) -> list[OfficerRead]:
    """Officers of your department and region, at most 1 000."""
    return service.list_officers(session, principal)
