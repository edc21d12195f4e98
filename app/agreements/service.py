"""Agreements in force, as a snapshot."""

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from app.agreements import repository
from app.agreements.decision import Terms
from app.core.snapshots import Snapshot

SNAPSHOT_NAME = "agreements"


@dataclass(frozen=True, slots=True)
class DatedTerms:
    """Terms and the days on which they are in force."""

    terms: Terms
    valid_from: date
    valid_to: date | None


def load(session: Session) -> tuple[DatedTerms, ...]:
    """All active agreements."""
    return tuple(
        DatedTerms(
            Terms(f"{row.id}@{row.version}", row.source, frozenset(row.purposes), row.strictest_class, row.headline),
            row.valid_from,
            row.valid_to,
        )
        for row in repository.active(session)
    )


def in_force(agreements: tuple[DatedTerms, ...], on: date) -> tuple[Terms, ...]:
    """Terms in force on a day."""
    return tuple(a.terms for a in agreements if a.valid_from <= on and (a.valid_to is None or on <= a.valid_to))


def new_snapshot() -> Snapshot[tuple[DatedTerms, ...]]:
    """An empty snapshot, to be refreshed."""
    return Snapshot(SNAPSHOT_NAME, load, ())
