"""SQL of records."""

import json
from collections.abc import Collection, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, cast, or_, true
from sqlmodel import Session, col, select

from adapters.contract import tables
from app.core.holds import HeldKind, hold_name
from app.core.scoping import within
from app.inspections.models import Attendance, Inspection, InspectionResult
from auth.scope import Scope

_LIMITS = Path(__file__).with_name("data") / "limits.csv"


def limit(name: str, on: date) -> int:
    """A legal limit in force on a day: dated data, never a constant. Raises LookupError if none
    is.
    """
    return tables.limit(_LIMITS, name, on)


def hold_id(session: Session, inspection_id: str) -> None:
    """Let a second request with the same id wait for the first."""
    hold_name(session, HeldKind.RECORD, inspection_id)


def add(
    session: Session,
    record: Inspection,
    results: list[InspectionResult],
    attendances: list[Attendance],
) -> None:
    """Store a record, its results and who is asked. SQLite numbers as it writes, PostgreSQL in
    steps.
    """
    session.add(record)
    session.flush()
    if session.get_bind().dialect.name == "sqlite":
        record.number = record.position
    for result in results:
        result.number, result.region = record.number, record.region
    session.add_all([*results, *attendances])


def find(session: Session, inspection_id: str) -> Inspection | None:
    """A record by its client-made id."""
    return session.exec(select(Inspection).where(Inspection.id == inspection_id)).first()


def find_for(
    session: Session,
    inspection_id: str,
    *,
    subject: str,
    certificate_no: str | None,
    person_id: str | None,
    scope: Scope,
) -> Inspection | None:
    """A record by its id, if somebody sent it, was there, or it lies within his scope; an empty one
    has nothing. What he may not see is not even read: time would tell of it.
    """
    asked = select(Attendance.position).where(Attendance.inspection_id == Inspection.id)
    mine: list[Any] = [Inspection.submitted_by == subject]
    if person_id is not None:
        mine.append(asked.where(Attendance.person_id == person_id).exists())
    if certificate_no:  # as JSON has it: a quotation mark on both sides
        told = json.dumps(certificate_no, ensure_ascii=True)
        # of records of before nobody was asked: whoever holds the certificate was there
        unasked = ~asked.exists()
        named = cast(Inspection.officers, Text)
        mine.append(and_(unasked, named.contains(told, autoescape=True)))
        plain = json.dumps(certificate_no, ensure_ascii=False)
        mine.append(and_(unasked, named.contains(plain, autoescape=True)))
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


def results_of(session: Session, ids: Sequence[str]) -> dict[str, list[InspectionResult]]:
    """Results in their order, by record."""
    found: dict[str, list[InspectionResult]] = {}
    query = select(InspectionResult).where(col(InspectionResult.inspection_id).in_(ids))
    order = col(InspectionResult.inspection_id), col(InspectionResult.ordinal)
    for row in session.exec(query.order_by(*order)):
        found.setdefault(row.inspection_id, []).append(row)
    return found


def attendances_of(session: Session, ids: Sequence[str]) -> dict[str, list[Attendance]]:
    """Who was asked of records, by record."""
    found: dict[str, list[Attendance]] = {}
    query = select(Attendance).where(col(Attendance.inspection_id).in_(ids))
    for row in session.exec(query.order_by(col(Attendance.position))):
        found.setdefault(row.inspection_id, []).append(row)
    return found


def was_there(
    session: Session, record: Inspection, person_id: str | None, certificate_no: str | None
) -> bool:
    """Whether a record names somebody: as the person it asked, else by the certificate."""
    asked = attendances_of(session, [record.id]).get(record.id)
    if asked is None:
        return certificate_no in {officer["certificate_no"] for officer in record.officers}
    return person_id in {row.person_id for row in asked}


def held_for(session: Session, inspection_id: str, person_id: str) -> Inspection | None:
    """A record that asked a person, held until the transaction ends."""
    asked = select(Attendance.inspection_id).where(
        Attendance.inspection_id == Inspection.id, Attendance.person_id == person_id
    )
    query = select(Inspection).where(Inspection.id == inspection_id, asked.exists())
    return session.exec(query.with_for_update()).first()


def page_for(
    session: Session, person_id: str, *, waiting: bool, before: int, limit: int
) -> list[tuple[int, Inspection]]:
    """Records that asked a person, newest first, before a position (all where it is 0); `waiting`:
    only those on which he has not said anything.
    """
    query = select(Attendance.position, Inspection).join(
        Inspection, col(Inspection.id) == col(Attendance.inspection_id)
    )
    query = query.where(Attendance.person_id == person_id)
    if waiting:
        query = query.where(Attendance.state == "pending")
    if before:
        query = query.where(col(Attendance.position) < before)
    rows = session.exec(query.order_by(col(Attendance.position).desc()).limit(limit))
    return [(position or 0, record) for position, record in rows]


def unconfirmed(session: Session, since: datetime) -> list[tuple[Inspection, list[str]]]:
    """Records that have wanted a word since a moment or later, and of which people."""
    query = (
        select(Inspection, Attendance.person_id)
        .join(Attendance, col(Attendance.inspection_id) == col(Inspection.id))
        .where(
            Inspection.confirmation == "pending",
            col(Inspection.wanted_since) >= since,
            Attendance.state == "pending",
        )
        .order_by(col(Inspection.position), col(Attendance.position))
    )
    found: dict[str, tuple[Inspection, list[str]]] = {}
    for record, person_id in session.exec(query):
        found.setdefault(record.id, (record, []))[1].append(person_id)
    return list(found.values())


def count_named(session: Session, people_ids: Collection[str]) -> int:
    """How many of some people records name."""
    found: set[str] = set()
    ids = sorted(people_ids)
    for begin in range(0, len(ids), _AT_ONCE):
        named = col(Attendance.person_id).in_(ids[begin : begin + _AT_ONCE])
        found.update(session.exec(select(Attendance.person_id).where(named).distinct()))
    return len(found)


_AT_ONCE = 400
