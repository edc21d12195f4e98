"""SQL of long work."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, update
from sqlmodel import Session, col, select

from app.core.db import Database
from app.core.scoping import within
from app.operations.models import Operation
from auth.scope import Scope

_WAITS = (
    # not "other than done": there is an index
    "select 1 from operations where state in ('pending', 'running') "
    "and (lease_until is null or lease_until < ?) limit 1"
)


def add(session: Session, row: Operation) -> None:
    """Add work to this transaction."""
    session.add(row)
    session.flush()


def find(session: Session, operation_id: str, *, lock: bool = False) -> Operation | None:
    """An operation by id; `lock` holds its row until the transaction ends."""
    return session.get(Operation, operation_id, with_for_update=lock or None)


def latest(
    session: Session,
    scope: Scope,
    *,
    kinds: Iterable[str] = (),
    key: str | None = None,
    state: str | None = None,
    limit: int,
) -> list[Operation]:
    """The newest operations of a scope, newest first."""
    query = select(Operation).where(*within(scope, Operation.region, Operation.department))
    query = query.order_by(col(Operation.id).desc()).limit(limit)
    if kinds:
        query = query.where(col(Operation.kind).in_(list(kinds)))
    for column, value in (
        (Operation.key, key),
        (Operation.state, state),
    ):
        if value is not None:
            query = query.where(column == value)
    return list(session.exec(query))


def waits(database: Database, now: datetime) -> bool:
    """Whether any work is free to be taken; costs no writer's place, and hardly anything else."""
    return bool(database.peek(_WAITS, now))


def _is_free(now: datetime) -> ColumnElement[bool]:
    lease = col(Operation.lease_until)
    return col(Operation.state).in_(("pending", "running")) & (lease.is_(None) | (lease < now))


def claim(
    session: Session, kinds: Iterable[str], now: datetime, until: datetime
) -> Operation | None:
    """Take work of these kinds that nobody holds: the oldest of the department for which least is
    being done, so that nobody who asks for much holds up the others. None if another one was
    faster.
    """
    free = (
        select(Operation.department, func.min(Operation.id))
        .where(_is_free(now), col(Operation.kind).in_(list(kinds)))
        .group_by(col(Operation.department))
    )
    oldest = dict(session.exec(free).all())
    if not oldest:
        return None
    held = (
        select(Operation.department, func.count())
        .where(col(Operation.state) == "running", ~_is_free(now))
        .group_by(col(Operation.department))
    )
    busy = dict(session.exec(held).all())
    _, chosen = min((busy.get(department, 0), first) for department, first in oldest.items())
    row = session.get_one(Operation, chosen)
    mine = {"state": "running", "lease_until": until, "attempts": row.attempts + 1}
    taken = _change(session, _is_free(now) & (col(Operation.id) == row.id), mine)
    return row if taken else None


def hold(session: Session, operation_id: str, attempt: int, values: dict[str, Any]) -> bool:
    """Change work that this attempt still holds; False if it was cancelled or taken over."""
    held = (
        (col(Operation.id) == operation_id)
        & (col(Operation.attempts) == attempt)
        & (col(Operation.state) == "running")
    )
    return _change(session, held, values)


def _change(session: Session, which: ColumnElement[bool], values: dict[str, Any]) -> bool:
    statement = (
        update(Operation).where(which).values(**values).execution_options(synchronize_session=False)
    )
    return bool(session.connection().execute(statement).rowcount)
