"""SQL of last-known answers."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, text
from sqlmodel import Session, col, select

from app.core.db import Database
from app.profile.models import LastKnownAnswer

_PUT = text(
    "insert into last_known_answers (ref, subject, sealed, size, kept_at, ends_at) "
    "values (:ref, :subject, :sealed, :size, :kept_at, :ends_at) on conflict (ref) do update set "
    "sealed = excluded.sealed, size = excluded.size, kept_at = excluded.kept_at, "
    "ends_at = excluded.ends_at where excluded.kept_at > last_known_answers.kept_at"
)


def create(database: Database) -> None:
    """The table in a file of its own."""
    LastKnownAnswer.metadata.create_all(
        database.writing,
        [LastKnownAnswer.__table__],  # type: ignore[attr-defined]  # SQLModel's
    )


def put(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Keep answers; a newer one that another process kept meanwhile stays."""
    session.connection().execute(_PUT.bindparams(), list(rows))


def remove(session: Session, refs: Iterable[str]) -> None:
    """Drop the answers to these questions."""
    session.connection().execute(
        delete(LastKnownAnswer).where(col(LastKnownAnswer.ref).in_(list(refs)))
    )


def remove_of(session: Session, subject: str) -> int:
    """Drop the answers about one business; how many that were."""
    statement = delete(LastKnownAnswer).where(col(LastKnownAnswer.subject) == subject)
    return session.connection().execute(statement).rowcount


def find(session: Session, refs: Iterable[str], now: datetime) -> dict[str, bytes]:
    """Sealed answers by question, of those that may still stand in."""
    query = select(LastKnownAnswer.ref, LastKnownAnswer.sealed).where(
        col(LastKnownAnswer.ref).in_(list(refs)), col(LastKnownAnswer.ends_at) > now
    )
    return dict(session.exec(query).all())


def tidy(session: Session, now: datetime, most_bytes: int, at_once: int) -> int:
    """Drop what may no longer stand in, and the oldest of what is too much; how many that were."""
    connection = session.connection()
    gone = connection.execute(
        delete(LastKnownAnswer).where(col(LastKnownAnswer.ends_at) <= now)
    ).rowcount
    held = session.exec(select(func.coalesce(func.sum(LastKnownAnswer.size), 0))).one()
    if held > most_bytes:
        oldest = select(LastKnownAnswer.ref).order_by(col(LastKnownAnswer.kept_at)).limit(at_once)
        gone += connection.execute(
            delete(LastKnownAnswer).where(col(LastKnownAnswer.ref).in_(oldest))
        ).rowcount
    return gone
