"""Who is told of what happens to a record."""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session

from app.delivery.notices.addressing import caller, holders, person
from app.delivery.notices.service import Announcement, notify
from app.inspections.models import Attendance, Inspection
from auth.principal import Role


def tell_wanted(
    session: Session, record: Inspection, asked: Iterable[Attendance], now: datetime
) -> None:
    """Officers whose own word is wanted."""
    to = [person(row.person_id) for row in asked if row.state == "pending"]
    notify(
        session,
        now,
        Announcement("record.confirmation_wanted", "record", record.id),
        to,
    )


def tell_denied(session: Session, record: Inspection, now: datetime) -> None:
    """Whoever sent the record, and the leaders of his department."""
    leaders = holders(Role.TEAM_LEADER, record.region, record.lead_department)
    told = Announcement("record.denied", "record", record.id)
    notify(session, now, told, [caller(record.submitted_by), leaders])


def tell_counts(session: Session, record: Inspection, department: str, now: datetime) -> None:
    """Supervisors of the region and of the department: its results count from now on."""
    supervisors = holders(Role.SUPERVISOR, record.region, department)
    notify(session, now, Announcement("record.counts", "record", record.id), [supervisors])
