"""Register certificates and vouch for officers."""

from collections.abc import Collection
from datetime import date

from sqlmodel import Session

from app.audit.events import EventName
from app.audit.service import Trail, act_of
from app.organisations import repository
from app.organisations.departments import DEPARTMENTS
from app.organisations.errors import OfficerForeign
from app.organisations.models import Officer
from app.organisations.schemas import OfficerRead, OfficerWrite
from auth.principal import Principal
from auth.scope import scope_of


def register_officer(
    session: Session, trail: Trail, principal: Principal, certificate_no: str, officer: OfficerWrite
) -> OfficerRead:
    """Create or replace a certificate. A data manager registers only officers of the own department
    and region.
    """
    scope = scope_of(principal)
    known = repository.find_officers(session, [certificate_no]).get(certificate_no)
    taken = known is not None and not scope.covers(known.region, known.department)
    if taken or not scope.covers(officer.region, officer.department):
        raise OfficerForeign
    row = Officer(
        certificate_no=certificate_no, updated_at=trail.clock.now(), **officer.model_dump()
    )
    repository.put(session, row)
    trail.append(
        session,
        act_of(
            principal,
            EventName.OFFICER_REGISTERED,
            subject=certificate_no,  # kept as a reference, not as it is
        ),
    )
    return OfficerRead(certificate_no=certificate_no, **officer.model_dump())


def list_officers(
    session: Session, principal: Principal, *, after: str, limit: int
) -> list[OfficerRead]:
    """Officers after a number that the caller may see: those of the own department and region."""
    rows = repository.page(session, scope_of(principal), after=after, limit=limit)
    return [OfficerRead.model_validate(row, from_attributes=True) for row in rows]


def valid_departments(
    session: Session, certificate_numbers: Collection[str], on: date
) -> dict[str, str]:
    """Department of each certificate that is valid on that day; others are absent."""
    found = repository.find_officers(session, certificate_numbers)
    return {
        number: row.department
        for number, row in found.items()
        if row.valid_from <= on <= row.valid_to
    }


def known_departments(session: Session) -> frozenset[str]:
    """Every department that a record may name: those of the product, and those that officers belong
    to.
    """
    return frozenset(DEPARTMENTS) | repository.departments(session)
