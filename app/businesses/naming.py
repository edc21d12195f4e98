"""What businesses are called, for lists that hold their identifiers."""

from collections.abc import Iterable

from sqlmodel import Session

from app.businesses import repository


def names_of(session: Session, business_ids: Iterable[str]) -> dict[str, str]:
    """Names as registration told them last; businesses of whom none is known are left out."""
    return repository.names_of(session, business_ids)
