"""Reminders: of records that have wanted an officer's word for some days, of certificates that end
soon.
"""

from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from app.core.calendar import Calendar
from app.core.clock import local_date
from app.core.schedule import Span
from app.delivery.notices.addressing import Addressee, holders, person
from app.delivery.notices.service import Announcement, notify
from app.inspections import repository
from app.inspections.models import Inspection
from app.organisations.service import ending_certificates
from auth.principal import Role

AGAIN_AFTER, LEADERS_AFTER = 1, 4
"""On which working day after a word was first wanted: leaders when three whole ones have passed."""
BEFORE = (timedelta(days=30), timedelta(days=7), timedelta(days=1))
"""How long before its last day the holder of a certificate is reminded."""
_OLDEST = timedelta(days=30)
"""Beyond, no reminder falls due: it is a week and its holidays at most."""


def of_records(session: Session, now: datetime, span: Span, calendar: Calendar) -> dict[str, Any]:
    """Remind officers once, and then their leaders once, of what falls due on these days; how many
    records that was.
    """
    found = {"officers": 0, "leaders": 0}
    begin = now - _OLDEST - timedelta(days=(span.until - span.since).days)
    for record, waiting in repository.unconfirmed(session, begin):
        day = local_date(record.wanted_since or now)
        if _falls_due(calendar, day, AGAIN_AFTER, span):
            to: list[Addressee] = [person(each) for each in waiting]
            notify(
                session, now, Announcement("record.confirmation_wanted", "record", record.id), to
            )
            found["officers"] += 1
        if _falls_due(calendar, day, LEADERS_AFTER, span):
            notify(
                session,
                now,
                Announcement("record.unconfirmed", "record", record.id),
                [_leaders(record)],
            )
            found["leaders"] += 1
    return found


def of_certificates(session: Session, now: datetime, span: Span) -> dict[str, Any]:
    """Remind holders of certificates that end in so many days; how many that was."""
    found = 0
    for person_id, number, last in ending_certificates(session, span.since, span.until + BEFORE[0]):
        if any(span.holds(last - days) for days in BEFORE):
            notify(
                session,
                now,
                Announcement("certificate.ends_soon", "certificate", number),
                [person(person_id)],
            )
            found += 1
    return {"certificates": found}


def _falls_due(calendar: Calendar, day: date, count: int, span: Span) -> bool:
    return span.holds(calendar.after(day, count, "working").on)


def _leaders(record: Inspection) -> Addressee:
    return holders(Role.TEAM_LEADER, record.region, record.lead_department)
