"""SQL of agreements."""

from sqlmodel import Session, select

from app.agreements.models import Agreement


def active(session: Session) -> list[Agreement]:
    """Agreements in state active."""
    return list(session.exec(select(Agreement).where(Agreement.state == "active")))
