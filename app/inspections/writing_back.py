"""Hand a record's results on to their departments as soon as they count."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from sqlmodel import Session

from adapters.contract import parse
from app.delivery import service as delivery
from app.delivery.enqueuing import enqueue
from app.inspections.models import Inspection, InspectionResult
from app.inspections.presence import Presence, overall
from app.inspections.telling import tell_handed_on


def hand_on(
    session: Session,
    now: datetime,
    record: Inspection,
    results: Iterable[InspectionResult],
    presence: Presence,
) -> Literal["pending", "settled", "denied"]:
    """Add to this transaction what each connected department is sent: its results that count and
    are not on their way yet. What the record still waits for.
    """
    by_department: dict[str, list[InspectionResult]] = {}
    for row in results:
        by_department.setdefault(row.department, []).append(row)
    counting = {d: presence.counting(r.by for r in own) for d, own in by_department.items()}
    sent = {
        row["department"] for row in delivery.of_objects(session, [record.id]).get(record.id, [])
    }
    for department in sorted(by_department.keys() - sent - set(record.not_connected)):
        if counting[department] == "counts":
            _enqueue(session, now, record, department, by_department[department])
            tell_handed_on(session, record, department, now)
    return overall(counting.values())


def _enqueue(
    session: Session,
    now: datetime,
    record: Inspection,
    department: str,
    results: list[InspectionResult],
) -> None:
    business = parse(record.business_id, "on_licence")
    told = {"item_code", "mode", "result", "note", "by"}
    enqueue(
        session,
        now,
        department=department,
        region=record.region,
        ordering_key=record.business_id,
        object_id=record.id,
        message={
            "inspection_id": record.id,
            "business_id": business.embedded or business.value,
            "scheme": business.scheme,
            "site": record.site,
            "visit_started_at": record.visit_started_at.isoformat(),
            "visit_ended_at": record.visit_ended_at.isoformat(),
            "officers": record.officers,
            "results": [row.model_dump(include=told) for row in results],
            "digest": record.body_digest,
        },
    )
