"""SQL of the trace."""

from sqlmodel import Session, col, select

from app.audit.models import AuditEntry
from app.core.db import in_commit_order


def insert(session: Session, entries: list[AuditEntry]) -> None:
    """Add entries to this transaction; call it last, for it makes other writers wait until the commit."""
    in_commit_order(session, "audit_entries")
    session.add_all(entries)
    session.flush()


def page(session: Session, *, event: str | None, subject_ref: str | None, after: int, limit: int) -> list[AuditEntry]:
    """Entries after a row, oldest first."""
    query = select(AuditEntry).where(col(AuditEntry.row) > after)
    if event is not None:
        query = query.where(AuditEntry.event == event)
    if subject_ref is not None:
        query = query.where(AuditEntry.subject_ref == subject_ref)
    return list(session.exec(query.order_by(col(AuditEntry.row)).limit(limit)))
