"""Take a record once, hand it on, show how far it got. Callers commit."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from typing import NamedTuple

from sqlmodel import Session

from app.audit.events import EventName
from app.audit.service import Trail, act_of
from app.businesses.service import identified
from app.core.clock import local_date
from app.core.db import Database
from app.core.errors import InvalidRequest
from app.inspections import repository
from app.inspections.attendances import say_once
from app.inspections.errors import (
    DepartmentUnknown,
    IdReused,
    InspectionUnknown,
    ItemTwice,
    NotCompetent,
    NotOnVisit,
    OfficerCannotSignOn,
    TooFewOfficers,
    VisitBusinessMismatch,
    VisitOutsideTask,
    VisitTaskUnknown,
    VisitTimeInvalid,
)
from app.inspections.models import RECORDS, Attendance, Inspection, InspectionResult
from app.inspections.reading import part_of, presence_of, read
from app.inspections.rules import are_enough, may_determine, missing_certificates, visit_time_error
from app.inspections.schemas import InspectionRead, InspectionWrite
from app.inspections.telling import tell_wanted
from app.inspections.writing_back import HandingOn, hand_on
from app.organisations.errors import OfficerUnknown
from app.organisations.service import Holder, known_departments, person_of, valid_holders
from app.tasks.visits import Unfit, task_of_visit
from auth.principal import Principal, Role
from auth.scope import Scope, scope_of


class Established(NamedTuple):
    """What is not taken from a record's words: business, region, departments of the officers, and
    which of their certificates is the sender's.
    """

    business_id: str
    region: str
    departments_of: dict[str, str]
    own: str


@dataclass(frozen=True, slots=True)
class Writer:
    """What taking a record needs. `takes_results` says whether a department's system is
    connected for a region.
    """

    session: Session
    trail: Trail
    principal: Principal
    takes_results: Callable[[str, str], bool]


def submit(
    writer: Writer, inspection_id: str, given: InspectionWrite
) -> tuple[InspectionRead, bool]:
    """The stored record, and whether it was there before. One transaction: record, outbox rows,
    audit entry.

    Raises `IdReused` for another body under the same id, and this room's refusals for what the law
    does not allow.
    """
    session = writer.session
    repository.hold_id(session, inspection_id)
    digest, *of_before = _digests(given, writer.principal)
    known = repository.find(session, inspection_id)
    if known is not None:
        if known.body_digest not in {digest, *of_before}:
            raise IdReused(pointer="/path/inspection_id")
        return read(session, known), True
    record, results, attendances = _checked(writer, inspection_id, given, digest)
    hand_on(
        HandingOn(session, record.submitted_at, writer.takes_results),
        record,
        results,
        presence_of(attendances, record),
    )
    repository.add(session, record, results, attendances)
    event = act_of(
        writer.principal,
        EventName.RECORD_SUBMITTED,
        subject=record.business_id,
        task=record.task_id,
        departments=tuple(sorted({r.department for r in results})),
        response_digest=f"sha-256:{digest}",
        object_ref=record.id,
    )
    writer.trail.append(session, event)
    tell_wanted(session, record, attendances, record.submitted_at)
    session.flush()
    return read(session, record), False


def number_records(database: Database) -> None:
    """Number what can be numbered: who has just written reads what was written."""
    RECORDS.number(database, wait=True)


def read_record(session: Session, principal: Principal, inspection_id: str) -> InspectionRead:
    """A record for those on the visit and for supervisors of its region. Raises
    `InspectionUnknown`.
    """
    scope = scope_of(principal) if not principal.roles.isdisjoint(_OVERSEE) else _NOTHING
    record = repository.find_for(
        session,
        inspection_id,
        subject=principal.subject,
        certificate_no=principal.certificate_no,
        person_id=(me := person_of(session, principal)),
        scope=scope,
    )
    if record is None:
        raise InspectionUnknown
    found = read(session, record)
    on_visit = repository.was_there(session, record, me, principal.certificate_no)
    if on_visit or record.submitted_by == principal.subject:
        return found
    concerned = {record.lead_department, *(result.department for result in found.results)}
    if not scope.covers(record.region, *concerned):
        raise InspectionUnknown
    return found if principal.department is None else part_of(found, principal.department)


_OVERSEE = frozenset({Role.SUPERVISOR, Role.TEAM_LEADER})
_NOTHING = Scope("", "")


def _digests(given: InspectionWrite, principal: Principal) -> tuple[str, str]:
    """Of the content and its author: a second person cannot claim a known id. The same instant in
    another zone is the same content. The second is as records of before have it.
    """
    given_before = given.model_dump_json(exclude=None if given.unusual else {"unusual"})
    instants = {
        name: getattr(given, name).astimezone(UTC)
        for name in ("visit_started_at", "visit_ended_at")
    }
    same = given.model_copy(update=instants)
    told = same.model_dump_json(exclude=None if given.unusual else {"unusual"})
    first, second = (
        hashlib.sha256(f"{principal.subject}\n{text}".encode()).hexdigest()
        for text in (told, given_before)
    )
    return first, second


def _checked(
    writer: Writer, inspection_id: str, given: InspectionWrite, digest: str
) -> tuple[Inspection, list[InspectionResult], list[Attendance]]:
    now = writer.trail.clock.now()
    business = identified(given.business_id, "/body/business_id", given.unusual)
    if wrong := visit_time_error(given.visit_started_at, given.visit_ended_at, now):
        raise VisitTimeInvalid(wrong.detail, pointer=f"/body/{wrong.field}")
    holders = _officers(writer, given)
    departments_of = {number: holder.department for number, holder in holders.items()}
    me = person_of(writer.session, writer.principal)
    own = next((number for number, h in holders.items() if h.person_id == me), None)
    if own is None:
        raise NotOnVisit
    task = task_of_visit(
        writer.session,
        given.task,
        writer.principal,
        business_id=business.key,
        site=given.site,
        started_at=given.visit_started_at,
    )
    if isinstance(task, Unfit):
        raise _UNFIT[task][0](pointer=_UNFIT[task][1])
    _check_items(writer.session, given)
    results = [
        InspectionResult(
            inspection_id=inspection_id,
            ordinal=i,
            **{**r.model_dump(exclude={"by"}), "by": r.by or own},
        )
        for i, r in enumerate(given.results)
    ]
    for index, result in enumerate(results):
        if result.by not in departments_of:
            raise OfficerUnknown(
                "Whoever concludes must be on the visit.", pointer=f"/body/results/{index}/by"
            )
        if result.mode == "determined" and not may_determine(
            result.department, result.by, departments_of
        ):
            raise NotCompetent(pointer=f"/body/results/{index}/mode")
    established = Established(business.key, task.region or task.opened_in, departments_of, own)
    record = _record(writer, inspection_id, given, digest, established)
    return record, results, _attendances(record, holders, own)


def _check_items(session: Session, given: InspectionWrite) -> None:
    """Every department exists, and every item has one result."""
    known, seen = known_departments(session), set()
    for index, result in enumerate(given.results):
        if result.department not in known:
            raise DepartmentUnknown(pointer=f"/body/results/{index}/department")
        item = (result.department, result.item_code)
        if item in seen:
            raise ItemTwice(pointer=f"/body/results/{index}/item_code")
        seen.add(item)


_UNFIT: dict[Unfit, tuple[type[InvalidRequest], str]] = {
    Unfit.UNKNOWN: (VisitTaskUnknown, "/body/task"),
    Unfit.BUSINESS: (VisitBusinessMismatch, "/body/business_id"),
    Unfit.TIME: (VisitOutsideTask, "/body/visit_started_at"),
}


def _record(
    writer: Writer,
    inspection_id: str,
    given: InspectionWrite,
    digest: str,
    established: Established,
) -> Inspection:
    """The row of a checked record."""
    return Inspection(
        id=inspection_id,
        business_id=established.business_id,
        site=given.site,
        task_id=given.task,
        region=established.region,
        lead_department=established.departments_of[established.own],
        submitted_by=writer.principal.subject,
        submitted_at=writer.trail.clock.now(),
        visit_started_at=given.visit_started_at.astimezone(UTC),
        visit_ended_at=given.visit_ended_at.astimezone(UTC),
        officers=[
            {"certificate_no": n, "department": d} for n, d in established.departments_of.items()
        ],
        profile_etag=given.profile_etag,
        note=given.note,
        body_digest=digest,
        not_connected=[],
    )


def _officers(writer: Writer, given: InspectionWrite) -> dict[str, Holder]:
    """Certificate -> holder, for officers whose certificates are valid on the day of the
    visit.
    """
    listed = list(dict.fromkeys(officer.certificate_no for officer in given.officers))
    day = local_date(given.visit_started_at)
    if not are_enough(len(listed), repository.limit("fewest_officers", day)):
        raise TooFewOfficers(pointer="/body/officers")
    holders = valid_holders(writer.session, listed, day)
    if missing := missing_certificates(listed, holders):
        raise OfficerUnknown(pointer=_pointer_to(given, missing[0]))
    if writer.principal.claimed is not None:  # where the directory has no say, tokens name people
        for number, holder in holders.items():
            if not holder.signs_on:
                raise OfficerCannotSignOn(pointer=_pointer_to(given, number))
    return {number: holders[number] for number in listed}


def _pointer_to(given: InspectionWrite, certificate_no: str) -> str:
    index = next(i for i, o in enumerate(given.officers) if o.certificate_no == certificate_no)
    return f"/body/officers/{index}/certificate_no"


def _attendances(record: Inspection, holders: dict[str, Holder], own: str) -> list[Attendance]:
    """Everybody named is asked; whoever sends the record has said so by his token."""
    asked = [
        Attendance(
            inspection_id=record.id,
            certificate_no=number,
            person_id=holder.person_id,
            department=holder.department,
            words=[],
        )
        for number, holder in holders.items()
    ]
    mine = next(row for row in asked if row.certificate_no == own)
    say_once(mine, "confirmed", record.submitted_by, record.submitted_at)
    return asked
