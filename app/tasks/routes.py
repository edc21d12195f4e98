"""Doors to tasks."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request

from app.audit.deps import TrailDep, reads
from app.audit.events import EventName
from app.businesses.deps import LOCATOR
from app.businesses.service import Locator, identified
from app.core.admission import Priority, takes
from app.core.deps import RATES, ClockDep, ReadSessionDep, SessionDep, SettingsDep
from app.core.pagination import CursorQuery, LimitQuery, Page, decode_key, ended, page_of
from app.core.problems import trace_id_of
from app.core.rates import Rates
from app.tasks import service
from app.tasks.errors import TaskNotForPermit
from app.tasks.schemas import TaskCreate, TaskRead
from auth.dependencies import requires
from auth.permissions import Permission
from auth.principal import Principal

router = APIRouter(prefix="/v1/tasks", tags=["tasks"])

TaskPath = Annotated[str, Path(min_length=36, max_length=36, pattern=r"^[0-9a-f-]{36}$")]
Opener = Annotated[Principal, Depends(requires(Permission.TASK_OPEN))]
Reader = Annotated[Principal, Depends(reads(EventName.TASKS_READ, Permission.TASK_READ))]


async def located(
    wanted: TaskCreate,
    request: Request,
    principal: Opener,
    locator: Annotated[Locator, Depends(LOCATOR)],
    rates: Annotated[Rates, Depends(RATES)],
) -> service.About:
    """Where registration says the business is, asked before any transaction. Counts as one
    look-up of the caller.
    """
    business = identified(wanted.business_id, "/body/business_id", wanted.unusual)
    if not business.names_a_business:
        raise TaskNotForPermit(pointer="/body/business_id")
    rates.charge(principal.subject)
    place = await locator.locate(principal, business, wanted.site, trace_id_of(request))
    return service.About(business.key, place.of_site(wanted.site) or place.region)


@router.post("", status_code=201)
@takes(Priority.RECORD)
def open_task(
    wanted: TaskCreate,
    about: Annotated[service.About, Depends(located)],
    session: SessionDep,
    trail: TrailDep,
    principal: Opener,
) -> TaskRead:
    """Open a task: the assignees may look at class-2 data of this business until it ends or is
    closed; you yourself only when another leader has approved it.

    Its region is where registration says the business is; while registration has not said so, the
    task opens no class 2.
    """
    return service.open_task(session, trail, principal, wanted, about)


@router.get("")
@takes(Priority.PULL)
def list_tasks(
    session: ReadSessionDep,
    settings: SettingsDep,
    clock: ClockDep,
    principal: Reader,
    mine: Annotated[bool, Query(description="only those assigned to you")] = True,
    only_open: Annotated[bool, Query(description="leave out closed and ended ones")] = True,
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
) -> Page[TaskRead]:
    """Tasks of your region (and department), newest first."""
    query = {"tasks_of": principal.subject if mine else "", "only_open": only_open}
    before = decode_key(settings.keys, cursor, query)
    found = service.list_tasks(
        session,
        clock,
        principal,
        mine=mine,
        only_open=only_open,
        before=before,
        limit=limit + 1,
    )
    rows = [(task.id, task) for task in found]
    return ended(page_of(settings.keys, rows, query, after=before, limit=limit))


@router.post("/{task_id}:approve")
@takes(Priority.RECORD)
def approve_task(
    task_id: TaskPath, session: SessionDep, trail: TrailDep, principal: Opener
) -> TaskRead:
    """Approve a task that another person opened: from then on the opener may see class 2 too."""
    return service.approve_task(session, trail, principal, task_id)


@router.post("/{task_id}:close")
@takes(Priority.RECORD)
def close_task(
    task_id: TaskPath, session: SessionDep, trail: TrailDep, principal: Opener
) -> TaskRead:
    """Close a task."""
    return service.close_task(session, trail, principal, task_id)
