"""Reads records across rooms; writes nothing."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, CompoundSelect, func, text, union
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.core.scoping import within
from app.delivery.models import Delivery
from app.inspections.models import UNCONNECTED, Attendance, Inspection, InspectionResult
from auth.principal import prefix_of
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
    region: str | None = None
    officer: str | None = None
    newest: bool = False

    @property
    def needs_record(self) -> bool:
        """Whether a department's results alone do not tell which records fit."""
        return any((self.business_id, self.since, self.until, self.state, self.officer))

    @property
    def prefix(self) -> str | None:
        """The digits of every region that is asked for and may be seen; None where none is."""
        if self.region is None:
            return self.region_prefix
        asked = prefix_of(self.region)
        if asked.startswith(self.region_prefix):
            return asked
        return self.region_prefix if self.region_prefix.startswith(asked) else None

    @property
    def summary(self) -> str:
        """The filter in one line, without the business."""
        named = {
            "department": self.department,
            "result": self.result,
            "state": self.state,
            "since": self.since,
            "until": self.until,
            "region": self.region,
            "officer": self.officer,
        }
        return ",".join(f"{name}={value}" for name, value in named.items() if value is not None)


def records(session: Session, wanted: Filter, *, after: int, limit: int) -> list[Inspection]:
    """Records after a number, oldest first; before it (all for 0) and newest first where that is
    wanted.

    A department's are found along its own results, a county's along its own records: neither reads
    what others did.
    """
    if wanted.prefix is None:
        return []
    numbers = _numbers(wanted, after).limit(limit)
    query = select(Inspection).where(col(Inspection.number).in_(session.exec(numbers).all()))
    order = col(Inspection.number)
    return list(session.exec(query.order_by(order.desc() if wanted.newest else order)))


def count_after(session: Session, wanted: Filter, *, after: int, most: int) -> int:
    """How many records follow a number, and no more than so many."""
    if wanted.prefix is None:
        return 0
    numbers = _numbers(wanted, after).limit(most).subquery()
    return session.exec(select(func.count()).select_from(numbers)).one()


def _numbers(wanted: Filter, after: int) -> "SelectOfScalar[int | None]":
    """Numbers of the records that fit, in their order."""
    along_results = wanted.department is not None or wanted.result is not None
    number = col(InspectionResult.number if along_results else Inspection.number)
    region = col(InspectionResult.region if along_results else Inspection.region)
    query = select(number).where(number.is_not(None))
    if wanted.newest:
        query = (query.where(number < after) if after else query).order_by(number.desc())
    else:
        query = query.where(number > after).order_by(number)
    if along_results:
        query = query.distinct()
        if wanted.department is not None:
            query = query.where(InspectionResult.department == wanted.department)
        if wanted.result is not None:
            query = query.where(InspectionResult.result == wanted.result)
        if wanted.needs_record:
            query = query.join(Inspection, col(Inspection.number) == number)
    return _of_record(query.where(*within(Scope(wanted.prefix or ""), region)), wanted)


def _of_record(query: "SelectOfScalar[int | None]", wanted: Filter) -> "SelectOfScalar[int | None]":
    """What is asked of the record itself."""
    if wanted.business_id is not None:
        query = query.where(Inspection.business_id == wanted.business_id)
    if wanted.since is not None:
        query = query.where(col(Inspection.submitted_at) >= wanted.since)
    if wanted.until is not None:
        query = query.where(col(Inspection.submitted_at) < wanted.until)
    if wanted.officer is not None:
        query = query.where(_was_there(wanted.officer))
    if wanted.state is not None:
        query = query.where(*_in_state(wanted.state))
    return query


def _was_there(certificate_no: str) -> ColumnElement[bool]:
    """Found along the officer's own visits, however many others made."""
    own = select(Attendance.inspection_id).where(Attendance.certificate_no == certificate_no)
    return col(Inspection.id).in_(own)


def _in_state(state: str) -> tuple[ColumnElement[bool], ...]:
    """As `inspections` words what became of a record's deliveries. What is rare is found along what
    makes it so, not by looking at every record.
    """
    unsaid = col(Inspection.confirmation) == "pending"
    if state == "pending_confirmation":
        return (unsaid,)
    if state == "submitted":
        waiting = select(Delivery.object_id).where(Delivery.state == "pending")
        return ~unsaid, col(Inspection.id).in_(waiting)
    waits, fails = _has_delivery("pending"), _has_delivery(*_FAILED)
    if state == "not_written_back":
        return ~unsaid, ~waits, col(Inspection.id).in_(_ill_fated())
    # nothing was on its way where none is connected
    arrived = _has_delivery("delivered") & ~fails & (col(Inspection.confirmation) != "denied")
    return ~unsaid, ~waits, arrived


_FAILED = ("refused", "dead", "dropped")


def _ill_fated() -> CompoundSelect[tuple[str]]:
    """Records of which something was refused, given up, dropped or denied, or which nobody was
    connected to receive.
    """
    failed = sql_select(col(Delivery.object_id)).where(col(Delivery.state).in_(_FAILED))
    denied = sql_select(col(Inspection.id)).where(col(Inspection.confirmation) == "denied")
    to_nobody = sql_select(col(Inspection.id)).where(text(UNCONNECTED), ~_has_delivery())
    return union(failed, denied, to_nobody)


def _has_delivery(*states: str) -> ColumnElement[bool]:
    query = select(Delivery.id).where(Delivery.object_id == Inspection.id)
    return (query.where(col(Delivery.state).in_(states)) if states else query).exists()
