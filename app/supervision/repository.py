"""Reads records across rooms; writes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from app.delivery.models import Delivery
from app.inspections.models import Inspection, InspectionResult


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
    """Records after a position, oldest first."""
    query = select(Inspection).where(
        col(Inspection.position) > after, col(Inspection.region).startswith(wanted.region_prefix)
    )
    if wanted.business_id is not None:
        query = query.where(Inspection.business_id == wanted.business_id)
    if wanted.since is not None:
        query = query.where(col(Inspection.submitted_at) >= wanted.since)
    if wanted.until is not None:
        query = query.where(col(Inspection.submitted_at) < wanted.until)
    if wanted.department is not None or wanted.result is not None:
        fits = select(InspectionResult.inspection_id).where(
            InspectionResult.inspection_id == Inspection.id
        )
        if wanted.department is not None:
            fits = fits.where(InspectionResult.department == wanted.department)
        if wanted.result is not None:
            fits = fits.where(InspectionResult.result == wanted.result)
        query = query.where(fits.exists())
    if wanted.state is not None:
        waiting = (
            select(Delivery.id)
            .where(Delivery.object_id == Inspection.id, Delivery.state != "delivered")
            .exists()
        )
        query = query.where(waiting if wanted.state == "submitted" else ~waiting)
    return list(session.exec(query.order_by(col(Inspection.position)).limit(limit)))


def results_of(session: Session, ids: Sequence[str]) -> dict[str, list[InspectionResult]]:
    """Results by record."""
    found: dict[str, list[InspectionResult]] = {}
    query = select(InspectionResult).where(col(InspectionResult.inspection_id).in_(ids))
    for row in session.exec(
        query.order_by(col(InspectionResult.inspection_id), col(InspectionResult.ordinal))
    ):
        found.setdefault(row.inspection_id, []).append(row)
    return found


def deliveries_of(session: Session, ids: Sequence[str]) -> dict[str, list[Delivery]]:
    """Deliveries by record."""
    found: dict[str, list[Delivery]] = {}
    for row in session.exec(
        select(Delivery).where(col(Delivery.object_id).in_(ids)).order_by(col(Delivery.position))
    ):
        found.setdefault(row.object_id, []).append(row)
    return found
