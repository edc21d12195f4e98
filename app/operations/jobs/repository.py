"""SQL of jobs."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from app.core.db import Database
from app.operations.jobs.models import JobRow

_FAILURES = "select name, failures from jobs"
_DUE = "select 1 from jobs where next_at <= ? and (lease_until is null or lease_until < ?) limit 1"


def is_any_due(database: Database, now: datetime) -> bool:
    """Whether any job is due and free; costs no writer's place."""
    return bool(database.peek(_DUE, now, now))


def failures(database: Database) -> list[tuple[str, int]]:
    """How often each job has failed in a row."""
    return [(str(name), int(count)) for name, count in database.peek(_FAILURES)]


def begin(session: Session, first: Mapping[str, datetime], before: date) -> None:
    """Rows of jobs that have none yet, and when each is due first: for all days after one."""
    connection = session.connection()
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    new = {"done_for": before, "runs": 0, "failures": 0}
    rows = [{"name": name, "next_at": at, **new} for name, at in first.items()]
    if rows:
        connection.execute(dialect.insert(JobRow).values(rows).on_conflict_do_nothing())


def rows(session: Session, names: Iterable[str]) -> list[JobRow]:
    """Jobs of these names, by name."""
    query = select(JobRow).where(col(JobRow.name).in_(list(names)))
    return list(session.exec(query.order_by(col(JobRow.name))))


def find(session: Session, name: str, *, lock: bool = False) -> JobRow | None:
    """A job by name; `lock` holds its row until the transaction ends."""
    return session.get(JobRow, name, with_for_update=lock or None)


def claim(session: Session, names: Iterable[str], now: datetime, until: datetime) -> JobRow | None:
    """Take the job that has been due for longest; None where nobody's is free."""
    free = _is_free(now) & col(JobRow.name).in_(list(names))
    query = select(JobRow).where(free).order_by(col(JobRow.next_at), col(JobRow.name)).limit(1)
    row = session.exec(query).first()
    if row is None:
        return None
    mine = {"lease_until": until, "started_at": now, "runs": row.runs + 1}
    taken = _change(session, free & (col(JobRow.name) == row.name), mine)
    return row if taken else None


def hold(session: Session, name: str, run: int, values: Mapping[str, Any]) -> bool:
    """Change a job that this run still holds; False if somebody else took it over."""
    held = (col(JobRow.name) == name) & (col(JobRow.runs) == run)
    return _change(session, held & col(JobRow.lease_until).is_not(None), values)


def _is_free(now: datetime) -> ColumnElement[bool]:
    lease = col(JobRow.lease_until)
    return (col(JobRow.next_at) <= now) & (lease.is_(None) | (lease < now))


def _change(session: Session, which: ColumnElement[bool], values: Mapping[str, Any]) -> bool:
    statement = update(JobRow).where(which).values(**values)
    statement = statement.execution_options(synchronize_session=False)
    return bool(session.connection().execute(statement).rowcount)
