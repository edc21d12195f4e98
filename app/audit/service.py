"""Append entries and read them back."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from msgspec import structs
from sqlmodel import Session

from app.audit import repository
from app.audit.events import Event, EventName, canonical, reference
from app.audit.repository import EntriesWanted
from app.core.clock import Clock
from app.core.ids import new_id_text, span_of
from app.core.keys import Keyring
from auth.principal import Principal
from auth.scope import NATION, Scope


@dataclass(frozen=True, slots=True)
class Trail:
    """What is needed to write an entry: the keys of references and the clock."""

    keys: Keyring
    clock: Clock
    region: str = NATION
    """Of what nobody of a region does: the deployment's."""

    def row(self, event: Event) -> repository.Row:
        """The row of an event, with its id and time."""
        at = self.clock.now()
        key = self.keys.references[0]
        year_ref = reference(key, "subject", event.subject, at.year)
        if not event.region:
            event = structs.replace(event, region=self.region)
        department = "" if ":" in event.unit else event.unit
        return repository.Row(
            new_id_text(),
            at,
            event.event,
            year_ref,
            canonical(event, key, at),
            event.region,
            department,
        )

    def append(self, session: Session, event: Event) -> str:
        """Append in the caller's transaction: the entry is durable exactly when the act is. Returns
        the entry's id.
        """
        row = self.row(event)
        repository.insert(session, row)
        return row[0]

    def subject_refs(self, subject: str, at: datetime) -> list[str]:
        """The references under which a business stands in this year's entries: under the key of
        now, and those of before.
        """
        return [reference(key, "subject", subject, at.year) for key in self.keys.references]


def act_of(principal: Principal, event: EventName, **details: Any) -> Event:
    """An event that says who acted, in which role and unit."""
    return Event(
        event=event,
        actor=principal.subject,
        role=",".join(sorted(principal.roles)),
        unit=principal.unit,
        region=principal.region,
        **details,
    )


_BEFORE, _AFTER = timedelta(seconds=10), timedelta(hours=1)


def near(session: Session, scope: Scope, nameless: str, trace_id: str) -> tuple[str, str] | None:
    """Where in the trail the entries of a request lie, if there are any in the hour after it: an
    index finds them there. None where the whole trail has to be read.
    """
    span = span_of(trace_id, _BEFORE, _AFTER)
    if span is None:
        return None
    wanted = EntriesWanted(trace_id=trace_id, span=span)
    found = repository.page(session, scope, wanted, nameless=nameless, after=0, limit=1)
    return span if found else None


def list_entries(
    session: Session, scope: Scope, wanted: EntriesWanted, *, nameless: str, after: int, limit: int
) -> list[tuple[int, dict[str, Any]]]:
    """Entries after a number as (number, document), oldest first: of the region and department of
    whoever acted. Those that name no region are of the `nameless` one.
    """
    rows = repository.page(session, scope, wanted, nameless=nameless, after=after, limit=limit)
    return [(number, {"id": row.id, **json.loads(row.body)}) for number, row in rows]


def leave_probe(session: Session, name: str, at: datetime) -> None:
    """Write something that is no entry, to see whether anything can be written at all."""
    repository.leave_probe(session, name, at)
