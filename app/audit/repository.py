"""SQL of the audit trail."""

from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlmodel import Session, col, select

from app.audit.models import AuditEntry
from app.core.db import ORDERED, Database, in_commit_order, stored

Row = tuple[str, datetime, str, str, str]
"""id, at, event, subject_ref, body."""

_INSERT = "insert into audit_entries (id, at, event, subject_ref, body) values "


def insert(session: Session, row: Row) -> None:
    """Add an entry to this transaction; call it last, for it makes other writers wait until the
    commit.
    """
    in_commit_order(session.connection(), "audit_entries")
    entry_id, at, event, subject_ref, body = row
    session.add(AuditEntry(id=entry_id, at=at, event=event, subject_ref=subject_ref, body=body))
    session.flush()


def insert_many(database: Database, connection: Any, rows: list[Row]) -> None:
    """Add entries in one transaction on a driver's own connection, past all mapping: thousands a
    second pass here.

    Durable when it returns. The caller has the writer's turn.
    """
    if database.is_sqlite:
        # One statement is its own transaction: between several, this thread would wait for the
        # interpreter again and again.
        values = [
            part for i, at, event, ref, body in rows for part in (i, stored(at), event, ref, body)
        ]
        connection.execute(_sqlite_insert(len(rows)), values)
        return
    cursor = connection.cursor()
    cursor.execute(ORDERED, ("audit_entries",))
    cursor.executemany(_INSERT + "(%s, %s, %s, %s, %s)", rows)
    cursor.close()
    connection.commit()


@lru_cache(maxsize=64)
def _sqlite_insert(count: int) -> str:
    return _INSERT + ", ".join(["(?, ?, ?, ?, ?)"] * count)


def page(
    session: Session, *, event: str | None, subject_refs: list[str] | None, after: int, limit: int
) -> list[AuditEntry]:
    """Entries after a row, oldest first."""
    query = select(AuditEntry).where(col(AuditEntry.row) > after)
    if event is not None:
        query = query.where(AuditEntry.event == event)
    if subject_refs is not None:
        query = query.where(col(AuditEntry.subject_ref).in_(subject_refs))
    return list(session.exec(query.order_by(col(AuditEntry.row)).limit(limit)))
