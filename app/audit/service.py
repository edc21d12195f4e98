"""Append entries and read them back."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from app.audit import repository
from app.audit.events import Event, canonical, reference
from app.audit.models import AuditEntry
from app.core.clock import Clock
from app.core.ids import new_id
from auth.principal import Principal


@dataclass(frozen=True, slots=True)
class Trail:
    """What is needed to write an entry: the key of references and the clock."""

    secret: bytes
    clock: Clock

    def entry(self, event: Event) -> AuditEntry:
        """The row of an event, with its id and time."""
        at = self.clock.now()
        year_ref = reference(self.secret, "subject", event.subject, at.year)
        body = canonical(event, self.secret, at)
        return AuditEntry(id=str(new_id()), at=at, event=event.event, subject_ref=year_ref, body=body)

    def append(self, session: Session, event: Event) -> str:
        """Append in the caller's transaction: the entry is durable exactly when the act is. Returns the entry's id."""
        entry = self.entry(event)
        repository.insert(session, [entry])
        return entry.id

    def subject_ref(self, subject: str, at: datetime) -> str:
        """The reference under which a business stands in this year's entries."""
        return reference(self.secret, "subject", subject, at.year)


def act_of(principal: Principal, event: str, **details: Any) -> Event:
    """An event that says who acted, in which role and unit."""
    return Event(
        event=event,
        actor=principal.subject,
        role=",".join(sorted(principal.roles)),
        unit=principal.department or f"region:{principal.region}",
        **details,
    )


def list_entries(
    session: Session, *, event: str | None, subject_ref: str | None, after: int, limit: int
) -> list[tuple[int, dict[str, Any]]]:
    """Entries after a row as (row, document), oldest first."""
    rows = repository.page(session, event=event, subject_ref=subject_ref, after=after, limit=limit)
    return [(row.row or 0, {"id": row.id, **json.loads(row.body)}) for row in rows]
