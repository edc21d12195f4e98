"""SQL of tasks."""

from datetime import datetime

from sqlmodel import Session, col, select

from app.tasks.models import Task, TaskAssignee


def find(session: Session, task_id: str, *, lock: bool = False) -> Task | None:
    """A task by id; `lock` holds its row until the transaction ends."""
    return session.get(Task, task_id, with_for_update=lock or None)


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


def page(
    session: Session,
    *,
    region_prefix: str,
    assignee: str | None,
    open_at: datetime | None,
    before: str,
    limit: int,
) -> list[Task]:
    """Tasks of a region before an id (all where it is empty), newest first."""
    query = select(Task).where(col(Task.region).startswith(region_prefix))
    if assignee is not None:
        query = query.join(TaskAssignee, col(TaskAssignee.task_id) == col(Task.id)).where(
            TaskAssignee.subject == assignee
        )
    if before:
        query = query.where(col(Task.id) < before)
    if open_at is not None:
        query = query.where(col(Task.closed_at).is_(None), col(Task.ends_at) > open_at)
    return list(session.exec(query.order_by(col(Task.id).desc()).limit(limit)))
