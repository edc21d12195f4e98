"""SQL of records."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, cast, or_, text, true
from sqlmodel import Session, col, select

from adapters.contract import tables
from app.core.scoping import within
from app.inspections.models import Inspection, InspectionResult
from auth.scope import Scope

_LIMITS = Path(__file__).with_name("data") / "limits.csv"


def limit(name: str, on: date) -> int:
    """A legal limit in force on a day: dated data, never a constant. Raises LookupError if none
    is.
    """
    return tables.limit(_LIMITS, name, on)


def hold_id(session: Session, inspection_id: str) -> None:
    """Let a second request with the same id wait for the first: SQLite's writers queue anyway,
    PostgreSQL's here.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(
            text("select pg_advisory_xact_lock(1, hashtext(:id))"), {"id": inspection_id}
        )


def add(session: Session, record: Inspection, results: list[InspectionResult]) -> None:
    """Store a record and its results. SQLite numbers as it writes, PostgreSQL in steps."""
    session.add(record)
    session.flush()
    if session.get_bind().dialect.name == "sqlite":
        record.number = record.position
    for result in results:
        result.number, result.region = record.number, record.region
    session.add_all(results)


def find(session: Session, inspection_id: str) -> Inspection | None:
    """A record by its client-made id."""
    return session.exec(select(Inspection).where(Inspection.id == inspection_id)).first()


def find_for(
    session: Session, inspection_id: str, *, subject: str, certificate_no: str | None, scope: Scope
) -> Inspection | None:
    """A record by its id, if somebody sent it, was there, or it lies within his scope; an empty one
    has nothing. What he may not see is not even read: time would tell of it.
    """
    mine: list[Any] = [Inspection.submitted_by == subject]
    if certificate_no:  # as JSON has it: a quotation mark on both sides
        told = json.dumps(certificate_no, ensure_ascii=True)
        mine.append(cast(Inspection.officers, Text).contains(told, autoescape=True))
        plain = json.dumps(certificate_no, ensure_ascii=False)
        mine.append(cast(Inspection.officers, Text).contains(plain, autoescape=True))
    if scope.department != "":
        mine.append(and_(true(), *within(scope, Inspection.region), *_concerning(scope)))
    query = select(Inspection).where(Inspection.id == inspection_id, or_(*mine))
    return session.exec(query).first()


def _concerning(scope: Scope) -> list[ColumnElement[bool]]:
    """That a record has something of the scope's department."""
    if scope.department is None:
        return []
    told = select(InspectionResult.inspection_id).where(
        InspectionResult.inspection_id == Inspection.id,
        InspectionResult.department == scope.department,
    )
    return [or_(col(Inspection.lead_department) == scope.department, told.exists())]


def results_of(session: Session, inspection_id: str) -> list[InspectionResult]:
    """A record's results in their order."""
    query = select(InspectionResult).where(InspectionResult.inspection_id == inspection_id)
    return list(session.exec(query.order_by(col(InspectionResult.ordinal))))
