"""SQL of tasks."""

from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Literal

from sqlalchemy import and_, case, func, or_, true
from sqlmodel import Session, col, select

from app.core.holds import HeldKind, hold_name
from app.core.scoping import within
from app.tasks.models import Task, TaskAssignee
from auth.scope import Scope

Waits = Literal["review", "approval"]
"""For what of a second person a task waits."""


def find(session: Session, task_id: str, *, lock: bool = False) -> Task | None:
    """A task by id; `lock` holds its row until the transaction ends."""
    return session.get(Task, task_id, with_for_update=lock or None)


_PLACES = (Task.region, Task.opened_in)


def find_within(session: Session, task_id: str, scope: Scope, subject: str) -> Task | None:
    """A task by id, held until the transaction ends, if its opener's region or its own is within a
    scope, or somebody opened it himself. What lies beyond is not even read: time would tell of it.
    """
    own = col(Task.opened_by) == subject
    here = [and_(true(), *within(scope, each, Task.department)) for each in _PLACES]
    query = select(Task).where(Task.id == task_id, or_(own, *here))
    return session.exec(query.with_for_update()).first()


def add(session: Session, task: Task) -> None:
    """Store a new task."""
    session.add(task)
    session.flush()
    session.add_all(TaskAssignee(subject=subject, task_id=task.id) for subject in task.assignees)


def open_at(session: Session, now: datetime) -> list[Task]:
    """Tasks that are neither closed nor over."""
    return list(
        session.exec(select(Task).where(col(Task.closed_at).is_(None), col(Task.ends_at) > now))
    )


def changed_after(session: Session, revision: int) -> list[Task]:
    """Tasks opened or closed after a revision, whatever they are now."""
    return list(session.exec(select(Task).where(col(Task.changed) > revision)))


def count_opened(session: Session, subject: str, since: datetime) -> int:
    """How many tasks somebody has opened since a moment."""
    query = select(func.count()).where(Task.opened_by == subject, col(Task.opened_at) >= since)
    return session.exec(query.select_from(Task)).one()


def unlocated(session: Session, now: datetime, after: str, limit: int) -> list[Task]:
    """Open tasks after an id whose region is not known, the oldest first."""
    query = select(Task).where(
        Task.region == "",
        col(Task.closed_at).is_(None),
        col(Task.ends_at) > now,
        col(Task.id) > after,
    )
    return list(session.exec(query.order_by(col(Task.id)).limit(limit)))


def page(
    session: Session,
    scope: Scope,
    *,
    assignee: str | None,
    open_at: datetime | None,
    waits_for: Waits | None = None,
    without: AbstractSet[str] = frozenset(),
    before: str,
    limit: int,
) -> list[Task]:
    """Tasks of a scope before an id (all where it is empty), newest first, `without` those for some
    purposes. One whose region is not known yet is where it was opened.
    """
    region = case((col(Task.region) == "", Task.opened_in), else_=Task.region)
    query = select(Task).where(*within(scope, region, Task.department))
    if assignee is not None:
        query = query.join(TaskAssignee, col(TaskAssignee.task_id) == col(Task.id)).where(
            TaskAssignee.subject == assignee
        )
    if without:
        query = query.where(col(Task.purpose).not_in(without))
    if waits_for == "review":
        query = query.where(*_UNREVIEWED)
    if waits_for == "approval":
        query = query.where(*_UNAPPROVED)
    if before:
        query = query.where(col(Task.id) < before)
    if open_at is not None:
        query = query.where(col(Task.closed_at).is_(None), col(Task.ends_at) > open_at)
    return list(session.exec(query.order_by(col(Task.id).desc()).limit(limit)))


def hold_opener(session: Session, subject: str) -> None:
    """Let whoever opens two at once wait for himself, so that his count of the day is true."""
    hold_name(session, HeldKind.OPENER_OF_TASKS, subject)


def count_glass(session: Session, subject: str, since: datetime) -> int:
    """How often somebody has broken the glass since a moment."""
    query = select(func.count()).where(
        Task.opened_by == subject, col(Task.opened_at) >= since, col(Task.break_glass).is_(True)
    )
    return session.exec(query.select_from(Task)).one()


def is_unreviewed(session: Session, subject: str, before: datetime) -> bool:
    """Whether nobody has judged what somebody did before a moment."""
    query = select(Task.id).where(
        Task.opened_by == subject, col(Task.opened_at) < before, *_UNREVIEWED
    )
    return session.exec(query.limit(1)).first() is not None


def count_open(session: Session, scope: Scope, now: datetime, *, without: AbstractSet[str]) -> int:
    """How many tasks of a scope are open, `without` those for some purposes."""
    region = case((col(Task.region) == "", Task.opened_in), else_=Task.region)
    query = select(func.count()).where(
        *within(scope, region),
        col(Task.purpose).not_in(without),
        col(Task.closed_at).is_(None),
        col(Task.ends_at) > now,
    )
    return session.exec(query.select_from(Task)).one()


def unreviewed(session: Session) -> list[Task]:
    """All that nobody has judged, the oldest first."""
    query = select(Task).where(*_UNREVIEWED)
    return list(session.exec(query.order_by(col(Task.opened_at))))


_SENDS_HIMSELF = (
    select(TaskAssignee.task_id)
    .where(TaskAssignee.task_id == Task.id, TaskAssignee.subject == Task.opened_by)
    .exists()
)
_UNAPPROVED = (
    col(Task.approved_at).is_(None),
    col(Task.break_glass).is_(False),
    or_(col(Task.emergency).is_(True), _SENDS_HIMSELF),
)
"""What wants a second person's yes: it could not wait, or its opener sends himself."""
_UNREVIEWED = (col(Task.break_glass).is_(True), col(Task.reviewed_at).is_(None))
