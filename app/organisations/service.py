"""Certificates of officers: who holds one, and whether it is valid."""

from collections.abc import Collection
from datetime import date
from typing import NamedTuple

from sqlmodel import Session

from app.audit.events import EventName
from app.audit.service import Trail, act_of
from app.core.ids import new_id_text
from app.core.snapshots import bump
from app.organisations import repository
from app.organisations.departments import DEPARTMENTS
from app.organisations.desk import SNAPSHOT_NAME
from app.organisations.errors import OfficerForeign, OnOneself
from app.organisations.models import Person, Unit
from app.organisations.schemas import OfficerRead, OfficerWrite, Tier
from auth.principal import Principal
from auth.scope import scope_of


def register_officer(
    session: Session, trail: Trail, principal: Principal, certificate_no: str, officer: OfficerWrite
) -> OfficerRead:
    """Register or renew a certificate: of a person, in the unit of that department and region. A
    data manager registers only officers of the own department and region.
    """
    scope, now = scope_of(principal), trail.clock.now()
    known = repository.find_certificate(session, certificate_no, lock=True)
    taken = known is not None and not scope.covers(known[1].region, known[1].department)
    if taken or not scope.covers(officer.region, officer.department):
        raise OfficerForeign
    unit = _unit_of(session, trail, officer)
    if known is not None:
        person = known[0]
        if person.subject is not None and person.subject == principal.subject:
            raise OnOneself
        if person.unit_id != unit.id and (person.subject or _has_roles(session, person)):
            raise OfficerForeign("The holder signs on: his unit is changed among people.")
    else:
        person = Person(
            id=new_id_text(),
            name=officer.name,
            unit_id=unit.id,
            created_by=principal.subject,
            updated_at=now,
        )
        repository.add(session, person)
    person.name, person.unit_id, person.updated_at = officer.name, unit.id, now
    person.certificate_no = certificate_no
    person.certificate_from, person.certificate_to = officer.valid_from, officer.valid_to
    session.flush()
    trail.append(
        session,
        act_of(
            principal,
            EventName.OFFICER_REGISTERED,
            subject=certificate_no,  # kept as a reference, not as it is
        ),
    )
    person.changed = bump(session, SNAPSHOT_NAME)
    return OfficerRead(certificate_no=certificate_no, **officer.model_dump())


def _unit_of(session: Session, trail: Trail, officer: OfficerWrite) -> Unit:
    """The unit of a department and region that certificates are registered for."""
    unit_id = f"{officer.department[:33]}-{officer.region}"
    found = repository.find_unit(session, unit_id)
    if found is None:
        name = f"{officer.department} {officer.region}"
        found = Unit(
            id=unit_id,
            name_zh=name,
            name_en=name,
            tier=tier_of(officer.region),
            region=officer.region,
            department=officer.department,
            parts=["source", "application"],
            updated_at=trail.clock.now(),
        )
        repository.add(session, found)
    if (found.region, found.department, found.state) != (
        officer.region,
        officer.department,
        "active",
    ):
        raise OfficerForeign(f"The unit {unit_id} is another one, or suspended.")
    return found


def _has_roles(session: Session, person: Person) -> bool:
    return bool(repository.roles_of(session, [person.id]))


class UnitFacts(NamedTuple):
    """What other rooms need to know of a unit."""

    id: str
    department: str
    region: str
    parts: tuple[str, ...]
    is_active: bool


def unit_facts(session: Session, unit_id: str) -> UnitFacts | None:
    """Of a unit; None where there is none."""
    row = repository.find_unit(session, unit_id)
    if row is None:
        return None
    return UnitFacts(row.id, row.department, row.region, tuple(row.parts), row.state == "active")


def beyond(session: Session, principal: Principal, subjects: Collection[str]) -> frozenset[str]:
    """Those of some people whom the directory has outside of the caller's region or department."""
    scope = scope_of(principal)
    return frozenset(
        subject
        for subject, unit in repository.units_of(session, subjects).items()
        if not scope.covers(unit.region, unit.department)
    )


def tier_of(region: str) -> Tier:
    """The tier of a division, by its code."""
    if region == "000000":
        return "nation"
    if region.endswith("0000"):
        return "province"
    return "city" if region.endswith("00") else "county"


def list_officers(
    session: Session, principal: Principal, *, after: str, limit: int
) -> list[OfficerRead]:
    """Officers after a number that the caller may see: those of the own department and region."""
    rows = repository.certified(session, scope_of(principal), after=after, limit=limit)
    return [
        OfficerRead(
            certificate_no=person.certificate_no or "",
            name=person.name,
            department=unit.department,
            region=unit.region,
            valid_from=person.certificate_from or date.min,
            valid_to=person.certificate_to or date.min,
        )
        for person, unit in rows
    ]


class Holder(NamedTuple):
    """Who holds a certificate, of which department; `signs_on`: whether tokens name him."""

    person_id: str
    department: str
    signs_on: bool


def valid_holders(
    session: Session, certificate_numbers: Collection[str], on: date
) -> dict[str, Holder]:
    """Holder of each certificate that is valid on that day, of somebody who is not suspended;
    others are absent.
    """
    return {
        person.certificate_no or "": Holder(person.id, unit.department, person.subject is not None)
        for person, unit in repository.holders(session, certificate_numbers)
        if unit.state == "active" and _is_valid(person, on)
    }


def person_of(session: Session, principal: Principal) -> str | None:
    """The person that a caller is: by the subject of his token; else, where no token names that
    person, by the certificate that the token claims.
    """
    placed = repository.find_subject(session, principal.subject)
    if placed is None and principal.certificate_no:
        placed = repository.find_certificate(session, principal.certificate_no)
        if placed is not None and placed[0].subject is not None:
            return None
    return None if placed is None else placed[0].id


def officers_called(session: Session, numbers: Collection[str]) -> dict[str, str]:
    """Names of officers by certificate, as they are registered now."""
    return repository.names_by_certificate(session, numbers)


def name_of(session: Session, subject: str) -> str | None:
    """What the directory calls whoever signs on as a subject; None where it has nobody."""
    found = repository.find_subject(session, subject)
    return found[0].name if found is not None else None


def _is_valid(person: Person, on: date) -> bool:
    begin, end = person.certificate_from, person.certificate_to
    within = begin is not None and end is not None and begin <= on <= end
    return within and person.state == "active"


def known_departments(session: Session) -> frozenset[str]:
    """Every department that a record may name: those of the product, and those that units belong
    to.
    """
    return frozenset(DEPARTMENTS) | repository.departments(session)


def ending_certificates(session: Session, after: date, until: date) -> list[tuple[str, str, date]]:
    """Active people, their certificates, and the last day, if it lies within these days."""
    return repository.ending_certificates(session, after, until)
