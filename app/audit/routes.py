"""The auditor's door."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from sqlmodel import Session

from adapters.contract import IdentifierError, parse
from app.audit import service
from app.audit.deps import SequencerDep, TrailDep
from app.audit.events import VOCABULARY, EventName
from app.audit.models import ENTRIES
from app.audit.repository import EntriesWanted
from app.audit.schemas import AuditEntryRead, AuditEventRead
from app.audit.service import Trail, act_of
from app.core.admission import Priority, takes
from app.core.db import DatabaseBusy
from app.core.deps import DatabaseDep, ReadSessionDep, SettingsDep
from app.core.moments import Moment
from app.core.pagination import CursorQuery, LimitQuery, Page, decode_cursor, ended, page_of
from app.core.problems import trace_id_of
from app.core.settings import Settings
from auth.dependencies import requires
from auth.permissions import Permission
from auth.principal import Principal
from auth.scope import scope_of

router = APIRouter(prefix="/v1/audit", tags=["audit"])


async def audit_reading(
    request: Request,
    principal: Annotated[Principal, Depends(requires(Permission.AUDIT_READ))],
    sequencer: SequencerDep,
) -> Principal:
    """Who watches is watched: reading the trail is an entry too."""
    await sequencer.append(act_of(principal, EventName.ENTRIES_READ, trace_id=trace_id_of(request)))
    return principal


def filters_of(
    event: Annotated[
        str | None, Query(max_length=64, description="exact event, e.g. profile.business.viewed")
    ] = None,
    business_id: Annotated[
        str | None, Query(max_length=64, description="entries of this year about one business")
    ] = None,
    trace_id: Annotated[
        str | None,
        Query(
            pattern=r"^[0-9a-f]{32}$",
            description="entries of one request, by the id that its answer showed, of the hour "
            "after it; for another system's id the whole trail is read, about a second for each "
            "million entries",
        ),
    ] = None,
    since: Annotated[Moment | None, Query(description="made at or after")] = None,
    until: Annotated[Moment | None, Query(description="made before")] = None,
    newest: Annotated[bool, Query(description="the last one first; nothing to resume")] = False,
) -> dict[str, Any]:
    """The query that a cursor belongs to; as before there was more to ask for, where none of that
    is asked.
    """
    asked = {"audit": event, "business": business_id}
    later = {"trace_id": trace_id, "since": since, "until": until, "newest": newest or None}
    return asked | {name: value for name, value in later.items() if value is not None}


@router.get("/entries")
@takes(Priority.PULL)
def list_audit_entries(
    principal: Annotated[Principal, Depends(audit_reading)],
    database: DatabaseDep,
    session: ReadSessionDep,
    settings: SettingsDep,
    trail: TrailDep,
    query: Annotated[dict[str, Any], Depends(filters_of)],
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
) -> Page[AuditEntryRead]:
    """The audit trail of your region (and department), oldest first or the last one first:
    look-ups, refusals, records and administrative acts.
    """
    after = decode_cursor(settings.keys, cursor, query)
    ENTRIES.number(database, wait=True)  # who has just written reads what was written
    trace_id, span = query.get("trace_id"), None
    if trace_id is not None:
        span = service.near(session, scope_of(principal), settings.region, trace_id)
    with _one_at_a_time(trace_id if span is None else None):
        return _page((session, principal), settings, trail, query, span, after=after, limit=limit)


@router.get("/events")
@takes(Priority.PULL)
def list_audit_events(
    _principal: Annotated[Principal, Depends(requires(Permission.AUDIT_READ))],
) -> list[AuditEventRead]:
    """What entries can be about, with its words."""
    return [AuditEventRead(event=name, text=words) for name, words in VOCABULARY.items()]


_SEARCH = threading.Lock()


@contextmanager
def _one_at_a_time(trace_id: str | None) -> Iterator[None]:
    """Who reads the whole trail leaves the other readers' places to them."""
    if trace_id is None:
        yield
        return
    if not _SEARCH.acquire(blocking=False):
        raise DatabaseBusy("Somebody else is searching the whole trail.")
    try:
        yield
    finally:
        _SEARCH.release()


def _page(
    reading: tuple[Session, Principal],
    settings: Settings,
    trail: Trail,
    query: dict[str, Any],
    span: tuple[str, str] | None,
    *,
    after: int,
    limit: int,
) -> Page[AuditEntryRead]:
    session, principal = reading
    references = _references(trail, query["business"])
    later = {name: query.get(name) for name in ("trace_id", "since", "until")}
    newest = bool(query.get("newest"))
    wanted = EntriesWanted(query["audit"], references, span=span, newest=newest, **later)
    rows = service.list_entries(
        session,
        scope_of(principal),
        wanted,
        nameless=settings.region,
        after=after,
        limit=limit + 1,
    )
    shown = [(row, AuditEntryRead.model_validate(document)) for row, document in rows]
    page = page_of(settings.keys, shown, query, after=after, limit=limit)
    return ended(page) if newest else page


def _references(trail: Trail, business_id: str | None) -> list[str] | None:
    if business_id is None:
        return None
    try:
        subject = parse(business_id, "on_licence").key
    except IdentifierError:
        subject = business_id
    return trail.subject_refs(subject, trail.clock.now())
