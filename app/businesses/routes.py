"""The door to identifiers."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from app.audit.deps import SEQUENCER
from app.audit.events import EventName
from app.audit.sequencer import Sequencer
from app.audit.service import act_of
from app.businesses import service
from app.businesses.deps import FINDER
from app.businesses.schemas import Resolution, ResolveRequest
from app.core.admission import Priority, takes
from app.core.deps import RATES, SettingsDep
from app.core.problems import trace_id_of
from app.core.rates import Rates
from auth.dependencies import requires
from auth.permissions import Permission
from auth.principal import Principal

router = APIRouter(prefix="/v1", tags=["businesses"])


@router.post("/businesses:resolve")
@takes(Priority.TASK)
async def resolve_business(
    wanted: ResolveRequest,
    request: Request,
    settings: SettingsDep,
    finder: Annotated[service.Finder, Depends(FINDER)],
    sequencer: Annotated[Sequencer, Depends(SEQUENCER)],
    principal: Annotated[Principal, Depends(requires(Permission.BUSINESS_RESOLVE))],
    rates: Annotated[Rates, Depends(RATES)],
) -> Resolution:
    """From typed text or a scanned licence code to a business, candidates, or the next step. A
    scanned URL is never fetched. Counts as one look-up of the caller.
    """
    rates.charge(principal.subject)
    answer = await service.resolve(wanted.text, principal.region, finder, settings.qr_hosts)
    event = act_of(
        principal,
        EventName.TEXT_RESOLVED,
        subject=answer.business.business_id if answer.business else "",
        outcome=answer.outcome,
        filter=service.kind_of(wanted.text),
        trace_id=trace_id_of(request),
    )
    await sequencer.append(event)
    return answer
