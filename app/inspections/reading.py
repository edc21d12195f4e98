"""A record as it leaves: whose word it has, and how far each department has received it."""

from collections.abc import Iterable, Sequence
from typing import cast

from sqlmodel import Session

from app.businesses.naming import names_of
from app.core.clock import local_date
from app.delivery import service as delivery
from app.inspections import repository
from app.inspections.models import Attendance, Inspection, InspectionResult
from app.inspections.presence import Presence, PresenceState
from app.inspections.schemas import (
    InspectionRead,
    OfficerOnVisit,
    RecordState,
    ResultRead,
    WriteBackRead,
    WriteBackState,
)
from app.organisations.service import officers_called

_INTERNAL = (
    "position", "number", "txid", "task_id", "body_digest", "not_connected", "confirmation",
    "officers",
)  # fmt: skip


def read(session: Session, record: Inspection) -> InspectionRead:
    """A record with all that belongs to it."""
    return read_all(session, [record])[0]


def read_all(session: Session, records: Sequence[Inspection]) -> list[InspectionRead]:
    """Records with all that belongs to them, in as many queries as one needs."""
    ids = [record.id for record in records]
    results = repository.results_of(session, ids)
    deliveries = delivery.of_objects(session, ids)
    attendances = repository.attendances_of(session, ids)
    names = names_of(session, {record.business_id for record in records})
    officers = officers_called(
        session, {told["certificate_no"] for record in records for told in record.officers}
    )
    told = [
        _read(
            record,
            results.get(record.id, []),
            [WriteBackRead(**row) for row in deliveries.get(record.id, [])],
            attendances.get(record.id, []),
        )
        for record in records
    ]
    for one in told:
        one.business_name = names.get(one.business_id)
        for officer in one.officers:
            officer.name = officers.get(officer.certificate_no)
    return told


def presence_of(attendances: Iterable[Attendance], record: Inspection) -> Presence:
    """What the officers of a record have said, and how many the law wanted on its day."""
    said = {row.certificate_no: cast(PresenceState, row.state) for row in attendances}
    day = local_date(record.visit_started_at)
    return Presence(said, repository.limit("fewest_officers", day))


def _read(
    record: Inspection,
    results: Iterable[InspectionResult],
    deliveries: Iterable[WriteBackRead],
    attendances: Iterable[Attendance],
) -> InspectionRead:
    asked = {row.certificate_no: row for row in attendances}
    presence = presence_of(asked.values(), record)
    told = [
        ResultRead(
            **row.model_dump(include=set(ResultRead.model_fields) - {"confirmation"}),
            confirmation=presence.of(row.by),
        )
        for row in results
    ]
    write_back = list(deliveries)
    sent = {row.department for row in write_back}
    for department in sorted({row.department for row in told} - sent):
        counting = presence.counting(r.by for r in told if r.department == department)
        state: WriteBackState = "not_connected" if counting == "counts" else counting
        write_back.append(WriteBackRead(department=department, state=state))
    return InspectionRead(
        **record.model_dump(exclude={*_INTERNAL}),
        state=_state({row.state for row in write_back}),
        task=record.task_id,
        digest=f"sha-256:{record.body_digest}",
        officers=[_officer(told, asked.get(told["certificate_no"])) for told in record.officers],
        results=told,
        write_back=write_back,
    )


def part_of(record: InspectionRead, department: str) -> InspectionRead:
    """What a token that names one department sees of a record."""
    own: dict[str, object] = {
        "officers": [
            o if o.department == department else o.model_copy(update={"reason": None})
            for o in record.officers
        ],
        "results": [r for r in record.results if r.department == department],
        "write_back": [w for w in record.write_back if w.department == department],
    }
    return record.model_copy(update=own)


def _officer(told: dict[str, str], row: Attendance | None) -> OfficerOnVisit:
    if row is None:
        return OfficerOnVisit(**told, presence="not_asked")
    said = row.model_dump(include={"decided_at", "reason"})
    return OfficerOnVisit(**told, presence=cast(PresenceState, row.state), **said)


def _state(of_departments: set[WriteBackState]) -> RecordState:
    if "pending_confirmation" in of_departments:
        return "pending_confirmation"
    if "pending" in of_departments:
        return "submitted"
    # where no department's system is connected, nobody has received anything
    connected = of_departments - {"not_connected"}
    return "written_back" if connected == {"delivered"} else "not_written_back"
