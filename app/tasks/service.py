"""Open and close tasks; know the open ones without asking the database."""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Session

from app.audit.events import EventName
from app.audit.service import Trail, act_of
from app.businesses.service import identified
from app.core.clock import Clock
from app.core.ids import new_id
from app.core.snapshots import Snapshot, bump
from app.tasks import repository
from app.tasks.errors import TaskNotForPermit, TaskNotOpen, TaskOutsideRegion, TaskUnknown
from app.tasks.lifecycle import OpenTask, was_open
from app.tasks.models import Task
from app.tasks.schemas import TaskCreate, TaskRead
from auth.principal import Principal

SNAPSHOT_NAME = "tasks"


def open_task(session: Session, trail: Trail, principal: Principal, wanted: TaskCreate) -> TaskRead:
    """Open a task in the caller's region. Raises `TaskOutsideRegion`, or what is wrong
    with the identifier.
    """
    if not principal.covers(wanted.region):
        raise TaskOutsideRegion
    business = identified(wanted.business_id, "/body/business_id", wanted.unusual)
    if not business.names_a_business:
        raise TaskNotForPermit(pointer="/body/business_id")
    now = trail.clock.now()
    task = Task(
        id=str(new_id()),
        business_id=business.key,
        site=wanted.site,
        purpose=wanted.purpose,
        region=wanted.region,
        assignees=sorted(set(wanted.assignees)),
        basis=wanted.basis,
        opened_by=principal.subject,
        opened_at=now,
        ends_at=now + timedelta(hours=wanted.ends_in_hours),
    )
    repository.add(session, task)
    bump(session, SNAPSHOT_NAME)
    event = act_of(
        principal,
        EventName.TASK_OPENED,
        subject=task.business_id,
        task=task.id,
        purpose=task.purpose,
    )
    trail.append(session, event)
    return TaskRead.model_validate(task, from_attributes=True)


def close_task(session: Session, trail: Trail, principal: Principal, task_id: str) -> TaskRead:
    """Close a task; from then on it opens no class-2 data. Raises `TaskUnknown` or
    `TaskNotOpen`.
    """
    task = repository.find(session, task_id)
    if task is None or not principal.covers(task.region):
        raise TaskUnknown
    if task.closed_at is not None:
        raise TaskNotOpen
    task.closed_at = trail.clock.now()
    bump(session, SNAPSHOT_NAME)
    trail.append(
        session,
        act_of(
            principal,
            EventName.TASK_CLOSED,
            subject=task.business_id,
            task=task.id,
        ),
    )
    return TaskRead.model_validate(task, from_attributes=True)


def list_tasks(
    session: Session, clock: Clock, principal: Principal, *, mine: bool, only_open: bool
) -> list[TaskRead]:
    """Tasks of the caller's region, newest first; `mine` keeps those assigned to the caller."""
    rows = repository.page(
        session, region_prefix=principal.region_prefix, only_open=only_open, now=clock.now()
    )
    kept = (row for row in rows if not mine or principal.subject in row.assignees)
    return [TaskRead.model_validate(row, from_attributes=True) for row in kept]


class Unfit(StrEnum):
    """Why a task is not the one a visit was made for."""

    UNKNOWN = "unknown"
    """There is none, or it is not the caller's."""
    BUSINESS = "business"
    TIME = "time"


def task_of_visit(
    session: Session,
    task_id: str,
    principal: Principal,
    *,
    business_id: str,
    site: str | None,
    started_at: datetime,
) -> OpenTask | Unfit:
    """The task a visit was made for, if it was open then (but for what a phone's clock may be off)
    and assigned to the caller; it may have ended since (offline days).
    """
    row = repository.find(session, task_id)
    task = _open(row) if row is not None else None
    if row is None or task is None:
        return Unfit.UNKNOWN
    if not (task.is_for(principal.subject) and principal.covers(task.region)):
        return Unfit.UNKNOWN
    if not task.is_about(business_id, site):
        return Unfit.BUSINESS
    if not was_open(row.opened_at, row.closed_at, row.ends_at, started_at):
        return Unfit.TIME
    return task


def new_snapshot(clock: Clock) -> Snapshot[dict[str, OpenTask]]:
    """An empty snapshot of the open tasks, to be refreshed."""

    def load(session: Session) -> dict[str, OpenTask]:
        return {row.id: _open(row) for row in repository.open_at(session, clock.now())}

    return Snapshot(SNAPSHOT_NAME, load, {})


def _open(row: Task) -> OpenTask:
    return OpenTask(
        id=row.id,
        business_id=row.business_id,
        site=row.site,
        purpose=row.purpose,
        region=row.region,
        assignees=frozenset(row.assignees),
        opened_by=row.opened_by,
        ends_at=row.ends_at,
    )
