"""Append entries and read them back."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from app.audit import repository
from app.audit.events import Event, EventName, canonical, reference
from app.core.clock import Clock
from app.core.ids import new_id_text
from auth.principal import Principal


@dataclass(frozen=True, slots=True)
class Trail:
    """What is needed to write an entry: the key of references and the clock."""

    secret: bytes
    clock: Clock

    def row(self, event: Event) -> repository.Row:
        """The row of an event, with its id and time."""
        at = self.clock.now()
        year_ref = reference(self.secret, "subject", event.subject, at.year)
        return new_id_text(), at, event.event, year_ref, canonical(event, self.secret, at)

    def append(self, session: Session, event: Event) -> str:
        """Append in the caller's transaction: the entry is durable exactly when the act is. Returns
        the entry's id.
        """
        row = self.row(event)
        repository.insert(session, row)
        return row[0]

    def subject_ref(self, subject: str, at: datetime) -> str:
        """The reference under which a business stands in this year's entries."""
        return reference(self.secret, "subject", subject, at.year)


def act_of(principal: Principal, event: EventName, **details: Any) -> Event:
    """An event that says who acted, in which role and unit."""
    return Event(
        event=event,
        actor=principal.subject,
        role=",".join(sorted(principal.roles)),
        unit=principal.unit,
        **details,
    )


def list_entries(
    session: Session, *, event: str | None, subject_ref: str | None, after: int, limit: int
) -> list[tuple[int, dict[str, Any]]]:
    """Entries after a row as (row, document), oldest first."""
    rows = repository.page(session, event=event, subject_ref=subject_ref, after=after, limit=limit)
    return [(row.row or 0, {"id": row.id, **json.loads(row.body)}) for row in rows]
