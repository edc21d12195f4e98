"""The door to fields as their departments told them."""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from app.core.admission import Priority, takes
from app.core.problems import trace_id_of
from app.profile import request
from app.profile.request import LookUp
from app.profile.routes import BusinessIdPath, EngineDep, RatesDep, ReaderDep
from app.profile.service import subject_of
from app.profile.unmasking import service
from app.profile.unmasking.schemas import UnmaskedRead, UnmaskWrite

router = APIRouter(prefix="/v1", tags=["profiles"])


@router.post("/profiles/{business_id}/sections/{section}:unmask")
@takes(Priority.PULL)
async def unmask_fields(
    business_id: BusinessIdPath,
    section: Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{1,39}$")],
    wanted: UnmaskWrite,
    asked: Request,
    engine: EngineDep,
    principal: ReaderDep,
    _: RatesDep,
) -> UnmaskedRead:
    """Masked fields of one section as its department told them, with a reason that stays in the
    audit trail: for an open task that a second person stands behind, where the business lies in
    your region and an agreement reaches the field's class. Counts as one look-up.
    """
    asked.state.subject, asked.state.purpose = subject_of(business_id), wanted.purpose
    look_up = LookUp(
        business_id,
        wanted.purpose,
        wanted.task,
        wanted.site,
        False,
        request.LONGEST_WAIT_MS,
        trace_id_of(asked),
        unusual=wanted.unusual,
    )
    return await service.unmask(engine, principal, look_up, section, wanted)
