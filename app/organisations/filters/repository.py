"""SQL of saved filters."""

from sqlmodel import Session, col, select

from app.core.holds import HeldKind, hold_name
from app.organisations.filters.models import SavedFilter


def hold_owner(session: Session, owner: str) -> None:
    """Let whoever saves two at once wait for himself, so that his count is true."""
    hold_name(session, HeldKind.OWNER_OF_FILTERS, owner)


def of_owner(session: Session, owner: str, screen: str) -> list[SavedFilter]:
    """What somebody saved of a screen, by name."""
    query = select(SavedFilter).where(SavedFilter.owner == owner, SavedFilter.screen == screen)
    return list(session.exec(query.order_by(col(SavedFilter.name))))


def find(session: Session, owner: str, screen: str, name: str) -> SavedFilter | None:
    """One that somebody saved."""
    return session.get(SavedFilter, (owner, screen, name))


def add(session: Session, row: SavedFilter) -> None:
    """Keep a new one."""
    session.add(row)
    session.flush()


def drop(session: Session, row: SavedFilter) -> None:
    """Forget one."""
    session.delete(row)
    session.flush()
