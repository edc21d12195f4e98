"""Doors to your inbox."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from app.core.admission import Priority, takes
from app.core.deps import ClockDep, ReadSessionDep, SessionDep, SettingsDep
from app.core.pagination import CursorQuery, LimitQuery, Page, decode_key, ended, page_of
from app.delivery.notices import service
from app.delivery.notices.schemas import MarkNotices, NoticeRead, UnreadCount
from auth.dependencies import requires
from auth.permissions import Permission
from auth.principal import Principal

router = APIRouter(prefix="/v1/inbox", tags=["inbox"])
Caller = Annotated[Principal, Depends(requires(Permission.SELF_READ))]


@router.get("")
@takes(Priority.PULL)
def list_notices(
    session: ReadSessionDep,
    settings: SettingsDep,
    principal: Caller,
    unread: Annotated[bool, Query(description="only those you have not read")] = False,
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
) -> Page[NoticeRead]:
    """What you should know or do, newest first: notices to you, and to those who hold a role of
    yours where you hold it.
    """
    query = {"inbox_of": principal.subject, "unread": unread}
    before = decode_key(settings.keys, cursor, query)
    rows = [
        (notice.id, notice)
        for notice in service.list_notices(
            session, principal, unread=unread, before=before, limit=limit + 1
        )
    ]
    return ended(page_of(settings.keys, rows, query, after=before, limit=limit))


@router.get("/unread")
@takes(Priority.PULL)
def count_unread_notices(session: ReadSessionDep, principal: Caller) -> UnreadCount:
    """How many you have not read."""
    return service.count_unread(session, principal)


@router.post(":read", status_code=204)
@takes(Priority.RECORD)
def mark_notices(
    given: MarkNotices, session: SessionDep, clock: ClockDep, principal: Caller
) -> None:
    """Mark notices as read, or with `read: false` as unread again. Ids that are not yours change
    nothing.
    """
    service.mark(session, principal, given.ids, clock.now(), read=given.read)
