"""Doors to people."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from app.audit.deps import TrailDep, reads
from app.audit.events import EventName
from app.core.admission import Priority, takes
from app.core.deps import ReadSessionDep, SessionDep, SettingsDep
from app.core.pagination import CursorQuery, LimitQuery, Page, decode_key, ended, page_of
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
    settings: SettingsDep,
    principal: Annotated[
        Principal, Depends(reads(EventName.OFFICERS_READ, Permission.OFFICER_READ))
    ],
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
) -> Page[OfficerRead]:
    """Officers of your department and region, by certificate number."""
    query = {"officers_of": principal.department, "region": principal.region_prefix}
    after = decode_key(settings.keys, cursor, query)
    found = service.list_officers(session, principal, after=after, limit=limit + 1)
    rows = [(officer.certificate_no, officer) for officer in found]
    return ended(page_of(settings.keys, rows, query, after=after, limit=limit))
