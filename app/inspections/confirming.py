"""An officer's own word on a record that names him. Callers commit."""

from dataclasses import dataclass

from sqlmodel import Session

from app.audit.events import Event, EventName
from app.audit.service import Trail, act_of
from app.delivery import service as delivery
from app.inspections import repository
from app.inspections.errors import (
    AlreadyHandedOn,
    DigestOther,
    InspectionUnknown,
    SamePerson,
)
from app.inspections.models import Attendance, Inspection
from app.inspections.presence import PresenceState
from app.inspections.reading import presence_of, read, read_all
from app.inspections.schemas import InspectionRead
from app.inspections.telling import tell_denied
from app.inspections.writing_back import hand_on
from auth.principal import Principal


@dataclass(frozen=True, slots=True)
class Word:
    """What somebody says of his presence, of a record that he has read."""

    state: PresenceState
    digest: str
    reason: str | None = None


def say(
    session: Session, trail: Trail, principal: Principal, inspection_id: str, word: Word
) -> InspectionRead:
    """Confirm or deny; the same again changes nothing. What counts now is handed on in the same
    transaction.

    Raises `InspectionUnknown` for a record that does not name the caller's certificate,
    `DigestOther` for one that he has not read, `SamePerson` where he has spoken for another
    certificate on it, `AlreadyHandedOn` for a confirmation that is taken back too late.
    """
    certificate_no = principal.certificate_no or ""
    record = repository.held_for(session, inspection_id, certificate_no)
    if record is None:
        raise InspectionUnknown
    if word.digest != f"sha-256:{record.body_digest}":
        raise DigestOther(pointer="/body/digest")
    attendances = repository.attendances_of(session, [record.id])[record.id]
    own = next(row for row in attendances if row.certificate_no == certificate_no)
    if any(row is not own and row.subject == principal.subject for row in attendances):
        raise SamePerson
    if (own.state, own.reason) == (word.state, word.reason):
        return read(session, record)
    if own.state == "confirmed" and _is_handed_on(session, record):
        raise AlreadyHandedOn
    now = trail.clock.now()
    own.state, own.reason = word.state, word.reason
    own.subject, own.decided_at = principal.subject, now
    results = repository.results_of(session, [record.id])[record.id]
    record.confirmation = hand_on(session, now, record, results, presence_of(attendances, record))
    trail.append(session, _entry(principal, record, own))
    if own.state == "denied":
        tell_denied(session, record, now)
    session.flush()
    return read(session, record)


def list_own(
    session: Session, principal: Principal, *, waiting: bool, before: int, limit: int
) -> list[tuple[int, InspectionRead]]:
    """Records that name the caller's certificate, newest first, each under its position."""
    if principal.certificate_no is None:
        return []
    rows = repository.page_for(
        session, principal.certificate_no, waiting=waiting, before=before, limit=limit
    )
    found = read_all(session, [record for _, record in rows])
    return [(position, record) for (position, _), record in zip(rows, found, strict=True)]


def _is_handed_on(session: Session, record: Inspection) -> bool:
    return bool(delivery.of_objects(session, [record.id]))


def _entry(principal: Principal, record: Inspection, own: Attendance) -> Event:
    event = EventName.RECORD_CONFIRMED if own.state == "confirmed" else EventName.RECORD_DENIED
    return act_of(
        principal,
        event,
        subject=record.business_id,
        task=record.task_id,
        departments=(own.department,),
        response_digest=f"sha-256:{record.body_digest}",
        object_ref=record.id,
    )
