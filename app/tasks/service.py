"""Open and close tasks; know the open ones without asking the database."""

from dataclasses import dataclass
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
    event = act_of(
        principal,
        EventName.TASK_OPENED,
        subject=task.business_id,
        task=task.id,
        purpose=task.purpose,
    )
    trail.append(session, event)
    task.changed = bump(session, SNAPSHOT_NAME)
    return _read(task)


def close_task(session: Session, trail: Trail, principal: Principal, task_id: str) -> TaskRead:
    """Close a task; from then on it opens no class-2 data. Raises `TaskUnknown` or
    `TaskNotOpen`.
    """
    task = repository.find(session, task_id, lock=True)
    if task is None or not principal.covers(task.region):
        raise TaskUnknown
    if task.closed_at is not None:
        raise TaskNotOpen
    task.closed_at = trail.clock.now()
    trail.append(
        session,
        act_of(
            principal,
            EventName.TASK_CLOSED,
            subject=task.business_id,
            task=task.id,
        ),
    )
    task.changed = bump(session, SNAPSHOT_NAME)
    return _read(task)


def list_tasks(
    session: Session,
    clock: Clock,
    principal: Principal,
    *,
    mine: bool,
    only_open: bool,
    before: str,
    limit: int,
) -> list[TaskRead]:
    """Tasks of the caller's region before an id, newest first; `mine` keeps those assigned to the
    caller.
    """
    rows = repository.page(
        session,
        region_prefix=principal.region_prefix,
        assignee=principal.subject if mine else None,
        open_at=clock.now() if only_open else None,
        before=before,
        limit=limit,
    )
    return [_read(row) for row in rows]


def _read(task: Task) -> TaskRead:
    return TaskRead.model_validate(task, from_attributes=True)


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
    """An empty snapshot of the open tasks, to be refreshed: by those that changed since."""

    def load(session: Session) -> dict[str, OpenTask]:
        return {row.id: _open(row) for row in repository.open_at(session, clock.now())}

    def update(session: Session, known: dict[str, OpenTask], number: int) -> dict[str, OpenTask]:
        now = clock.now()
        for row in repository.changed_after(session, number):
            if row.closed_at is None and row.ends_at > now:
                known[row.id] = _open(row)
            else:
                known.pop(row.id, None)
        if len(known) > forgotten.above:  # those that are over took no change to be so
            for task in [task for task in tuple(known.values()) if task.ends_at <= now]:
                known.pop(task.id, None)
            forgotten.above = 2 * len(known) + _FEW
        return known

    forgotten = _Forgotten()
    return Snapshot(SNAPSHOT_NAME, load, {}, update)


_FEW = 1000


@dataclass(slots=True)
class _Forgotten:
    """Above how many known tasks those that are over are looked for."""

    above: int = _FEW


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
