"""Doors to lists of people."""

from pathlib import Path as FilePath
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request

from adapters.contract import tables
from app.audit.deps import reads
from app.audit.events import EventName
from app.core.admission import Priority, takes
from app.core.clock import local_date
from app.core.deps import RATES, ClockDep, ReadSessionDep, SettingsDep
from app.core.pagination import CursorQuery, LimitQuery, Page, decode_key, ended, page_of
from app.core.rates import Rates
from app.core.transactions import on_thread
from app.organisations.importing import service
from app.organisations.importing.deps import NAMES
from app.organisations.importing.schemas import LIST_BODY, MEDIA_TYPES, ImportDone, ImportRead
from app.organisations.importing.table import PeopleTable, read_table
from app.organisations.routes import ManagerDesk
from auth.dependencies import requires
from auth.permissions import Permission
from auth.principal import Principal

router = APIRouter(prefix="/v1", tags=["organisations"])

_LIMITS = FilePath(__file__).parents[1] / "data" / "limits.csv"
_UNSUPPORTED = 415
ImportPath = Annotated[str, Path(min_length=36, max_length=36, pattern=r"^[0-9a-f-]{36}$")]
Manager = Annotated[Principal, Depends(requires(Permission.PEOPLE_MANAGE))]
Reader = Annotated[Principal, Depends(reads(EventName.PEOPLE_READ, Permission.PEOPLE_MANAGE))]


async def given_table(
    request: Request,
    clock: ClockDep,
    manager: Manager,
    rates: Annotated[Rates, Depends(RATES)],
) -> PeopleTable:
    """The list that is sent, read before any transaction begins. Counts as one look-up."""
    rates.charge(manager.subject)
    told = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if told not in MEDIA_TYPES:
        raise HTTPException(_UNSUPPORTED, "A list of people is sent as text/csv.")
    most = tables.limit(_LIMITS, "most_lines_of_an_import", local_date(clock.now()))
    return await on_thread(read_table, await request.body(), most)


@router.post("/people-imports", openapi_extra=LIST_BODY)
@takes(Priority.RECORD)
def import_people(
    table: Annotated[PeopleTable, Depends(given_table)],  # resolved first: no turn waits for it
    desk: ManagerDesk,
    dry_run: Annotated[bool, Query(description="only tell what it would do")] = False,
) -> ImportRead:
    """Register a list of people, with no role: all of them or, where a line has a fault, nobody."""
    return service.take_over(desk, table, dry_run=dry_run)


@router.post("/people-imports/{import_id}:undo")
@takes(Priority.RECORD)
def undo_import(
    import_id: ImportPath, desk: ManagerDesk, names: Annotated[service.Names, Depends(NAMES)]
) -> ImportDone:
    """Delete everybody that an import added, as long as nobody of them was changed, given a role,
    or named by a record since.
    """
    return service.undo(desk, import_id, names)


@router.get("/people-imports")
@takes(Priority.PULL)
def list_imports(
    session: ReadSessionDep,
    settings: SettingsDep,
    principal: Reader,
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
) -> Page[ImportDone]:
    """Lists that were taken over within your region and department, the last one first."""
    query = {"people_imports": "1"}
    before = decode_key(settings.keys, cursor, query)
    found = service.list_imports(session, principal, before=before, limit=limit + 1)
    rows = [(done.import_id, done) for done in found]
    return ended(page_of(settings.keys, rows, query, after=before, limit=limit))
