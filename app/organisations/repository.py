"""SQL of people."""

from collections.abc import Collection

from sqlmodel import Session, col, select

from app.core.scoping import within
from app.organisations.models import Officer
from auth.scope import Scope


def find_officers(session: Session, certificate_numbers: Collection[str]) -> dict[str, Officer]:
    """Officers by certificate number; unknown numbers are absent."""
    query = select(Officer).where(col(Officer.certificate_no).in_(certificate_numbers))
    return {officer.certificate_no: officer for officer in session.exec(query)}


def departments(session: Session) -> frozenset[str]:
    """Departments that officers belong to."""
    return frozenset(session.exec(select(col(Officer.department)).distinct()))


def put(session: Session, officer: Officer) -> None:
    """Create or replace a certificate."""
    session.merge(officer)


def page(session: Session, scope: Scope, *, after: str, limit: int) -> list[Officer]:
    """Officers of a scope after a number, by number."""
    query = select(Officer).where(
        *within(scope, Officer.region, Officer.department), col(Officer.certificate_no) > after
    )
    return list(session.exec(query.order_by(col(Officer.certificate_no)).limit(limit)))
