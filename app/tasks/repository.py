"""SQL of tasks."""

from datetime import datetime

from sqlmodel import Session, col, select

from app.tasks.models import Task


def find(session: Session, task_id: str) -> Task | None:
    """A task by id."""
    return session.get(Task, task_id)


def add(session: Session, task: Task) -> None:
    """Store a new task."""
    session.add(task)


def open_at(session: Session, now: datetime) -> list[Task]:
    """Tasks that are neither closed nor over."""
    return list(
        session.exec(select(Task).where(col(Task.closed_at).is_(None), col(Task.ends_at) > now))
    )


def page(session: Session, *, region_prefix: str, only_open: bool, now: datetime) -> list[Task]:
    """Tasks of a region, newest first, at most 500."""
    query = select(Task).where(col(Task.region).startswith(region_prefix))
    if only_open:
        query = query.where(col(Task.closed_at).is_(None), col(Task.ends_at) > now)
    return list(session.exec(query.order_by(col(Task.id).desc()).limit(500)))
