"""Hand a record's results on to their departments as soon as they count."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from adapters.contract import parse
from app.delivery import service as delivery
from app.delivery.enqueuing import enqueue
from app.inspections.models import Inspection, InspectionResult
from app.inspections.presence import Counting, Presence, overall
from app.inspections.telling import tell_counts


@dataclass(frozen=True, slots=True)
class HandingOn:
    """The transaction, the time, and whether a department's system is connected for a region."""

    session: Session
    now: datetime
    takes_results: Callable[[str, str], bool]


def counting_of(results: Iterable[InspectionResult], presence: Presence) -> dict[str, Counting]:
    """By department, whether its results count."""
    concluded_by: dict[str, set[str]] = {}
    for row in results:
        concluded_by.setdefault(row.department, set()).add(row.by)
    return {department: presence.counting(by) for department, by in concluded_by.items()}


def hand_on(
    on: HandingOn,
    record: Inspection,
    results: list[InspectionResult],
    presence: Presence,
    before: Presence | None = None,
) -> None:
    """Add to this transaction what each connected department is sent: its results that count now
    and did not `before` (None: nothing did). The record says what it still waits for.
    """
    counting = counting_of(results, presence)
    counted = counting_of(results, before) if before is not None else {}
    rows = delivery.of_objects(on.session, [record.id]).get(record.id, [])
    sent = {row["department"] for row in rows}
    away = {d for d in counting.keys() - sent if not on.takes_results(d, record.region)}
    for department in sorted(counting):
        # One message for each department: what a lost answer repeats is known by its id.
        if counting[department] == "counts" and counted.get(department) != "counts":
            if department not in away:
                own = [row for row in results if row.department == department]
                _enqueue(on, record, department, own, presence)
            tell_counts(on.session, record, department, on.now)
    record.not_connected, record.confirmation = sorted(away), overall(counting.values())
    if record.confirmation != "pending":
        record.wanted_since = None
    elif record.wanted_since is None:
        record.wanted_since = on.now


def _enqueue(
    on: HandingOn,
    record: Inspection,
    department: str,
    results: list[InspectionResult],
    presence: Presence,
) -> None:
    business = parse(record.business_id, "on_licence")
    told = {"item_code", "mode", "result", "note", "by"}
    enqueue(
        on.session,
        on.now,
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
            "officers": [o for o in record.officers if presence.is_there(o["certificate_no"])],
            "results": [row.model_dump(include=told) for row in results],
            "digest": record.body_digest,
        },
    )
