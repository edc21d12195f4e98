"""An officer's own word on a record that names him. Callers commit."""

from dataclasses import dataclass

from sqlmodel import Session

from app.audit.events import Event, EventName
from app.audit.service import act_of
from app.inspections import repository
from app.inspections.attendances import say_once
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
from app.inspections.service import Writer
from app.inspections.telling import tell_denied, tell_wanted
from app.inspections.writing_back import HandingOn, counting_of, hand_on
from app.organisations.service import person_of
from auth.principal import Principal


@dataclass(frozen=True, slots=True)
class Word:
    """What somebody says of his presence, of a record that he has read."""

    state: PresenceState
    digest: str
    reason: str | None = None


def say(writer: Writer, inspection_id: str, word: Word) -> InspectionRead:
    """Confirm or deny; the same again changes nothing. What counts now is handed on in the same
    transaction. It is the person's word who held the certificate when the record was sent, also
    when the certificate has ended since.

    Raises `InspectionUnknown` for a record that does not name the caller, `DigestOther` for one
    that he has not read, `SamePerson` where he has spoken for another certificate on it,
    `AlreadyHandedOn` for a confirmation that is taken back once something counts.
    """
    session, principal = writer.session, writer.principal
    me = person_of(session, principal)
    record = None if me is None else repository.held_for(session, inspection_id, me)
    if record is None:
        raise InspectionUnknown
    if word.digest != f"sha-256:{record.body_digest}":
        raise DigestOther(pointer="/body/digest")
    attendances = repository.attendances_of(session, [record.id])[record.id]
    own = next(row for row in attendances if row.person_id == me)
    if any(row is not own and row.subject == principal.subject for row in attendances):
        raise SamePerson
    if (own.state, own.reason) == (word.state, word.reason):
        return read(session, record)
    results = repository.results_of(session, [record.id])[record.id]
    before, denied_before = presence_of(attendances, record), own.state == "denied"
    if own.state == "confirmed" and "counts" in counting_of(results, before).values():
        raise AlreadyHandedOn
    now, waited = writer.trail.clock.now(), record.confirmation == "pending"
    say_once(own, word.state, principal.subject, now, word.reason)
    on = HandingOn(session, now, writer.takes_results)
    hand_on(on, record, results, presence_of(attendances, record), before)
    writer.trail.append(session, _entry(principal, record, own))
    if own.state == "denied" and not denied_before:
        tell_denied(session, record, now)
    if record.confirmation == "pending" and not waited:
        tell_wanted(session, record, attendances, now)
    session.flush()
    return read(session, record)


def list_own(
    session: Session, principal: Principal, *, waiting: bool, before: int, limit: int
) -> list[tuple[int, InspectionRead]]:
    """Records that name the caller, newest first, each under its position."""
    me = person_of(session, principal)
    if me is None:
        return []
    rows = repository.page_for(session, me, waiting=waiting, before=before, limit=limit)
    found = read_all(session, [record for _, record in rows])
    return [(position, record) for (position, _), record in zip(rows, found, strict=True)]


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
