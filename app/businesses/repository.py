"""SQL of businesses."""

from collections.abc import Iterable

from sqlmodel import Session, col, select

from app.businesses.models import KnownBusiness


def find(session: Session, business_id: str) -> KnownBusiness | None:
    """What is kept of a business."""
    query = select(KnownBusiness).where(KnownBusiness.business_id == business_id)
    return session.exec(query).first()


def of_all(session: Session, business_ids: Iterable[str]) -> dict[str, KnownBusiness]:
    """What is kept of several, by identifier; their rows are held until the commit."""
    query = (
        select(KnownBusiness)
        .where(col(KnownBusiness.business_id).in_(sorted(business_ids)))
        .order_by(col(KnownBusiness.business_id))
        .with_for_update()
    )
    return {row.business_id: row for row in session.exec(query)}


def names_of(session: Session, business_ids: Iterable[str]) -> dict[str, str]:
    """Names of those whose name is known."""
    query = select(KnownBusiness.business_id, KnownBusiness.name).where(
        col(KnownBusiness.business_id).in_(sorted(set(business_ids))), KnownBusiness.name != ""
    )
    return dict(session.exec(query).all())


def add(session: Session, row: KnownBusiness) -> None:
    """Keep one that was not known."""
    session.add(row)
