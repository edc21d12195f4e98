"""How the room opens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import time
from typing import Any

from sqlmodel import Session

from app.core.deps import DATABASE
from app.core.numbering import numbering
from app.core.rooms import House, Job
from app.core.schedule import Schedule, Span
from app.inspections import reminders, repository
from app.inspections.models import RECORDS
from app.operations.jobs.deps import JOBS, in_transaction
from app.organisations.importing.deps import NAMES

_MORNING = time(8, 30)


@asynccontextmanager
async def open_room(house: House) -> AsyncIterator[None]:
    """Fills `NAMES`; records are numbered, and officers reminded of records and certificates, as
    long as it is open.
    """
    database, calendar = DATABASE.of(house.app), JOBS.of(house.app).calendar
    NAMES.put(house.app, repository.count_named)
    house.steady += numbering(database, RECORDS)

    def of_records(session: Session, span: Span) -> dict[str, Any]:
        return reminders.of_records(session, house.clock.now(), span, calendar)

    def of_certificates(session: Session, span: Span) -> dict[str, Any]:
        return reminders.of_certificates(session, house.clock.now(), span)

    house.jobs += [
        Job("records.remind", Schedule(_MORNING, "working"), in_transaction(database, of_records)),
        Job("certificates.remind", Schedule(_MORNING), in_transaction(database, of_certificates)),
    ]
    yield
