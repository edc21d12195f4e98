"""SQL of records."""

import csv
from datetime import date
from functools import cache
from pathlib import Path

from sqlalchemy import text
from sqlmodel import Session, col, select

from app.core.db import in_commit_order
from app.inspections.models import Inspection, InspectionResult


@cache
def _limits() -> tuple[dict[str, str], ...]:
    with (
        Path(__file__)
        .with_name("data")
        .joinpath("limits.csv")
        .open(encoding="utf-8", newline="") as file
    ):
        return tuple(csv.DictReader(file))


def limit(name: str, on: date) -> int:
    """A legal limit in force on a day: dated data, never a constant. Raises LookupError if none
    is.
    """
    day = on.isoformat()
    for row in _limits():
        if (
            row["name"] == name
            and row["valid_from"] <= day
            and (not row["valid_to"] or day <= row["valid_to"])
        ):
            return int(row["value"])
    raise LookupError(name)


def hold_id(session: Session, inspection_id: str) -> None:
    """Let a second request with the same id wait for the first: SQLite's writers queue anyway,
    PostgreSQL's here.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(
            text("select pg_advisory_xact_lock(1, hashtext(:id))"), {"id": inspection_id}
        )


def add(session: Session, record: Inspection, results: list[InspectionResult]) -> None:
    """Store a record under the next position, and its results."""
    in_commit_order(session.connection(), "inspections")
    session.add(record)
    session.flush()
    session.add_all(results)


def find(session: Session, inspection_id: str) -> Inspection | None:
    """A record by its client-made id."""
    return session.exec(select(Inspection).where(Inspection.id == inspection_id)).first()


def results_of(session: Session, inspection_id: str) -> list[InspectionResult]:
    """A record's results in their order."""
    query = select(InspectionResult).where(InspectionResult.inspection_id == inspection_id)
    return list(session.exec(query.order_by(col(InspectionResult.ordinal))))
