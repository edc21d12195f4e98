"""SQL of records."""

from sqlalchemy import text
from sqlmodel import Session, col, select

from app.core.db import in_commit_order
from app.inspections.models import Inspection, InspectionResult


def hold_id(session: Session, inspection_id: str) -> None:
    """Let a second request with the same id wait for the first: SQLite's writers queue anyway, PostgreSQL's here."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(text("select pg_advisory_xact_lock(1, hashtext(:id))"), {"id": inspection_id})


def add(session: Session, record: Inspection) -> None:
    """Store a record under the next position."""
    in_commit_order(session, "inspections")
    session.add(record)
    session.flush()


def find(session: Session, inspection_id: str) -> Inspection | None:
    """A record by its client-made id."""
    return session.exec(select(Inspection).where(Inspection.id == inspection_id)).first()


def results_of(session: Session, inspection_id: str) -> list[InspectionResult]:
    """A record's results in their order."""
    query = select(InspectionResult).where(InspectionResult.inspection_id == inspection_id)
    return list(session.exec(query.order_by(col(InspectionResult.ordinal))))
