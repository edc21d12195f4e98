"""Agreements in force, as a snapshot."""

from sqlmodel import Session

from app.agreements import repository
from app.agreements.decision import DatedTerms, Terms
from app.core.snapshots import Snapshot

SNAPSHOT_NAME = "agreements"


def load(session: Session) -> tuple[DatedTerms, ...]:
    """All active agreements."""
    return tuple(
        DatedTerms(
            Terms(
                f"{row.id}@{row.version}",
                row.source,
                frozenset(row.purposes),
                row.strictest_class,
                row.headline,
            ),
            row.valid_from,
            row.valid_to,
        )
        for row in repository.active(session)
    )


def new_snapshot() -> Snapshot[tuple[DatedTerms, ...]]:
    """An empty snapshot, to be refreshed."""
    return Snapshot(SNAPSHOT_NAME, load, ())
