"""The auditor's door."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from adapters.contract import IdentifierError, parse
from app.audit import service
from app.audit.deps import TrailDep
from app.audit.schemas import AuditEntryRead
from app.core.deps import ReadSessionDep, SettingsDep
from app.core.pagination import CursorQuery, LimitQuery, Page, decode_cursor, encode_cursor
from auth.dependencies import requires
from auth.permissions import Permission

router = APIRouter(prefix="/v1/audit", tags=["audit"])


@router.get("/entries", dependencies=[Depends(requires(Permission.AUDIT_READ))])
def list_audit_entries(
    session: ReadSessionDep,
    settings: SettingsDep,
    trail: TrailDep,
    event: Annotated[str | None, Query(max_length=64, description="exact event, e.g. profile.business.viewed")] = None,
    business_id: Annotated[str | None, Query(max_length=64, description="entries of this year about one business")] = None,
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
) -> Page[AuditEntryRead]:
    """The trace, oldest first: look-ups, refusals, records and administrative acts."""
    query = {"audit": event, "business": business_id}
    after = decode_cursor(settings.secret, cursor, query)
    subject_ref = None
    if business_id is not None:
        try:
            subject = parse(business_id).value
        except IdentifierError:
            subject = business_id
        subject_ref = trail.subject_ref(subject, trail.clock.now())
    rows = service.list_entries(session, event=event, subject_ref=subject_ref, after=after, limit=limit + 1)
    more = rows[limit - 1][0] if len(rows) > limit else None
    items = [AuditEntryRead.model_validate(document) for _, document in rows[:limit]]
    return Page(items=items, next_cursor=None if more is None else encode_cursor(settings.secret, more, query))
