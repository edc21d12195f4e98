"""Reads records across rooms; writes nothing."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.core.scoping import within
from app.delivery.models import Delivery
from app.inspections.models import Inspection, InspectionResult
from auth.scope import Scope


@dataclass(frozen=True, slots=True)
class Filter:
    """What a pull asks for, already narrowed to the caller's scope."""

    region_prefix: str
    department: str | None = None
    business_id: str | None = None
    result: str | None = None
    state: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    only_department: str | None = None

    @property
    def needs_record(self) -> bool:
        """Whether a department's results alone do not tell which records fit."""
        return any((self.business_id, self.since, self.until, self.state))

    @property
    def summary(self) -> str:
        """The filter in one line, without the business."""
        named = {
            "department": self.department,
            "result": self.result,
            "state": self.state,
            "since": self.since,
            "until": self.until,
        }
        return ",".join(f"{name}={value}" for name, value in named.items() if value is not None)


def records(session: Session, wanted: Filter, *, after: int, limit: int) -> list[Inspection]:
    """Records after a number, oldest first.

    A department's are found along its own results, a county's along its own records: neither reads
    what others did.
    """
    numbers = _numbers(wanted, after).limit(limit)
    query = select(Inspection).where(col(Inspection.number).in_(session.exec(numbers).all()))
    return list(session.exec(query.order_by(col(Inspection.number))))


def _numbers(wanted: Filter, after: int) -> "SelectOfScalar[int | None]":
    """Numbers of the records that fit, in their order."""
    of_department = wanted.department is not None
    number = col(InspectionResult.number if of_department else Inspection.number)
    region = col(InspectionResult.region if of_department else Inspection.region)
    query = select(number).where(number > after).order_by(number)
    if of_department:
        query = query.distinct().where(InspectionResult.department == wanted.department)
        if wanted.needs_record:
            query = query.join(Inspection, col(Inspection.number) == number)
    query = query.where(*within(Scope(wanted.region_prefix), region))
    if wanted.business_id is not None:
        query = query.where(Inspection.business_id == wanted.business_id)
    if wanted.since is not None:
        query = query.where(col(Inspection.submitted_at) >= wanted.since)
    if wanted.until is not None:
        query = query.where(col(Inspection.submitted_at) < wanted.until)
    if wanted.result is not None:
        query = query.where(_has_result(wanted.result, of_department=of_department))
    if wanted.state is not None:
        query = query.where(*_in_state(wanted.state))
    return query


def _in_state(state: str) -> tuple[ColumnElement[bool], ...]:
    """As `inspections` words what became of a record's deliveries."""
    unsaid = col(Inspection.confirmation) == "pending"
    if state == "pending_confirmation":
        return (unsaid,)
    waits, fails = _has_delivery("pending"), _has_delivery("refused", "dead", "dropped")
    if state == "submitted":
        return ~unsaid, waits
    # nothing was on its way where none is connected
    arrived = _has_delivery("delivered") & ~fails & (col(Inspection.confirmation) != "denied")
    return ~unsaid, ~waits, ~arrived if state == "not_written_back" else arrived


def _has_delivery(*states: str) -> ColumnElement[bool]:
    return (
        select(Delivery.id)
        .where(Delivery.object_id == Inspection.id, col(Delivery.state).in_(states))
        .exists()
    )


def _has_result(result: str, *, of_department: bool) -> ColumnElement[bool]:
    if of_department:
        return col(InspectionResult.result) == result
    return (
        select(InspectionResult.inspection_id)
        .where(InspectionResult.inspection_id == Inspection.id, InspectionResult.result == result)
        .exists()
    )
