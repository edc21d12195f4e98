"""Doors to tasks."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request

from app.audit.deps import TrailDep, reads
from app.audit.events import EventName
from app.businesses.deps import LOCATOR
from app.businesses.service import Locator, identified
from app.core.admission import Priority, takes
from app.core.deps import RATES, ClockDep, ReadSessionDep, SessionDep, SettingsDep, SwitchesDep
from app.core.pagination import CursorQuery, LimitQuery, Page, decode_key, ended, page_of
from app.core.problems import trace_id_of
from app.core.rates import Rates
from app.tasks import glass, service
from app.tasks.errors import TaskNotForPermit
from app.tasks.schemas import GlassBreak, GlassReview, TaskCreate, TaskRead
from auth.dependencies import requires
from auth.permissions import Permission
from auth.principal import Principal

router = APIRouter(prefix="/v1/tasks", tags=["tasks"])

TaskPath = Annotated[str, Path(min_length=36, max_length=36, pattern=r"^[0-9a-f-]{36}$")]
Opener = Annotated[Principal, Depends(requires(Permission.TASK_OPEN))]
Breaker = Annotated[Principal, Depends(requires(Permission.BREAK_GLASS))]
Reader = Annotated[Principal, Depends(reads(EventName.TASKS_READ, Permission.TASK_READ))]


class AskedPlace:
    """Where registration says a business is, asked before any transaction. Counts as one look-up
    of the caller.
    """

    def __init__(
        self,
        request: Request,
        locator: Annotated[Locator, Depends(LOCATOR)],
        rates: Annotated[Rates, Depends(RATES)],
    ) -> None:
        self._request, self._locator, self._rates = request, locator, rates

    async def about(self, principal: Principal, wanted: TaskCreate | GlassBreak) -> service.About:
        """The business, and its region. Raises `TaskNotForPermit`, and what an identifier may."""
        business = identified(wanted.business_id, "/body/business_id", wanted.unusual)
        if not business.names_a_business:
            raise TaskNotForPermit(pointer="/body/business_id")
        self._rates.charge(principal.subject)
        trace_id = trace_id_of(self._request)
        place = await self._locator.locate(principal, business, wanted.site, trace_id)
        return service.About(business.key, place.of_site(wanted.site) or place.region)


async def located(
    wanted: TaskCreate, principal: Opener, locating: Annotated[AskedPlace, Depends()]
) -> service.About:
    """Of a task to open. Whoever does not open tasks for the purpose asks nobody."""
    service.require_opener(principal, wanted.purpose)
    return await locating.about(principal, wanted)


async def located_in_need(
    wanted: GlassBreak, principal: Breaker, locating: Annotated[AskedPlace, Depends()]
) -> service.About:
    """Of a glass to break."""
    return await locating.about(principal, wanted)


@router.post("", status_code=201)
@takes(Priority.RECORD)
def open_task(
    wanted: TaskCreate,
    about: Annotated[service.About, Depends(located)],
    session: SessionDep,
    trail: TrailDep,
    principal: Opener,
    switches: SwitchesDep,
) -> TaskRead:
    """Open a task: the assignees may look at class-2 data of this business until it ends or is
    closed; you yourself only when another leader has approved it.

    Its region is where registration says the business is; while registration has not said so, the
    task opens no class 2.
    """
    return service.open_task(session, trail, principal, wanted, about, switches.value)


@router.post(":break-glass", status_code=201)
@takes(Priority.RECORD)
def break_glass(
    wanted: GlassBreak,
    about: Annotated[service.About, Depends(located_in_need)],
    session: SessionDep,
    trail: TrailDep,
    principal: Breaker,
) -> TaskRead:
    """Open class 2 of one business for yourself, for minutes, where it cannot wait and nobody
    can be asked: for the purpose `emergency`, where an agreement serves it. Audit administrators
    are told at once, and another leader judges it in time.
    """
    return glass.break_glass(session, trail, principal, wanted, about)


def wanted_tasks(
    mine: Annotated[bool, Query(description="only those assigned to you")] = True,
    only_open: Annotated[bool, Query(description="leave out closed and ended ones")] = True,
    unreviewed: Annotated[
        bool, Query(description="only where the glass was broken and nobody has judged it")
    ] = False,
    unapproved: Annotated[
        bool, Query(description="only what wants a second person's approval")
    ] = False,
) -> service.WantedTasks:
    """Which tasks are asked for."""
    return service.WantedTasks(mine, only_open, unreviewed, unapproved)


@router.get("")
@takes(Priority.PULL)
def list_tasks(
    session: ReadSessionDep,
    settings: SettingsDep,
    clock: ClockDep,
    principal: Reader,
    wanted: Annotated[service.WantedTasks, Depends(wanted_tasks)],
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
) -> Page[TaskRead]:
    """Tasks of your region (and department), newest first."""
    query = {"tasks_of": principal.subject if wanted.mine else "", "only_open": wanted.only_open}
    if wanted.unreviewed:
        query["unreviewed"] = True
    if wanted.unapproved:
        query["unapproved"] = True
    before = decode_key(settings.keys, cursor, query)
    found = service.list_tasks(session, clock, principal, wanted, before=before, limit=limit + 1)
    rows = [(task.id, task) for task in found]
    return ended(page_of(settings.keys, rows, query, after=before, limit=limit))


@router.post("/{task_id}:approve")
@takes(Priority.RECORD)
def approve_task(
    task_id: TaskPath, session: SessionDep, trail: TrailDep, principal: Opener
) -> TaskRead:
    """Approve a task that another person opened: from then on the opener may see class 2 too."""
    return service.approve_task(session, trail, principal, task_id)


@router.post("/{task_id}:review")
@takes(Priority.RECORD)
def review_task(
    task_id: TaskPath, given: GlassReview, session: SessionDep, trail: TrailDep, principal: Opener
) -> TaskRead:
    """Judge whether it was right to break the glass; never your own."""
    return glass.review(session, trail, principal, task_id, given)


@router.post("/{task_id}:close")
@takes(Priority.RECORD)
def close_task(
    task_id: TaskPath, session: SessionDep, trail: TrailDep, principal: Opener
) -> TaskRead:
    """Close a task."""
    return service.close_task(session, trail, principal, task_id)
